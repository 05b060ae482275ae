"""Answers of attempts: results, retries, bundles, facts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.envelope import ResultStatus, State
from meterstream.contracts.errors import CODES
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.contracts.operations.get_actual_meter_reads import GetActualMeterReadsRequest
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest, SynchronizeTimeResponse
from meterstream.runtime.errors import BrokerOutage

REFUSED = CODES["CONNECTION_REFUSED"]("the meter refused").to_record("PROTOCOL_DLMS")


async def queued(domain, request=None, **header):
    await domain.install()
    (asked,) = (await domain.handle(domain.command(request, **header))).requests()
    return asked


async def retried(domain, **by):
    await domain.pass_time(**by)
    (asked,) = (await domain.run_timers()).requests()
    return asked


async def test_a_retryable_failure_waits_then_runs_again_then_succeeds(domain):
    first = await queued(domain)
    sent = await domain.handle(domain.answer(first, error=REFUSED, retryable=True))
    (state,) = sent.on("command-states")
    assert (state.state, state.attempt, state.error) == (State.WAITING_FOR_RETRY, 1, REFUSED)
    assert state.due_at == domain.clock.now + timedelta(seconds=30)
    assert sent.topics == ["command-states"]
    second = await retried(domain, seconds=31)
    assert second.header.attempt == 2
    (result,) = (await domain.handle(domain.answer(second))).results()
    assert (result.status, result.attempt) == (ResultStatus.OK, 2)


async def test_the_third_failure_is_the_result(domain):
    asked = await queued(domain)
    for seconds in (31, 61):
        sent = await domain.handle(domain.answer(asked, error=REFUSED, retryable=True))
        assert sent.results() == []
        asked = await retried(domain, seconds=seconds)
    assert asked.header.attempt == 3
    (result,) = (await domain.handle(domain.answer(asked, error=REFUSED, retryable=True))).results()
    assert (result.status, result.error, result.attempt) == (ResultStatus.FAILED, REFUSED, 3)


async def test_bypass_retry_returns_the_first_failure(domain):
    asked = await queued(domain, bypass_retry=True)
    (result,) = (await domain.handle(domain.answer(asked, error=REFUSED, retryable=True))).results()
    assert (result.status, result.attempt) == (ResultStatus.FAILED, 1)


async def test_a_failure_that_is_not_retryable_is_the_result(domain):
    asked = await queued(domain)
    (result,) = (await domain.handle(domain.answer(asked, error=REFUSED))).results()
    assert result.status is ResultStatus.FAILED


async def test_no_retry_is_planned_beyond_expiry(domain):
    asked = await queued(domain, expires_at=domain.clock.now + timedelta(seconds=20))
    (result,) = (await domain.handle(domain.answer(asked, error=REFUSED, retryable=True))).results()
    assert (result.status, result.error) == (ResultStatus.FAILED, REFUSED)


async def test_an_attempt_that_was_too_late_is_expired(domain):
    asked = await queued(domain)
    late = CODES["MAX_SCHEDULE_TIME_EXCEEDED"]("too late").to_record("PROTOCOL_DLMS")
    (result,) = (await domain.handle(domain.answer(asked, error=late))).results()
    assert (result.status, result.error.number) == (ResultStatus.EXPIRED, 417)


async def test_answers_of_former_attempts_change_nothing(domain):
    first = await queued(domain)
    failed = domain.answer(first, error=REFUSED, retryable=True)
    await domain.handle(failed)
    await retried(domain, seconds=31)
    assert (await domain.handle(domain.answer(first))).topics == []
    assert (await domain.handle(failed)).topics == []


async def test_a_final_result_never_changes(domain):
    asked = await queued(domain)
    await domain.handle(domain.answer(asked))
    assert (await domain.handle(domain.answer(asked, error=REFUSED))).topics == []


async def test_an_answer_for_which_no_command_waits_is_a_dead_letter(domain):
    asked = await queued(domain)
    unknown = domain.answer(asked, attempt=7)
    assert (await domain.handle(unknown)).topics == []
    await domain.execute("delete from domain.commands where stage <> 'final'")
    await domain.handle(domain.answer(asked))
    assert [code for _, code, _ in domain.dead_letters.letters] == ["UNKNOWN_CORRELATION_UID"] * 2


async def test_an_answer_that_breaks_the_contract_fails_its_command(domain):
    asked = await queued(domain)
    record = domain.codec.decode(domain.answer(asked).value)
    broken = record.model_copy(update={"error": REFUSED})
    message = domain.message(broken, "dlms-responses")
    sent = await domain.handle(message)
    (result,) = sent.results()
    assert (result.status, result.error.code) == (ResultStatus.FAILED, "UNREADABLE_MESSAGE")
    assert [letter[:2] for letter in domain.dead_letters.letters] == [(message, "UNREADABLE_MESSAGE")]


async def test_a_retry_after_a_crash_before_produce_is_planned_once(domain):
    asked = await queued(domain)
    failed = domain.answer(asked, error=REFUSED, retryable=True)
    domain.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await domain.handle(failed)
    first = await domain.handle(failed)
    second = await domain.handle(failed)
    assert first.outgoing == second.outgoing
    assert [state.due_at for state in first.on("command-states")] == [domain.clock.now + timedelta(seconds=30)]


async def test_a_retry_is_authorised_anew(domain):
    asked = await queued(domain)
    await domain.handle(domain.answer(asked, error=REFUSED, retryable=True))
    await domain.execute("delete from domain.device_authorisations")
    await domain.pass_time(seconds=31)
    sent = await domain.run_timers()
    (result,) = sent.results()
    assert (result.status, result.error.number) == (ResultStatus.REJECTED, 301)
    assert sent.requests() == []


# Bundles


def bundle(domain):
    actions = [GetActualMeterReadsRequest(), SynchronizeTimeRequest(), SynchronizeTimeRequest(time_zone="UTC")]
    return BundleRequest(
        actions=[
            BundleAction(operation=type(item).__name__.removesuffix("Request"), request=domain.codec.encode(item))
            for item in actions
        ]
    )


def good(domain, text="SynchronizeTime"):
    return BundleAnswer(operation=text, response=domain.codec.encode(SynchronizeTimeResponse(set_to=domain.clock.now)))


def bad(*, retryable):
    return BundleAnswer(operation="SynchronizeTime", error=REFUSED, retryable=retryable)


async def test_a_bundle_keeps_good_answers_and_repeats_failed_retryable_actions_only(domain):
    first = await queued(domain, bundle(domain))
    kept = good(domain)
    answers = [bad(retryable=True), kept, bad(retryable=False)]
    sent = await domain.handle(domain.answer(first, BundleResponse(answers=answers)))
    assert sent.on("command-states")[0].error == REFUSED
    second = await retried(domain, seconds=31)
    assert second.request.actions == first.request.actions[:1]
    sent = await domain.handle(domain.answer(second, BundleResponse(answers=[bad(retryable=True)])))
    third = await retried(domain, seconds=61)
    final = domain.answer(third, BundleResponse(answers=[good(domain)]))
    sent = await domain.handle(final)
    (result,) = sent.results()
    assert result.status is ResultStatus.OK
    assert [answer.error is None for answer in result.response.answers] == [True, True, False]
    assert result.response.answers[1] == kept
    assert (await domain.handle(final)).outgoing == sent.outgoing


async def test_a_bundle_whose_meter_was_never_reached_fails_as_a_whole(domain):
    asked = await queued(domain, bundle(domain), bypass_retry=True)
    (result,) = (await domain.handle(domain.answer(asked, error=REFUSED, retryable=True))).results()
    assert (result.status, result.error) == (ResultStatus.FAILED, REFUSED)


async def test_a_bundle_that_breaks_down_later_keeps_what_it_had(domain):
    asked = await queued(domain, bundle(domain))
    answers = [good(domain), bad(retryable=True), bad(retryable=True)]
    await domain.handle(domain.answer(asked, BundleResponse(answers=answers)))
    asked = await retried(domain, seconds=31)
    assert len(asked.request.actions) == 2
    (result,) = (await domain.handle(domain.answer(asked, error=REFUSED))).results()
    assert result.status is ResultStatus.OK
    assert [answer.error for answer in result.response.answers] == [None, REFUSED, REFUSED]


async def test_a_cancelled_bundle_keeps_what_it_had(domain):
    asked = await queued(domain, bundle(domain))
    await domain.handle(domain.answer(asked, BundleResponse(answers=[good(domain), *[bad(retryable=True)] * 2])))
    (result,) = (await domain.handle(domain.cancel())).results()
    assert result.status is ResultStatus.CANCELLED
    assert [answer.error is None for answer in result.response.answers] == [True, False, False]


# Facts


async def test_keys_with_which_an_association_stood_are_proven_once(domain):
    await domain.install()
    await domain.relay.publish_changes()
    before = (await domain.rows("select key_id from domain.device_keys order by kind"))[:2]
    proven = [row[0] for row in before]
    (asked,) = (await domain.handle(domain.command())).requests()
    await domain.handle(domain.answer(asked, proven=proven))
    assert await domain.rows("select count(*) from domain.device_keys where proven") == [(2,)]
    domain.taken()
    assert await domain.relay.publish_changes() == 1
    (record,) = domain.taken().on("devices")
    assert (record.revision, record.time_zone) == (3, "Europe/Amsterdam")  # one for the keys, one for the zone
    assert {key.key_id for key in record.keys if key.proven} == set(proven)
    (asked,) = (await domain.handle(domain.command(uid="B" * 20))).requests()
    assert asked.header.record_revision == 3
    await domain.handle(domain.answer(asked, proven=proven))
    assert await domain.relay.publish_changes() == 0


async def test_a_late_answer_still_proves_keys(domain):
    await domain.install()
    ((key_id,), *_) = await domain.rows("select key_id from domain.device_keys")
    (asked,) = (await domain.handle(domain.command())).requests()
    await domain.handle(domain.answer(asked))
    assert (await domain.handle(domain.answer(asked, proven=[key_id]))).topics == []
    assert await domain.rows("select key_id from domain.device_keys where proven") == [(key_id,)]


async def zone_of(domain):
    return (await domain.rows("select time_zone, revision from domain.devices"))[0]


async def test_the_zone_of_a_synchronised_clock_is_learnt_once(domain):
    await domain.install()
    for number in range(2):
        (asked,) = (await domain.handle(domain.command(uid=f"zone-{number:020}"))).requests()
        await domain.handle(domain.answer(asked))
        assert await zone_of(domain) == ("Europe/Amsterdam", 2)
    sent = await domain.handle(domain.command(uid="zone-3".ljust(20, "0")))
    assert sent.topics == ["command-states", "dlms-requests-normal", "replies"]
    assert sent.requests()[0].header.record_revision == 2


async def test_an_older_observation_of_the_zone_changes_nothing(domain):
    await domain.install()
    early, late = domain.clock.now, domain.clock.now + timedelta(minutes=5)
    for uid, zone, moment in (("A" * 20, "UTC", late), ("B" * 20, "Europe/Paris", early)):
        command = domain.command(SynchronizeTimeRequest(time_zone=zone), uid=uid)
        (asked,) = (await domain.handle(command)).requests()
        await domain.handle(domain.answer(asked, observed_at=moment))
    assert await zone_of(domain) == ("UTC", 2)


async def test_a_late_answer_and_a_bundle_teach_too(domain):
    await domain.install()
    (asked,) = (await domain.handle(domain.command(SynchronizeTimeRequest(time_zone="UTC")))).requests()
    await domain.handle(domain.answer(asked, error=REFUSED))
    assert await zone_of(domain) == (None, 1)
    assert (await domain.handle(domain.answer(asked))).topics == []
    assert await zone_of(domain) == ("UTC", 2)
    (asked,) = (await domain.handle(domain.command(bundle(domain), uid="B" * 20))).requests()
    answers = [bad(retryable=False), good(domain), bad(retryable=False)]
    domain.clock.advance(seconds=1)
    await domain.handle(domain.answer(asked, BundleResponse(answers=answers)))
    assert await zone_of(domain) == ("Europe/Amsterdam", 3)


async def test_each_attempt_that_is_followed_by_another_is_in_the_message_log(domain):
    asked = await queued(domain)
    uid = asked.header.correlation_uid
    for seconds in (31, 61):
        await domain.handle(domain.answer(asked, error=REFUSED, retryable=True))
        asked = await retried(domain, seconds=seconds)
    await domain.handle(domain.answer(asked, error=REFUSED, retryable=True))
    noted = await domain.rows("select decoded, encoded from domain.message_logs order by decoded")
    assert [decoded for decoded, _ in noted] == [f"retry count= {n}, correlationuid= {uid}" for n in (1, 2)]
    assert [bytes.fromhex(encoded).decode() for _, encoded in noted] == [decoded for decoded, _ in noted]
