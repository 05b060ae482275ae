"""Redelivery, repeats and reuse of correlation uids."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.envelope import ResultStatus, Verdict
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest
from meterstream.runtime.errors import BrokerOutage


def bytes_of(sent):
    return [(item.topic, item.key, item.value, tuple(item.headers), item.partition) for item in sent.outgoing]


async def test_a_batch_repeated_after_a_crash_before_produce_gives_the_same_bytes(domain):
    await domain.install()
    batch = [
        domain.command(uid="queued-00000000000001"),
        domain.command(uid="scheduled-000000000002", schedule_time=domain.clock.now + timedelta(hours=1)),
        domain.command(uid="rejected-0000000000003", device="TEST1024000000009"),
        domain.command(domain.new_meter(), uid="existing-0000000000004"),
        domain.command(domain.new_meter(8), uid="added-0000000000000005", device="TEST1024000000005"),
        domain.cancel("scheduled-000000000002"),
    ]
    domain.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await domain.handle(*batch)
    domain.clock.advance(minutes=3)
    first = await domain.handle(*batch)
    domain.clock.advance(minutes=3)
    second = await domain.handle(*batch)
    kinds = [item for item in first.topics if item != "devices"]
    assert sorted(kinds) == sorted(["command-states", "dlms-requests-normal", *["replies"] * 5, *["results"] * 4])
    assert [item for item in bytes_of(first) if item[0] != "devices"] == bytes_of(second)


async def test_an_answer_repeated_after_a_crash_before_produce_gives_the_same_bytes(domain):
    await domain.install()
    (request,) = (await domain.handle(domain.command())).requests()
    answer = domain.answer(request)
    domain.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await domain.handle(answer)
    domain.clock.advance(minutes=1)
    first = await domain.handle(answer)
    domain.clock.advance(minutes=1)
    second = await domain.handle(answer)
    assert first.topics == ["results"]
    assert bytes_of(first) == bytes_of(second)


async def test_an_older_position_leads_to_nothing(domain):
    await domain.install()
    command = domain.command()
    (request,) = (await domain.handle(command)).requests()
    await domain.handle(domain.answer(request))
    sent = await domain.handle(command)
    assert sent.topics == []
    assert domain.dead_letters.letters == []


async def test_the_same_request_at_another_position_is_told_how_it_stands(domain):
    await domain.install()
    first = await domain.handle(domain.command(submission_id="first"))
    again = await domain.handle(domain.command(submission_id="second"))
    assert again.topics == ["replies"]
    (reply,) = again.replies()
    assert (reply.submission_id, reply.verdict) == ("second", Verdict.QUEUED)
    await domain.handle(domain.answer(first.requests()[0]))
    (reply,) = (await domain.handle(domain.command(submission_id="third"))).replies()
    assert (reply.submission_id, reply.verdict) == ("third", Verdict.COMPLETED)


async def test_a_stored_result_is_repeated_to_a_later_submission(domain):
    request = domain.new_meter()
    first = await domain.handle(domain.command(request))
    again = await domain.handle(domain.command(request, submission_id="second"))
    assert again.topics == ["replies"]
    (reply,) = again.replies()
    assert domain.codec.decode(reply.result) == first.results()[0]


async def test_both_submissions_of_one_batch_get_an_answer_and_one_effect(domain):
    await domain.install()
    sent = await domain.handle(domain.command(submission_id="first"), domain.command(submission_id="second"))
    assert len(sent.requests()) == 1
    assert [reply.submission_id for reply in sent.replies()] == ["first", "second"]


async def test_another_request_under_a_known_uid_is_refused_and_never_has_a_result(domain):
    await domain.install()
    await domain.handle(domain.command())
    reused = SynchronizeTimeRequest(time_zone="Europe/Paris")
    sent = await domain.handle(domain.command(reused, submission_id="other"))
    assert sent.topics == ["replies"]
    (reply,) = sent.replies()
    assert (reply.verdict, reply.error.code) == (Verdict.REJECTED, "CORRELATION_UID_REUSED")


async def test_reuse_where_nobody_waits_is_a_dead_letter(domain):
    await domain.install()
    await domain.organisation("org-a", kafka_commands="trusted")
    await domain.handle(domain.command(topic="upstream-commands"))
    message = domain.command(SynchronizeTimeRequest(time_zone="Europe/Paris"), topic="upstream-commands")
    sent = await domain.handle(message)
    assert sent.topics == []
    assert [(letter[0], letter[1]) for letter in domain.dead_letters.letters] == [(message, "CORRELATION_UID_REUSED")]


async def test_two_organisations_may_use_the_same_uids(domain):
    await domain.install()
    await domain.install("TEST1024000000002", "org-b", secret=5)
    mine = await domain.handle(domain.command())
    theirs = await domain.handle(domain.command(organisation="org-b", device="TEST1024000000002"))
    (request,) = mine.requests()
    (other,) = theirs.requests()
    assert request.header.correlation_uid == other.header.correlation_uid
    (result,) = (await domain.handle(domain.answer(request))).results()
    assert (result.header.organisation, result.header.device_identification) == ("org-a", "TEST1024000000001")
    (result,) = (await domain.handle(domain.answer(other))).results()
    assert (result.header.organisation, result.header.device_identification) == ("org-b", "TEST1024000000002")
    assert {item.header.organisation for item in (mine.on("command-states") + theirs.on("command-states"))} == {
        "org-a",
        "org-b",
    }


async def test_a_command_that_expired_long_ago_and_is_not_known_is_stale(domain):
    await domain.install()
    message = domain.command(
        created_at=domain.clock.now - timedelta(days=3), expires_at=domain.clock.now - timedelta(hours=25)
    )
    sent = await domain.handle(message)
    assert sent.topics == []
    assert [(letter[0], letter[1]) for letter in domain.dead_letters.letters] == [(message, "STALE")]


async def test_an_expired_command_ends_as_expired(domain):
    await domain.install()
    sent = await domain.handle(domain.command(expires_at=domain.clock.now - timedelta(seconds=1)))
    (result,) = sent.results()
    assert (result.status, result.error.code, result.error.number) == (
        ResultStatus.EXPIRED,
        "MAX_SCHEDULE_TIME_EXCEEDED",
        417,
    )


async def test_a_moved_row_is_not_moved_back_by_its_command(domain):
    await domain.install()
    at = domain.clock.now + timedelta(minutes=5)
    command = domain.command(schedule_time=at, submission_id="scheduled")
    await domain.handle(command)
    await domain.pass_time(minutes=6)
    fired = await domain.run_timers()
    assert len(fired.requests()) == 1
    assert (await domain.handle(command)).topics == []
