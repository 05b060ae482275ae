"""From a request to the command, from messages to rows, and who an organisation is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.errors import InvalidRequest, PlatformError
from meterstream.contracts.records import OrganisationRecord
from meterstream.ws_adapter.model.failures import ToldByPlatform
from meterstream.ws_adapter.model.organisations import Organisations
from meterstream.ws_adapter.model.submission import (
    Caller,
    Options,
    build_cancel,
    build_command,
    destination_of,
    destination_of_cancel,
    make_correlation_uid,
)
from meterstream.ws_adapter.rest.problems import status_of

NOW = datetime(2025, 3, 14, 10, 15, 30, 123456, tzinfo=UTC)
RANDOM = UUID("dd94688b-ada3-494a-a129-d903f3afd971")
DEVICE = "E0000000000000001"
CALLER = Caller("DemoGridOrg", "operator", "Portal")


def build(name: str = "SynchronizeTime", device: str | None = DEVICE, caller: Caller = CALLER, **options: Any) -> Any:
    operation = load_operations()[name]
    return build_command(
        operation,
        operation.examples[0],
        caller,
        device=device,
        options=Options(**options),
        now=NOW,
        random=RANDOM,
        reply_partition=1,
    )


def test_the_uid_has_the_layout_of_the_contract() -> None:
    expected = f"DemoGridOrg|||{DEVICE}|||20250314101530123|||{RANDOM}"
    assert build().header.correlation_uid == expected
    assert make_correlation_uid("Zürich", None, NOW, RANDOM) == f"Z?rich||||||20250314101530123|||{RANDOM}"
    assert build(caller=Caller("Zürich", "u", "a")).header.organisation == "Zürich"


def test_a_command_lives_as_long_as_its_request_has_something_to_do() -> None:
    operation = load_operations()["UpdateFirmware"]
    at = NOW + timedelta(days=5)

    def lives_until(**options: Any) -> datetime:
        request = operation.request(firmware_identification="FW-1", activate_at=at)
        more = {"device": DEVICE, "now": NOW, "random": RANDOM, "reply_partition": 1}
        return build_command(operation, request, CALLER, options=Options(**options), **more).header.expires_at

    assert lives_until() == at + timedelta(hours=24)
    assert lives_until(schedule_time=at + timedelta(days=1)) == at + timedelta(days=2)
    assert lives_until(expires_at=NOW + timedelta(hours=1)) == NOW + timedelta(hours=1)


def test_a_schedule_in_the_past_means_at_once() -> None:
    header = build(schedule_time=NOW - timedelta(days=1)).header
    assert (header.schedule_time, header.expires_at) == (None, NOW + timedelta(hours=24))
    due = NOW + timedelta(days=3)
    header = build(schedule_time=due).header
    assert (header.schedule_time, header.expires_at) == (due, due + timedelta(hours=24))


@pytest.mark.parametrize("past", [timedelta(minutes=5), timedelta(days=3000)])
def test_a_command_that_is_over_already_is_over_now_and_gets_its_answer(past: timedelta) -> None:
    assert build(expires_at=NOW - past).header.expires_at == NOW
    assert build(expires_at=NOW + past).header.expires_at == NOW + past


@pytest.mark.parametrize(
    ("field", "options", "caller"),
    [
        ("correlation_uid", {"correlation_uid": "x" * 256}, CALLER),
        ("correlation_uid", {"correlation_uid": "x" * 19 + "ü"}, CALLER),
        ("response_url", {"response_url": "mailto:x"}, CALLER),
        ("priority", {"priority": 11}, CALLER),
        ("application", {}, Caller("DemoGridOrg", "u", "a" * 41)),
    ],
)
def test_a_header_that_breaks_a_rule_is_named(field: str, options: dict[str, Any], caller: Caller) -> None:
    with pytest.raises(InvalidRequest) as caught:
        build(caller=caller, **options)
    assert caught.value.details["field"] == field


def test_a_device_is_required_where_the_operation_is_for_one() -> None:
    with pytest.raises(InvalidRequest):
        build(device=None)
    assert build("GetDevices", device=None).header.device_identification is None


@pytest.mark.parametrize(
    ("name", "priority", "topic", "key"),
    [
        ("SynchronizeTime", 6, "commands", DEVICE),
        ("SynchronizeTime", 7, "commands-urgent", DEVICE),
        ("GetDevices", 0, "commands-urgent", "DemoGridOrg"),
    ],
)
def test_where_a_command_goes(name: str, priority: int, topic: str, key: str) -> None:
    device = None if name == "GetDevices" else DEVICE
    assert destination_of(build(name, device, priority=priority)) == (topic, key.encode())


def test_a_cancellation_overtakes_what_waits() -> None:
    cancel = build_cancel(CALLER, "u" * 20, now=NOW, random=RANDOM, reply_partition=1)
    assert destination_of_cancel(cancel, DEVICE) == ("commands-urgent", DEVICE.encode())
    assert destination_of_cancel(cancel, None) == ("commands-urgent", b"DemoGridOrg")
    with pytest.raises(InvalidRequest):
        build_cancel(CALLER, "short", now=NOW, random=RANDOM, reply_partition=1)


def record(revision: int, *names: str, enabled: bool = True) -> OrganisationRecord:
    return OrganisationRecord(
        organisation="A", revision=revision, name="A", enabled=enabled, certificate_names=list(names)
    )


def test_an_older_record_of_an_organisation_changes_nothing() -> None:
    organisations = Organisations()
    organisations.apply("A", record(2, "new"))
    organisations.apply("A", record(1, "old"))
    assert organisations.certifies("new", "A")
    assert organisations.certifies("A", "A")
    assert not organisations.certifies("old", "A")
    organisations.apply("A", record(3, "newer"))
    assert not organisations.certifies("new", "A")
    assert organisations.speaking_for("newer") == "A"
    organisations.apply("A", None)
    assert len(organisations) == 0
    for asked in (lambda: organisations.speaking_for("newer"), lambda: organisations.admit("A")):
        with pytest.raises(PlatformError):
            asked()


def test_statuses_of_codes() -> None:
    expected = {
        "VALIDATION_ERROR": 422,
        "UNKNOWN_DEVICE": 404,
        "UNAUTHORIZED": 403,
        "TOO_LATE": 409,
        "RESPONSE_TIMEOUT": 502,
        "NOT_READY": 503,
        "A_CODE_OF_A_NEWER_RELEASE": 500,
    }
    assert {code: status_of(code) for code in expected} == expected


def test_a_failure_told_by_another_part_keeps_its_record() -> None:
    from meterstream.contracts.errors import ErrorRecord

    told = ErrorRecord(code="NEWER", number=999, message="m", component="PROTOCOL_DLMS", details={"a": "b"})
    assert ToldByPlatform(told).to_record("WS_SMART_METERING") is told
