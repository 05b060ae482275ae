"""Answers of a bundle over its attempts: good ones are kept, only failed retryable actions run again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from meterstream.contracts.errors import CODES, ErrorRecord
from meterstream.contracts.operation import DlmsResponse
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse


def pending(answers: Sequence[BundleAnswer] | None, actions: int) -> list[int]:
    """Places of the actions that the next attempt carries out."""
    if answers is None:
        return list(range(actions))
    return [place for place, answer in enumerate(answers) if answer.error is not None and answer.retryable]


def next_request(request: BundleRequest, answers: Sequence[BundleAnswer] | None) -> BundleRequest:
    """The actions that are still to be done, in their order."""
    if answers is None:
        return request
    return BundleRequest(actions=[request.actions[place] for place in pending(answers, len(request.actions))])


def merge(
    request: BundleRequest,
    before: Sequence[BundleAnswer] | None,
    response: BundleResponse | None,
    failure: ErrorRecord | None,
    *,
    retryable: bool,
) -> list[BundleAnswer]:
    """One answer per action after an attempt.

    An attempt that failed as a whole, or answered fewer actions than it was asked, leaves an error in the places it
    owed.
    """
    places = pending(before, len(request.actions))
    merged = list(before) if before is not None else [_owed(action, None, False) for action in request.actions]
    given = response.answers if response is not None else []
    for index, place in enumerate(places):
        if index < len(given):
            merged[place] = given[index]
        else:
            merged[place] = _owed(request.actions[place], failure, retryable)
    return merged


def refuse(
    request: BundleRequest, before: Sequence[BundleAnswer] | None, refused: Mapping[int, ErrorRecord]
) -> list[BundleAnswer]:
    """One answer per action where some do not go out: theirs is final, the others are still owed."""
    waiting = CODES["NO_ANSWER"]("the action was not carried out yet").to_record("DOMAIN")
    answers = list(before) if before is not None else [_owed(action, waiting, True) for action in request.actions]
    for place, failure in refused.items():
        answers[place] = _owed(request.actions[place], failure, False)
    return answers


def _owed(action: BundleAction, failure: ErrorRecord | None, retryable: bool) -> BundleAnswer:
    record = failure or CODES["TECHNICAL_ERROR"]("the attempt gave no answer for this action").to_record("DOMAIN")
    return BundleAnswer(operation=action.operation, error=record, retryable=retryable)


def first_retryable(answers: Sequence[BundleAnswer]) -> ErrorRecord | None:
    """Why another attempt is worth it; None where it is not."""
    return next((answer.error for answer in answers if answer.error is not None and answer.retryable), None)


def answers_of(response: DlmsResponse | None) -> list[BundleAnswer] | None:
    """The answers that the response to a bundle holds."""
    held = None if response is None else response.response
    return held.answers if isinstance(held, BundleResponse) else None


def any_good(answers: Sequence[BundleAnswer]) -> bool:
    """Whether at least one action was carried out."""
    return any(answer.error is None for answer in answers)
