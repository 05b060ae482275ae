from __future__ import annotations

from meterstream.contracts.envelope import ResultStatus, State, Verdict


async def test_adds_a_device_and_publishes_its_record_before_the_result(domain):
    sent = await domain.install()
    assert sent.topics == ["devices", "results", "replies"]
    (result,) = sent.results()
    assert result.status is ResultStatus.OK
    assert result.response.revision == 1
    (record,) = sent.on("devices")
    assert record.revision == 1
    assert {key.kind for key in record.keys} == {
        "E_METER_MASTER_KEY",
        "E_METER_AUTHENTICATION_KEY",
        "E_METER_ENCRYPTION_KEY_UNICAST",
    }


async def test_a_command_goes_to_the_lane_of_its_priority_and_ends_with_the_answer(domain):
    await domain.install()
    sent = await domain.handle(domain.command(priority=8))
    assert sent.topics == ["command-states", "dlms-requests-high", "replies"]
    (state,) = sent.on("command-states")
    assert (state.state, state.attempt) == (State.QUEUED, 1)
    (request,) = sent.requests()
    assert request.header.record_revision == 1
    assert sent.replies()[0].verdict is Verdict.QUEUED
    sent = await domain.handle(domain.answer(request))
    (result,) = sent.results()
    assert result.status is ResultStatus.OK
    assert result.meter_ms == 40
    assert result.finished_at == domain.clock.now
