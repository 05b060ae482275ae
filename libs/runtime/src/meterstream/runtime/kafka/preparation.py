"""What must stand before work on a partition starts: its views. One task per arrival; a departure never waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Final, Protocol

from meterstream.runtime.errors import Outage
from meterstream.runtime.kafka.log import PartitionLeft

log = logging.getLogger(__name__)

RETRY_S: Final = 1.0


class Preparation(Protocol):
    """Opens and closes what work on partition numbers needs."""

    async def prepare(self, partitions: frozenset[int]) -> None:
        """Return when work on these partitions may start: their views are caught up. They stay paused until then.

        May be called again for a partition that came back, always after `release`. An Outage or PartitionLeft is
        answered by another try; `release` may be called while it runs.
        """

    async def release(self, partitions: frozenset[int]) -> None:
        """The partitions have left: after their drain, or at once when they were lost."""


class NoPreparation:
    """Nothing to prepare."""

    async def prepare(self, partitions: frozenset[int]) -> None: ...
    async def release(self, partitions: frozenset[int]) -> None: ...


class Preparing:
    """Runs a `Preparation` as partition numbers come and go; `opened` is called with those that are prepared."""

    def __init__(self, preparation: Preparation, opened: Callable[[frozenset[int]], None], name: str) -> None:
        self._preparation = preparation
        self._opened = opened
        self._name = name
        self._arrivals: dict[int, object] = {}
        self._releases: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.prepared: frozenset[int] = frozenset()

    @property
    def busy(self) -> bool:
        """Whether a partition waits for its preparation."""
        return bool(self._arrivals.keys() - self.prepared)

    def came(self, numbers: frozenset[int]) -> None:
        """Partition numbers have come that were not here."""
        arrival = object()
        self._arrivals |= dict.fromkeys(numbers, arrival)
        self._spawn(self._prepare(numbers, arrival))

    def went(self, numbers: frozenset[int]) -> None:
        """Partition numbers have left."""
        known = numbers & self._arrivals.keys()
        if not known:
            return
        for number in known:
            del self._arrivals[number]
        self.prepared -= known
        task = self._spawn(self._release(known))
        self._releases |= dict.fromkeys(known, task)

    async def stop(self) -> None:
        """Cancel what still prepares, let releases end."""
        self.went(frozenset(self._arrivals))
        for task in list(self._tasks):
            if task not in self._releases.values():
                task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _prepare(self, numbers: frozenset[int], arrival: object) -> None:
        while True:
            wanted = frozenset(number for number in numbers if self._arrivals.get(number) is arrival)
            if not wanted:
                return
            releases = {self._releases[number] for number in wanted if number in self._releases}
            if releases:
                await asyncio.wait(releases)
            try:
                await self._preparation.prepare(wanted)
            except (Outage, PartitionLeft) as error:
                log.warning("%s: partitions %s are not prepared: %s", self._name, sorted(wanted), error)
            except Exception:
                log.exception("%s: partitions %s are not prepared", self._name, sorted(wanted))
            else:
                still = frozenset(number for number in wanted if self._arrivals.get(number) is arrival)
                self.prepared |= still
                self._opened(still)
                return
            await asyncio.sleep(RETRY_S)

    async def _release(self, numbers: frozenset[int]) -> None:
        try:
            await self._preparation.release(numbers)
        except Exception:
            log.exception("%s: partitions %s were not released", self._name, sorted(numbers))
        finally:
            for number in numbers:
                with suppress(KeyError):
                    del self._releases[number]

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
