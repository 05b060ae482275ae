"""What an HDLC link tells its user."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from meterstream.dlms.errors import LinkError, PeerError
from meterstream.dlms.framing.hdlc.parameters import HdlcParameters


class HdlcPhase(Enum):
    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTING = "disconnecting"
    REJECTING = "rejecting"
    """Server only: it answers with FRMR until SNRM or DISC."""


@dataclass(frozen=True, slots=True)
class Connected:
    """SNRM and UA are exchanged; on a server also anew, and then nothing of the time before counts.

    Attributes:
        client: address of the client.
        parameters: what both agreed upon, as this station sees it.
    """

    client: int
    parameters: HdlcParameters


@dataclass(frozen=True, slots=True)
class ApduReceived:
    """A whole APDU without LLC header; `numbered` is False when it came in an UI frame."""

    apdu: bytes = field(repr=False)
    numbered: bool = True


@dataclass(frozen=True, slots=True)
class Closed:
    """DISC is answered, or, on a server, `inactive` for too long."""

    inactive: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The connection is over; APDUs that were on their way are lost."""

    error: PeerError | LinkError


HdlcEvent = Connected | ApduReceived | Closed | Failed


@dataclass(frozen=True, slots=True)
class Step:
    """Octets to send now, possibly none, and what happened, in order."""

    octets: bytes = field(repr=False)
    events: tuple[HdlcEvent, ...]
