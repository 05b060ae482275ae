"""One TCP connection of a fleet: finds the meter, feeds its association, answers after the meter's delay."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final, Protocol, cast

from meterstream.dlms.apdu import tags
from meterstream.dlms.meter import ClientAccess, Level, MeterAssociation, MeterPhase, MeterSecurity
from meterstream.dlms.security import TITLE_OCTETS
from meterstream.simulator.faults import Fault, FaultKind, spoil
from meterstream.simulator.identity import system_title_for
from meterstream.simulator.lines import Lines
from meterstream.simulator.meter import MANAGEMENT_CLIENT, PUBLIC_CLIENT, SimulatedMeter
from meterstream.simulator.security import CountedAccess
from meterstream.simulator.settings import DelayPer, FleetSettings
from meterstream.simulator.stats import Stats

_HEADER: Final = 8
_AARQ: Final = bytes((tags.AARQ,))
_CALLING_TITLE: Final = bytes((0xA6, TITLE_OCTETS + 2, 0x04, TITLE_OCTETS))
_MAX_WAITING_ANSWERS: Final = 1 << 20
_PUBLIC_ACCESS: Final = ClientAccess(Level.NONE)


class ConnectionHost(Protocol):
    """What a connection needs of the fleet it belongs to; times are of the event loop's clock, in seconds."""

    @property
    def settings(self) -> FleetSettings: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def lines(self) -> Lines: ...

    def access(self, meter: SimulatedMeter) -> CountedAccess | None:
        """Give the management client's access; None without security."""

    def loop_time(self) -> float: ...

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> asyncio.TimerHandle: ...

    def delay_s(self) -> float:
        """Draw a response delay."""


class _Session:
    """A connection that has its meter."""

    __slots__ = ("access", "association", "meter", "security")

    def __init__(self, fleet: ConnectionHost, meter: SimulatedMeter, device: int) -> None:
        self.meter = meter
        self.access = fleet.access(meter)
        clients = {PUBLIC_CLIENT: _PUBLIC_ACCESS, MANAGEMENT_CLIENT: self.access or _PUBLIC_ACCESS}
        self.security = MeterSecurity(system_title_for(meter.number), clients, os.urandom, meter.own_counter)
        self.association = MeterAssociation(meter, self.security, fleet.settings.habits, device)


class MeterConnection(asyncio.Protocol):
    """Bare protocol without a task; only a delayed answer has a timer.

    Attributes:
        number: of the meter, once the first frame has told it.
        last_used: when the client was last heard, in seconds of the event loop's clock.
    """

    __slots__ = (
        "_answers",
        "_cut",
        "_device",
        "_fault",
        "_fleet",
        "_held",
        "_index",
        "_octets",
        "_session",
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
        self._session: _Session | None = None
        self._fault: Fault | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._held = b""
        self._waiting_answers = b""
        self._answers = 0
        self._octets = 0
        self._device = 0
        self._cut = False
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
        session = self._session
        if session is not None and session.association.phase is not MeterPhase.IDLE:
            self._serve(session, data)
            return
        self._held += data
        self._continue()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the end, whatever its reason
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._session is not None and self._session.association.phase is MeterPhase.ASSOCIATED:
            self._fleet.stats.open_associations -= 1
        self._session = None
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
        self._fault = fault = meter.fault
        if fault is not None:
            meter.fault = fault.after_connection()
            if fault.kind is FaultKind.REFUSE:
                self._fleet.stats.faults += 1
                transport.abort()
                return
        if self._fleet.settings.restart_counters:
            meter.own_counter = 1
        self._session = _Session(self._fleet, meter, self._device)
        if not transport.is_reading():
            transport.resume_reading()
        self._continue()

    # --- requests ---

    def _continue(self) -> None:
        """Serve held octets; outside an association frame by frame, for the AARQ tells the client's title."""
        if self.number is None:
            if len(self._held) >= _HEADER:
                self._find_meter(int.from_bytes(self._held[4:6], "big"))
            return
        while (session := self._session) is not None and self._held:
            if session.association.phase is not MeterPhase.IDLE:
                held, self._held = self._held, b""
                self._serve(session, held)
                return
            end = _HEADER + int.from_bytes(self._held[6:8], "big")
            if len(self._held) < max(end, _HEADER):
                return
            frame, self._held = self._held[:end], self._held[end:]
            if session.access is not None:
                session.access.client_title = _client_title(frame)
            self._serve(session, frame)

    def _find_meter(self, logical_device: int) -> None:
        self._device = logical_device
        self.number = self._fleet.settings.meter_at(self._index, logical_device)
        if self.number is None:
            self._fleet.stats.refused_connections += 1
            self.abort()
        else:
            self._fleet.lines.claim(self.number, self)

    def _serve(self, session: _Session, data: bytes) -> None:
        association, stats = session.association, self._fleet.stats
        before = association.phase
        answer = association.receive(data)
        after = association.phase
        session.meter.own_counter = session.security.next_counter
        if after is not before:
            self._count_change(session, before, after)
        elif before is MeterPhase.IDLE and answer:
            stats.rejected_associations += 1
        if association.closed and association.close_cause is not None:
            stats.aborted_sessions += 1
        if answer:
            self._answer(answer)
        elif association.closed and self._timer is None and self._transport is not None:
            self._transport.close()

    def _count_change(self, session: _Session, before: MeterPhase, after: MeterPhase) -> None:
        stats, meter = self._fleet.stats, session.meter
        if session.access is not None:
            meter.client_title = session.access.client_title
        if after is MeterPhase.ASSOCIATED:
            meter.associations += 1
            stats.associations += 1
            stats.open_associations += 1
        elif before is MeterPhase.ASSOCIATED:
            stats.open_associations -= 1
            stats.releases += 1

    # --- answers ---

    def _answer(self, answer: bytes) -> None:
        fault = self._fault
        if fault is not None and self._strikes(fault, answer):
            self._fleet.stats.faults += 1
            if fault.kind is FaultKind.SILENT:
                return
            if fault.kind is FaultKind.LOST_ANSWER:
                self.abort()
                return
            answer = self._spoilt(fault, answer)
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
        return self._answers >= fault.after

    def _spoilt(self, fault: Fault, answer: bytes) -> bytes:
        if fault.kind is FaultKind.WRONG_TAG:
            return spoil(answer)
        if fault.kind is FaultKind.CUT:
            self._cut = True
            return answer[: max(fault.after - self._octets, 0)]
        return answer

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
        transport, session = self._transport, self._session
        if transport is None or session is None:
            return
        transport.write(answer)
        self._fleet.stats.answers += 1
        if session.association.closed or self._cut:
            transport.close()


def _client_title(frame: bytes) -> bytes:
    """Read the calling-AP-title of an AARQ; empty when there is none of 8 octets, which no meter accepts.

    It stands before everything a client may choose freely, so its head is found there or nowhere.
    """
    if frame[_HEADER : _HEADER + 1] != _AARQ:
        return b""
    place = frame.find(_CALLING_TITLE)
    return b"" if place < 0 else frame[place + len(_CALLING_TITLE) : place + len(_CALLING_TITLE) + TITLE_OCTETS]
