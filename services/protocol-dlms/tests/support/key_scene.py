"""One meter whose keys are changed again and again over a line that breaks, each time from the same start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from key_line import AUTHENTICATION, ENCRYPTION, MASTER, REPLACE, SYNCHRONIZE, KeyPlatform, Registry, Way
from key_owners import FACTORY, octets_of

from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operations import replace_keys, synchronize_time
from meterstream.contracts.records import KeyKind, KeyState
from meterstream.dlms.security import SecurityKeys, SecuritySuite
from meterstream.simulator.identity import password_for
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.keytransfer import Master, master_of
from meterstream.simulator.objects.rights import Secrets, secret_of

BOTH: Final = (AUTHENTICATION, ENCRYPTION)
AGREEING: Final = "IDIS 2.0-S1"
"""A type of security suite 1."""
PASSWORD: Final = KeyKind.LLS_PASSWORD


class Scene:
    """The meter, and the platform at the other end of the line."""

    def __init__(self, platform: KeyPlatform, *, password: bool = False) -> None:
        """Args: password, whether associations need one (LLS)."""
        self.platform = platform
        self.new: dict[KeyKind, str] = {}
        self.old = FACTORY | ({PASSWORD: "pw"} if password else {})
        self._associated = set(self.old) - {MASTER}

    @property
    def registry(self) -> Registry:
        return self.platform.registry

    @property
    def meter(self) -> SimulatedMeter:
        found: SimulatedMeter = self.platform.bench.fleet.meter(self.platform.number)
        return found

    def start(self, kinds: Sequence[KeyKind]) -> list[NewKey]:
        """The keys of the factory are ACTIVE; of `kinds` there is a NEW one each, to be handed over with the others."""
        factory = self.platform.bench.fleet.keys(self.platform.number)
        suite = SecuritySuite(self.meter.model.profile.security_suite)
        self.meter.keys = SecurityKeys(factory.encryption, factory.authentication, suite)
        self.meter.last_counters = self.platform.stands_with((self.old[ENCRYPTION], self.old[AUTHENTICATION]))
        self.meter.restore(Secrets())
        self.meter.restore(Master())
        self.platform.registry = Registry(revision=self.registry.revision + 1)
        octets = self.held()
        for kind, key_id in self.old.items():
            self.registry.hold(kind, key_id, octets[kind], KeyState.ACTIVE)
        self.new = {kind: self.old[kind] for kind in BOTH}
        for kind in kinds:
            self.new[kind] = f"{self.old[kind]}2"
            self.registry.hold(kind, self.new[kind], octets_of(self.new[kind]), KeyState.NEW)
        gateway = self.platform.gateway
        return [NewKey(device_identification=gateway, kind=kind, key_id=key_id) for kind, key_id in self.new.items()]

    def held(self) -> dict[KeyKind, bytes]:
        """What the meter holds."""
        keys, found = self.meter.keys, {MASTER: master_of(self.meter)}
        assert keys is not None
        found |= {AUTHENTICATION: keys.authentication_key, ENCRYPTION: keys.encryption_key}
        if PASSWORD in self.old:
            seed = self.platform.bench.fleet.settings.seed
            found[PASSWORD] = secret_of(self.meter) or password_for(seed, self.meter.number)
        return found

    async def replace(self, new_keys: list[NewKey]) -> Any:
        self.registry.propose(*new_keys)
        return await self.platform.ask(replace_keys.OPERATION, REPLACE, new_keys)

    async def recover(self, new_keys: list[NewKey], where: str) -> None:
        """The next contact of any kind reaches the meter; the next attempt brings the change to its end."""
        registry = self.registry
        for kind, octets in self.held().items():
            assert octets in registry.candidates(kind), f"{where}: the meter alone knows its {kind}"
        contact = await self.platform.ask(synchronize_time.OPERATION, SYNCHRONIZE)
        assert contact.error is None, f"{where}: {contact.error}"
        stands = {octets for kind, octets in self.held().items() if kind in self._associated}
        assert {registry.octets[key_id] for key_id in contact.header.proven_keys} == stands, where
        self.check_actives(where)
        repeated = await self.replace(new_keys)
        assert repeated.error is None, f"{where}: {repeated.error}"
        self.check_end(where)

    def check_actives(self, where: str) -> None:
        """ACTIVE is what the meter associates with, and nothing is forgotten."""
        registry = self.registry
        for kind, octets in self.held().items():
            active = [key for key in registry.keys if key.kind is kind and key.state is KeyState.ACTIVE]
            if kind in self._associated:
                assert [registry.octets[key.key_id] for key in active] == [octets], f"{where}: {kind}"
                assert active[0].proven, where

    def check_end(self, where: str) -> None:
        self.check_actives(where)
        for kind, key_id in self.new.items():
            assert self.held()[kind] == self.registry.octets[key_id], where
            assert self.registry.state(key_id) is KeyState.ACTIVE, where
            if key_id != self.old[kind]:
                assert self.registry.state(self.old[kind]) is KeyState.EXPIRED, where

    async def octets_of_a_change(self, kinds: Sequence[KeyKind], way: Way) -> int:
        new_keys = self.start(kinds)
        await self.platform.line.mend()
        answered = await self.replace(new_keys)
        assert answered.error is None, answered.error
        carried = self.platform.line.carried[way]
        self.check_end("on a whole line")
        return carried

    async def octets_of_an_association(self, way: Way) -> int:
        self.start(())
        await self.platform.line.mend()
        meter = await self.platform.associate()
        carried = self.platform.line.carried[way]
        await self.platform.bench.associations.close(meter)
        return carried

    async def cut(self, kinds: Sequence[KeyKind], way: Way, octets: int) -> tuple[bool, tuple[str, ...]]:
        """Whether a change over a line cut after so many octets came to its end, and what it told of its keys.

        If it did not, the next contact has reached the meter, and the next attempt brought it there.
        """
        where = f"cut after {octets} octets {way.value}"
        new_keys = self.start(kinds)
        self.platform.line.break_after(way, octets)
        broken = await self.replace(new_keys)
        await self.platform.line.mend()
        if broken.error is None:
            self.check_end(where)  # the cut fell into the release, which nothing depends on
        else:
            assert broken.header.retryable, where
            await self.recover(new_keys, where)
        return broken.error is None, tuple(fact.outcome for fact in broken.header.key_facts)


class AgreeingScene(Scene):
    """A meter whose master key may be one that nobody else will ever know; `orphaned`: how often that was so."""

    orphaned = 0

    async def recover(self, new_keys: list[Any], where: str) -> None:
        """The next contact of any kind reaches the meter; the next attempt brings the change to its end."""
        self.orphaned += self.is_orphaned()
        contact = await self.platform.ask(synchronize_time.OPERATION, SYNCHRONIZE)
        assert contact.error is None, f"{where}: {contact.error}"
        stands = {octets for kind, octets in self.held().items() if kind is not MASTER}
        assert {self.registry.octets[key_id] for key_id in contact.header.proven_keys} == stands, where
        self.check_actives(where)
        repeated = await self.replace(new_keys)
        assert repeated.error is None, f"{where}: {repeated.error}"
        self.check_end(where)

    def is_orphaned(self) -> bool:
        """Whether the meter alone knows its master key."""
        return self.held()[MASTER] not in self.registry.octets.values()
