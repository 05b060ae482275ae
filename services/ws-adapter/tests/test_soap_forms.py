"""Conversion between XML and contract models, apart from any message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from meterstream.contracts.base import Record
from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.errors import InvalidRequest
from meterstream.contracts.operations.get_periodic_meter_reads import (
    GetPeriodicMeterReadsResponse,
    PeriodicMeterReading,
)
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.contracts.soap import Soap
from meterstream.contracts.types import AmrProfileStatusFlag, Quantity
from meterstream.ws_adapter.soap.forms import Form
from meterstream.ws_adapter.soap.schema import SchemaMismatch, schema_set, type_of
from meterstream.ws_adapter.soap.services import operations_by_input
from meterstream.ws_adapter.soap.text import clean, read_date_time, write, write_date_time
from meterstream.ws_adapter.soap.validation import Validator

UTC_ZONE = ZoneInfo("UTC")
SCHEMAS = schema_set("smartmetering")
ADHOC = "http://www.opensmartgridplatform.org/schemas/smartmetering/sm-adhoc/2014/10"


def owner_of(name: str) -> Any:
    binding = load_operations()[name].soap
    assert binding is not None
    inputs = {(known.service, known.name): known.input for known in operations_by_input().values()}
    owner = type_of(SCHEMAS.element(inputs[binding.service, str(binding.operation)]))
    return type_of(owner.child(binding.wrapper)) if binding.wrapper else owner


quantities = st.builds(
    Quantity,
    value=st.decimals(min_value=0, max_value=Decimal(9223372036854775807), places=3),
    unit=st.sampled_from(["KWH", "M3", "V"]),
)
moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(  # noqa: DTZ001  # made aware next
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
rows = st.builds(
    PeriodicMeterReading,
    log_time=moments,
    active_energy_import=st.none() | quantities,
    active_energy_export_tariff_two=st.none() | quantities,
    status=st.none() | st.lists(st.sampled_from(list(AmrProfileStatusFlag)), max_size=4),
)


@given(st.lists(rows, max_size=4))
def test_periodic_reads_survive_the_way_through_xml_and_are_valid(found: list[PeriodicMeterReading]) -> None:
    declared = SCHEMAS.element("smmon:PeriodicMeterReadsResponse")
    form = Form(GetPeriodicMeterReadsResponse, type_of(declared), UTC_ZONE)
    response = GetPeriodicMeterReadsResponse(period_type="DAILY", meter_reads=found)
    element = etree.Element(declared.name)
    form.write(element, response)
    assert Validator("smartmetering").violations(element) == []
    if found:
        assert form.read(element) == response
    else:
        with pytest.raises(InvalidRequest):  # nothing tells an empty list from an absent one here
            form.read(element)


def form_of_request() -> Form[Any]:
    operation = load_operations()["GetSpecificAttributeValue"]
    return Form(operation.request, owner_of(operation.name), UTC_ZONE, covered=["DeviceIdentification"])


def specific(obis: str = "<a>0</a><b>0</b><c>1</c><d>0</d><e>0</e><f>255</f>", attribute: str = "2") -> Any:
    common = 'xmlns="http://www.opensmartgridplatform.org/schemas/common/2014/10"'
    parts = "".join(part.replace(">", f" {common}>", 1) for part in obis.replace("><", ">\n<").splitlines())
    return etree.fromstring(
        f'<r xmlns="{ADHOC}"><ClassId>8</ClassId><Attribute>{attribute}</Attribute><ObisCode>{parts}</ObisCode>'
        "<DeviceIdentification>E0000000000000001</DeviceIdentification></r>"
    )


def test_a_logical_name_is_six_elements() -> None:
    request = form_of_request().read(specific())
    assert (request.class_id, request.attribute, request.obis) == (8, 2, "0.0.1.0.0.255")


def test_what_the_schema_demands_is_there_also_without_a_value() -> None:
    owner = type_of(type_of(SCHEMAS.element("sminst:CoupleMbusDeviceResponse")).child("ChannelElementValues"))
    element = etree.Element("r")
    Form(MbusChannelValues, owner, UTC_ZONE).write(element, MbusChannelValues(channel=2))
    assert [child.text or "" for child in element] == ["2", "0", "00000000", "", "0", "0"]


@pytest.mark.parametrize(
    ("element", "field"),
    [(specific(attribute="500"), "Attribute"), (specific(obis="<a>1</a>"), "ObisCode")],
)
def test_a_broken_rule_names_the_element(element: Any, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        form_of_request().read(element)
    assert caught.value.details["field"] == field


def test_an_element_that_no_field_holds_is_refused_not_dropped() -> None:
    element = specific()
    etree.SubElement(element, f"{{{ADHOC}}}Colour").text = "red"
    with pytest.raises(InvalidRequest, match="Colour"):
        form_of_request().read(element)


@pytest.mark.parametrize("path", ["Nothing", "TimeZone/Deeper", ".", "@unit"])
def test_an_annotation_that_does_not_fit_the_schema_is_told_at_start(path: str) -> None:
    class Wrong(Record):
        field: Annotated[str, Soap(path)]

    with pytest.raises(SchemaMismatch):
        Form(Wrong, owner_of("SynchronizeTime"), UTC_ZONE)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-14T10:15:00.000Z", datetime(2025, 3, 14, 10, 15, tzinfo=UTC)),
        ("2025-03-14T10:15:00+01:00", datetime(2025, 3, 14, 9, 15, tzinfo=UTC)),
        (" 2025-03-14T10:15:00.1234567890-00:30 ", datetime(2025, 3, 14, 10, 45, 0, 123456, tzinfo=UTC)),
        ("2025-03-14T10:15:00", datetime(2025, 3, 14, 9, 15, tzinfo=UTC)),
    ],
)
def test_moments_are_read(text: str, moment: datetime) -> None:
    assert read_date_time(text, ZoneInfo("Europe/Amsterdam")) == moment


@pytest.mark.parametrize("text", ["12025-03-14T10:15:00Z", "-2025-03-14T10:15:00Z", "2025-03-14T24:00:00Z", "today"])
def test_moments_that_no_calendar_here_has_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_date_time(text, UTC)


def test_values_are_written_as_xml_schema_spells_them() -> None:
    moment = datetime(2025, 3, 14, 11, 15, 0, 999999, tzinfo=timezone(timedelta(hours=1)))
    assert write_date_time(moment) == "2025-03-14T10:15:00.999Z"
    assert write(Decimal("1E+3")) == "1000"
    assert write(Decimal("311.940")) == "311.940"
    assert write(b"\xab\x00") == "AB00"
    assert (write(True), write(7), write(AmrProfileStatusFlag.POWER_DOWN)) == ("true", "7", "POWER_DOWN")
    assert clean("a\x00\x1b\ud800\ufffe\tb\U0001f600") == "a\ufffd\ufffd\ufffd\ufffd\tb\U0001f600"


def test_a_rule_about_several_fields_names_their_elements() -> None:
    operation = load_operations()["GetPeriodicMeterReads"]
    form: Form[Any] = Form(operation.request, owner_of(operation.name), UTC_ZONE)
    element = etree.Element(form.owner.name.rpartition(":")[2])
    texts = {"PeriodType": "DAILY", "BeginDate": "2025-03-14T00:00:00Z", "EndDate": "2025-03-13T00:00:00Z"}
    for local, text in texts.items():
        etree.SubElement(element, form.owner.child(local).name).text = text
    with pytest.raises(InvalidRequest) as caught:
        form.read(element)
    assert "BeginDate" in caught.value.details["rule"]
    assert "EndDate" in caught.value.details["rule"]
    assert "_" not in caught.value.details["rule"]
