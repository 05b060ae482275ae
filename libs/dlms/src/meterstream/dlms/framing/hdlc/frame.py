"""Frames of ISO/IEC 13239 frame format type 3, as IEC 62056-46 uses them (6.4.1, control fields 6.4.3).

7E | format (1010, segmentation bit, 11 bits length) | destination | source | control | HCS | information | FCS | 7E

The length counts everything between the flags. A frame without information has no HCS. Nothing is escaped: the
length says where a frame ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from meterstream.dlms.errors import EncodeError, HdlcFrameError
from meterstream.dlms.framing.hdlc.address import MAX_OCTETS, HdlcAddress, decode_address
from meterstream.dlms.framing.hdlc.checksum import check_octets

FLAG: Final = 0x7E
_FLAG: Final = b"\x7e"
MODULO: Final = 8
_FORMAT_TYPE_3: Final = 0xA
_SEGMENTATION: Final = 0x0800
_MAX_LENGTH: Final = 0x07FF
_FORMAT_OCTETS: Final = 2
_CHECK_OCTETS: Final = 2
_MIN_LENGTH: Final = _FORMAT_OCTETS + 1 + 1 + 1 + _CHECK_OCTETS
MAX_FRAME: Final = _MAX_LENGTH + 2
"""Octets of the longest frame with both flags."""

POLL_FINAL: Final = 0x10


class Kind(Enum):
    """Of a frame, by its control field without the poll/final bit; the numbers are left out of I, RR and RNR."""

    I = 0x00  # noqa: E741 - the name of the standard
    RR = 0x01
    RNR = 0x05
    SNRM = 0x83
    DISC = 0x43
    UA = 0x63
    DM = 0x0F
    FRMR = 0x87
    UI = 0x03
    UNKNOWN = -1
    """Any other control field; a server answers it with FRMR."""


_UNNUMBERED: Final = {k.value: k for k in (Kind.SNRM, Kind.DISC, Kind.UA, Kind.DM, Kind.FRMR, Kind.UI)}
_SUPERVISORY: Final = {k.value: k for k in (Kind.RR, Kind.RNR)}


def control_octet(kind: Kind, *, poll_final: bool, receive_number: int = 0, send_number: int = 0) -> int:
    """Control field; N(R) matters in I, RR and RNR and N(S) in I, both modulo 8."""
    octet = kind.value | (POLL_FINAL if poll_final else 0)
    if kind in (Kind.I, Kind.RR, Kind.RNR):
        octet |= receive_number % MODULO << 5
    if kind is Kind.I:
        octet |= send_number % MODULO << 1
    return octet


@dataclass(frozen=True, slots=True)
class HdlcFrame:
    """What stands between two flags.

    Attributes:
        control: the octet; `kind`, `poll_final`, `receive_number` and `send_number` take it apart.
        segmented: more frames of the same APDU follow.
        information: never shown, it may hold an APDU in plain text.
    """

    destination: HdlcAddress
    source: HdlcAddress
    control: int
    information: bytes = field(default=b"", repr=False)
    segmented: bool = False

    @property
    def kind(self) -> Kind:
        if not self.control & 1:
            return Kind.I
        if self.control & 0x03 == 1:
            return _SUPERVISORY.get(self.control & 0x0F, Kind.UNKNOWN)
        return _UNNUMBERED.get(self.control & ~POLL_FINAL, Kind.UNKNOWN)

    @property
    def poll_final(self) -> bool:
        return bool(self.control & POLL_FINAL)

    @property
    def receive_number(self) -> int:
        """N(R) of I, RR and RNR."""
        return self.control >> 5

    @property
    def send_number(self) -> int:
        """N(S) of I."""
        return self.control >> 1 & 0x07

    def encode(self) -> bytes:
        """Raises: EncodeError above 2047 octets between the flags."""
        header = self.destination.encode() + self.source.encode() + bytes((self.control,))
        length = _FORMAT_OCTETS + len(header) + _CHECK_OCTETS
        if self.information:
            length += _CHECK_OCTETS + len(self.information)
        if length > _MAX_LENGTH:
            raise EncodeError(f"HDLC frame of {length} octets, {_MAX_LENGTH} are possible")
        first = _FORMAT_TYPE_3 << 12 | (_SEGMENTATION if self.segmented else 0) | length
        body = first.to_bytes(2, "big") + header
        if self.information:
            body += check_octets(body) + self.information
        return b"".join((_FLAG, body, check_octets(body), _FLAG))


class Fault(Enum):
    """Why octets after a flag are no frame."""

    MALFORMED = "format, address or length field, or no flag at the end"
    HEADER_CHECK = "HCS"
    FRAME_CHECK = "FCS, with HCS and closing flag as they shall be"


def scan(buffer: bytes | bytearray, at: int) -> tuple[HdlcFrame | Fault, int] | None:
    """What begins with the flag at `at`, and where to go on; None asks for more octets.

    After a frame that is the position of its closing flag, which may open the next frame. A header that HCS does
    not confirm is never waited for, so that noise holds up at most as many octets as a header has.
    """
    body = at + 1
    if len(buffer) < body + _FORMAT_OCTETS:
        wrong_type = len(buffer) > body and buffer[body] >> 4 != _FORMAT_TYPE_3
        return (Fault.MALFORMED, body) if wrong_type else None
    if buffer[body] >> 4 != _FORMAT_TYPE_3:
        return Fault.MALFORMED, body
    length = (buffer[body] << 8 | buffer[body + 1]) & _MAX_LENGTH
    if length < _MIN_LENGTH:
        return Fault.MALFORMED, body
    ends = [body + _FORMAT_OCTETS]
    for _ in range(2):
        end = _address_end(buffer, ends[-1])
        if end is None or end < 0:
            return None if end is None else (Fault.MALFORMED, body)
        ends.append(end)
    return _scan_rest(buffer, body, length, ends)


def _address_end(buffer: bytes | bytearray, start: int) -> int | None:
    """Position behind an address; None asks for more octets, -1 says that it is none."""
    for size in range(1, MAX_OCTETS + 1):
        if start + size > len(buffer):
            return None
        if buffer[start + size - 1] & 1:
            return -1 if size == 3 else start + size
    return -1


def _scan_rest(
    buffer: bytes | bytearray, body: int, length: int, ends: list[int]
) -> tuple[HdlcFrame | Fault, int] | None:
    information = ends[2] + 1
    end = body + length
    if end != information + _CHECK_OCTETS:
        if end < information + 2 * _CHECK_OCTETS:
            return Fault.MALFORMED, body
        if len(buffer) < information + _CHECK_OCTETS:
            return None
        if check_octets(buffer[body:information]) != buffer[information : information + _CHECK_OCTETS]:
            return Fault.HEADER_CHECK, body
        information += _CHECK_OCTETS
        after_fault = end  # HCS confirms the length: nothing within the information is taken for a frame
    else:
        after_fault = body
    if len(buffer) <= end:
        return None
    if buffer[end] != FLAG:
        return Fault.MALFORMED, body
    if check_octets(buffer[body : end - _CHECK_OCTETS]) != buffer[end - _CHECK_OCTETS : end]:
        return Fault.FRAME_CHECK, after_fault
    frame = HdlcFrame(
        decode_address(bytes(buffer[ends[0] : ends[1]])),
        decode_address(bytes(buffer[ends[1] : ends[2]])),
        buffer[ends[2]],
        bytes(buffer[information : end - _CHECK_OCTETS]),
        bool(buffer[body] & _SEGMENTATION >> 8),
    )
    return frame, end


def decode_frame(octets: bytes) -> HdlcFrame:
    """One frame with both flags and nothing else.

    Raises: HdlcFrameError.
    """
    if octets[:1] != _FLAG:
        raise HdlcFrameError("an HDLC frame begins with 7E")
    found = scan(octets, 0)
    if found is None:
        raise HdlcFrameError("the HDLC frame is not complete")
    frame, end = found
    if isinstance(frame, Fault):
        raise HdlcFrameError(f"not an HDLC frame: {frame.value}")
    if end != len(octets) - 1:
        raise HdlcFrameError("octets after the HDLC frame")
    return frame
