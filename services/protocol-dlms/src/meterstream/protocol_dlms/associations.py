"""Opens associations with meters within the limits of connections; what to try next is decided in model.opening."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import DeviceRecord, SecurityLevel
from meterstream.dlms import errors as dlms
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.asyncio import Trace, open_session
from meterstream.dlms.client import PUBLIC_CLIENT, AssociationConfig, Level, client_title_for
from meterstream.dlms.objects import MeterProfile, ProfileLibrary, shipped_profiles
from meterstream.dlms.security import PrivateKey, SecurityKeys
from meterstream.protocol_dlms.counters import CounterReserver, SessionCounters
from meterstream.protocol_dlms.executor import AccessRefused, At
from meterstream.protocol_dlms.failures import translate
from meterstream.protocol_dlms.fence import Guard
from meterstream.protocol_dlms.frames import FrameLog
from meterstream.protocol_dlms.hdlc import framing_of
from meterstream.protocol_dlms.key_agreement import Agreements, suite_of
from meterstream.protocol_dlms.key_transfer import AttemptKeys
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.limits import ConnectionLimits
from meterstream.protocol_dlms.meter import Identity, LiveMeter
from meterstream.protocol_dlms.model.candidates import KeySet, candidates, password_of
from meterstream.protocol_dlms.model.counters import Series
from meterstream.protocol_dlms.model.opening import (
    GiveUp,
    Opening,
    Pause,
    ReadCounter,
    Refusal,
    Try,
    floor_for,
    is_refusal,
    suspects_counter,
)
from meterstream.protocol_dlms.model.quantities import read_integer
from meterstream.protocol_dlms.model.quirks import NOTHING, Known
from meterstream.protocol_dlms.reach import Pushing, Reach, Sought
from meterstream.protocol_dlms.received import ReceivedCounters
from meterstream.protocol_dlms.session import Session
from meterstream.protocol_dlms.settings import ReachSettings, SessionSettings
from meterstream.protocol_dlms.short_names import ShortNames, offered
from meterstream.runtime.clock import Clock
from meterstream.runtime.metrics import OPEN_SESSIONS, SESSIONS, Metrics

log = logging.getLogger(__name__)

DEFAULT_PORT: Final = 4059
LIST_MAX: Final = 32
"""Attributes in one request where the record lays down none (0) and the meter has agreed to lists."""
_LEVELS: Final = {SecurityLevel.NONE: Level.NONE, SecurityLevel.LLS1: Level.LLS, SecurityLevel.HLS5: Level.HLS5_GMAC}
_COUNTER: Final = At("invocation_counter")
_NO_SUCH_OBJECT: Final = frozenset({DataAccessResult.OBJECT_UNDEFINED, DataAccessResult.OBJECT_UNAVAILABLE})
_SLICE_S: Final = 1.0


@dataclass(slots=True)
class Visit:
    """One turn at a meter, as far as opening associations goes.

    Attributes:
        proven: ids of the keys with which the last association stood.
        quirks: what is known of the meter.
        pushing: what its pushes tell of a dynamic address.
        meter_s: seconds spent waiting for the meter, by openings that failed too.
    """

    record: DeviceRecord
    proven: Sequence[str]
    guard: Guard
    quirks: Known = NOTHING
    pushing: Pushing | None = None
    meter_s: float = 0.0
    counter_told: int | None = field(default=None, init=False)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a meter is and what it is."""

    visit: Visit
    profile: MeterProfile
    address: tuple[str, int]
    level: Level

    def at(self, host: str) -> _Target:
        """The same meter at another host."""
        return _Target(self.visit, self.profile, (host, self.address[1]), self.level)

    def series(self, keys: KeySet) -> Series:
        """The counters that an association under these keys uses up."""
        device = self.visit.record.device_identification
        return Series(device, keys.encryption.key_id, client_title_for(device))


