"""Scheduled commands, silence, cancellation, and two schedulers at once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from meterstream.contracts.envelope import ResultStatus, State, Verdict
from meterstream.contracts.errors import CODES
from meterstream.runtime.errors import BrokerOutage

REFUSED = CODES["CONNECTION_REFUSED"]("the meter refused").to_record("PROTOCOL_DLMS")


async def scheduled(domain, uid="A" * 20, **header):
    at = domain.clock.now + timedelta(minutes=5)
    return await domain.handle(domain.command(uid=uid, schedule_time=at, **header))


async def test_a_scheduled_command_waits_for_its_time(domain):
    await domain.install()
    sent = await scheduled(domain)
    (state,), (reply,) = sent.on("command-states"), sent.replies()
    assert (state.state, state.attempt) == (State.SCHEDULED, 0)
    assert state.due_at == domain.clock.now + timedelta(minutes=5)
    assert reply.verdict is Verdict.SCHEDULED
    assert (await domain.run_timers()).topics == []
    await domain.pass_time(minutes=5, seconds=1)
    sent = await domain.run_timers()
    assert sent.topics == ["command-states", "dlms-requests-normal"]
    assert sent.requests()[0].header.attempt == 1


async def test_a_schedule_time_in_the_past_is_now(domain):
    await domain.install()
    sent = await domain.handle(domain.command(schedule_time=domain.clock.now - timedelta(seconds=1)))
    assert len(sent.requests()) == 1


async def test_two_schedulers_fire_each_command_once(domain, second):
    await domain.install()
    for number in range(40):
        await scheduled(domain, uid=f"scheduled-{number:020}")
    await domain.pass_time(minutes=6)
    sent = await asyncio.gather(domain.run_timers(), second.run_timers())
    fired = [request.header.correlation_uid for part in sent for request in part.requests()]
    assert sorted(fired) == [f"scheduled-{number:020}" for number in range(40)]


async def test_what_a_timer_decided_is_produced_when_the_broker_is_back(domain):
    await domain.install()
    await scheduled(domain)
    await domain.pass_time(minutes=6)
    domain.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await domain.run_timers()
    first = await domain.run_timers()
    assert first.topics == ["command-states", "dlms-requests-normal"]
    assert (await domain.run_timers()).topics == []


async def test_a_request_of_a_timer_never_overtakes_its_record(domain):
    await domain.install()
    await scheduled(domain)
    again = domain.command(domain.new_meter(9, overwrite=True), uid="overwrite-0000000000000")
    domain.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await domain.handle(again)
    await domain.pass_time(minutes=6)
    sent = await domain.run_timers()
    assert sent.topics == ["devices", "command-states", "dlms-requests-normal"]
    assert sent.on("devices")[0].revision == sent.requests()[0].header.record_revision == 2


async def test_a_scheduled_command_past_its_expiry_is_expired(domain):
    await domain.install()
    await scheduled(domain, expires_at=domain.clock.now + timedelta(minutes=10))
    await domain.pass_time(minutes=11)
    (result,) = (await domain.run_timers()).results()
    assert (result.status, result.error.number) == (ResultStatus.EXPIRED, 417)


async def test_a_scheduled_command_for_a_device_that_went_is_rejected(domain):
    await domain.install()
    await scheduled(domain)
    await domain.remove()
    await domain.pass_time(minutes=6)
    (result,) = (await domain.run_timers()).results()
    assert (result.status, result.error.number) == (ResultStatus.REJECTED, 201)


async def test_add_device_may_be_scheduled(domain):
    at = domain.clock.now + timedelta(minutes=5)
    await domain.handle(domain.command(domain.new_meter(), schedule_time=at))
    assert await domain.rows("select count(*) from domain.devices") == [(0,)]
    await domain.pass_time(minutes=6)
    sent = await domain.run_timers()
    assert sent.topics == ["devices", "results"]
    assert sent.results()[0].status is ResultStatus.OK


async def test_silence_ends_in_no_answer(domain):
    await domain.install()
    (asked,) = (await domain.handle(domain.command())).requests()
    await domain.pass_time(hours=24, minutes=30)
    assert (await domain.run_timers()).topics == []
    await domain.pass_time(minutes=31)
    (result,) = (await domain.run_timers()).results()
    assert (result.status, result.error.code) == (ResultStatus.FAILED, "NO_ANSWER")
    assert (await domain.handle(domain.answer(asked))).topics == []


async def test_the_last_moment_to_start_is_bounded_by_the_lanes_retention(domain):
    await domain.install()
    now = domain.clock.now
    (asked,) = (await domain.handle(domain.command(expires_at=now + timedelta(days=30)))).requests()
    assert asked.header.not_after == now + timedelta(days=5)
    (asked,) = (await domain.handle(domain.command(uid="B" * 20, expires_at=now + timedelta(days=1)))).requests()
    assert asked.header.not_after == now + timedelta(days=1)


async def test_a_scheduled_command_is_cancelled(domain):
    await domain.install()
    await scheduled(domain)
    cancel = domain.cancel()
    sent = await domain.handle(cancel)
    (result,), (reply,) = sent.results(), sent.replies()
    assert (result.status, result.error.code) == (ResultStatus.CANCELLED, "CANCELLED")
    assert (reply.submission_id, reply.verdict) == ("c-" + "A" * 20, Verdict.COMPLETED)
    assert domain.codec.decode(reply.result) == result
    assert (await domain.handle(cancel)).outgoing == sent.outgoing
    await domain.pass_time(minutes=6)
    assert (await domain.run_timers()).topics == []


async def test_a_command_that_waits_for_a_retry_is_cancelled(domain):
    await domain.install()
    (asked,) = (await domain.handle(domain.command())).requests()
    await domain.handle(domain.answer(asked, error=REFUSED, retryable=True))
    (result,) = (await domain.handle(domain.cancel())).results()
    assert (result.status, result.attempt) == (ResultStatus.CANCELLED, 1)


async def test_a_command_in_a_lane_is_not_cancelled(domain):
    await domain.install()
    (asked,) = (await domain.handle(domain.command())).requests()
    sent = await domain.handle(domain.cancel())
    assert (sent.topics, sent.replies()[0].error.code) == (["replies"], "TOO_LATE")
    assert (await domain.handle(domain.answer(asked))).results()[0].status is ResultStatus.OK
    assert (await domain.handle(domain.cancel())).replies()[0].error.code == "TOO_LATE"


async def test_a_foreign_organisation_cancels_nothing(domain):
    await domain.install()
    await scheduled(domain)
    sent = await domain.handle(domain.cancel(organisation="org-b"))
    assert (sent.topics, sent.replies()[0].error.number) == (["replies"], 405)
    assert await domain.rows("select stage from domain.commands where operation = 'SynchronizeTime'") == [
        ("scheduled",)
    ]


async def test_a_refused_cancellation_where_nobody_waits_is_a_dead_letter(domain):
    message = domain.cancel(reply_partition=None)
    assert (await domain.handle(message)).topics == []
    assert [letter[:2] for letter in domain.dead_letters.letters] == [(message, "UNKNOWN_CORRELATION_UID")]


async def test_old_rows_are_forgotten(domain):
    await domain.install()
    await domain.pass_time(days=8)
    assert await domain.timers.forget() == 0
    await domain.pass_time(days=2)
    assert await domain.timers.forget() == 1
    assert await domain.rows("select count(*) from domain.commands") == [(0,)]


async def test_a_row_that_cannot_be_decided_does_not_hold_up_the_others(domain):
    await domain.install()
    await scheduled(domain, uid="broken-00000000000000")
    await scheduled(domain, uid="whole-000000000000000")
    await domain.execute("update domain.commands set command = 'x' where correlation_uid ~ '^broken'")
    await domain.pass_time(minutes=6)
    (asked,) = (await domain.run_timers()).requests()
    assert asked.header.correlation_uid == "whole-000000000000000"
