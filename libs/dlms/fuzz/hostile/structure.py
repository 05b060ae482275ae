"""What a mutation has to know of frames and APDUs, so that what it spoils is looked at: envelopes, checks, lengths."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from meterstream.dlms.apdu import tags
from meterstream.dlms.data import encode_length
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.framing import HEADER, frames_in
from meterstream.dlms.framing.hdlc import HdlcAddress, HdlcFrame, HdlcReader, Kind
from meterstream.dlms.framing.hdlc.checksum import check_octets

FLAG: Final = b"\x7e"
_LLC: Final = (b"\xe6\xe6\x00", b"\xe6\xe7\x00")
_WRAPPER_HEAD: Final = b"\x00\x01"
_LENGTH_AT: Final = 6
_CIPHERED: Final = frozenset(tags.PLAIN_OF) | frozenset(tags.PLAIN_OF_DED)
_KINDS: Final = tuple(kind.value for kind in Kind if kind is not Kind.UNKNOWN)
_NUMBERED_AT: Final = {
    (tags.GET_REQUEST, 2): 3,
    (tags.GET_RESPONSE, 2): 4,
    (tags.SET_REQUEST, 3): 4,
    (tags.SET_RESPONSE, 2): 3,
    (tags.SET_RESPONSE, 3): 4,
    (tags.ACTION_REQUEST, 2): 3,
    (tags.ACTION_REQUEST, 6): 4,
    (tags.ACTION_RESPONSE, 2): 4,
    (tags.ACTION_RESPONSE, 4): 3,
}
"""Where the block number stands, by tag and choice (IEC 62056-5-3, 8.3)."""


class Envelope(NamedTuple):
    """One APDU as it lies on the line: in a wrapper frame, or with its LLC header in an HDLC frame.

    A `frame` without an APDU goes as it is.
    """

    apdu: bytes
    ends: tuple[int, int] = (1, 1)
    llc: bytes = b""
    frame: HdlcFrame | None = None

    def encode(self) -> bytes:
        if self.frame is None:
            return HEADER.pack(1, *self.ends, len(self.apdu) & 0xFFFF) + self.apdu
        frame = self.frame
        return HdlcFrame(
            frame.destination, frame.source, frame.control, (self.llc + self.apdu)[:2030], frame.segmented
        ).encode()


def envelopes_of(octets: bytes) -> list[Envelope]:
    """Frames in a row; none when they are no frames."""
    if octets.startswith(FLAG):
        return [_hdlc_envelope(frame) for frame in HdlcReader().feed(octets)]
    try:
        return [Envelope(frame.apdu, (frame.source, frame.destination)) for frame in frames_in(octets)]
    except DlmsError:
        return []


def _hdlc_envelope(frame: HdlcFrame) -> Envelope:
    llc = frame.information[:3]
    if llc not in _LLC:
        llc = b""
    return Envelope(frame.information[len(llc) :], llc=llc, frame=frame)


def octets_of(envelopes: Sequence[Envelope]) -> bytes:
    return b"".join(envelope.encode() for envelope in envelopes)


# Lengths


def mend_header(frame: bytes) -> bytes:
    """The frame with the length in its wrapper header made right, so that what follows it is looked at."""
    if not frame.startswith(_WRAPPER_HEAD) or len(frame) < HEADER.size:
        return frame
    return frame[:_LENGTH_AT] + (len(frame) - HEADER.size & 0xFFFF).to_bytes(2, "big") + frame[HEADER.size :]


def mend_checks(octets: bytes) -> bytes:
    """Octets between two flags with length, HCS and FCS made right."""
    body = bytearray(octets.strip(FLAG))
    if len(body) < 8:
        return octets
    length = len(body)
    body[0] = body[0] & 0xF8 | 0xA0 | length >> 8 & 0x07
    body[1] = length & 0xFF
    head = 2
    for _ in range(2):
        start = head
        while head < length - 3 and head - start < 4 and not body[head] & 1:
            head += 1
        head += 1
    if head + 1 + 4 <= length:
        body[head + 1 : head + 3] = check_octets(body[: head + 1])
    body[-2:] = check_octets(body[:-2])
    return FLAG + bytes(body) + FLAG


def mend_ciphered(apdu: bytes) -> bytes:
    """A service-specific ciphered APDU with its length made right."""
    if len(apdu) < 3 or apdu[0] not in _CIPHERED:
        return apdu
    octets = 1 if apdu[1] < 0x80 else 1 + (apdu[1] & 0x03)
    rest = apdu[1 + octets :]
    return apdu[:1] + encode_length(len(rest)) + rest


def mend_lengths(random: Random, before: bytes, after: bytes) -> bytes:
    """`after` came of `before` by octets that were added or left out: the lengths around that place follow it.

    What is a length cannot be told from any other octet without reading the APDU: taken are those that, as lengths,
    end where something else ends too.
    """
    grown = len(after) - len(before)
    if not grown:
        return after
    place = next(
        (at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    mended = bytearray(after)
    ends = {len(before)}
    for at in range(min(place, 300)):
        end = at + 1 + before[at]
        around = before[at] < 0x80 and place < end <= len(before)
        if around and (end in ends or random.random() < 0.2) and 0 <= before[at] + grown < 0x80:
            mended[at] = before[at] + grown
            ends.add(end)
    return bytes(mended)


# Numbers of blocks


def number_of_block(apdu: bytes) -> tuple[int, int] | None:
    """Where the block number of an APDU stands, and how many octets it has; None where there is none."""
    if len(apdu) >= 7 and apdu[0] == tags.GENERAL_BLOCK_TRANSFER:
        return 2, 2
    at = _NUMBERED_AT.get((apdu[0], apdu[1])) if len(apdu) > 2 else None
    return None if at is None or at + 4 > len(apdu) else (at, 4)


def renumbered(apdu: bytes, by: int) -> bytes:
    """The APDU as if it were `by` blocks further on; the same when it is no block."""
    place = number_of_block(apdu)
    if place is None:
        return apdu
    at, octets = place
    number = int.from_bytes(apdu[at : at + octets], "big") + by
    return apdu[:at] + (number % (1 << 8 * octets)).to_bytes(octets, "big") + apdu[at + octets :]


def spoil_block(random: Random, apdu: bytes) -> bytes:
    """Another number, window, acknowledgement, or flags."""
    changed = renumbered(apdu, random.choice((-2, -1, 1, 2, 63, 64, 0x7FFF, -0x7FFF, 0xFFFF)))
    if apdu[:1] != bytes((tags.GENERAL_BLOCK_TRANSFER,)) or len(apdu) < 7:
        return changed
    head = bytearray(random.choice((apdu, changed)))
    if random.random() < 0.6:
        head[1] = random.choice((0, 1, 63, 64, 65, 127, 128, 129, 192, 193, 255, head[1] ^ 0x80, head[1] ^ 0x40))
    if random.random() < 0.4:
        head[4:6] = random.choice((0, 1, 2, 3, 63, 64, 0xFFFF)).to_bytes(2, "big")
    return bytes(head)


# HDLC


def spoil_frame(random: Random, frame: HdlcFrame, information: bytes) -> bytes:
    """Another control field, address, segmentation bit or information, with checks that hold."""
    control, destination, source, segmented = frame.control, frame.destination, frame.source, frame.segmented
    what = random.randrange(6)
    if what == 0:
        control = random.choice((*_KINDS, random.randrange(256))) | random.choice((0, 0x10))
    elif what == 1:
        control ^= 1 << random.randrange(8)
    elif what == 2:
        segmented = not segmented
    elif what == 3:
        destination, source = random.choice(
            ((source, destination), (HdlcAddress(0x7F), source), (destination, destination))
        )
    try:
        return HdlcFrame(destination, source, control, information[:2030], segmented).encode()
    except DlmsError:
        return frame.encode()
