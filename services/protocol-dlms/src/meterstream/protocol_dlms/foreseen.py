"""Reads of a bundle, merged across its actions: a Meter that asks for them together and serves them from memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from meterstream.contracts.errors import PlatformError
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import AttributeRef, Data, Selection
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, Meter, MethodTarget, Target
from meterstream.protocol_dlms.meter import attribute_ref

FRESH: Final = timedelta(minutes=1)
"""A value that is older is asked for again: an action before may have taken its time."""

Answer: TypeAlias = Data | DataAccessResult


class ForeseenMeter:
    """A meter for one action after another, the reads of which are known beforehand.

    The first read that needs a planned value asks for all of them, in as few requests as the meter takes. A value is
    served once to each action, so that one who looks again sees the meter; none outlives a write or a method.
    """

    def __init__(self, meter: Meter, now: Callable[[], datetime]) -> None:
        self._meter = meter
        self._now = now
        self._planned: list[AttributeRef] = []
        self._held: dict[AttributeRef, Answer] = {}
        self._read_at = now()
        self._served: set[AttributeRef] = set()

    def plan(self, targets: Iterable[Target]) -> None:
        """What will be read from now on; what the profile lacks is left out. Nothing is asked yet."""
        self._forget()
        refs: dict[AttributeRef, None] = {}
        for target in targets:
            try:
                refs[attribute_ref(self._meter.profile, target)] = None
            except PlatformError:  # whoever asks for it will be told
                continue
        self._planned = list(refs)

    def next_action(self) -> None:
        """Another action reads from now on."""
        self._served.clear()

    @property
    def profile(self) -> MeterProfile:
        """See Meter."""
        return self._meter.profile

    @property
    def alive(self) -> bool:
        """See Meter."""
        return self._meter.alive

    async def ready(self) -> None:
        """See Meter."""
        await self._meter.ready()

    async def get(self, target: Target, selection: Selection | None = None) -> Data:
        """See Meter."""
        ref = attribute_ref(self.profile, target)
        if selection is not None or not self._concerns([ref]):
            return await self._meter.get(ref, selection)
        (answer,) = await self._answers([ref])
        if isinstance(answer, DataAccessResult):
            raise AccessRefused(answer, ref)
        return answer

    async def get_list(self, targets: Sequence[Target]) -> list[Answer]:
        """See Meter."""
        refs = [attribute_ref(self.profile, target) for target in targets]
        return await self._answers(refs) if self._concerns(refs) else await self._meter.get_list(refs)

    async def set(self, target: Target, data: Data, selection: Selection | None = None) -> None:
        """See Meter."""
        self._forget()
        await self._meter.set(target, data, selection)

    async def set_list(self, items: Sequence[tuple[Target, Data]]) -> list[DataAccessResult]:
        """See Meter."""
        if items:
            self._forget()
        return await self._meter.set_list(items)

    async def action(self, target: MethodTarget, data: Data | None = None) -> Data | None:
        """See Meter."""
        self._forget()
        return await self._meter.action(target, data)

    def _forget(self) -> None:
        self._planned.clear()
        self._held.clear()

    def _concerns(self, refs: Iterable[AttributeRef]) -> bool:
        """Whether something of it is planned or at hand."""
        if self._held and self._now() - self._read_at > FRESH:
            self._held.clear()
        return any(ref in self._planned or (ref in self._held and ref not in self._served) for ref in refs)

    async def _answers(self, refs: Sequence[AttributeRef]) -> list[Answer]:
        found = {ref: self._held[ref] for ref in refs if ref in self._held and ref not in self._served}
        missing = [ref for ref in dict.fromkeys(refs) if ref not in found]
        if missing:
            found |= await self._ask(missing)
        self._served.update(refs)
        return [found[ref] for ref in refs]

    async def _ask(self, missing: list[AttributeRef]) -> dict[AttributeRef, Answer]:
        """Answers to `missing`; with them come those that are planned, where one of the two is the other's."""
        if not any(ref in self._planned for ref in missing):
            return dict(zip(missing, await self._meter.get_list(missing), strict=True))
        together = list(dict.fromkeys([*missing, *self._planned]))
        self._planned.clear()
        try:
            answers = await self._meter.get_list(together)
        except PlatformError:
            if not self.alive or together == missing:
                raise
            return dict(zip(missing, await self._meter.get_list(missing), strict=True))
        self._held.update(zip(together, answers, strict=True))
        self._read_at = self._now()
        return {ref: self._held[ref] for ref in missing}
