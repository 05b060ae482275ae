"""The meter's end of one line: its association, counted, in wrapper frames or over an HDLC link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from meterstream.dlms.apdu import tags
from meterstream.dlms.errors import DlmsError, SecurityError
from meterstream.dlms.framing.hdlc import HdlcAddress, HdlcServerLink
from meterstream.dlms.meter import (
    DropLine,
    Habits,
    MeterApplication,
    MeterAssociation,
    MeterPhase,
    MeterSecurity,
)
from meterstream.dlms.meter.hdlc import HdlcMeter
from meterstream.dlms.security import TITLE_OCTETS
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.network.security import CountedAccess
from meterstream.simulator.stats import Stats

HEADER: Final = 8
_AARQ: Final = bytes((tags.AARQ,))
_CALLING_TITLE: Final = bytes((0xA6, TITLE_OCTETS + 2, 0x04, TITLE_OCTETS))
_FRAUD_LOG: Final = "fraud_detection_event_log"
_FAILED_LOGIN: Final = 46


@dataclass(slots=True)
class AssociationParts:
    """What an association of a fleet is made of.

    Attributes:
        access: of the management client; None without security.
        device: the logical device address the client uses.
    """

    meter: SimulatedMeter
    security: MeterSecurity
    access: CountedAccess | None
    habits: Habits
    device: int
    stats: Stats


class FleetAssociation(MeterAssociation):
    """An association that the fleet counts. While it is not open, `receive` takes one whole frame at a time."""

    __slots__ = ("parts",)

    def __init__(self, parts: AssociationParts, application: MeterApplication | None = None) -> None:
        super().__init__(application or parts.meter, parts.security, parts.habits, parts.device)
        self.parts = parts

    def receive(self, octets: bytes) -> bytes:
        before = self.phase
        if before is MeterPhase.IDLE and self.parts.access is not None:
            self.parts.access.client_title = client_title_in(octets)
        answer = super().receive(octets)
        after = self.phase
        if after is not before:
            self._count(before, after)
        elif before is MeterPhase.IDLE and answer:
            self.parts.stats.rejected_associations += 1
            self._failed_login()
        if self.closed and self.close_cause is not None:
            self.parts.stats.aborted_sessions += 1
            if isinstance(self.close_cause, SecurityError) and before is not MeterPhase.ASSOCIATED:
                self._failed_login()
        return answer

    def ended(self) -> None:
        """Take note that its line or link is gone."""
        if self.phase is MeterPhase.ASSOCIATED:
            self.parts.stats.open_associations -= 1

    def _failed_login(self) -> None:
        meter = self.parts.meter
        meter.log(_FRAUD_LOG, _FAILED_LOGIN, meter.model.now_ms())

    def _count(self, before: MeterPhase, after: MeterPhase) -> None:
        stats, meter = self.parts.stats, self.parts.meter
        if self.parts.access is not None:
            meter.client_title = self.parts.access.client_title
        if after is MeterPhase.ASSOCIATED:
            meter.associations += 1
            stats.associations += 1
            stats.open_associations += 1
        elif before is MeterPhase.ASSOCIATED:
            stats.open_associations -= 1
            stats.releases += 1


class Endpoint(Protocol):
    """What a connection drives; once `closed` is true it is dropped after the octets returned so far."""

    @property
    def closed(self) -> bool: ...
    @property
    def close_cause(self) -> DlmsError | DropLine | None: ...

    def receive(self, octets: bytes, now: float) -> bytes:
        """Take octets from the line at a moment in seconds, and give those to send."""

    def ended(self) -> None:
        """Take note that the line is gone."""


class WrapperEndpoint:
    """Wrapper frames (IEC 62056-47)."""

    __slots__ = ("_association", "_held")

    def __init__(self, association: FleetAssociation) -> None:
        self._association = association
        self._held = b""

    @property
    def closed(self) -> bool:
        return self._association.closed

    @property
    def close_cause(self) -> DlmsError | DropLine | None:
        return self._association.close_cause

    def receive(self, octets: bytes, now: float) -> bytes:  # noqa: ARG002 - wrapper frames have no time-outs
        """Pass octets on; frame by frame outside an association, for the AARQ tells the client's title."""
        association = self._association
        if not self._held and association.phase is not MeterPhase.IDLE:
            return association.receive(octets)
        held, self._held = self._held + octets, b""
        answers: list[bytes] = []
        start = 0
        while start < len(held) and not association.closed:
            if association.phase is not MeterPhase.IDLE:
                answers.append(association.receive(held[start:]))
                break
            end = start + HEADER + int.from_bytes(held[start + 6 : start + 8], "big")
            if len(held) < max(end, start + HEADER):
                self._held = held[start:]
                break
            answers.append(association.receive(held[start:end]))
            start = end
        return b"".join(answers)

    def ended(self) -> None:
        self._association.ended()


class HdlcEndpoint:
    """An HDLC link (IEC 62056-46); each connection of the link has an association of its own."""

    __slots__ = ("_hdlc", "_latest", "_new")

    def __init__(self, new_association: Callable[[], FleetAssociation], address: HdlcAddress) -> None:
        self._new = new_association
        self._latest: FleetAssociation | None = None
        self._hdlc = HdlcMeter(self._next, HdlcServerLink(address))

    @property
    def closed(self) -> bool:
        return self._hdlc.closed

    @property
    def close_cause(self) -> DlmsError | DropLine | None:
        return self._hdlc.close_cause

    def receive(self, octets: bytes, now: float) -> bytes:
        deadline = self._hdlc.deadline
        before = self._hdlc.timed_out(now) if deadline is not None and deadline <= now else b""
        return before + self._hdlc.receive(octets, now)

    def ended(self) -> None:
        if self._latest is not None:
            self._latest.ended()
            self._latest = None

    def _next(self) -> FleetAssociation:
        self.ended()
        self._latest = self._new()
        return self._latest


def client_title_in(frame: bytes) -> bytes:
    """Read the calling-AP-title of an AARQ; empty when there is none of 8 octets, which no meter accepts.

    It stands before everything a client may choose freely, so its head is found there or nowhere.
    """
    if frame[HEADER : HEADER + 1] != _AARQ:
        return b""
    place = frame.find(_CALLING_TITLE)
    return b"" if place < 0 else frame[place + len(_CALLING_TITLE) : place + len(_CALLING_TITLE) + TITLE_OCTETS]
