"""What bounds an HDLC link in memory and time, and what it tolerates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterstream.dlms.errors import ConfigurationError

MAX_APDU: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class HdlcOptions:
    """What a client link puts up with, or does, for meters that depart from the standard.

    Attributes:
        client_llc: the LLC header of a command (E6 E6 00) is taken from the server, too; the standard has E6 E7 00.
        always_parameters: SNRM names all parameters also where they are the standard's, and could be left out.
    """

    client_llc: bool = False
    always_parameters: bool = False


@dataclass(frozen=True, slots=True)
class HdlcLimits:
    """Limits of one link.

    Attributes:
        apdu: octets of one APDU in either direction.
        segments: I frames of one received APDU.
        queued: APDUs that may wait in a server behind the one under way.
        repetitions: times in a row that a client asks again without any progress before it gives up.
        polls: times in a row that a server may answer "not ready" (RNR) or "nothing yet" (RR).
        response_timeout_s: seconds until a client asks again; longer than one window takes on the line.
        poll_interval_s: seconds between two polls of a server that is not ready.
        inter_octet_timeout_s: seconds of silence within a frame after which its rest will not come any more; well
            below the time after which the client asks again.
        inactivity_timeout_s: seconds without a frame after which a server ends the connection.

    Raises: ConfigurationError.
    """

    apdu: int = MAX_APDU
    segments: int = 2048
    queued: int = 64
    repetitions: int = 3
    polls: int = 60
    response_timeout_s: float = 5.0
    poll_interval_s: float = 0.5
    inter_octet_timeout_s: float = 2.0
    inactivity_timeout_s: float = 120.0

    def __post_init__(self) -> None:
        for name in ("apdu", "segments", "polls"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is below 1")
        for name in ("repetitions", "queued"):
            if getattr(self, name) < 0:
                raise ConfigurationError(f"{name} is below 0")
        for name in ("response_timeout_s", "poll_interval_s", "inter_octet_timeout_s", "inactivity_timeout_s"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} is not above 0")
