"""Failed actions of bundles, in the words that clients of the contract know."""

from __future__ import annotations

import pytest

from meterstream.contracts.errors import ErrorRecord, error
from meterstream.ws_adapter.soap.bundle import in_bundle
from meterstream.ws_adapter.soap.faults import fault_fields


def _record(code: str, message: str, component: str = "PROTOCOL_DLMS") -> ErrorRecord:
    return error(code, message).to_record(component)


@pytest.mark.parametrize("code", ["OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL", "DEVICE_REFUSED"])
def test_what_talks_to_meters_names_the_operation_and_tells_no_code(code: str) -> None:
    failure = _record(code, "No address found for PUSH_SETUP_SMS in protocol DSMR 2.2")
    fields = fault_fields(in_bundle("SetPushSetupSms", failure))
    assert fields["Message"] == (
        "Error handling request with SetPushSetupSmsCommandExecutor:"
        " No address found for PUSH_SETUP_SMS in protocol DSMR 2.2"
    )
    assert "Code" not in fields
    assert fields["InnerException"] == code


@pytest.mark.parametrize(
    "failure",
    [
        _record("ERROR_RETRIEVING_ATTRIBUTE_VALUE", "Retrieving attribute value"),
        _record("VALIDATION_ERROR", "Meter for gas reads should have a channel configured.", "DOMAIN"),
        _record("TECHNICAL_ERROR", "no answer", "WS_SMART_METERING"),
    ],
    ids=lambda failure: failure.code,
)
def test_other_failures_stay_as_they_are(failure: ErrorRecord) -> None:
    assert in_bundle("GetSpecificAttributeValue", failure) == failure
