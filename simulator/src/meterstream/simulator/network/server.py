"""One TCP connection of a fleet: finds the meter, feeds its association, answers after the meter's delay."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, cast

from meterstream.dlms.framing.hdlc import MAX_FRAME, HdlcAddress, HdlcReader
from meterstream.dlms.meter import ClientAccess, Level
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.meter import MANAGEMENT_CLIENT, PUBLIC_CLIENT, SimulatedMeter
from meterstream.simulator.network.endpoint import (
    HEADER,
    AssociationParts,
    Endpoint,
    FleetAssociation,
    HdlcEndpoint,
    WrapperEndpoint,
)
from meterstream.simulator.network.lines import Lines
from meterstream.simulator.network.misbehaviour import MisbehavingAssociation, Misfortune
from meterstream.simulator.network.security import CountedAccess, CounterReserve, OwnSecurity
from meterstream.simulator.settings import DelayPer, FleetSettings, LineFraming
from meterstream.simulator.stats import Stats

_OF_LINES: Final = frozenset((FaultKind.SLOW, FaultKind.REBOOT, FaultKind.WRONG_HEADER))
_NO_VERSION: Final = b"\x00\x02"
"""Neither a wrapper frame's beginning nor that of an HDLC frame."""
_MAX_WAITING_ANSWERS: Final = 1 << 20
_MAX_BEFORE_METER: Final = 2 * MAX_FRAME
_FLAG: Final = 0x7E
_PUBLIC_ACCESS: Final = ClientAccess(Level.NONE)


class ConnectionHost(Protocol):
    """What a connection needs of the fleet it belongs to; times are of the event loop's clock, in seconds."""

    @property
    def settings(self) -> FleetSettings: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def lines(self) -> Lines: ...
    @property
    def reserve(self) -> CounterReserve:
        """Own invocation counters the meters may use."""

    def access(self, meter: SimulatedMeter) -> CountedAccess | None:
        """Give the management client's access; None without security."""

    def reboot(self, number: int, down_ms: int, *, clock_lost: bool = False) -> None:
        """Take the power from a meter for a while."""

    def loop_time(self) -> float: ...

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> asyncio.TimerHandle: ...

    def delay_s(self) -> float:
        """Draw a response delay."""


