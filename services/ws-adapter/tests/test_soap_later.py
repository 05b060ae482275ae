"""Which refusals are acknowledged first and fetched as a result."""

from __future__ import annotations

import pytest

from meterstream.contracts.errors import error
from meterstream.ws_adapter.model.failures import ToldByPlatform, broken
from meterstream.ws_adapter.soap.later import acknowledged_uid

UID = "GridOne|||E0000000000000001|||20261124000000000|||1"
COMMAND = "header.device_identification"


@pytest.mark.parametrize(
    ("code", "details"),
    [
        ("UNKNOWN_FIRMWARE", {"field": "request.firmware_identification"}),
        ("UNKNOWN_DEVICEMODEL", {}),
        ("GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE", {"field": COMMAND, "device": "G0000000000000001"}),
        ("UNKNOWN_DEVICE", {"field": "request.mbus_device_identification"}),
        ("VALIDATION_ERROR", {"field": COMMAND, "device": "G0000000000000001"}),
    ],
)
def test_what_the_registry_says_of_a_known_device_comes_as_a_result(code: str, details: dict[str, str]) -> None:
    assert acknowledged_uid(ToldByPlatform(error(code, "why", **details).to_record("DOMAIN"), UID)) == UID


@pytest.mark.parametrize(
    ("code", "details"),
    [
        ("UNKNOWN_ORGANISATION", {}),
        ("UNAUTHORIZED", {"field": COMMAND, "device": "E0000000000000001"}),
        ("UNKNOWN_DEVICE", {"field": COMMAND}),
        ("VALIDATION_ERROR", {"field": "request.schedule_time"}),
        ("UNSUPPORTED_DEVICE_ACTION", {}),
    ],
)
def test_what_is_wrong_with_the_request_is_told_at_once(code: str, details: dict[str, str]) -> None:
    assert acknowledged_uid(ToldByPlatform(error(code, "why", **details).to_record("DOMAIN"), UID)) is None


def test_a_failure_of_the_face_itself_is_told_at_once() -> None:
    assert acknowledged_uid(broken("Body", "supported operation")) is None
