"""Long attempts that go on: what whoever asked is told, and how long silence may last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.envelope import Advance, Progress, ResultStatus, State
from meterstream.contracts.errors import error
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest, SynchronizeTimeResponse

ADVANCE = Advance(done=30, total=120, percent=25, per_second=10, seconds_left=9)


@pytest.fixture
async def request_(domain):
    """An attempt that runs."""
    await domain.install()
    (request,) = (await domain.handle(domain.command())).requests()
    return request


def progress(domain, request, **more):
    asked = request.header
    fields = {
        "organisation": asked.organisation,
        "correlation_uid": asked.correlation_uid,
        "attempt": asked.attempt,
        "device_identification": asked.device_identification,
        "gateway": asked.gateway,
        "observed_at": domain.clock.now,
        "advance": ADVANCE,
    }
    return domain.message(Progress(**(fields | more)), "dlms-responses")


async def test_an_action_of_a_bundle_is_named_by_its_place_among_all(domain, request_):
    read = domain.codec.encode(SynchronizeTimeRequest())
    actions = [BundleAction(operation="SynchronizeTime", request=read)] * 3
    bundle = domain.command(BundleRequest(actions=actions), uid="bundle-0000000000001")
    (first,) = (await domain.handle(bundle)).requests()
    advance = ADVANCE.model_copy(update={"action": 2})
    (state,) = (await domain.handle(progress(domain, first, advance=advance))).on("command-states")
    assert state.advance.action == 2
    good = domain.codec.encode(SynchronizeTimeResponse(set_to=domain.clock.now))
    away = error("RESPONSE_TIMEOUT", "silence").to_record("PROTOCOL_DLMS")
    answers = [
        BundleAnswer(operation="SynchronizeTime", response=good),
        *[BundleAnswer(operation="SynchronizeTime", error=away, retryable=True)] * 2,
    ]
    await domain.handle(domain.answer(first, BundleResponse(answers=answers)))
    await domain.pass_time(hours=1)
    second = next(found for found in (await domain.run_timers()).requests() if len(found.request.actions) == 2)
    advance = ADVANCE.model_copy(update={"action": 1})
    (state,) = (await domain.handle(progress(domain, second, advance=advance))).on("command-states")
    assert state.advance.action == 2


async def test_whoever_asked_is_told_how_far_it_is(domain, request_):
    domain.clock.advance(seconds=3)
    (state,) = (await domain.handle(progress(domain, request_))).on("command-states")
    assert (state.state, state.attempt, state.advance) == (State.RUNNING, 1, ADVANCE)
    assert (state.changed_at, state.operation) == (domain.clock.now, "SynchronizeTime")
    sent = await domain.handle(progress(domain, request_), domain.answer(request_))
    assert [len(sent.on("command-states")), sent.results()[0].status] == [1, ResultStatus.OK]


async def test_news_put_off_the_moment_at_which_silence_ends_an_attempt(domain, request_):
    await domain.pass_time(hours=24, minutes=59)
    await domain.handle(progress(domain, request_))
    await domain.pass_time(minutes=30)
    assert (await domain.run_timers()).results() == []
    await domain.pass_time(minutes=31)
    (result,) = (await domain.run_timers()).results()
    assert result.error.code == "NO_ANSWER"


async def test_news_of_an_attempt_that_is_over_say_nothing(domain, request_):
    assert (await domain.handle(progress(domain, request_, attempt=2))).outgoing == []
    assert (await domain.handle(progress(domain, request_, correlation_uid="no-such-command-00001"))).outgoing == []
    await domain.handle(domain.answer(request_))
    late = progress(domain, request_, observed_at=domain.clock.now + timedelta(hours=9))
    assert (await domain.handle(late)).outgoing == []
    assert await domain.rows("select stage from domain.commands where operation = 'SynchronizeTime'") == [("final",)]
    assert domain.dead_letters.letters == []
