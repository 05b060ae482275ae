"""A line cut at any octet of a key change, either way: the platform still reaches the meter, and no key is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from key_line import (
    AUTHENTICATION,
    ENCRYPTION,
    MASTER,
    REPLACE,
    SYNCHRONIZE,
    CuttingLine,
    KeyPlatform,
    Registry,
    Way,
)

from meterstream.contracts.key_transfers import KeyOutcome, NewKey
from meterstream.contracts.operations import replace_keys, synchronize_time
from meterstream.contracts.records import KeyKind, KeyState
from meterstream.dlms.security import SecurityKeys
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.settings import FleetSettings

BOTH = (AUTHENTICATION, ENCRYPTION)
OLD = {MASTER: "mk", AUTHENTICATION: "ak", ENCRYPTION: "ek"}


class Scene:
    """One meter whose keys are changed again and again, each time from the same start."""

    def __init__(self, platform: KeyPlatform, meter: SimulatedMeter, factory: Any) -> None:
        self.platform, self.meter, self._factory = platform, meter, factory
        self.new: dict[KeyKind, str] = {}

    @property
    def registry(self) -> Registry:
        return self.platform.registry

    def start(self, kinds: tuple[KeyKind, ...]) -> list[NewKey]:
        """The keys of the factory are ACTIVE; of `kinds` there is a NEW one each, to be handed over with the others."""
        factory = self._factory
        self.meter.keys = SecurityKeys(factory.encryption, factory.authentication)
        self.meter.last_counters = self.platform.stands_with((OLD[ENCRYPTION], OLD[AUTHENTICATION]))
        self.platform.registry = Registry(revision=self.registry.revision + 1)
        octets = {MASTER: factory.master, AUTHENTICATION: factory.authentication, ENCRYPTION: factory.encryption}
        for kind, key_id in OLD.items():
            self.registry.hold(kind, key_id, octets[kind], KeyState.ACTIVE)
        self.new = {kind: OLD[kind] for kind in BOTH}
        for kind in kinds:
            self.new[kind] = f"{OLD[kind]}2"
            self.registry.hold(kind, self.new[kind], sha256(self.new[kind].encode()).digest()[:16], KeyState.NEW)
        gateway = self.platform.bench.gateway()
        return [NewKey(device_identification=gateway, kind=kind, key_id=key_id) for kind, key_id in self.new.items()]

    def held(self) -> dict[KeyKind, bytes]:
        """What the meter holds."""
        assert self.meter.keys is not None
        return {AUTHENTICATION: self.meter.keys.authentication_key, ENCRYPTION: self.meter.keys.encryption_key}

    async def replace(self, new_keys: list[NewKey]) -> Any:
        return await self.platform.ask(replace_keys.OPERATION, REPLACE, new_keys)

    async def recover(self, new_keys: list[NewKey], where: str) -> None:
        """The next contact of any kind reaches the meter; the next attempt brings the change to its end."""
        registry = self.registry
        for kind, octets in self.held().items():
            assert octets in registry.candidates(kind), f"{where}: the meter alone knows its {kind}"
        contact = await self.platform.ask(synchronize_time.OPERATION, SYNCHRONIZE)
        assert contact.error is None, f"{where}: {contact.error}"
        assert {registry.octets[key_id] for key_id in contact.header.proven_keys} == set(self.held().values()), where
        self.check_actives(where)
        repeated = await self.replace(new_keys)
        assert repeated.error is None, f"{where}: {repeated.error}"
        self.check_end(where)

    def check_actives(self, where: str) -> None:
        """ACTIVE is what the meter holds, and nothing is forgotten."""
        registry = self.registry
        for kind, octets in self.held().items():
            active = [key for key in registry.keys if key.kind is kind and key.state is KeyState.ACTIVE]
            assert [registry.octets[key.key_id] for key in active] == [octets], f"{where}: {kind}"
            assert active[0].proven, where

    def check_end(self, where: str) -> None:
        self.check_actives(where)
        for kind, key_id in self.new.items():
            assert self.held()[kind] == self.registry.octets[key_id], where
            if key_id != OLD[kind]:
                assert self.registry.state(OLD[kind]) is KeyState.EXPIRED, where
        assert self.registry.state("mk") is KeyState.ACTIVE


@pytest.fixture
async def scene(make_bench: Any, header: Any, make_turn: Any) -> AsyncIterator[Scene]:
    bench = await make_bench(FleetSettings(meters=1, protocols=("SMR 5.0.0",)))
    address = bench.fleet.address(1)
    line = CuttingLine(address.host, address.port)
    await line.listen()
    yield Scene(KeyPlatform(bench, header, make_turn, line), bench.fleet.meter(1), bench.fleet.keys(1))
    await line.close()


async def octets_of_a_change(scene: Scene, kinds: tuple[KeyKind, ...], way: Way) -> int:
    new_keys = scene.start(kinds)
    await scene.platform.line.mend()
    answered = await scene.replace(new_keys)
    assert answered.error is None, answered.error
    carried = scene.platform.line.carried[way]
    scene.check_end("on a whole line")
    return carried


async def octets_of_an_association(scene: Scene, way: Way) -> int:
    scene.start(())
    await scene.platform.line.mend()
    meter = await scene.platform.associate()
    carried = scene.platform.line.carried[way]
    await scene.platform.bench.associations.close(meter)
    return carried


@pytest.mark.parametrize("way", list(Way))
@pytest.mark.parametrize("kinds", [BOTH, (AUTHENTICATION,), (ENCRYPTION,)], ids=["both", "AK", "EK"])
async def test_no_cut_loses_a_key(scene: Scene, kinds: tuple[KeyKind, ...], way: Way) -> None:
    await octets_of_a_change(scene, kinds, way)  # after which the series of the new key is known
    whole = await octets_of_a_change(scene, kinds, way)
    # The first association is the same whatever follows it: one of the three runs cuts it everywhere.
    first = 1 if kinds == BOTH else await octets_of_an_association(scene, way)
    seen = set()
    for octets in range(first, whole):
        where = f"cut after {octets} of {whole} octets {way.value}"
        new_keys = scene.start(kinds)
        scene.platform.line.break_after(way, octets)
        broken = await scene.replace(new_keys)
        await scene.platform.line.mend()
        seen.add((broken.error is None, tuple(fact.outcome for fact in broken.header.key_facts)))
        if broken.error is None:
            scene.check_end(where)  # the cut fell into the release, which nothing depends on
        else:
            assert broken.header.retryable, where
            await scene.recover(new_keys, where)
    assert kinds != BOTH or (False, ()) in seen
    assert (False, (KeyOutcome.UNDECIDED,)) in seen
    assert (False, (KeyOutcome.TRANSFERRED,) * len(kinds)) in seen
