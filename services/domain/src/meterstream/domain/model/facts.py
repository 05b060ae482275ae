"""What answers tell about a device, applied to the registry unless something newer is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from meterstream.domain.model.keys import prove
from meterstream.domain.model.registry import Device
from meterstream.domain.model.world import World


@dataclass(frozen=True, slots=True)
class ProvenFact:
    """An association with `gateway` stood with these keys at `observed_at`."""

    gateway: str
    key_ids: tuple[str, ...]
    observed_at: datetime


def apply_facts(facts: Sequence[ProvenFact], world: World) -> None:
    """Apply facts in the order of their observation; a changed device gets one new revision."""
    touched: set[str] = set()
    for fact in sorted(facts, key=lambda fact: fact.observed_at):
        before = world.keys(fact.gateway)
        after = prove(before, fact.key_ids, fact.observed_at)
        if after != before and world.device(fact.gateway) is not None:
            world.put_keys(fact.gateway, after)
            touched.add(fact.gateway)
    for identification in sorted(touched):
        device = world.device(identification)
        if device is not None:
            world.put_device(_revised(device))


def _revised(device: Device) -> Device:
    return replace(device, revision=device.revision + 1).with_own_gateway()
