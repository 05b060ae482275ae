"""What answers tell about a device, applied to the registry unless something newer is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meterstream.contracts.envelope import DlmsResponseHeader
from meterstream.contracts.key_transfers import KeyFact
from meterstream.domain.model.keys import decide, prove
from meterstream.domain.model.observations import SYSTEM_TITLES, SystemTitle
from meterstream.domain.model.world import World

TITLE_OCTETS: Final = 8


@dataclass(frozen=True, slots=True)
class Facts:
    """What one attempt told of keys at `observed_at`.

    Attributes:
        proven: an association with `gateway` stood with these keys, after everything that `keys` tells.
    """

    gateway: str
    proven: tuple[str, ...]
    keys: tuple[KeyFact, ...]
    observed_at: datetime

    @classmethod
    def of(cls, header: DlmsResponseHeader) -> Facts | None:
        """What a response tells; None: nothing."""
        if not header.proven_keys and not header.key_facts:
            return None
        return cls(header.gateway, tuple(header.proven_keys), tuple(header.key_facts), header.observed_at)

    @property
    def named(self) -> Iterator[tuple[str, str]]:
        """(device, key id) of every key that it tells of."""
        yield from ((self.gateway, key_id) for key_id in self.proven)
        yield from ((fact.device_identification, fact.key_id) for fact in self.keys)

    @property
    def devices(self) -> set[str]:
        """Devices that change for certain: those with keys on the way, and the gateway whose record tells of them."""
        return {fact.device_identification for fact in self.keys} | ({self.gateway} if self.keys else set())


def observe_title(header: DlmsResponseHeader, world: World) -> None:
    """What the gateway called itself, where the attempt met another title than its record has."""
    if header.system_title is not None and len(header.system_title) == TITLE_OCTETS:
        title = header.system_title.hex()
        seen = SystemTitle(device_identification=header.gateway, system_title=title, observed_at=header.observed_at)
        world.observe(SYSTEM_TITLES, seen)


def apply_facts(facts: Sequence[Facts], world: World) -> None:
    """Apply facts in the order of their observation; a changed record gets one new revision."""
    touched: set[str] = set()
    for fact in sorted(facts, key=lambda fact: fact.observed_at):
        if _apply(fact, world):
            touched.add(fact.gateway)
    for gateway in sorted(touched):
        world.revise(gateway)


def _apply(fact: Facts, world: World) -> bool:
    """Whether anything changed."""
    if world.device(fact.gateway) is None:
        return False
    before = {
        device: world.keys(device) for device in {fact.gateway, *(key.device_identification for key in fact.keys)}
    }
    after = dict(before)
    for key in fact.keys:
        device = key.device_identification
        after[device] = decide(after[device], key.key_id, key.outcome, fact.observed_at)
    after[fact.gateway] = prove(after[fact.gateway], fact.proven, fact.observed_at)
    for device, keys in after.items():
        if keys != before[device]:
            world.put_keys(device, keys)
    return after != before
