from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.notification.model.retry import GiveUp, Refused, RetryIn, RetryPolicy, after_failure, out_of_time

POLICY = RetryPolicy()
NO_ANSWER = Refused("no answer")
EVEN = 0.5


def test_attempts_come_at_the_moments_of_the_contract_then_hourly_until_the_bound() -> None:
    age_s, moments, attempt = 0.0, [], 1
    while isinstance(verdict := after_failure(NO_ANSWER, attempt, age_s, POLICY, EVEN), RetryIn):
        age_s += verdict.delay_s
        moments.append(age_s / 60)
        attempt += 1
    assert moments[:6] == [2, 6, 14, 30, 62, 122]
    assert moments[-1] == 24 * 60
    assert verdict == GiveUp(f"given up after {attempt} attempts; last: no answer")


def test_a_permanent_refusal_ends_it_at_once() -> None:
    refused = Refused("HTTP status 410", permanent=True)
    assert after_failure(refused, 1, 0, POLICY, EVEN) == GiveUp("HTTP status 410")


def test_a_receiver_may_ask_for_more_time_but_not_for_ever() -> None:
    assert after_failure(Refused("busy", retry_after_s=500), 1, 0, POLICY, EVEN) == RetryIn(500)
    assert after_failure(Refused("busy", retry_after_s=1e9), 1, 0, POLICY, EVEN) == RetryIn(POLICY.max_delay_s)
    assert after_failure(Refused("busy", retry_after_s=1), 1, 0, POLICY, EVEN) == RetryIn(120)


@given(st.integers(1, 10**6), st.floats(0, 86_399), st.floats(0, 1, exclude_max=True))
def test_delays_stay_within_bounds_and_never_pass_the_end(attempt: int, age_s: float, chance: float) -> None:
    verdict = after_failure(NO_ANSWER, attempt, age_s, POLICY, chance)
    assert isinstance(verdict, RetryIn)
    assert 0 < verdict.delay_s <= POLICY.max_delay_s * 1.1
    assert age_s + verdict.delay_s <= POLICY.give_up_after_s + 1e-6


@pytest.mark.parametrize(("chance", "delay_s"), [(0.0, 108), (0.5, 120), (0.999999, 132)])
def test_jitter_spreads_to_both_sides(chance: float, delay_s: float) -> None:
    verdict = after_failure(NO_ANSWER, 1, 0, POLICY, chance)
    assert isinstance(verdict, RetryIn)
    assert verdict.delay_s == pytest.approx(delay_s, abs=0.01)


def test_the_reason_tells_whether_there_was_an_attempt() -> None:
    assert out_of_time(0, "") == "given up before any attempt"
    assert out_of_time(2, "no answer") == "given up after 2 attempts; last: no answer"
