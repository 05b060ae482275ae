"""Which part of the platform a fault names, in the words of the contract."""

from __future__ import annotations

import pytest

from meterstream.contracts.errors import error
from meterstream.ws_adapter.soap.faults import fault_fields


@pytest.mark.parametrize(
    ("code", "component", "core"),
    [
        ("UNKNOWN_ORGANISATION", "WS_SMART_METERING", "WS_CORE"),
        ("UNAUTHORIZED", "WS_SMART_METERING", "WS_CORE"),
        ("UNKNOWN_DEVICE", "DOMAIN_CORE", "DOMAIN_CORE"),
        ("EXISTING_DEVICE", "DOMAIN_SMART_METERING", "WS_CORE"),
        ("UNKNOWN_FIRMWARE", "DOMAIN_SMART_METERING", "WS_CORE"),
        ("DECRYPTION_EXCEPTION", "PROTOCOL_DLMS", "PROTOCOL_DLMS"),
        ("MAX_SCHEDULE_TIME_EXCEEDED", "OSGP_CORE", "OSGP_CORE"),
        ("TECHNICAL_ERROR", "DOMAIN_SMART_METERING", "WS_CORE"),
    ],
)
def test_what_domain_finds_out_has_the_component_that_clients_know(code: str, component: str, core: str) -> None:
    failure = error(code, "why").to_record("DOMAIN")
    assert fault_fields(failure)["Component"] == component
    assert fault_fields(failure, core=True)["Component"] == core


@pytest.mark.parametrize(("reported", "told"), [("PROTOCOL_DLMS", "PROTOCOL_DLMS"), ("newer-service", "UNKNOWN")])
def test_others_speak_for_themselves(reported: str, told: str) -> None:
    assert fault_fields(error("CONNECTION_REFUSED", "why").to_record(reported))["Component"] == told