class _Refused(Exception):
    """The meter did not associate, and keys or counter may be why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.failure.message)
        self.refusal = refusal


class Associations:
    """Opens and closes associations."""

    def __init__(
        self,
        settings: SessionSettings,
        keyring: KeyRing,
        reserver: CounterReserver,
        limits: ConnectionLimits,
        metrics: Metrics,
        *,
        challenge: Callable[[int], bytes] = secrets.token_bytes,
        profiles: ProfileLibrary | None = None,
        reach: Reach | None = None,
        frames: FrameLog | None = None,
        short_names: ShortNames | None = None,
        signing: PrivateKey | None = None,
    ) -> None:
        """Args: challenge, so many fresh random octets, for ephemeral keys too; signing, the platform's key of
        signatures, where it has one.
        """
        self._settings = settings
        self._frames = frames
        self._short_names = short_names
        self._profiles = shipped_profiles() if profiles is None else profiles
        self._keyring = keyring
        self._reserver = reserver
        self._limits = limits
        self._metrics = metrics
        self._challenge = challenge
        self._agreements = Agreements(signing, challenge)
        self._received = ReceivedCounters()
        self._reach = Reach(ReachSettings()) if reach is None else reach
        self._now = asyncio.get_running_loop().time

    async def open(self, visit: Visit) -> LiveMeter:
        """An association with the meter of a record, at the address where it is; a sleeping one is woken first.

        Tries other keys where there is doubt which ones the meter holds, and goes on with higher counters, once,
        where the meter has accepted higher ones than were reserved here.

        Raises: PlatformError; Leaving; Lost; Outage.
        """
        target = self._target(visit)
        sought = Sought(visit.record, visit.guard, visit.pushing)
        return await self._reach.open(sought, lambda host: self._open_at(target.at(host)))

    async def _open_at(self, target: _Target) -> LiveMeter:
        target.visit.counter_told = None  # what somebody at another address told counts for nothing here
        if target.visit.record.use_short_names:
            return await self._associate_by_short_names(target)
        if not target.level.ciphered:
            return await self._associate(target, None)
        try:
            return await self._open_ciphered(target)
        except dlms.DlmsError as failure:  # settings of the record that contradict each other, counters used up
            raise translate(failure) from failure

    def keys_of(self, record: DeviceRecord, header: DlmsRequestHeader, guard: Guard, clock: Clock) -> AttemptKeys:
        """The keys of one attempt; change counters of M-Bus keys are reserved as invocation counters are."""

        async def change_counter(key_id: str, least: int) -> int:
            series = Series(record.device_identification, key_id, b"")
            self._reserver.raise_floor(series, least)
            counters = self._reserver.counters(series, guard.check)
            try:
                await counters.ensure(1)
                return counters.take()
            except dlms.DlmsError as failure:
                raise translate(failure) from failure

        named = {device.device_identification: device for device in header.mbus_devices}
        return AttemptKeys(record, header.new_keys, named, self._keyring, change_counter, clock, self._agreements)

    async def close(self, meter: LiveMeter) -> None:
        """Release the association and give its place back; bounded by the session's own time-outs."""
        if meter.level is Level.LLS:
            self._received.note(meter.gateway, meter.key_ids[0], meter.title, meter.last_received)
        try:
            await meter.close()
        finally:
            self._give_place_back()

    def abort(self, meter: LiveMeter) -> None:
        """Close the connection at once, with nothing more sent, and give its place back."""
        meter.abort()
        self._give_place_back()

    async def _open_ciphered(self, target: _Target) -> LiveMeter:
        visit = target.visit
        sets = candidates(visit.record.keys, visit.proven, password=target.level is Level.LLS)
        known = self._reserver.known(target.series(sets[0]))
        opening = Opening(sets, readable=_COUNTER.role in target.profile.objects, known=known)
        step = opening.begin()
        while True:
            match step:
                case GiveUp(failure):
                    raise failure
                case ReadCounter(pause):
                    await self._pause(pause, visit.guard)
                    try:
                        visit.counter_told = await self._read_counter(target)
                    except AccessRefused as refusal:
                        absent = refusal.result in _NO_SUCH_OBJECT
                        step = opening.counter_absent() if absent else opening.counter_unknown(refusal)
                    except PlatformError as failure:
                        step = opening.counter_unknown(failure)
                    else:
                        step = opening.counter_is(visit.counter_told)
                case Try(keys, pause):
                    await self._pause(pause, visit.guard)
                    self._mind_counter(target, keys)
                    try:
                        meter = await self._associate(target, keys)
                    except _Refused as refused:
                        step = opening.refused(refused.refusal)
                    else:
                        meter.in_doubt = len(sets) > 1
                        return meter

    def _mind_counter(self, target: _Target, keys: KeySet) -> None:
        """Use no counter of this series that the meter would not take, after what it told in this visit."""
        told = target.visit.counter_told
        if told is None:
            return
        series = target.series(keys)
        known = self._reserver.known(series)
        floor = floor_for(told, self._reserver.next_counter(series), self._settings.counter_block, known=known)
        if floor:
            log.info("counters of %s go on at %d", series.gateway, floor)
            self._reserver.raise_floor(series, floor)

    async def _read_counter(self, target: _Target) -> int:
        """The counter that the meter has accepted last.

        Raises: PlatformError.
        """
        public = _Target(target.visit, target.profile, target.address, Level.NONE)
        meter = await self._associate(public, None)
        try:
            value = read_integer(await meter.get(_COUNTER), _COUNTER.role)
        finally:
            target.visit.meter_s += meter.meter_s
            await self.close(meter)
        if value is None:
            raise error("ILLEGAL_RESPONSE", "the invocation counter is null", value=_COUNTER.role)
        return value

    async def _associate(self, target: _Target, keys: KeySet | None) -> LiveMeter:
        """One association, with given keys or as the public client.

        Raises: _Refused; PlatformError; Leaving; Lost; Outage.
        """
        config = self._config(target, keys)
        guard, record, settings = target.visit.guard, target.visit.record, self._settings
        counters = None if keys is None else self._reserver.counters(target.series(keys), guard.check)
        if counters is not None:
            await counters.ensure(1)  # before a place is taken: the broker's time is not the network's

        async def opening() -> Session:
            return await open_session(
                target.address,
                config,
                counters,
                connect_timeout_s=settings.connect_timeout_s,
                response_timeout_s=settings.response_timeout_s,
                challenge=self._challenge,
                trace=self._trace(record, config.keys),
                framing=framing_of(record, settings),
            )

        return await self._connect(target, opening, counters, () if keys is None else keys.key_ids)

    async def _associate_by_short_names(self, target: _Target) -> LiveMeter:
        """Raises: PlatformError; Leaving; Lost; Outage."""
        visit, record = target.visit, target.visit.record
        engine = offered(record, target.level, self._short_names)
        key = password_of(record.keys, visit.proven) if target.level is Level.LLS else None
        password = None if key is None else self._keyring.octets(record, record.device_identification, key)
        try:
            session = await engine.session(record, password, self._trace(record, None))
        except dlms.DlmsError as failure:
            raise connection_error(failure, record, target.address) from failure

        async def opening() -> Session:
            await session.open(target.address, self._settings.connect_timeout_s)
            return session

        try:
            return await self._connect(target, opening, None, () if key is None else (key.key_id,))
        except BaseException:
            session.abort()
            raise

    def _trace(self, record: DeviceRecord, keys: SecurityKeys | None) -> Trace | None:
        return None if self._frames is None else self._frames.recorder(record, keys)

    async def _connect(
        self,
        target: _Target,
        opening: Callable[[], Awaitable[Session]],
        counters: SessionCounters | None,
        key_ids: tuple[str, ...],
    ) -> LiveMeter:
        """What `opening` opens, in a place among the connections and in time.

        Raises: as _associate.
        """
        await self._limits.acquire()
        self._metrics.set(OPEN_SESSIONS, self._limits.open)
        began = self._now() - (counters.waited_s if counters is not None else 0.0)
        try:
            target.visit.guard.check()
            async with asyncio.timeout(self._settings.connect_timeout_s + self._settings.association_timeout_s):
                session = await opening()
        except TimeoutError as late:
            self._give_place_back()
            raise self._opening_failure(dlms.ResponseTimeout("no association in time"), target, counters) from late
        except dlms.DlmsError as failure:
            self._give_place_back()
            raise self._opening_failure(failure, target, counters) from failure
        except BaseException:
            self._give_place_back()
            raise
        finally:
            target.visit.meter_s += self._now() - began - (counters.waited_s if counters is not None else 0.0)
        if counters is not None:
            counters.accepted()
        self._metrics.count(SESSIONS, "opened")
        identity = Identity(target.visit.record.device_identification, target.level, key_ids)
        verified = target.visit.quirks.scalers_verified
        return LiveMeter(session, target.profile, counters, identity, self._now, scalers_verified=verified)

    def _opening_failure(self, failure: dlms.DlmsError, target: _Target, counters: SessionCounters | None) -> Exception:
        translated = connection_error(failure, target.visit.record, target.address)
        self._metrics.count(SESSIONS, translated.code.name)
        if counters is None or not is_refusal(failure):
            return translated
        return _Refused(Refusal(translated, suspects_counter(failure), counters.first or 0, counters.highest_accepted))

    def _give_place_back(self) -> None:
        self._limits.release()
        self._metrics.set(OPEN_SESSIONS, self._limits.open)

    def _config(self, target: _Target, keys: KeySet | None) -> AssociationConfig:
        """Raises: PlatformError."""
        record = target.visit.record
        server_sap = record.connection.logical_id or 1
        with_list_max = (record.with_list_max or LIST_MAX) if not target.visit.quirks.lists_refused else 1
        if keys is None:
            return AssociationConfig(Level.NONE, PUBLIC_CLIENT, server_sap, with_list_max=with_list_max)
        try:
            opened, password = self._keyring.open(record, keys, suite_of(target.profile))
            return AssociationConfig(
                target.level,
                server_sap=server_sap,
                client_title=client_title_for(record.device_identification),
                keys=opened,
                password=password,
                challenge_length=record.challenge_length,
                with_list_max=with_list_max,
                last_received_counters=self._last_received(target, keys),
            )
        except dlms.DlmsError as failure:
            raise translate(failure) from failure

    def _last_received(self, target: _Target, keys: KeySet) -> Mapping[bytes, int]:
        if target.level is not Level.LLS or not self._settings.lls_counters_rise:
            return {}
        return self._received.of(target.visit.record.device_identification, keys.encryption.key_id)

    def _target(self, visit: Visit) -> _Target:
        """All but the host. Raises: PlatformError for what the record lacks or this platform does not offer."""
        record = visit.record
        level = _LEVELS.get(record.security_level)
        if level is None:
            what = record.security_level.value
            raise error("UNSUPPORTED_COMMUNICATION_SETTING", f"{what} is not offered", setting=what)
        try:
            profile = self._profiles.get(record.protocol_name, record.protocol_version)
        except dlms.DlmsError as unknown:
            raise translate(unknown) from unknown
        if record.use_short_names:
            offered(record, level, self._short_names)
        return _Target(visit, profile, ("", record.connection.port or DEFAULT_PORT), level)

    async def _pause(self, pause: Pause, guard: Guard) -> None:
        """Give the meter time; without a place among the connections, and no longer than the partition is held."""
        lengths = {Pause.COUNTER: self._settings.counter_read_pause_s, Pause.KEYS: self._settings.candidate_pause_s}
        left = lengths.get(pause, 0.0)
        while left > 0:
            guard.boundary()
            await asyncio.sleep(min(left, _SLICE_S))
            left -= _SLICE_S
        guard.boundary()


def connection_error(failure: dlms.DlmsError, record: DeviceRecord, address: tuple[str, int]) -> PlatformError:
    """What operators know as connection error: which device, where, what."""
    translated = translate(failure)
    translated.message = (
        f"Connection error for device {record.device_identification} with Ip address:{address[0]} Port:{address[1]} "
        f"UseHdlc:{str(record.use_hdlc).lower()} ExceptionType:{translated.code.name} Message:{failure}"
    )
    return translated
