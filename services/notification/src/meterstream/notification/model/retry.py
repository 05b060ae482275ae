"""What follows an attempt: delivered, another attempt later, or the end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver took it. A delivered notification is never repeated."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The attempt failed.

    Attributes:
        reason: one sentence for the operator; nothing that the receiver's URL or the secret tells.
        permanent: no later attempt can succeed.
        retry_after_s: how long the receiver asks to be left alone (HTTP Retry-After), seconds.
        receiver: whether the receiver is at fault, so that its circuit counts it.
    """

    reason: str
    permanent: bool = False
    retry_after_s: float = 0.0
    receiver: bool = True


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The organisation no longer wants it: the endpoint is gone from its configuration, or it is disabled."""

    reason: str


Outcome = Delivered | Refused | Withdrawn


@dataclass(frozen=True, slots=True)
class RetryIn:
    """Try again after this many seconds."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The delivery has failed for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Delays between attempts, seconds: `first_delay_s` times `multiplier` each time, at most `max_delay_s`.

    With the defaults attempts come 0, 2, 6 and 14 minutes after the result (the moments of the SOAP contract), then
    after 30 minutes, after 62, and hourly until `give_up_after_s`.
    """

    first_delay_s: float = 120.0
    multiplier: float = 2.0
    max_delay_s: float = 3600.0
    give_up_after_s: float = 86400.0
    jitter: float = 0.1


def after_failure(refused: Refused, attempt: int, age_s: float, policy: RetryPolicy, chance: float) -> RetryIn | GiveUp:
    """What to do after a failed attempt.

    Args:
        attempt: number of the attempt that failed, from 1.
        age_s: seconds since the delivery was stored.
        chance: evenly distributed in [0, 1); spreads the delay by ± `jitter`.
    """
    if refused.permanent:
        return GiveUp(refused.reason)
    if policy.give_up_after_s <= age_s:
        return GiveUp(out_of_time(attempt, refused.reason))
    exponent = min(attempt - 1, 64)
    delay_s = min(policy.first_delay_s * policy.multiplier**exponent, policy.max_delay_s)
    delay_s *= 1 + policy.jitter * (2 * chance - 1)
    delay_s = max(delay_s, min(refused.retry_after_s, policy.max_delay_s))
    return RetryIn(min(delay_s, policy.give_up_after_s - age_s))


def out_of_time(attempts: int, last_reason: str) -> str:
    """The reason of a delivery whose time has run out."""
    return f"given up after {attempts} attempts; last: {last_reason}" if attempts else "given up before any attempt"
