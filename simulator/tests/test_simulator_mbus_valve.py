"""Valves of M-Bus devices: commands sent to the device, and the disconnect control of its channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    LogicalName,
    MethodRef,
    array,
    enum,
    integer,
    octet_string,
    structure,
    unsigned,
)
from meterstream.simulator.mbus.device import Medium, consumed
from meterstream.simulator.mbus.valve import open_by_hand
from meterstream.simulator.meter import SimulatedMeter

MANAGEMENT = 1
CLIENT, REGISTER = 72, 4
SUCCESS = (ActionResult.SUCCESS, None)
Maker = Callable[..., SimulatedMeter]


def get(meter: SimulatedMeter, class_id: int, obis: str, attribute: int = 2) -> Any:
    value = meter.get(MANAGEMENT, AttributeRef(class_id, LogicalName.parse(obis), attribute), None)
    assert isinstance(value, Data), value
    return value.value


def put(meter: SimulatedMeter, class_id: int, obis: str, attribute: int, data: Data) -> DataAccessResult:
    return meter.set(MANAGEMENT, AttributeRef(class_id, LogicalName.parse(obis), attribute), None, data)


def act(meter: SimulatedMeter, channel: int, method: int, data: Data | None) -> tuple[ActionResult, Data | None]:
    return meter.action(MANAGEMENT, MethodRef(CLIENT, LogicalName.parse(f"0.{channel}.24.1.0.255"), method), data)


def captured(meter: SimulatedMeter, obis: str) -> float | None:
    moment = CosemDateTime.from_bytes(get(meter, REGISTER, obis, 5)).to_datetime()
    return None if moment is None else moment.timestamp()


def test_data_send_moves_the_valve_and_nothing_flows(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    clock.seconds = clock.seconds // 3600 * 3600
    before = get(meter, REGISTER, "0.1.24.2.2.255")

    def command(value: int) -> Data:
        return array((structure(octet_string(b"\x01"), octet_string(b"\xfd\x1f"), unsigned(value)),))

    assert act(meter, 1, 6, command(0)) == SUCCESS
    clock.seconds += 24 * 3600
    assert get(meter, REGISTER, "0.1.24.2.2.255") == before
    assert captured(meter, "0.1.24.2.2.255") == clock.seconds, "the device still answers"
    assert act(meter, 1, 6, command(1)) == SUCCESS
    clock.seconds += 24 * 3600
    flowed = consumed(Medium.GAS, meter.number, 1, int(clock.seconds)) - consumed(
        Medium.GAS, meter.number, 1, int(clock.seconds) - 24 * 3600
    )
    assert get(meter, REGISTER, "0.1.24.2.2.255") == before + flowed


@pytest.mark.parametrize(("mode", "reconnected"), [(2, 1), (4, 1), (5, 2)])
def test_the_disconnect_control_of_a_channel(make_meter: Maker, clock: Any, mode: int, reconnected: int) -> None:
    meter = make_meter()
    valve = "0.1.24.4.0.255"

    def move(channel: int, method: int) -> ActionResult:
        name = LogicalName.parse(f"0.{channel}.24.4.0.255")
        return meter.action(MANAGEMENT, MethodRef(70, name, method), integer(0))[0]

    assert [get(meter, 70, valve, attribute) for attribute in (2, 3, 4)] == [True, 1, 5]
    assert put(meter, 70, valve, 4, enum(mode)) is DataAccessResult.SUCCESS
    assert put(meter, 70, valve, 4, enum(7)) is DataAccessResult.OTHER_REASON
    assert move(1, 1) is ActionResult.SUCCESS
    before = get(meter, REGISTER, "0.1.24.2.2.255")
    assert [get(meter, 70, valve, attribute) for attribute in (2, 3)] == [False, 0]
    clock.seconds += 7200
    assert get(meter, REGISTER, "0.1.24.2.2.255") - before < 3000, "only what flowed before it was shut"
    shut = get(meter, REGISTER, "0.1.24.2.2.255")
    assert move(1, 2) is ActionResult.SUCCESS
    assert get(meter, 70, valve, 3) == reconnected
    assert open_by_hand(meter, 1, int(clock.seconds * 1000)) is (reconnected == 2)
    assert [get(meter, 70, valve, attribute) for attribute in (2, 3)] == [True, 1]
    clock.seconds += 7200
    assert get(meter, REGISTER, "0.1.24.2.2.255") > shut
    assert move(2, 1) is ActionResult.TEMPORARY_FAILURE, "no device"
    assert put(meter, 70, valve, 4, enum(0)) is DataAccessResult.SUCCESS
    assert move(1, 1) is ActionResult.OTHER_REASON


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (None, ActionResult.TYPE_UNMATCHED),
        (unsigned(1), ActionResult.TYPE_UNMATCHED),
        (array((unsigned(1),)), ActionResult.TYPE_UNMATCHED),
        (array((structure(octet_string(b"\x01"), unsigned(1), unsigned(1)),)), ActionResult.TYPE_UNMATCHED),
        (array((structure(octet_string(b"\x01"), octet_string(b"\xfd\x0f"), enum(1)),)), ActionResult.SUCCESS),
    ],
)
def test_data_send_checks_its_blocks(make_meter: Maker, data: Data | None, result: ActionResult) -> None:
    assert act(make_meter(), 1, 6, data) == (result, None)
