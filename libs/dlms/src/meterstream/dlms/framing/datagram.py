"""Wrapper frames over UDP (IEC 62056-47; Green Book clause 7): one datagram holds one frame."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.errors import FrameError, PduTooLarge
from meterstream.dlms.framing.wrapper import HEADER, VERSION, WrapperReader, wrap

MAX_DATAGRAM: Final = 65_507
"""Octets of the longest UDP payload over IPv4 (RFC 768, RFC 791)."""


class DatagramFraming(WrapperReader):
    """As WrapperReader, but `feed` takes one whole datagram."""

    __slots__ = ()

    def feed(self, octets: bytes) -> None:
        """Raises: as check_datagram; LimitExceeded."""
        check_datagram(octets)
        super().feed(octets)

    @staticmethod
    def wrap(source: int, destination: int, apdu: bytes) -> bytes:
        """Raises: PduTooLarge above 65499 octets."""
        if len(apdu) > MAX_DATAGRAM - HEADER.size:
            raise PduTooLarge(f"APDU of {len(apdu)} octets does not fit a datagram")
        return wrap(source, destination, apdu)


def check_datagram(octets: bytes) -> None:
    """Raises: FrameError unless they are exactly one frame."""
    if len(octets) < HEADER.size:
        raise FrameError(f"datagram of {len(octets)} octets has no wrapper header")
    version, _, _, length = HEADER.unpack_from(octets)
    if version != VERSION:
        raise FrameError(f"wrapper version {version}")
    if len(octets) != HEADER.size + length:
        raise FrameError(f"datagram holds {len(octets) - HEADER.size} octets of an APDU, {length} are announced")
