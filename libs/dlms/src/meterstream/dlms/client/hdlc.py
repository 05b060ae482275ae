"""An association of a client over an HDLC link, without I/O.

Source: Green Book (DLMS UA 1000-2) clause 8, IEC 62056-46, ISO/IEC 13239.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.client.association import ClientAssociation, Phase
from meterstream.dlms.client.events import Event
from meterstream.dlms.client.notifications import UNASKED
from meterstream.dlms.errors import DlmsError, HdlcStateError
from meterstream.dlms.framing import HEADER, frames_in, wrap
from meterstream.dlms.framing.hdlc import (
    ApduReceived,
    Closed,
    Connected,
    Failed,
    HdlcClientLink,
    HdlcPhase,
    HdlcReader,
    Kind,
    Step,
)
from meterstream.dlms.framing.hdlc.exchange import LLC_TO_SERVER
from meterstream.dlms.framing.hdlc.frame import MODULO, HdlcFrame

_OPEN: Final = (Phase.READY, Phase.AWAITING)
_NOTIFICATIONS: Final = frozenset(bytes((tag,)) for tag in UNASKED)
_WAITING: Final = (Phase.ASSOCIATING, Phase.AUTHENTICATING, Phase.AWAITING, Phase.RELEASING)


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """An APDU that the meter sent in an UI frame, which nobody asked for, and which is no notification that an open
    association takes (`ClientAssociation.take_notifications`)."""

    apdu: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Raised:
    """What `ClientAssociation.receive` raised; its phase says whether the association goes on."""

    error: DlmsError


HdlcClientEvent = Event | Connected | Closed | Failed | Unsolicited | Raised


@dataclass(frozen=True, slots=True)
class ClientStep:
    """Octets to send now, possibly none, and what happened, in order."""

    octets: bytes = field(repr=False)
    events: tuple[HdlcClientEvent, ...]


class HdlcClient:
    """Carries the frames of an association in the I frames of a link.

    `connect` (SNRM, answered by the event Connected), then `send` with each frame that the association makes,
    `Continue`s too, then `disconnect` (DISC, answered by Closed). Between them `receive` gives what the association
    says to what the link brought. As in the link, no clock is read, and nothing that the meter sends raises: failures
    are the events Failed (of the link, which is over) and Raised (of the association).

    Args:
        association: with its default framing; the addresses of its wrapper headers do not reach the line, those of
            `link` do.
    """

    __slots__ = ("_addresses", "_association", "_blanked", "_link", "_outbound", "_secret")

    def __init__(self, association: ClientAssociation, link: HdlcClientLink) -> None:
        self._association = association
        self._link = link
        self._addresses = 0, 0
        self._outbound: deque[bytes] = deque()
        self._secret = self._blanked = b""

    @property
    def association(self) -> ClientAssociation:
        return self._association

    @property
    def link(self) -> HdlcClientLink:
        return self._link

    @property
    def deadline(self) -> float | None:
        """When `timed_out` is due, if ever."""
        return self._link.deadline

    def connect(self, now: float) -> bytes:
        """SNRM. Raises: HdlcStateError."""
        self._outbound.clear()
        return self._link.connect(now)

    def send(self, frame: bytes, now: float) -> bytes:
        """First octets of a frame (or several in a row) that the association made; `receive` gives the rest.

        Raises: HdlcStateError unless connected, PduTooLarge.
        """
        if self._link.phase is not HdlcPhase.CONNECTED:
            raise HdlcStateError(f"send while the HDLC link is {self._link.phase.value}")
        self._keep_secret(frame)
        for source, destination, apdu in frames_in(frame):
            self._addresses = destination, source
            self._outbound.append(apdu)
        return self._send_next(now)

    def receive(self, octets: bytes, now: float) -> ClientStep:
        """Octets from the line, cut anywhere."""
        return self._on(self._link.receive(octets, now), now)

    def timed_out(self, now: float) -> ClientStep:
        """Does nothing before the deadline."""
        return self._on(self._link.timed_out(now), now)

    def disconnect(self, now: float) -> bytes:
        """DISC; gives up what is under way. Raises: HdlcStateError unless connected."""
        self._outbound.clear()
        return self._link.disconnect(now)

    def traceable(self, octets: bytes) -> bytes:
        """Sent octets as they may be recorded: the password of an LLS AARQ is blanked, checks are made anew."""
        if not self._secret:
            return octets
        return b"".join(self._blank(frame).encode() for frame in HdlcReader().feed(octets))

    def _on(self, step: Step, now: float) -> ClientStep:
        octets = step.octets
        events: list[HdlcClientEvent] = []
        for event in step.events:
            match event:
                case ApduReceived(apdu, numbered=True):
                    octets += self._take(apdu, events, now)
                case ApduReceived(apdu):
                    self._take_unnumbered(apdu, events)
                case _:
                    self._outbound.clear()
                    events.append(event)
        return ClientStep(octets + self._send_next(now), tuple(events))

    def _take(self, apdu: bytes, events: list[HdlcClientEvent], now: float) -> bytes:
        association = self._association
        try:
            event = association.receive(wrap(*self._addresses, apdu))
        except DlmsError as error:
            events.append(Raised(error))
            return b""
        if event is not None:
            events.append(event)
        elif association.phase in _WAITING and self._link.phase is HdlcPhase.CONNECTED:
            return self._link.await_more(now)
        return b""

    def _take_unnumbered(self, apdu: bytes, events: list[HdlcClientEvent]) -> None:
        """The turn does not change with it."""
        if self._association.phase not in _OPEN or apdu[:1] not in _NOTIFICATIONS:
            events.append(Unsolicited(apdu))
            return
        try:
            self._association.receive(wrap(*self._addresses, apdu))
        except DlmsError as error:
            events.append(Raised(error))

    def _send_next(self, now: float) -> bytes:
        octets = b""
        while self._outbound and self._link.idle:
            apdu = self._outbound.popleft()
            octets += self._link.send(apdu, now, answered=not self._outbound)
        return octets

    # Secrets

    def _keep_secret(self, frame: bytes) -> None:
        """Only an LLS AARQ differs from what may be recorded of it, and no other APDU travels with it."""
        traceable = self._association.traceable(frame)
        self._secret = b"" if traceable == frame else LLC_TO_SERVER + frame[HEADER.size :]
        self._blanked = LLC_TO_SERVER + traceable[HEADER.size :]

    def _blank(self, frame: HdlcFrame) -> HdlcFrame:
        if frame.kind is not Kind.I:
            return frame
        # The AARQ is the first APDU of its connection: N(S) tells the segment, but for a multiple of the modulus.
        octets, size = len(frame.information), self._link.parameters.information_transmit
        starts = range(frame.send_number * size, len(self._secret), MODULO * size)
        found = [start for start in starts if self._secret[start : start + octets] == frame.information]
        blanked = self._blanked[found[0] : found[0] + octets] if len(found) == 1 else b"*" * octets
        return HdlcFrame(frame.destination, frame.source, frame.control, blanked, frame.segmented)
