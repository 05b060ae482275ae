"""What is said on the pipe: requests to the engine, and what it says back, checked."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from meterstream.dlms.apdu import Conformance, Selection
from meterstream.dlms.data import encode
from meterstream.dlms.errors import (
    AssociationRejected,
    ConfirmedServiceError,
    DecodeError,
    DlmsError,
    ExceptionResponse,
    LimitExceeded,
    ResponseTimeout,
)
from meterstream.protocol_dlms.engine.config import EngineConfig
from meterstream.protocol_dlms.engine.errors import EngineStopped

NO_FRAME: Final = {"timeout": True}
_CONFORMANCE_BITS: Final = 24


class Outcome(NamedTuple):
    """An operation is done.

    Attributes:
        access: the meter's refusal as a number.
        raw: octets of what it answered, `blocks`: put together of blocks.
        conformance, max_pdu: of an association that stands.
    """

    access: int | None = None
    raw: bytes = b""
    blocks: bool = False
    conformance: Conformance = Conformance(0)
    max_pdu: int = 0


class Frame(NamedTuple):
    """A frame for the meter, whose next frame is wanted; no octets: only that."""

    octets: bytes


class Failure(NamedTuple):
    """An operation failed."""

    told: dict[str, Any]

    def error(self, lost: DlmsError | None) -> DlmsError:
        """The failure in our tree; `lost` is what became of the last frame that the engine waited for."""
        match self.told:
            case {"kind": "timeout"}:
                return lost or ResponseTimeout("no answer from the meter in time")
            case {"kind": "limit"}:
                return LimitExceeded("more blocks, frames or octets than one answer may have")
            case {"kind": "exception", "state": int(state), "service": int(service)}:
                return ExceptionResponse(state, service, None, ciphered=False)
            case {"kind": "confirmed", "service": int(service), "error": int(choice), "value": int(value)}:
                return ConfirmedServiceError(service, choice, value)
            case {"kind": "rejected", "result": int(result), "diagnostic": int(diagnostic)}:
                return AssociationRejected(result, "user", diagnostic)
            case _:
                return DecodeError("the engine cannot read the answer of the meter")


def heard(said: dict[str, Any]) -> Outcome | Frame | Failure:
    """Raises: EngineStopped for what no engine says."""
    try:
        match said:
            case {"result": {"access": int(access)}}:
                return Outcome(access=access)
            case {"result": {"raw": str(raw), "blocks": bool(blocks)}}:
                return Outcome(raw=bytes.fromhex(raw), blocks=blocks)
            case {"result": {"conformance": int(bits), "max_pdu": int(size)}}:
                return Outcome(conformance=_conformance(bits), max_pdu=size)
            case {"result": dict()}:
                return Outcome()
            case {"error": dict(told)}:
                return Failure(told)
            case {"send": str(frame)}:
                return Frame(bytes.fromhex(frame))
            case {"receive": True}:
                return Frame(b"")
    except ValueError:
        pass
    raise EngineStopped("the engine said what is no line of the protocol")


def frame_came(frame: bytes) -> dict[str, Any]:
    """The meter's frame."""
    return {"received": frame.hex()}


def opening(config: EngineConfig, patience_s: float) -> dict[str, Any]:
    """The request for an association; `patience_s` is for a meter that has nothing to say yet."""
    hdlc = config.hdlc
    settings = {
        "short_names": config.short_names,
        "client": config.client_sap,
        "server": config.server_sap,
        "password": None if config.password is None else config.password.hex(),
        "max_pdu": config.max_pdu,
        "patience_s": patience_s,
        "max_blocks": config.limits.max_blocks,
        "max_octets": config.limits.max_bytes,
        "hdlc": None
        if hdlc is None
        else {"lower": hdlc.lower, "octets": 4 if hdlc.wide else 2, "information": hdlc.information},
    }
    return {"op": "open", "settings": settings}


def told_selection(selection: Selection) -> str:
    """Selector and parameters."""
    return (bytes((selection.selector,)) + encode(selection.parameters)).hex()


def _conformance(bits: int) -> Conformance:
    """gurux-dlms counts bits from the other end."""
    return Conformance(sum(1 << (_CONFORMANCE_BITS - 1 - n) for n in range(_CONFORMANCE_BITS) if bits >> n & 1))
