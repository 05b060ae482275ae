"""HDLC frames in a row: address, control, parameters, and the APDUs whose segments they carry (IEC 62056-46)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from meterstream.dlms.errors import HdlcFrameError, HdlcProtocolError
from meterstream.dlms.framing.hdlc import HdlcAddress, HdlcFrame, Kind, decode_parameters
from meterstream.dlms.framing.hdlc.exchange import LLC_TO_CLIENT, LLC_TO_SERVER
from meterstream.dlms.framing.hdlc.frame import FLAG, MODULO, scan
from meterstream.dlms.framing.hdlc.frame import Fault as FrameFault
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.model import Broken, Fault
from meterstream.dlms.trace.session import Tracer

START: Final = bytes((FLAG,))
_CHECK_OCTETS: Final = 2
_LLC: Final = {LLC_TO_SERVER: "to the server", LLC_TO_CLIENT: "to the client"}
_LLC_OCTETS: Final = 3
_FRMR_OCTETS: Final = 3
_REASONS: Final = (
    (1, "unknown control field"),
    (2, "information not allowed"),
    (4, "information too long"),
    (8, "N(R) out of range"),
)


def hdlc_frames(tracer: Tracer, cursor: Cursor) -> Fault | None:
    """Frames to the end; a fault in one does not hide the next. The first fault counts."""
    walk = _Walk(tracer)
    raw, position = cursor.raw, 0
    while position < len(raw):
        if raw[position] != FLAG:
            following = raw.find(START, position)
            end = len(raw) if following < 0 else following
            walk.fault(position, f"{end - position} octets belong to no frame")
            position = end
        elif position + 1 == len(raw) or raw[position + 1] == FLAG:  # the end of a frame, or time fill
            position += 1
        elif (found := scan(raw, position)) is None:
            walk.fault(len(raw), "the HDLC frame is not complete")
            break
        else:
            position = walk.take(position, *found)
    return walk.finish(len(raw))


@dataclass(slots=True)
class _Segments:
    """Of one APDU in one direction.

    Attributes:
        next: N(S) of the segment to come.
        places: where in the traced octets each segment begins, by its place in `octets`.
    """

    next: int
    octets: bytes = b""
    places: list[tuple[int, int]] = field(default_factory=list)

    def add(self, information: bytes, place: int) -> None:
        self.places.append((len(self.octets), place))
        self.octets += information
        self.next = (self.next + 1) % MODULO

    def place(self, offset: int) -> int:
        """In the traced octets of an octet of `octets`."""
        start, place = next(entry for entry in reversed(self.places) if entry[0] <= offset or entry[0] == 0)
        return place + offset - start


class _Walk:
    """What frames before tell about those after."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._lines = tracer.lines
        self._first: Fault | None = None
        self._frames = 0
        self._open: dict[tuple[HdlcAddress, HdlcAddress], _Segments] = {}

    def fault(self, offset: int, rule: str, code: str = HdlcFrameError.code) -> None:
        self._tell(Fault(offset, rule, code))

    def _tell(self, fault: Fault) -> None:
        self._lines.add(str(fault))
        self._first = self._first or fault

    def take(self, position: int, frame: HdlcFrame | FrameFault, end: int) -> int:
        """Where to go on."""
        if isinstance(frame, FrameFault):
            self.fault(position, f"no HDLC frame: {frame.value}")
            return max(end, position + 1)
        self._frames += 1
        self._lines.add(_head(frame))
        with self._lines.indented():
            self._information(frame, end - _CHECK_OCTETS - len(frame.information))
        return end

    def finish(self, octets: int) -> Fault | None:
        for segments in self._open.values():
            with self._lines.indented():
                self._describe(segments, complete=False)
            rule = f"the last segment of an APDU is missing, {len(segments.octets)} octets are there"
            self.fault(octets, rule, HdlcProtocolError.code)
        if not self._frames and self._first is None:
            self.fault(octets, "there is no HDLC frame")
        return self._first

    def _information(self, frame: HdlcFrame, place: int) -> None:
        information = frame.information
        match frame.kind:
            case Kind.I:
                self._segment(frame, place)
            case Kind.UI:
                segments = _Segments(0)
                segments.add(information, place)
                self._describe(segments, complete=True)
            case Kind.SNRM | Kind.UA if information:
                self._parameters(information, place)
            case Kind.FRMR if len(information) == _FRMR_OCTETS:
                control, _, reason = information
                said = ", ".join(text for bit, text in _REASONS if reason & bit) or "no reason"
                self._lines.add(f"rejects control field {control:02X}: {said}")
            case _ if information:
                self._lines.add(f"not read: {len(information)} octets")

    def _parameters(self, information: bytes, place: int) -> None:
        try:
            known = decode_parameters(information)
        except HdlcProtocolError as error:
            self.fault(place, str(error), error.code)
            return
        self._lines.add(f"information field: {known.information_transmit} octets out, {known.information_receive} in")
        self._lines.add(f"window: {known.window_transmit} frames out, {known.window_receive} in")

    def _segment(self, frame: HdlcFrame, place: int) -> None:
        way = frame.destination, frame.source
        segments = self._open.get(way)
        begins = frame.information[:_LLC_OCTETS] in _LLC
        if segments is None and not begins:
            self._lines.add("a segment whose beginning is not there")
            return
        if segments is not None and frame.send_number == (segments.next - 1) % MODULO:
            self._lines.add("the same segment again")
            return
        if segments is not None and frame.send_number != segments.next:
            del self._open[way]
            self.fault(place, f"N(S) {frame.send_number} instead of {segments.next}", HdlcProtocolError.code)
            if not begins:
                return
            segments = None
        if segments is None:
            segments = self._open[way] = _Segments(frame.send_number)
        segments.add(frame.information, place)
        if not frame.segmented:
            del self._open[way]
            self._describe(segments, complete=True)

    def _describe(self, segments: _Segments, *, complete: bool) -> None:
        octets = segments.octets
        direction = _LLC.get(octets[:_LLC_OCTETS])
        if direction is None:
            self.fault(segments.place(0), "the LLC header is E6E600 or E6E700", HdlcProtocolError.code)
            return
        parts = f", {len(segments.places)} segments" if len(segments.places) > 1 else ""
        self._lines.add(f"LLC {octets[:_LLC_OCTETS].hex().upper()} {direction}{parts}")
        with self._lines.indented():
            try:
                self._tracer.body(self._tracer, Cursor(octets[_LLC_OCTETS:], _LLC_OCTETS))
            except Broken as error:
                if complete:  # else what is missing is the reason, and is told
                    fault = error.fault
                    self._tell(fault if fault.opened else replace(fault, offset=segments.place(fault.offset)))


def _head(frame: HdlcFrame) -> str:
    kind = frame.kind
    words = [f"HDLC {kind.name if kind is not Kind.UNKNOWN else f'control {frame.control:02X}'}"]
    words[0] += f" to {_address(frame.destination)} from {_address(frame.source)}"
    if kind is Kind.I:
        words.append(f"N(S) {frame.send_number}")
    if kind in (Kind.I, Kind.RR, Kind.RNR):
        words.append(f"N(R) {frame.receive_number}")
    if frame.poll_final:
        words.append("poll/final")
    if frame.segmented:
        words.append("more segments follow")
    if frame.information:
        words.append(f"{len(frame.information)} octets")
    return ", ".join(words)


def _address(address: HdlcAddress) -> str:
    return f"{address.upper}" if address.lower is None else f"{address.upper}/{address.lower}"
