"""Numbered exchange of one connection: N(S) and N(R) modulo 8, windows, segments of APDUs (IEC 62056-46, 6.4.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from meterstream.dlms.errors import HdlcProtocolError, HdlcStateError, LimitExceeded, PduTooLarge
from meterstream.dlms.framing.hdlc.frame import MODULO
from meterstream.dlms.framing.hdlc.parameters import HdlcParameters
from meterstream.dlms.framing.hdlc.settings import HdlcLimits

LLC_TO_SERVER: Final = b"\xe6\xe6\x00"
LLC_TO_CLIENT: Final = b"\xe6\xe7\x00"

REASON_UNKNOWN_CONTROL: Final = 1
REASON_INFORMATION_NOT_ALLOWED: Final = 2
REASON_INFORMATION_TOO_LONG: Final = 4
REASON_RECEIVE_NUMBER: Final = 8


@dataclass(frozen=True, slots=True)
class Segment:
    send_number: int
    information: bytes = field(repr=False)
    more: bool
    """More segments of the same APDU follow."""


class Exchange:
    """Both directions of a connection. Its own numbers run on; modulo 8 they are those of the frames."""

    __slots__ = (
        "_acknowledged",
        "_asked",
        "_end",
        "_first",
        "_highest",
        "_inbound",
        "_inbound_llc",
        "_limits",
        "_next",
        "_outbound",
        "_outbound_llc",
        "_received",
        "_segments",
        "parameters",
    )

    def __init__(
        self, parameters: HdlcParameters, limits: HdlcLimits, outbound_llc: bytes, inbound_llc: tuple[bytes, ...]
    ) -> None:
        self.parameters = parameters
        self._limits = limits
        self._outbound_llc, self._inbound_llc = outbound_llc, inbound_llc
        self._outbound = b""
        self._first = self._acknowledged = self._next = self._highest = self._end = 0
        self._inbound = bytearray()
        self._segments = self._received = self._asked = 0

    # Sending

    @property
    def acknowledged(self) -> int:
        return self._acknowledged

    @property
    def sent(self) -> int:
        return self._next

    @property
    def unacknowledged(self) -> bool:
        return self._acknowledged < self._end

    def load(self, apdu: bytes) -> None:
        """Raises: PduTooLarge, HdlcStateError while the APDU before is not acknowledged."""
        if self.unacknowledged:
            raise HdlcStateError("the APDU before is not acknowledged yet")
        if len(apdu) > self._limits.apdu:
            raise PduTooLarge(f"APDU of {len(apdu)} octets, this link takes {self._limits.apdu}")
        self._outbound = self._outbound_llc + apdu
        self._first = self._end
        self._end += -(-len(self._outbound) // self.parameters.information_transmit)

    def burst(self) -> Iterator[Segment]:
        """The segments that the window lets us send now."""
        size = self.parameters.information_transmit
        limit = min(self._end, self._acknowledged + self.parameters.window_transmit)
        while self._next < limit:
            number = self._next
            start = (number - self._first) * size
            self._next = number + 1
            self._highest = max(self._highest, self._next)
            yield Segment(number % MODULO, self._outbound[start : start + size], self._next < self._end)

    def acknowledge(self, receive_number: int) -> bool:
        """Take N(R); True when it acknowledges something new.

        Raises: HdlcProtocolError for a number of a frame that we never sent.
        """
        progress = (receive_number - self._acknowledged) % MODULO
        if progress > self._highest - self._acknowledged:
            raise HdlcProtocolError(f"N(R) {receive_number} acknowledges what was not sent", REASON_RECEIVE_NUMBER)
        self._acknowledged += progress
        self._next = max(self._next, self._acknowledged)
        if not self.unacknowledged:
            self._outbound = b""
        return progress > 0

    def go_back(self) -> None:
        """Send again from the first segment that is not acknowledged."""
        self._next = self._acknowledged

    # Receiving

    @property
    def in_apdu(self) -> bool:
        """Segments of an APDU are here, but not its last one."""
        return self._segments > 0

    def asking(self) -> int:
        """N(R) of a frame with which we pass the turn."""
        self._asked = self._received
        return self._received % MODULO

    @property
    def receive_number(self) -> int:
        return self._received % MODULO

    def is_next(self, send_number: int) -> bool:
        return send_number == self._received % MODULO

    def is_late(self, send_number: int) -> bool:
        """Of a window before the one we asked for last: a double, not an answer."""
        return (send_number - self._asked) % MODULO >= self.parameters.window_receive

    def accept(self, information: bytes, *, more: bool) -> bytes | None:
        """The information field of the next I frame; the APDU when it is the last one's.

        Raises: LimitExceeded, HdlcProtocolError (LLC header).
        """
        self._received += 1
        self._segments += 1
        if self._segments > self._limits.segments:
            raise LimitExceeded(f"more than {self._limits.segments} segments in one APDU")
        self._inbound += information
        octets = len(self._inbound) - len(LLC_TO_CLIENT)
        if octets > self._limits.apdu:
            raise LimitExceeded(f"APDU of more than {self._limits.apdu} octets")
        if more:
            return None
        apdu = without_llc(bytes(self._inbound), self._inbound_llc)
        self._inbound.clear()
        self._segments = 0
        return apdu


def without_llc(information: bytes, allowed: tuple[bytes, ...]) -> bytes:
    """The LSDU behind the LLC header (IEC 62056-46, 5.3.2). Raises: HdlcProtocolError."""
    if not information.startswith(allowed):
        raise HdlcProtocolError(f"the LLC header is not {' or '.join(llc.hex(' ').upper() for llc in allowed)}")
    return information[len(LLC_TO_CLIENT) :]
