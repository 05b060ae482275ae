"""A line that breaks after so many octets, and a platform that changes keys over it: worker and registry in one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operation import DlmsResponse, Operation, OperationRequest
from meterstream.contracts.operations import replace_keys, synchronize_time
from meterstream.contracts.records import (
    Connection,
    DeviceRecord,
    KeyKind,
    KeyState,
    MbusChannel,
    MbusDevice,
    ProvenKeys,
    SealedKey,
    SecurityLevel,
)
from meterstream.dlms.client import client_title_for
from meterstream.domain.model.keys import DeviceKey, GivenKey, decide, in_record, propose, prove
from meterstream.protocol_dlms.answers import Envelopes
from meterstream.protocol_dlms.associations import Associations
from meterstream.protocol_dlms.executors import (
    bundle,
    generate_and_replace_keys,
    set_key_on_g_meter,
    set_mbus_user_key_by_channel,
)
from meterstream.protocol_dlms.executors import replace_keys as replaces
from meterstream.protocol_dlms.executors import synchronize_time as synchronizes
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.limits import ConnectionLimits
from meterstream.protocol_dlms.marks import Marks
from meterstream.protocol_dlms.meter import LiveMeter
from meterstream.protocol_dlms.model.counters import Series
from meterstream.protocol_dlms.responder import Responder
from meterstream.protocol_dlms.worker import Worker
from meterstream.runtime.kafka import Message, Outgoing
from meterstream.runtime.sealing import Opener, Sealer, key_binding, public_key_of

MASTER: Final = KeyKind.E_METER_MASTER_KEY
AUTHENTICATION: Final = KeyKind.E_METER_AUTHENTICATION_KEY
ENCRYPTION: Final = KeyKind.E_METER_ENCRYPTION_KEY_UNICAST
REPLACE: Final = replace_keys.ReplaceKeysRequest(authentication_key=bytes(256), encryption_key=bytes(256))
SYNCHRONIZE: Final = synchronize_time.SynchronizeTimeRequest()
_EXECUTORS: Final[Sequence[Any]] = (
    bundle,
    generate_and_replace_keys,
    replaces,
    set_key_on_g_meter,
    set_mbus_user_key_by_channel,
    synchronizes,
)
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Way(Enum):
    """Whose octets are counted."""

    TO_METER = "to the meter"
    FROM_METER = "from the meter"


class CuttingLine:
    """A proxy before a meter; after `left` octets of one way it ends every connection and takes no other one."""

    def __init__(self, host: str, port: int) -> None:
        self._meter = (host, port)
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.Transport] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.port = 0
        self.carried = dict.fromkeys(Way, 0)
        self._cut: tuple[Way, int] | None = None

    async def listen(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Half(self, Way.TO_METER), "127.0.0.1", self.port, reuse_address=True)
        self.port = server.sockets[0].getsockname()[1]
        self._servers.append(server)

    def break_after(self, way: Way, octets: int) -> None:
        self.carried = dict.fromkeys(Way, 0)
        self._cut = (way, octets)

    async def mend(self) -> None:
        """Whole again, once nothing of the broken line is left."""
        self._cut = None
        self.carried = dict.fromkeys(Way, 0)
        for transport in list(self._open):
            transport.abort()
        async with asyncio.timeout(10):
            while self._open:  # noqa: ASYNC110  # both ends say goodbye on the same loop
                await asyncio.sleep(0)
        if not self._servers:
            await self.listen()

    async def close(self) -> None:
        await self.mend()
        self._take_none()

    def connect(self, half: _Half) -> None:
        task = asyncio.get_running_loop().create_task(self._connect(half))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, half: _Half) -> None:
        loop = asyncio.get_running_loop()
        _, other = await loop.create_connection(lambda: _Half(self, Way.FROM_METER), *self._meter)
        half.join(other)

    def opened(self, transport: asyncio.Transport) -> None:
        self._open.add(transport)

    def gone(self, transport: asyncio.Transport) -> None:
        self._open.discard(transport)

    def pass_on(self, way: Way, data: bytes, onward: asyncio.Transport) -> None:
        if self._cut is not None and self._cut[0] is way:
            left = self._cut[1] - self.carried[way]
            if len(data) >= left:
                self.carried[way] += left
                onward.write(data[:left])
                self._break()
                return
        self.carried[way] += len(data)
        onward.write(data)

    def _break(self) -> None:
        self._take_none()
        for transport in list(self._open):
            transport.close()

    def _take_none(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()


class _Half(asyncio.Protocol):
    """One side of a connection through the line."""

    def __init__(self, line: CuttingLine, way: Way) -> None:
        self._line, self._way = line, way
        self._other: _Half | None = None
        self._early: list[bytes] = []
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._line.opened(transport)
        if self._way is Way.TO_METER:
            self._line.connect(self)

    def join(self, other: _Half) -> None:
        self._other, other._other = other, self
        early, self._early = self._early, []
        for data in early:
            self.data_received(data)
        if self.transport is None or self.transport.is_closing():
            other.close()

    def data_received(self, data: bytes) -> None:
        if self._other is None or self._other.transport is None:
            self._early.append(data)
        elif not self._other.transport.is_closing():
            self._line.pass_on(self._way, data, self._other.transport)

    def connection_lost(self, exc: Exception | None) -> None:  # the protocol's signature
        if self.transport is not None:
            self._line.gone(self.transport)
        if self._other is not None:
            self._other.close()

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


@dataclass
class Registry:
    """The keys of one meter as domain has them; what answers tell is applied by domain's own decisions."""

    octets: dict[str, bytes] = field(default_factory=dict)
    keys: tuple[DeviceKey, ...] = ()
    mbus: MbusDevice | None = None
    mbus_keys: tuple[DeviceKey, ...] = ()
    revision: int = 1

    def hold(self, kind: KeyKind, key_id: str, octets: bytes, state: KeyState) -> None:
        self.octets[key_id] = octets
        proven = state is KeyState.ACTIVE
        key = DeviceKey(key_id, kind, state, proven, b"", _START, _START if proven else None)
        if kind.value.startswith("G_"):
            self.mbus_keys += (key,)
        else:
            self.keys += (key,)

    def propose(self, *new: NewKey) -> None:
        """As domain does before each attempt: what was withdrawn since is NEW again."""
        for key in new:
            held = self.keys if key.device_identification != self._behind else self.mbus_keys
            former = next(one for one in held if one.key_id == key.key_id)
            after = propose(held, GivenKey(former.key_id, former.kind, former.sealed), former.changed_at)
            if held is self.keys:
                self.keys = after
            else:
                self.mbus_keys = after

    @property
    def _behind(self) -> str | None:
        return None if self.mbus is None else self.mbus.device_identification

    def state(self, key_id: str) -> KeyState:
        return next(key.state for key in self.keys + self.mbus_keys if key.key_id == key_id)

    def learn(self, response: DlmsResponse) -> None:
        header = response.header
        for fact in header.key_facts:
            if self.mbus is not None and fact.device_identification == self.mbus.device_identification:
                self.mbus_keys = decide(self.mbus_keys, fact.key_id, fact.outcome, header.observed_at)
            else:
                self.keys = decide(self.keys, fact.key_id, fact.outcome, header.observed_at)
        self.keys = prove(self.keys, header.proven_keys, header.observed_at)
        self.revision += 1

    def candidates(self, kind: KeyKind) -> set[bytes]:
        return {self.octets[key.key_id] for key in in_record(self.keys) if key.kind is kind}


