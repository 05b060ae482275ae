"""Every fault of the simulated fleet, and what a failure under it may be told as."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import CODES, DeviceRefused, LinkFailed, ProtocolViolation, SecurityFailure
from meterstream.simulator.faults import Fault, FaultKind

K = FaultKind
Kinds = tuple[type[Exception], ...]

FAULTS: Final[list[tuple[Fault, Kinds]]] = [
    (Fault(K.SILENT), (LinkFailed,)),
    (Fault(K.SILENT, after=3), (LinkFailed,)),
    (Fault(K.REFUSE), (LinkFailed,)),
    (Fault(K.REJECT), (LinkFailed, SecurityFailure)),
    (Fault(K.EXCEPTION, after=3), (DeviceRefused,)),
    (Fault(K.WRONG_TAG), (LinkFailed, SecurityFailure, ProtocolViolation)),
    (Fault(K.WRONG_TAG, after=2), (SecurityFailure, ProtocolViolation)),
    (Fault(K.REPLAYED_COUNTER, after=3), (SecurityFailure,)),
    (Fault(K.LOST_BLOCK), (LinkFailed, ProtocolViolation)),
    (Fault(K.CUT, after=150), (LinkFailed,)),
    (Fault(K.CUT, after=900), (LinkFailed,)),
    (Fault(K.SLOW, after=3, delay_ms=2_000), (LinkFailed,)),
    (Fault(K.LOST_ANSWER, after=2), (LinkFailed,)),
    (Fault(K.LOST_ANSWER, after=2, connections=1), (LinkFailed,)),
    (Fault(K.REBOOT, after=2, connections=1, down_ms=100), (LinkFailed,)),
    (Fault(K.WRONG_HEADER), (LinkFailed, ProtocolViolation)),
    (Fault(K.WRONG_HEADER, after=3), (LinkFailed, ProtocolViolation)),
    (Fault(K.TEMPORARY_FAILURE), (DeviceRefused,)),
    (Fault(K.TEMPORARY_FAILURE, after=3), (DeviceRefused,)),
]
"""With each fault, the kinds of failure that it may be told as; a busy machine may let a time-out come first."""

WAITED_OUT: Final = frozenset({K.SILENT, K.SLOW, K.LOST_BLOCK})
"""Nothing but a time-out ends the wait for an answer."""

_NEARER: Final = {"cut-900": Fault(K.CUT, after=260), "temporary-failure-3": Fault(K.TEMPORARY_FAILURE, after=1)}


def name_of(fault: Fault) -> str:
    return f"{fault.kind}-{fault.after}{'-once' if fault.connections else ''}"


def check_error(
    code: str, retryable: bool, operation: str, kinds: Kinds, unknowable: frozenset[str] = frozenset()
) -> None:
    """A failure of the fault's kind, as retryable as its code; of `unknowable` operations alone the outcome may be."""
    if code == "OUTCOME_UNKNOWN":
        assert operation in unknowable
        assert not retryable
        return
    assert retryable is CODES[code].retryable is True, code
    assert issubclass(CODES[code].kind, kinds) or code == "RESPONSE_TIMEOUT", f"{operation}: {code}"


SHORTLY: Final = [(_NEARER.get(name_of(fault), fault), kinds) for fault, kinds in FAULTS]
"""The same for exchanges of few and short answers, where some would come too late."""
