"""What both ends of an HDLC link have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from meterstream.dlms.errors import HdlcProtocolError, HdlcStateError, LinkError, PeerError
from meterstream.dlms.framing.hdlc.address import HdlcAddress
from meterstream.dlms.framing.hdlc.events import ApduReceived, Failed, HdlcEvent, HdlcPhase, Step
from meterstream.dlms.framing.hdlc.exchange import (
    REASON_INFORMATION_NOT_ALLOWED,
    REASON_INFORMATION_TOO_LONG,
    REASON_UNKNOWN_CONTROL,
    Exchange,
    without_llc,
)
from meterstream.dlms.framing.hdlc.frame import HdlcFrame, Kind, control_octet
from meterstream.dlms.framing.hdlc.parameters import HdlcParameters
from meterstream.dlms.framing.hdlc.reader import HdlcCounters, HdlcReader
from meterstream.dlms.framing.hdlc.settings import HdlcLimits

_WITHOUT_INFORMATION = frozenset((Kind.RR, Kind.RNR, Kind.DISC))


class HdlcLink(ABC):
    """One connection in the normal response mode with two-way alternate transfer (IEC 62056-46, 6.4.4).

    Whoever received the poll/final bit has the turn. No clock is read: `now` is a number of seconds that only rises,
    `deadline` the moment at which `timed_out` wants to be called. Nothing the other side sends raises; it is
    dropped and counted, or the connection ends with a `Failed` event.
    """

    _outbound_llc: ClassVar[bytes]
    _inbound_llc: tuple[bytes, ...]

    def __init__(self, parameters: HdlcParameters, limits: HdlcLimits) -> None:
        self._offered = parameters
        self._limits = limits
        self.counters = HdlcCounters()
        self._reader = HdlcReader(self.counters)
        self._phase = HdlcPhase.DISCONNECTED
        self._deadline: float | None = None
        self._heard = 0.0
        self._octets = bytearray()
        self._events: list[HdlcEvent] = []
        self._reset(HdlcParameters())

    @property
    def phase(self) -> HdlcPhase:
        return self._phase

    @property
    def deadline(self) -> float | None:
        """When `timed_out` is due, if ever."""
        return self._deadline

    @property
    def parameters(self) -> HdlcParameters:
        """What both agreed upon; the standard's values before."""
        return self._exchange.parameters

    def receive(self, octets: bytes, now: float) -> Step:
        """Octets from the line, cut anywhere."""
        if self._reader.waiting > 1 and now - self._heard >= self._limits.inter_octet_timeout_s:
            self._take(self._reader.resync(), now)
        self._heard = now
        self._take(self._reader.feed(octets), now)
        return self._step()

    def timed_out(self, now: float) -> Step:
        """Does nothing before the deadline."""
        if self._deadline is not None and now >= self._deadline:
            before = self._deadline
            self._take(self._reader.resync(), now)
            if self._deadline == before:
                self._expired(now)
        return self._step()

    @abstractmethod
    def _expired(self, now: float) -> None: ...

    @abstractmethod
    def _is_ours(self, frame: HdlcFrame) -> bool: ...

    @abstractmethod
    def _handle(self, frame: HdlcFrame, now: float) -> None:
        """Raises: PeerError, LinkError; either ends the connection."""

    @abstractmethod
    def _addresses(self) -> tuple[HdlcAddress, HdlcAddress]:
        """Destination and source of what we send."""

    def _take(self, frames: list[HdlcFrame], now: float) -> None:
        for frame in frames:
            if not self._is_ours(frame):
                self.counters.not_ours += 1
                continue
            try:
                self._handle(frame, now)
            except (PeerError, LinkError) as error:
                self._fail(error)

    def _fail(self, error: PeerError | LinkError) -> None:
        self._disconnect()
        self._events.append(Failed(error))

    def _disconnect(self) -> None:
        self._phase = HdlcPhase.DISCONNECTED
        self._deadline = None
        self._reset(HdlcParameters())

    def _reset(self, parameters: HdlcParameters) -> None:
        self._exchange = Exchange(parameters, self._limits, self._outbound_llc, self._inbound_llc)
        self._peer_busy = False

    def _step(self) -> Step:
        step = Step(bytes(self._octets), tuple(self._events))
        self._octets.clear()
        self._events.clear()
        return step

    def _require(self, phase: HdlcPhase, what: str) -> None:
        if self._phase is not phase:
            raise HdlcStateError(f"{what} while the HDLC link is {self._phase.value}")

    def _send(self, control: int, information: bytes = b"", *, segmented: bool = False) -> None:
        destination, source = self._addresses()
        self._octets += HdlcFrame(destination, source, control, information, segmented).encode()

    def _send_control(self, kind: Kind, *, poll_final: bool = True) -> None:
        """RR or RNR with our N(R), or an unnumbered frame without information."""
        self._send(control_octet(kind, poll_final=poll_final, receive_number=self._exchange.asking()))

    def _send_burst(self) -> None:
        """What the window allows; the last frame passes the turn."""
        segments = list(self._exchange.burst())
        receive_number = self._exchange.asking()
        for segment in segments:
            control = control_octet(
                Kind.I,
                poll_final=segment is segments[-1],
                receive_number=receive_number,
                send_number=segment.send_number,
            )
            self._send(control, segment.information, segmented=segment.more)

    def _check(self, frame: HdlcFrame) -> None:
        """Raises: HdlcProtocolError."""
        kind = frame.kind
        if kind is Kind.UNKNOWN:
            raise HdlcProtocolError(f"control field {frame.control:#04x} is unknown", REASON_UNKNOWN_CONTROL)
        if frame.information and kind in _WITHOUT_INFORMATION:
            reason = REASON_UNKNOWN_CONTROL | REASON_INFORMATION_NOT_ALLOWED
            raise HdlcProtocolError(f"{kind.name} with an information field", reason)
        octets, allowed = len(frame.information), self.parameters.information_receive
        if octets > allowed and kind in (Kind.I, Kind.UI):
            raise HdlcProtocolError(f"information of {octets} octets, {allowed} agreed", REASON_INFORMATION_TOO_LONG)

    def _numbered(self, frame: HdlcFrame) -> bool:
        """Take an I frame; True when it is the next one, and no double or one after a gap."""
        if not self._exchange.is_next(frame.send_number):
            self.counters.out_of_sequence += 1
            return False
        apdu = self._exchange.accept(frame.information, more=frame.segmented)
        if apdu is not None:
            self._events.append(ApduReceived(apdu))
        return True

    def _unnumbered(self, frame: HdlcFrame) -> None:
        if frame.segmented:
            raise HdlcProtocolError("an UI frame cannot be a segment")
        self._events.append(ApduReceived(without_llc(frame.information, self._inbound_llc), numbered=False))
