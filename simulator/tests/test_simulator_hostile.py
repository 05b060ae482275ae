"""Whatever a client writes or invokes, a meter answers with a result, and can be read afterwards."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import AttributeRef, BitString, Data, DataType, LogicalName, MethodRef
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.options import PushOptions
from meterstream.simulator.settings import FleetSettings

MANAGEMENT, PUBLIC = 1, 16
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
PROTOCOLS = ("DSMR 2.2", "DSMR 4.2.2", "SMR 4.3", "SMR 5.5")

_OCTETS = st.one_of(
    st.binary(max_size=20),
    st.sampled_from((bytes.fromhex("07EA0714FF0C000000FF8880"), bytes(12), b"\xff" * 12, bytes(6), bytes(4), bytes(5))),
)
_SCALARS = {
    DataType.NULL_DATA: st.none(),
    DataType.BOOLEAN: st.booleans(),
    DataType.BIT_STRING: st.text("01", max_size=24).map(BitString),
    DataType.DOUBLE_LONG_UNSIGNED: st.integers(0, 2**32 - 1),
    DataType.OCTET_STRING: _OCTETS,
    DataType.INTEGER: st.integers(-128, 127),
    DataType.LONG: st.integers(-(2**15), 2**15 - 1),
    DataType.UNSIGNED: st.integers(0, 255),
    DataType.LONG_UNSIGNED: st.integers(0, 2**16 - 1),
    DataType.ENUM: st.integers(0, 255),
}


def _of(kind: DataType) -> st.SearchStrategy[Data]:
    if kind in (DataType.ARRAY, DataType.STRUCTURE):
        return st.lists(_ANY, max_size=5).map(lambda parts: Data(kind, tuple(parts)))
    return _SCALARS.get(kind, st.just(0)).map(lambda value: Data(kind, value))


_ANY = st.deferred(lambda: st.sampled_from((*_SCALARS, DataType.ARRAY, DataType.STRUCTURE)).flatmap(_of))


@cache
def _fleet() -> SimulatedFleet:
    now = datetime(2026, 7, 15, 12, 7, 30, tzinfo=AMSTERDAM).timestamp()
    pushes = PushOptions(destination="192.0.2.1:9000")  # nothing is sent: the fleet is not started
    return SimulatedFleet(FleetSettings(meters=len(PROTOCOLS), protocols=PROTOCOLS, pushes=pushes), lambda: now)


def _read_everything(meter: SimulatedMeter) -> None:
    """What makes rows is read only where little of it is needed: the number of rows."""
    for item in meter.tree.objects.values():
        for attribute in item.attributes.values():
            if attribute.readable and not (item.class_id == 7 and attribute.number == 2):
                ref = AttributeRef(item.class_id, LogicalName(item.logical_name), attribute.number)
                assert isinstance(meter.get(MANAGEMENT, ref, None), Data), ref


@pytest.mark.parametrize("number", range(1, len(PROTOCOLS) + 1))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_value_of_the_right_type(number: int, data: st.DataObject) -> None:
    meter = _fleet().meter(number)
    writable = [
        (item, attribute)
        for item in meter.tree.objects.values()
        for attribute in item.attributes.values()
        if attribute.writable
    ]
    item, attribute = data.draw(st.sampled_from(writable))
    value = data.draw(_of(attribute.type))
    ref = AttributeRef(item.class_id, LogicalName(item.logical_name), attribute.number)
    before = meter.get(MANAGEMENT, ref, None)
    result = meter.set(MANAGEMENT, ref, None, value)
    assert isinstance(result, DataAccessResult)
    if result is not DataAccessResult.SUCCESS:
        assert meter.get(MANAGEMENT, ref, None) == before
    assert meter.set(PUBLIC, ref, None, value) in (
        DataAccessResult.READ_WRITE_DENIED,
        DataAccessResult.OBJECT_UNDEFINED,
    )


@pytest.mark.parametrize("number", range(1, len(PROTOCOLS) + 1))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_parameter_of_any_method(number: int, data: st.DataObject) -> None:
    meter = _fleet().meter(number)
    methods = [(item, method) for item in meter.tree.objects.values() for method in item.methods]
    item, method = data.draw(st.sampled_from(methods))
    value = data.draw(st.none() | _ANY)
    result, answer = meter.action(MANAGEMENT, MethodRef(item.class_id, LogicalName(item.logical_name), method), value)
    assert isinstance(result, ActionResult)
    assert answer is None or isinstance(answer, Data)


def _attributes_of(meter: SimulatedMeter) -> list[tuple[int, str, int]]:
    return [
        (meter.number, str(LogicalName(item.logical_name)), attribute)
        for item in meter.tree.objects.values()
        for attribute in item.attributes
    ]


_ANYWHERE = st.deferred(
    lambda: st.sampled_from([_attributes_of(_fleet().meter(number)) for number in range(1, len(PROTOCOLS) + 1)])
).flatmap(st.sampled_from)
_ALARM_SETUP = "0.1.25.9.0.255"
_NO_WINDOW = Data(DataType.ARRAY, (Data(DataType.NULL_DATA, None),))
_NO_TEXT = (Data(DataType.ENUM, 0), Data(DataType.OCTET_STRING, b"\xff"), Data(DataType.ENUM, 0))


def _let_alarms_through(meter: SimulatedMeter) -> None:
    alarms = meter.tree.by_role.get("alarm_filter_1")
    if alarms is not None:
        ref = AttributeRef(alarms.class_id, LogicalName(alarms.logical_name), 2)
        meter.override(ref, Data(DataType.DOUBLE_LONG_UNSIGNED, 2**32 - 1))


@settings(max_examples=400, deadline=None)
@example(place=(4, _ALARM_SETUP, 2), value=Data(DataType.NULL_DATA, None))
@example(place=(4, _ALARM_SETUP, 3), value=Data(DataType.NULL_DATA, None))
@example(place=(4, _ALARM_SETUP, 3), value=Data(DataType.STRUCTURE, _NO_TEXT))
@example(place=(4, _ALARM_SETUP, 4), value=_NO_WINDOW)
@given(place=_ANYWHERE, value=_ANY)
def test_any_value_that_the_control_interface_puts_anywhere(place: tuple[int, str, int], value: Data) -> None:
    """Nothing checks its type; methods, buffers, what is planned and alarms meet it all the same."""
    number, name, attribute_number = place
    meter = _fleet().meter(number)
    item = next(each for each in meter.tree.objects.values() if str(LogicalName(each.logical_name)) == name)
    attribute = item.attributes[attribute_number]
    ref = AttributeRef(item.class_id, LogicalName(item.logical_name), attribute.number)
    _let_alarms_through(meter)
    assert meter.override(ref, value) is DataAccessResult.SUCCESS
    try:
        if attribute.readable:
            assert meter.get(MANAGEMENT, ref, None) == value
        for method in item.methods:
            meter.action(MANAGEMENT, MethodRef(item.class_id, LogicalName(item.logical_name), method), value)
        item.behaviour.due(meter, item, meter.model.now_ms())
        if item.class_id == 7 and attribute.number not in (2, 8):
            assert isinstance(meter.get(MANAGEMENT, ref._replace(attribute=2), None), Data)
        meter.raise_alarm(1, 0, meter.model.now_ms())
    finally:
        meter.override(ref, None)


def test_an_alarm_is_raised_in_a_register_that_holds_a_strange_number() -> None:
    meter = _fleet().meter(3)
    register = meter.tree.by_role["alarm_register_1"]
    ref = AttributeRef(register.class_id, LogicalName(register.logical_name), 2)
    meter.override(ref, Data(DataType.INTEGER, -1))
    try:
        meter.raise_alarm(1, 0, meter.model.now_ms())
    finally:
        meter.override(ref, None)
    assert isinstance(meter.get(MANAGEMENT, ref, None), Data)


@pytest.mark.parametrize("number", range(1, len(PROTOCOLS) + 1))
def test_the_meter_is_still_whole(number: int) -> None:
    _read_everything(_fleet().meter(number))
