"""Wrapper frames over TCP (IEC 62056-47): version 0001, source wPort, destination wPort, length; then the APDU."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from meterstream.dlms.errors import FrameError, LimitExceeded, PduTooLarge
from meterstream.dlms.framing.port import Frame

HEADER: Final = struct.Struct(">HHHH")
VERSION: Final = 1
_VERSION_OCTETS: Final = b"\x00\x01"
MAX_APDU: Final = 0xFFFF


def wrap(source: int, destination: int, apdu: bytes) -> bytes:
    """Raises: PduTooLarge above 65535 octets."""
    if len(apdu) > MAX_APDU:
        raise PduTooLarge(f"APDU of {len(apdu)} octets does not fit a wrapper frame")
    return HEADER.pack(VERSION, source, destination, len(apdu)) + apdu


class WrapperReader:
    """Cuts a byte stream into frames; the default framing of both roles.

    Holds what `feed` was given and `next_frame` has not handed out; `feed` refuses to let that
    grow beyond `max_buffer` octets.
    """

    __slots__ = ("_buffer", "_max_apdu", "_max_buffer")

    header: Final = HEADER.size
    wrap = staticmethod(wrap)

    def __init__(self, max_apdu: int = MAX_APDU, max_buffer: int = 4 * (MAX_APDU + HEADER.size)) -> None:
        self._buffer = bytearray()
        self._max_apdu = max_apdu
        self._max_buffer = max_buffer

    def feed(self, octets: bytes) -> None:
        """Raises: LimitExceeded."""
        self._buffer += octets
        if len(self._buffer) > self._max_buffer:
            raise LimitExceeded(f"more than {self._max_buffer} octets wait to be read")

    def next_frame(self) -> Frame | None:
        """The next whole frame; None asks for more bytes.

        Raises: FrameError (version), LimitExceeded (length above `max_apdu`). Both end the stream.
        """
        buffer = self._buffer
        if len(buffer) < HEADER.size:
            if not _VERSION_OCTETS.startswith(buffer[:2]):
                raise FrameError("not a wrapper frame")
            return None
        version, source, destination, length = HEADER.unpack_from(buffer)
        if version != VERSION:
            raise FrameError(f"wrapper version {version}")
        if length > self._max_apdu:
            raise LimitExceeded(f"APDU of {length} octets announced, {self._max_apdu} allowed")
        end = HEADER.size + length
        if len(buffer) < end:
            return None
        apdu = bytes(buffer[HEADER.size : end])
        del buffer[:end]
        return Frame(source, destination, apdu)

    @property
    def waiting(self) -> int:
        """Octets that `next_frame` has not handed out yet."""
        return len(self._buffer)


def frames_in(octets: bytes) -> Iterator[Frame]:
    """Of octets that are whole frames in a row. Raises: FrameError."""
    reader = WrapperReader(max_buffer=len(octets))
    reader.feed(octets)
    while reader.waiting:
        frame = reader.next_frame()
        if frame is None:
            raise FrameError("the last wrapper frame is not complete")
        yield frame
