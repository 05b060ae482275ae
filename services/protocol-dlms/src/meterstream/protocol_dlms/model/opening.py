"""How to open an association when keys or counter are in doubt: which step comes next, decided from what the meter did.

A meter hardly ever says why it refuses: wrong keys, a counter that it has seen and an unknown client all show as a
connection closed without an answer, or as a rejected AARE. So the counter is read once through the public client, and
other keys are tried, each once, with pauses: meters lock after repeated failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from meterstream.contracts.errors import PlatformError, error
from meterstream.dlms import errors as dlms
from meterstream.protocol_dlms.model.candidates import KeySet

_REJECTED_PERMANENT: Final = 1
_DECIPHERING_ERROR: Final = 5
_COUNTER_ERROR: Final = 6

HIGHEST_TOLD: Final = 0xEFFF_FFFF
"""Leaves 268 million counters to go on with, also after a forged answer."""


class Pause(Enum):
    """NONE; COUNTER: until the meter has freed its only connection; KEYS: before other keys."""

    NONE = "none"
    COUNTER = "counter"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Try:
    """Associate with these keys."""

    keys: KeySet
    pause: Pause = Pause.NONE


@dataclass(frozen=True, slots=True)
class ReadCounter:
    """Read the counter that the meter has accepted last, through the public client."""

    pause: Pause = Pause.NONE


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Answer with this failure."""

    failure: PlatformError


Step: TypeAlias = Try | ReadCounter | GiveUp


@dataclass(frozen=True, slots=True)
class Refusal:
    """The meter did not associate.

    Attributes:
        failure: what the caller gets if nothing else helps.
        suspects_counter: whether the meter may have refused the counter.
        used: the counter with which the association began.
        accepted: highest counter of this series that the meter is known to have accepted; 0 when none is known.
    """

    failure: PlatformError
    suspects_counter: bool
    used: int
    accepted: int


def is_refusal(failure: dlms.DlmsError) -> bool:
    """Whether wrong keys or a used counter may be why an association did not come about."""
    match failure:
        case dlms.LinkClosed() | dlms.AssociationRejected() | dlms.DecipherError() | dlms.AuthenticationError():
            return True
        case dlms.ExceptionResponse():
            return failure.service_error in (_DECIPHERING_ERROR, _COUNTER_ERROR)
    return False


def suspects_counter(failure: dlms.DlmsError) -> bool:
    """Whether the counter may be why: closed without an answer, or rejected for good by the service user."""
    match failure:
        case dlms.LinkClosed():
            return True
        case dlms.AssociationRejected():
            return failure.result == _REJECTED_PERMANENT and failure.source == "user"
        case dlms.ExceptionResponse():
            return failure.service_error == _COUNTER_ERROR
    return False


class Opening:
    """One attempt to open an association.

    Args:
        sets: keys to try in this order.
        readable: the meter tells its counter.
        known: counters were reserved before; else only the meter knows which ones were used.
    """

    def __init__(self, sets: Sequence[KeySet], *, readable: bool, known: bool) -> None:
        self._sets = list(sets)
        self._readable = readable
        self._read = False
        self._refusal: Refusal | None = None
        self._read_first = readable and not known

    def begin(self) -> Step:
        """The first step."""
        return ReadCounter() if self._read_first else Try(self._sets[0])

    def refused(self, refusal: Refusal) -> Step:
        """After a try that the meter refused."""
        self._refusal = refusal
        if refusal.suspects_counter and self._readable and not self._read:
            return ReadCounter(Pause.COUNTER)
        return self._next_keys()

    def counter_is(self, value: int) -> Step:
        """After the meter told that it has accepted counters up to `value`."""
        self._read = True
        refusal = self._refusal
        if refusal is None or value >= refusal.used:
            return Try(self._sets[0], Pause.COUNTER)
        if value < refusal.accepted and not self._may_hold_another_encryption_key():
            return GiveUp(
                error(
                    "ATTEMPT_TO_LOWER_INVOCATION_COUNTER",
                    f"the meter tells {value} as its counter and has accepted {refusal.accepted}",
                    told=value,
                    accepted=refusal.accepted,
                    refused_with=refusal.failure.code.name,
                )
            )
        refusal.failure.details |= {"counter_of_meter": str(value), "counter_used": str(refusal.used)}
        return self._next_keys()

    def counter_unknown(self, failure: PlatformError) -> Step:
        """After the counter could not be read."""
        self._read = True
        if self._refusal is None:
            return GiveUp(failure)
        return self._next_keys()

    def counter_absent(self) -> Step:
        """After the meter said that it has no such counter."""
        self._read = True
        return Try(self._sets[0], Pause.COUNTER) if self._refusal is None else self._next_keys()

    def _may_hold_another_encryption_key(self) -> bool:
        """With a new encryption key meters begin to count anew."""
        return any(keys.encryption.key_id != self._sets[0].encryption.key_id for keys in self._sets)

    def _next_keys(self) -> Step:
        del self._sets[0]
        if self._sets:
            return Try(self._sets[0], Pause.KEYS)
        assert self._refusal is not None  # noqa: S101  # keys run out by refusals alone
        return GiveUp(self._refusal.failure)


def floor_for(told: int, next_counter: int, block: int, *, known: bool) -> int:
    """Below which counter none may be used once the meter told its own; 0: what is reserved will do.

    A whole block above what it told, so that counters on their way to it cannot catch up.

    Raises: COUNTERS_EXHAUSTED near the end of the range: the public client's answer is not authenticated, and whoever
    forges it must not use the key up.
    """
    if known and told < next_counter:
        return 0
    if told > HIGHEST_TOLD:
        raise error("COUNTERS_EXHAUSTED", f"the meter tells {told} as its counter; replace the key", told=told)
    return told + block
