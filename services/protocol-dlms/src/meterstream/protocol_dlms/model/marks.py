"""Marks of steps that must not run twice: what to do when an attempt meets its own, and what a failure leaves open."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.contracts.errors import DeviceRefused, NotDone, PlatformError, RequestRejected, error
from meterstream.contracts.records import UnsafeStep
from meterstream.protocol_dlms.executor import AccessRefused

KEEP_AFTER: Final = timedelta(hours=1)
"""A mark is of use while its attempt may still be delivered again; afterwards it gets a tombstone."""


class Met(Enum):
    """RUN: no mark, the step has not begun. REPEAT: it ended, its answer is known. DOUBT: it began and nobody knows."""

    RUN = "run"
    REPEAT = "repeat"
    DOUBT = "doubt"


class StepId(NamedTuple):
    """Names one step of one attempt."""

    gateway: str
    organisation: str
    correlation_uid: str
    attempt: int
    step: int

    @classmethod
    def of(cls, header: DlmsRequestHeader, step: int) -> StepId:
        return cls(header.gateway, header.organisation, header.correlation_uid, header.attempt, step)

    @property
    def record_key(self) -> str:
        """The key of its mark on `device-sessions`."""
        return f"{self.gateway}|mark|{self.organisation}|{self.correlation_uid}|{self.attempt}|{self.step}"


def meet(mark: UnsafeStep | None) -> Met:
    """What the mark of a step says to whoever is about to take it."""
    if mark is None:
        return Met.RUN
    return Met.REPEAT if mark.closed else Met.DOUBT


def opened(step: StepId, not_after: datetime) -> UnsafeStep:
    """The mark to write before the first APDU of the step."""
    return UnsafeStep(**step._asdict(), closed=False, not_after=not_after)


def closed(mark: UnsafeStep, response: bytes | None = None, failure: PlatformError | None = None) -> UnsafeStep:
    """The mark that holds the answer of its step."""
    record = None if failure is None else failure.to_record("PROTOCOL_DLMS")
    return mark.model_copy(update={"closed": True, "response": response, "error": record})


def is_stale(mark: UnsafeStep, now: datetime) -> bool:
    """Whether the mark may get its tombstone."""
    return now > mark.not_after + KEEP_AFTER


def leaves_doubt(failure: PlatformError) -> bool:
    """Whether the meter may have carried a step out that failed like this.

    It has not where it said no itself, or where nothing was sent; with any other failure its answer may be lost.
    """
    return not isinstance(failure, (AccessRefused, RequestRejected, NotDone))


def doubtful(cause: PlatformError | None) -> PlatformError:
    """The answer for a step of which nobody knows whether it took effect."""
    if isinstance(cause, DeviceRefused):
        return error("OUTCOME_UNKNOWN", f"the meter gave no clear answer: {cause.message}", cause=cause.code.name)
    if cause is not None:
        return error("OUTCOME_UNKNOWN", f"the answer was lost: {cause.message}", cause=cause.code.name)
    return error("OUTCOME_UNKNOWN", "the step had begun when its worker ended; whether it took effect is not known")
