"""Commands over REST: submit, fetch, cancel, wait."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from yarl import URL

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.envelope import Reply, ResultStatus, State, Verdict
from meterstream.contracts.errors import error
from meterstream.contracts.operations.bundle import BundleAnswer, BundleRequest, BundleResponse
from meterstream.contracts.operations.get_actual_meter_reads import GetActualMeterReadsResponse
from meterstream.contracts.operations.get_devices import DeviceSummary, GetDevicesResponse
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeResponse
from meterstream.contracts.types import Quantity

DEVICE = "E0000000000000001"
NOW = datetime(2025, 3, 14, 10, 15, tzinfo=UTC)
SET = SynchronizeTimeResponse(set_to=NOW)


async def submit(client: aiohttp.ClientSession, operation: str = "SynchronizeTime", **body: Any) -> tuple[int, Any]:
    body = {"device_identification": DEVICE, **body}
    async with client.post(f"/v1/operations/{operation}", json=body) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("name", ["SynchronizeTime", "synchronize-time", "synchronize_time"])
async def test_accepts_a_command_and_tells_where_it_is(stack, client, name):
    body = {"device_identification": DEVICE, "request": {"time_zone": "Europe/Paris"}, "priority": 6}
    async with client.post(f"/v1/operations/{name}", json=body) as response:
        found = await response.json()
        assert response.status == 202
        location = response.headers["Location"]
    (command,) = stack.domain.commands
    assert command.request.time_zone == "Europe/Paris"
    assert command.header.organisation == "DemoGridOrg"
    assert command.header.priority == 6
    assert command.header.reply_partition == 3
    assert command.header.expires_at - command.header.created_at == timedelta(hours=24)
    organisation, device, moment, random = command.header.correlation_uid.split("|||")
    assert (organisation, device, len(moment), len(random)) == ("DemoGridOrg", DEVICE, 17, 36)
    assert found["state"] == "queued"
    assert found["correlation_uid"] == command.header.correlation_uid
    await stack.domain.move(command, State.RUNNING)
    async with client.get(location) as response:
        assert (await response.json())["state"] == "running"


async def test_a_request_can_be_left_out_where_its_rules_want_no_field(stack, client):
    status, _ = await submit(client, "GetActualMeterReads")
    assert status == 202
    status, found = await submit(client, "SetPushSetupAlarm")
    assert status == 422
    assert (found["code"], found["field"]) == ("VALIDATION_ERROR", "request")
    status, found = await submit(client, "SetPushSetupAlarm", request={})
    assert status == 422
    assert "needs host and port, push_objects, or both" in found["detail"]


@pytest.mark.parametrize("octets", [64, 63, 65])
async def test_a_meter_is_added_with_its_signature_key(stack, client, octets):
    device = {"signature_public_key": "ab" * octets}
    request = {"device": device, "device_model": {"manufacturer": "DEM"}}
    status, found = await submit(client, "AddDevice", request=request)
    if octets == 64:
        (command,) = stack.domain.commands
        assert (status, command.request.device.signature_public_key) == (202, b"\xab" * 64)
    else:
        assert (status, found["field"]) == (422, "request.device.signature_public_key")


async def test_urgent_commands_and_awaited_ones_have_their_own_topic(stack, client):
    stack.domain.answer = stack.domain.queued
    await submit(client, priority=7)
    await submit(client, priority=6)
    summary = GetDevicesResponse(total_pages=0, devices=[])
    stack.domain.answer = stack.domain.completing(summary)
    async with client.post("/v1/operations/GetDevices", json={}) as response:
        assert response.status == 200
    assert [(sent.topic, sent.key) for sent in stack.domain.sent] == [
        ("commands-urgent", DEVICE.encode()),
        ("commands", DEVICE.encode()),
        ("commands-urgent", b"DemoGridOrg"),
    ]
    headers = dict(stack.domain.sent[0].headers)
    assert headers["ce_type"] == b"SynchronizeTimeCommand"
    assert headers["ce_id"].decode() == stack.domain.commands[0].header.submission_id


async def test_a_synchronous_operation_answers_with_its_response(stack, client):
    device = DeviceSummary(
        device_uid="1",
        device_identification=DEVICE,
        device_type="SMART_METER_E",
        activated=True,
        has_schedule=False,
        public_key_present=False,
    )
    stack.domain.answer = stack.domain.completing(GetDevicesResponse(total_pages=1, devices=[device]))
    async with client.post("/v1/operations/GetDevices", json={"request": {"page": 0}}) as response:
        found = await response.json()
    assert response.status == 200
    assert found["state"] == "ok"
    assert found["result"]["response"]["devices"][0]["device_identification"] == DEVICE


async def test_a_synchronous_operation_without_answer_is_not_ready(stack, client):
    stack.domain.answer = lambda _: None
    async with client.post("/v1/operations/GetDevices", json={}) as response:
        found = await response.json()
    assert (response.status, found["code"]) == (503, "NOT_READY")
    assert response.headers["Retry-After"]


async def test_without_a_verdict_the_uid_is_answered(stack, client):
    stack.domain.answer = lambda _: None
    status, found = await submit(client)
    assert (status, found["state"]) == (202, "submitted")
    assert len(stack.replies) == 0


async def test_a_rejection_becomes_a_problem_with_its_code(stack, client):
    stack.domain.answer = stack.domain.rejecting(error("UNKNOWN_DEVICE", "no such device", device=DEVICE))
    status, found = await submit(client)
    assert (status, found["code"], found["number"]) == (404, "UNKNOWN_DEVICE", 201)
    assert found["component"] == "DOMAIN_CORE"
    assert found["details"] == {"device": DEVICE}


async def test_the_same_uid_answers_with_the_same_command(stack, client):
    uid = "my-own-uid-0123456789"
    status, first = await submit(client, correlation_uid=uid)
    assert (status, first["correlation_uid"]) == (202, uid)
    stack.domain.answer = lambda command: stack.domain.reply(
        command, Verdict.COMPLETED, result=stack.codec.encode(stack.domain.result(command, response=SET))
    )
    status, again = await submit(client, correlation_uid=uid)
    assert (status, again["state"], again["final"]) == (200, "ok", True)
    assert again["result"]["response"]["set_to"] == "2025-03-14T10:15:00Z"


async def test_a_reused_uid_is_a_conflict(stack, client):
    stack.domain.answer = stack.domain.rejecting(error("CORRELATION_UID_REUSED", "another request has this uid"))
    status, found = await submit(client, correlation_uid="my-own-uid-0123456789")
    assert (status, found["code"]) == (409, "CORRELATION_UID_REUSED")


async def test_fetches_state_error_and_result(stack, client):
    await submit(client, "GetActualMeterReads")
    (command,) = stack.domain.commands
    url = f"/v1/operations/{command.header.correlation_uid.replace('|', '%7C')}"
    later = command.header.created_at + timedelta(minutes=1)
    await stack.domain.move(
        command,
        State.WAITING_FOR_RETRY,
        due_at=later,
        error=error("CONNECTION_REFUSED", "refused").to_record("PROTOCOL_DLMS"),
    )
    async with client.get(URL(url, encoded=True)) as response:
        found = await response.json()
    assert (found["state"], found["final"], found["error"]["code"]) == (
        "waiting_for_retry",
        False,
        "CONNECTION_REFUSED",
    )
    assert found["result"] is None
    reads = GetActualMeterReadsResponse(
        log_time=NOW, active_energy_import=Quantity(value=Decimal("18422.107"), unit="KWH")
    )
    await stack.domain.finish(command, response=reads)
    await stack.domain.move(command, State.QUEUED, attempt=2, changed_at=later)  # late: changes nothing
    async with client.get(URL(url, encoded=True)) as response:
        found = await response.json()
    assert (found["state"], found["final"], found["error"]) == ("ok", True, None)
    assert found["result"]["response"]["active_energy_import"] == {"value": "18422.107", "unit": "KWH"}


async def test_another_organisation_does_not_see_the_command(stack, client, other_client):
    await submit(client)
    (command,) = stack.domain.commands
    await stack.domain.finish(command, response=SET)
    async with other_client.get(f"/v1/operations/{command.header.correlation_uid}") as response:
        found = await response.json()
    assert (response.status, found["code"]) == (404, "UNKNOWN_CORRELATION_UID")


async def test_waits_for_the_result_when_asked_to(stack, client, until):
    await submit(client)
    (command,) = stack.domain.commands
    await stack.domain.move(command, State.QUEUED)
    url = f"/v1/operations/{command.header.correlation_uid}"
    waiting = asyncio.create_task(client.get(url, headers={"Prefer": "wait=20"}))
    async with asyncio.timeout(5):
        await until(lambda: stack.watchers.count)
        await stack.domain.finish(command, response=SET)
        async with await waiting as response:
            assert (await response.json())["state"] == "ok"


async def test_a_bundle_is_spelled_with_its_actions_requests(stack, client):
    actions = [
        {"operation": "GetActualMeterReads"},
        {"operation": "SynchronizeTime", "request": {"time_zone": "UTC"}},
    ]
    status, _ = await submit(client, "Bundle", request={"actions": actions})
    assert status == 202
    (command,) = stack.domain.commands
    assert isinstance(command.request, BundleRequest)
    decoded = [stack.codec.decode(action.request) for action in command.request.actions]
    assert [type(request).__name__ for request in decoded] == ["GetActualMeterReadsRequest", "SynchronizeTimeRequest"]
    assert decoded[1].time_zone == "UTC"
    answers = [
        BundleAnswer(
            operation="GetActualMeterReads",
            error=error("RESPONSE_TIMEOUT", "silence").to_record("PROTOCOL_DLMS"),
            retryable=True,
        ),
        BundleAnswer(operation="SynchronizeTime", response=stack.codec.encode(SET)),
    ]
    await stack.domain.finish(command, response=BundleResponse(answers=answers))
    async with client.get(f"/v1/operations/{command.header.correlation_uid}") as response:
        found = (await response.json())["result"]["response"]["answers"]
    assert found[0]["error"]["code"] == "RESPONSE_TIMEOUT"
    assert found[1]["response"] == {"set_to": "2025-03-14T10:15:00Z"}


async def test_cancels_a_waiting_command(stack, client):
    await submit(client, schedule_time="2099-01-01T00:00:00Z")
    (command,) = stack.domain.commands
    assert command.header.expires_at == datetime(2099, 1, 2, tzinfo=UTC)
    await stack.domain.move(command, State.SCHEDULED)
    result = stack.domain.result(command, status=ResultStatus.CANCELLED, error=error("CANCELLED", "by the caller"))

    def cancelled(cancel):
        assert cancel.correlation_uid == command.header.correlation_uid
        return stack.domain.reply(command, Verdict.COMPLETED, result=stack.codec.encode(result)).model_copy(
            update={"submission_id": cancel.submission_id}
        )

    stack.domain.answer_cancel = cancelled
    url = f"/v1/operations/{command.header.correlation_uid}"
    async with client.delete(url) as response:
        assert (response.status, (await response.json())["state"]) == (200, "cancelled")
    assert stack.domain.sent[-1].topic == "commands-urgent"
    assert stack.domain.sent[-1].key == DEVICE.encode()


async def test_too_late_to_cancel_is_a_conflict(stack, client):
    await submit(client)
    (command,) = stack.domain.commands
    refusal = error("TOO_LATE", "it runs").to_record("DOMAIN_SMART_METERING")
    stack.domain.answer_cancel = lambda cancel: Reply(
        submission_id=cancel.submission_id,
        organisation=cancel.organisation,
        correlation_uid=cancel.correlation_uid,
        operation="SynchronizeTime",
        verdict=Verdict.REJECTED,
        error=refusal,
    )
    async with client.delete(f"/v1/operations/{command.header.correlation_uid}") as response:
        assert (response.status, (await response.json())["code"]) == (409, "TOO_LATE")


async def test_concurrent_submissions_share_a_produce_batch(stack, client):
    answers = await asyncio.gather(*(submit(client) for _ in range(40)))
    assert {status for status, _ in answers} == {202}
    assert len({found["correlation_uid"] for _, found in answers}) == 40
    assert len(stack.domain.batches) < 40
    assert sum(stack.domain.batches) == 40


async def test_an_outage_of_the_broker_is_not_ready(stack, client):
    stack.domain.outage = True
    status, found = await submit(client)
    assert (status, found["code"]) == (503, "NOT_READY")
    assert len(stack.replies) == 0


def test_every_operation_has_a_form():
    from meterstream.contracts.catalogue import load_operations
    from meterstream.runtime.codec import Codec
    from meterstream.ws_adapter.rest.forms import Forms

    forms = Forms(load_operations(), Codec())
    assert set(forms.by_name) == set(load_operations())
    assert forms.find("getperiodicmeterreads").operation is find_operation("GetPeriodicMeterReads")
