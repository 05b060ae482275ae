"""The meters of a fleet: made on first contact, with what all meters of one protocol share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, Protocol

from meterstream.dlms.meter import Level, SecurityKeys
from meterstream.dlms.objects import load_profile
from meterstream.dlms.security import AsymmetricKeys, PrivateKey, PublicKey, SecuritySuite
from meterstream.simulator.faults import fault_for
from meterstream.simulator.identity import MeterKeys, keys_for, password_for, signature_keys_for
from meterstream.simulator.mbus.keys import mbus_keys_for
from meterstream.simulator.meter import MeterModel, SimulatedMeter
from meterstream.simulator.network.security import CountedAccess
from meterstream.simulator.objects.clock import ClockRule
from meterstream.simulator.objects.rights import secret_of
from meterstream.simulator.push import PushMessage
from meterstream.simulator.settings import CounterRule, FleetSettings
from meterstream.simulator.stats import Stats
from meterstream.simulator.tree import object_tree

_COUNTERS_SINCE: Final = 1_577_836_800
_MAX_START_COUNTER: Final = 0x7FFF_FFFF


class Surroundings(Protocol):
    """What meters need of the fleet around them."""

    def push(self, message: PushMessage, /) -> None:
        """Send a message."""

    def schedule(self, delay_ms: int, callback: Callable[[], None], /) -> None:
        """Call back after a delay."""

    def restart(self, number: int, down_ms: int, /) -> None:
        """Cut the line of a meter and keep it out of reach for a while."""


class Roster:
    """All meters that have been contacted.

    Attributes:
        least_counter: own counters of meters made from now on begin there, if not above.

    Args:
        now: the fleet's clock, in seconds since 1970 (UTC).
    """

    def __init__(
        self, settings: FleetSettings, stats: Stats, now: Callable[[], float], surroundings: Surroundings
    ) -> None:
        self._settings = settings
        self._stats = stats
        self._now = now
        self._surroundings = surroundings
        self.least_counter = 0
        self._meters: dict[int, SimulatedMeter] = {}
        kinds = (False, True) if settings.traits.single_phase else (False,)
        self._models = {
            (protocol, single_phase): self._make_model(protocol, single_phase=single_phase)
            for protocol in settings.protocols
            for single_phase in kinds
        }

    def __len__(self) -> int:
        return len(self._meters)

    def __iter__(self) -> Iterator[SimulatedMeter]:
        return iter(self._meters.values())

    def meter(self, number: int) -> SimulatedMeter:
        """Give a meter, made on first contact.

        Raises:
            ValueError: the fleet has no such meter.
        """
        meter = self._meters.get(number)
        if meter is None:
            settings = self._settings
            settings.place_of(number)
            model = self._models[settings.protocol_of(number), settings.traits.is_single_phase(number)]
            seed = settings.seed if settings.fault_seed is None else settings.fault_seed
            fault = fault_for(settings.faults, seed, number)
            meter = self._meters[number] = SimulatedMeter(number, model, self.first_counter(), fault)
        return meter

    def keys(self, number: int) -> MeterKeys:
        """Give the keys a meter left the factory with."""
        return keys_for(self._settings.seed, number)

    def signature_keys(self, number: int) -> tuple[PrivateKey, PublicKey]:
        """Give a meter's private key of signatures and its client's public one."""
        own, client = signature_keys_for(self._settings.seed, number)
        return own, self._settings.client_signature_key or client.public

    def password(self, meter: SimulatedMeter) -> bytes:
        """Give the LLS password or HLS secret a client has set, otherwise that of the factory."""
        return secret_of(meter) or password_for(self._settings.seed, meter.number)

    def access(self, meter: SimulatedMeter) -> CountedAccess | None:
        """Give the management client's access to a meter; None where the fleet has no security."""
        settings = self._settings
        if not settings.level.ciphered:
            return None
        if meter.keys is None:
            _, authentication, encryption = self.keys(meter.number)
            meter.keys = SecurityKeys(encryption, authentication, SecuritySuite(meter.model.profile.security_suite))
        password: bytes | None = None
        if settings.level.has_secret:
            password = secret_of(meter) or password_for(settings.seed, meter.number)
        rule = settings.counter_rule
        strict = meter.model.profile.name == "SMR" if rule is None else rule is CounterRule.STRICT
        return CountedAccess(meter, settings.level, meter.keys, password, self._asymmetric(meter), strict=strict)

    def _asymmetric(self, meter: SimulatedMeter) -> AsymmetricKeys | None:
        if self._settings.level is not Level.HLS7_ECDSA:
            return None
        own, client = self.signature_keys(meter.number)
        return AsymmetricKeys(signing=own, peer_signing=client)

    def _make_model(self, protocol: str, *, single_phase: bool) -> MeterModel:
        """Build what meters of one protocol and number of phases share."""
        profile = load_profile(*protocol.split(" ", 1))
        by_generation = ClockRule.FITTING if profile.name == "SMR" else ClockRule.SPECIFIED
        return MeterModel(
            profile=profile,
            management=object_tree(profile, public=False, single_phase=single_phase),
            public=object_tree(profile, public=self._settings.level.ciphered, single_phase=single_phase),
            clock_rule=self._settings.clock_rule or by_generation,
            buffers=self._settings.buffers,
            now_ms=self.now_ms,
            stats=self._stats,
            level=self._settings.level,
            traits=self._settings.traits,
            factory_keys=self.keys,
            signature_keys=self.signature_keys,
            outbox=self._surroundings.push,
            schedule=self._surroundings.schedule,
            restart=self._surroundings.restart,
            mbus_keys=partial(mbus_keys_for, self._settings.seed),
            mbus=self._settings.mbus,
            images=self._settings.images,
            pushes=self._settings.pushes,
        )

    def now_ms(self) -> int:
        """Tell the fleet's time in milliseconds since 1970."""
        return int(self._now() * 1000)

    def first_counter(self) -> int:
        """Start a meter's own counter where a later start of the same fleet would still be ahead of it."""
        return max(min(max(int(self._now()) - _COUNTERS_SINCE, 1), _MAX_START_COUNTER), self.least_counter)
