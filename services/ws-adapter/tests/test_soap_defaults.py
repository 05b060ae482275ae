"""Elements that are empty: those that have a default in the schema, and those that say that there is no value."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from meterstream.contracts.operations.get_power_quality_profile import GetPowerQualityProfileResponse
from meterstream.contracts.operations.set_clock_configuration import SetClockConfigurationRequest
from meterstream.contracts.operations.set_push_setup_alarm import SetPushSetupAlarmRequest
from meterstream.ws_adapter.soap.forms import Form
from meterstream.ws_adapter.soap.schema import schema_set, type_of
from meterstream.ws_adapter.soap.validation import Validator

SPACES = "http://www.opensmartgridplatform.org/schemas"
CONFIGURATION = f"{SPACES}/smartmetering/sm-configuration/2014/10"
COMMON = f"{SPACES}/common/2014/10"


def read(model: Any, request: str, wrapper: str, fields: str) -> Any:
    """What a request of the configuration service asks; it is valid against the schema."""
    element = etree.fromstring(
        f'<{request} xmlns="{CONFIGURATION}" xmlns:common="{COMMON}"><DeviceIdentification>E0000000000000001'
        f"</DeviceIdentification><{wrapper}>{fields}</{wrapper}></{request}>"
    )
    assert Validator("smartmetering").violations(element) == []
    owner = type_of(type_of(schema_set("smartmetering").element(f"smconf:{request}")).child(wrapper))
    return Form(model, owner, ZoneInfo("UTC")).read(element[1])


@pytest.mark.parametrize(("text", "enabled"), [("", True), ("true", True), ("false", False), (" 0 ", False)])
def test_an_empty_boolean(text: str, enabled: bool) -> None:
    request = read(
        SetClockConfigurationRequest,
        "SetClockConfigurationRequest",
        "SetClockConfigurationData",
        "<TimeZoneOffset>-60</TimeZoneOffset>"
        "<DaylightSavingsBegin>FFFF03FE0702000000FFC400</DaylightSavingsBegin>"
        "<DaylightSavingsEnd>FFFF0AFE0703000000FF8880</DaylightSavingsEnd>"
        f"<DaylightSavingsEnabled>{text}</DaylightSavingsEnabled>",
    )
    assert request.daylight_savings_enabled is enabled


@pytest.mark.parametrize(("spelled", "index"), [("", 0), ("<DataIndex/>", 0), ("<DataIndex>7</DataIndex>", 7)])
def test_an_empty_and_an_absent_number(spelled: str, index: int) -> None:
    octets = "".join(
        f"<common:{name}>{value}</common:{name}>" for name, value in zip("abcdef", (0, 0, 96, 1, 1, 255), strict=True)
    )
    request = read(
        SetPushSetupAlarmRequest,
        "SetPushSetupAlarmRequest",
        "SetPushSetupAlarmRequestData",
        f"<PushSetupAlarm><PushObjectList><ClassId>1</ClassId><LogicalName>{octets}</LogicalName>"
        f"<AttributeIndex>2</AttributeIndex>{spelled}</PushObjectList></PushSetupAlarm>",
    )
    assert [(one.logical_name, one.data_index) for one in request.push_objects] == [("0.0.96.1.1.255", index)]


def test_a_value_that_the_meter_does_not_have_keeps_its_place_in_the_row() -> None:
    columns = [{"class_id": 3, "logical_name": f"1.0.{phase}2.7.0.255", "attribute": 2} for phase in (3, 5, 7)]
    values = [{"number": "229.7"}, {}, {"integer": 7}]
    profile = {
        "logical_name": "1.0.99.1.1.255",
        "columns": columns,
        "rows": [{"values": values}],
        "profile_type": "PUBLIC",
    }
    response = GetPowerQualityProfileResponse.model_validate({"profiles": [profile]})
    declared = schema_set("smartmetering").element("smmon:GetPowerQualityProfileResponse")
    element = etree.Element(declared.name)
    Form(GetPowerQualityProfileResponse, type_of(declared), ZoneInfo("UTC"), constants={"Result": "OK"}).write(
        element, response
    )
    assert Validator("smartmetering").violations(element) == []
    entries = element.iter(f"{{{COMMON}}}ProfileEntryValue")
    assert [(etree.QName(entry[0]).localname, entry[0].text) for entry in entries] == [
        ("FloatValue", "229.7"),
        ("StringValue", None),
        ("LongValue", "7"),
    ]