class KeyPlatform:
    """Requests to one simulated meter through a worker, with the record as the registry has it at that moment."""

    def __init__(
        self,
        bench: Any,
        header: Any,
        make_turn: Any,
        line: CuttingLine | None = None,
        *,
        number: int = 1,
        security_level: SecurityLevel = SecurityLevel.HLS5,
    ) -> None:
        """Args: line, where it is cut; without one requests go straight to the meter of that number.

        `described`: what a test lays down of the record.
        """
        self._security_level = security_level
        self.described: dict[str, Any] = {}
        self.bench, self.registry, self._line, self.number = bench, Registry(), line, number
        self._header, self._make_turn = header, make_turn
        self._now = _START
        self._asked = 0
        self.worker = self._worker(bench.associations)

    @property
    def gateway(self) -> str:
        return self.bench.gateway(self.number)  # type: ignore[no-any-return]  # of a bench that is Any here

    @property
    def line(self) -> CuttingLine:
        assert self._line is not None
        return self._line

    def be_patient(self, **settings: Any) -> None:
        """A worker with other time-outs goes on."""
        bench = self.bench
        limits = ConnectionLimits(bench.settings.max_sessions, bench.settings.connects_per_s)
        keyring = KeyRing(Opener(bench.private_key))
        patient = bench.settings.model_copy(update=settings)
        associations = Associations(patient, keyring, bench.reserver, limits, bench.metrics, signing=bench.signing)
        self.worker = self._worker(associations)

    def _worker(self, associations: Associations) -> Worker:
        bench = self.bench
        return Worker(
            codec=bench.codec,
            devices=bench.devices,
            sessions=bench.sessions,
            associations=associations,
            executors={module.EXECUTOR.operation.name: module.EXECUTOR for module in _EXECUTORS},
            marks=Marks(bench.broker, bench.sessions, bench.codec, self.clock),
            envelopes=Envelopes(bench.codec, bench.broker),
            responder=Responder(bench.broker),
            metrics=bench.metrics,
            clock=self.clock,
            record_wait_s=1,
            attempt_timeout_s=20,
        )

    def clock(self) -> datetime:
        self._now += timedelta(milliseconds=1)
        return self._now

    def stands_with(self, key_ids: tuple[str, str]) -> dict[bytes, int] | None:
        """The worker knows that the last association stood with these keys; the counters that the meter has seen."""
        gateway = self.gateway
        known = ProvenKeys(gateway=gateway, key_ids=list(key_ids), observed_at=self.clock())
        value = self.bench.codec.encode(known)
        partition = self.bench.broker.partition_of("device-sessions", gateway.encode())
        self.bench.broker.append(Outgoing("device-sessions", f"{gateway}|proven".encode(), value, (), partition))
        title = client_title_for(gateway)
        counter = self.bench.reserver.next_counter(Series(gateway, key_ids[0], title))
        return {title: counter - 1} if counter else None

    def record(self) -> DeviceRecord:
        sealer = Sealer(public_key_of(self.bench.private_key))

        def sealed(device: str, keys: tuple[DeviceKey, ...]) -> list[SealedKey]:
            return [
                SealedKey(
                    key_id=key.key_id,
                    kind=key.kind,
                    state=key.state,
                    proven=key.proven,
                    sealed=sealer.seal(self.registry.octets[key.key_id], key_binding(device, key.kind, key.key_id)),
                )
                for key in in_record(keys)
            ]

        keys, channels = sealed(self.gateway, self.registry.keys), []
        if (mbus := self.registry.mbus) is not None:
            behind = sealed(mbus.device_identification, self.registry.mbus_keys)
            number = mbus.channel or 0
            channels = [MbusChannel(channel=number, device_identification=mbus.device_identification, keys=behind)]
        line = self._line
        over = {} if line is None else {"connection": Connection(address="127.0.0.1", port=line.port, logical_id=1)}
        return self.bench.record(  # type: ignore[no-any-return]  # of a bench that is Any here
            self.number,
            channels=channels,
            revision=self.registry.revision,
            ephemeral_public=sealer.ephemeral_public,
            keys=keys,
            security_level=self._security_level,
            **(over | self.described),
        )

    async def associate(self) -> LiveMeter:
        """An association over the line, beside the worker."""
        record = self.record()
        found = self.bench.associations.open(self.bench.visit(record))
        return await found  # type: ignore[no-any-return]  # of a bench that is Any here

    async def ask(
        self, operation: Operation, request: OperationRequest, new_keys: Sequence[NewKey] = ()
    ) -> DlmsResponse:
        """One attempt over the line; the registry has learnt from its answer."""
        self._asked += 1
        gateway, uid = self.gateway, f"uid-{self.number}-{self._asked:018d}"
        self.bench.devices.on_record(
            gateway.encode(), record := self.record(), _message("devices", 0, gateway, self.bench.codec.encode(record))
        )
        header: DlmsRequestHeader = self._header(
            gateway,
            correlation_uid=uid,
            record_revision=self.registry.revision,
            published_at=self._now,
            new_keys=list(new_keys),
            mbus_devices=[] if self.registry.mbus is None else [self.registry.mbus],
        )
        value = self.bench.codec.encode(operation.dlms_request(header=header, request=request))
        turn = self._make_turn(gateway, [_message("dlms-requests-normal", self._asked, gateway, value)])
        before = len(self.bench.broker.batches)
        await self.worker.handle(turn)
        sent = [one for batch in self.bench.broker.batches[before:] for one in batch if one.topic == "dlms-responses"]
        told: list[DlmsResponse] = [self.bench.codec.decode_as(one.value, DlmsResponse) for one in sent]
        (response,) = [one for one in told if one.header.correlation_uid == uid]  # others ask beside us
        self.registry.learn(response)
        return response


def _message(topic: str, offset: int, key: str, value: bytes) -> Message:
    return Message(topic, 0, offset, key.encode(), value, ())
