"""No framing: what is below hands over whole APDUs, and knows between whom they go."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.errors import LimitExceeded, PduTooLarge
from meterstream.dlms.framing.port import Frame
from meterstream.dlms.framing.wrapper import MAX_APDU


class BareFraming:
    """One whole APDU in, one out: for the roles above an HDLC link, and for tests.

    Args:
        source, destination: the addresses (wPorts, SAPs) that a received APDU is taken to have: server and client for
            a client, client and server for a meter.
        max_apdu: octets of one APDU, either way.
    """

    __slots__ = ("_apdu", "_destination", "_max_apdu", "_source")

    header: Final = 0

    def __init__(self, source: int, destination: int, max_apdu: int = MAX_APDU) -> None:
        self._source = source
        self._destination = destination
        self._max_apdu = max_apdu
        self._apdu = b""

    def wrap(self, source: int, destination: int, apdu: bytes) -> bytes:  # noqa: ARG002 - no place for addresses
        """The APDU itself. Raises: PduTooLarge."""
        if len(apdu) > self._max_apdu:
            raise PduTooLarge(f"APDU of {len(apdu)} octets, this line takes {self._max_apdu}")
        return apdu

    def feed(self, octets: bytes) -> None:
        """Raises: LimitExceeded, also while the APDU before has not been taken."""
        if self._apdu:
            raise LimitExceeded("an APDU before the one before was taken")
        if len(octets) > self._max_apdu:
            raise LimitExceeded(f"APDU of {len(octets)} octets, {self._max_apdu} allowed")
        self._apdu = octets

    def next_frame(self) -> Frame | None:
        if not self._apdu:
            return None
        apdu, self._apdu = self._apdu, b""
        return Frame(self._source, self._destination, apdu)

    @property
    def waiting(self) -> int:
        return len(self._apdu)