class MeterConnection(asyncio.Protocol):
    """Bare protocol without a task; only a delayed answer has a timer.

    Attributes:
        number: of the meter, once the first frame has told it.
        last_used: when the client was last heard, in seconds of the event loop's clock.
    """

    __slots__ = (
        "_address",
        "_answers",
        "_cut",
        "_endpoint",
        "_fleet",
        "_held",
        "_index",
        "_misfortune",
        "_octets",
        "_timer",
        "_transport",
        "_waiting_answers",
        "last_used",
        "number",
    )

    def __init__(self, fleet: ConnectionHost, index: int) -> None:
        self._fleet = fleet
        self._index = index
        self._transport: asyncio.Transport | None = None
        self._endpoint: Endpoint | None = None
        self._misfortune: Misfortune | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._held = b""
        self._waiting_answers = b""
        self._answers = 0
        self._octets = 0
        self._cut = False
        self._address: int | HdlcAddress = 0
        self.number: int | None = None
        self.last_used = 0.0

    # --- the line ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.last_used = self._fleet.loop_time()
        if not self._fleet.lines.opened(self):
            self.abort()

    def data_received(self, data: bytes) -> None:
        self.last_used = self._fleet.loop_time()
        if self._endpoint is not None:
            self._serve(self._endpoint, data)
            return
        self._held += data
        if self.number is None:
            self._find_meter()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the end, whatever its reason
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._endpoint is not None:
            self._endpoint.ended()
        self._endpoint = None
        self._transport = None
        self._fleet.lines.closed(self)

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Drop the line; what was not sent yet is lost."""
        if self._transport is not None:
            self._transport.abort()

    def hold(self) -> None:
        """Stop listening until `start`: the meter still has another connection."""
        if self._transport is not None:
            self._transport.pause_reading()

    def start(self, meter: SimulatedMeter) -> None:
        """Serve this connection: the meter is free."""
        transport = self._transport
        if transport is None:
            return
        fault = meter.fault
        if fault is not None:
            meter.fault = fault.after_connection()
            if fault.kind is FaultKind.REFUSE:
                self._fleet.stats.faults += 1
                transport.abort()
                return
            self._misfortune = Misfortune(fault, self._fleet.stats)
        if self._fleet.settings.restart_counters:
            meter.own_counter = 1
        self._endpoint = endpoint = self._new_endpoint(meter)
        if not transport.is_reading():
            transport.resume_reading()
        held, self._held = self._held, b""
        self._serve(endpoint, held)

    # --- requests ---

    def _find_meter(self) -> None:
        """Read the address in the first frame: the meter it is for and the framing it comes in."""
        framing = self._fleet.settings.framing
        if framing is LineFraming.HDLC or (framing is LineFraming.BOTH and self._held[0] == _FLAG):
            frames = HdlcReader().feed(self._held)
            if not frames:
                if len(self._held) > _MAX_BEFORE_METER:
                    self._refuse()
                return
            self._address = frames[0].destination
            self._claim(self._address.upper)
        elif len(self._held) >= HEADER:
            self._address = int.from_bytes(self._held[4:6], "big")
            self._claim(self._address)

    def _claim(self, logical_device: int) -> None:
        self.number = self._fleet.settings.meter_at(self._index, logical_device)
        if self.number is None:
            self._refuse()
        else:
            self._fleet.lines.claim(self.number, self)

    def _refuse(self) -> None:
        self._fleet.stats.refused_connections += 1
        self.abort()

    def _new_endpoint(self, meter: SimulatedMeter) -> Endpoint:
        fleet, address, misfortune = self._fleet, self._address, self._misfortune
        access = fleet.access(meter)
        clients = {PUBLIC_CLIENT: _PUBLIC_ACCESS, MANAGEMENT_CLIENT: access or _PUBLIC_ACCESS}
        device = address if isinstance(address, int) else address.upper
        security = OwnSecurity(meter, clients, fleet.reserve)
        parts = AssociationParts(meter, security, access, fleet.settings.habits, device, fleet.stats)
        new: Callable[[], FleetAssociation] = partial(FleetAssociation, parts)
        if misfortune is not None and misfortune.is_of_association:
            new = partial(MisbehavingAssociation, parts, misfortune)
        return WrapperEndpoint(new()) if isinstance(address, int) else HdlcEndpoint(new, address)

    def _serve(self, endpoint: Endpoint, data: bytes) -> None:
        answer = endpoint.receive(data, self.last_used)
        if answer:
            self._answer(answer)
        elif endpoint.closed and self._timer is None and self._transport is not None:
            self._transport.close()

    # --- answers ---

    def _answer(self, answer: bytes) -> None:
        fault = None if self._misfortune is None else self._misfortune.fault
        if fault is not None and self._strikes(fault, answer):
            self._fleet.stats.faults += 1
            if fault.kind is FaultKind.REBOOT and self.number is not None:
                self._fleet.reboot(self.number, fault.down_ms, clock_lost=fault.clock_lost)
                return
            if fault.kind is FaultKind.CUT:
                self._cut = True
                answer = answer[: max(fault.after - self._octets, 0)]
            elif fault.kind is FaultKind.WRONG_HEADER:
                answer = _NO_VERSION + answer[len(_NO_VERSION) :]
        delay = self._delay_s(fault)
        self._answers += 1
        self._octets += len(answer)
        if delay <= 0 and self._timer is None:
            self._send(answer)
            return
        self._waiting_answers += answer
        if len(self._waiting_answers) > _MAX_WAITING_ANSWERS:
            self.abort()
        elif self._timer is None:
            self._timer = self._fleet.call_later(delay, self._send_waiting)

    def _strikes(self, fault: Fault, answer: bytes) -> bool:
        if fault.kind is FaultKind.CUT:
            return self._octets + len(answer) > fault.after
        return fault.kind in _OF_LINES and self._answers >= fault.after

    def _delay_s(self, fault: Fault | None) -> float:
        if fault is not None and fault.kind is FaultKind.SLOW and self._answers >= fault.after:
            return fault.delay_ms / 1000
        if self._answers and self._fleet.settings.delay_per is DelayPer.SESSION:
            return 0
        return self._fleet.delay_s()

    def _send_waiting(self) -> None:
        self._timer = None
        answers, self._waiting_answers = self._waiting_answers, b""
        self._send(answers)

    def _send(self, answer: bytes) -> None:
        transport, endpoint = self._transport, self._endpoint
        if transport is None or endpoint is None:
            return
        transport.write(answer)
        self._fleet.stats.answers += 1
        if endpoint.closed or self._cut:
            transport.close()
