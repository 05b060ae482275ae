"""What meters know of M-Bus devices and images survives being written down, with its secrets sealed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, boolean, integer, octet_string, structure
from meterstream.dlms.data import double_long_unsigned as u32
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import Medium
from meterstream.simulator.mbus.state import VALVE_CLOSED, MbusState
from meterstream.simulator.mbus.valve import move_valve
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.image_transfer import Firmware
from meterstream.simulator.state.codec import StateCodec

KEY = bytes(range(100, 116))
IMAGE = bytes(range(200, 250)) * 10
Maker = Callable[..., SimulatedMeter]


def written_down(meter: SimulatedMeter) -> tuple[str, list[Any]]:
    """Write all state of a meter as JSON and read it again."""
    codec = StateCodec("demo")
    text = json.dumps([codec.plain(state, b"3") for state in meter.states()])
    return text, [codec.value(plain, b"3") for plain in json.loads(text)]


def act(meter: SimulatedMeter, class_id: int, obis: str, method: int, data: Data) -> None:
    meter.action(1, MethodRef(class_id, LogicalName.parse(obis), method), data)


def test_channels(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    at = int(clock.seconds * 1000)
    act(meter, 72, "0.1.24.1.0.255", 7, octet_string(KEY))
    mbus.install(meter, Medium.WATER, at)
    mbus.swap(meter, 2, at + 5000)
    mbus.report(meter, 2, 3, at + 6000)
    move_valve(meter, 2, VALVE_CLOSED, at + 7000)
    clock.seconds += 7200
    meter.settle()
    text, states = written_down(meter)
    assert meter.peek(MbusState) in states
    assert KEY.hex() not in text
    other = make_meter("SMR 5.1")
    for state in states:
        other.restore(state)
    for channel in (1, 2):
        assert mbus.look(other, channel) == mbus.look(meter, channel)
        assert mbus.reading(other, channel, at + 9_000_000) == mbus.reading(meter, channel, at + 9_000_000)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_images_at_every_step(make_meter: Maker, clock: Any, steps: int) -> None:
    meter = make_meter()
    image = "0.0.44.0.0.255"
    meter.set(1, AttributeRef(18, LogicalName.parse(image), 5), None, boolean(True))
    blocks = [IMAGE[place : place + 216] for place in range(0, len(IMAGE), 216)]
    for step in range(1, steps + 1):
        if step == 1:
            act(meter, 18, image, 1, structure(octet_string(b"NEW 1.0"), u32(len(IMAGE))))
        elif step == 2:
            for number, octets in enumerate(blocks):
                act(meter, 18, image, 2, structure(u32(number), octet_string(octets)))
        else:
            act(meter, 18, image, step, integer(0))
    text, states = written_down(meter)
    assert states == list(meter.states())
    assert IMAGE[:100].hex() not in text
    restored = make_meter()
    for (name, attribute), value in meter.written_values():
        restored.override(AttributeRef(18, LogicalName(name), attribute), value)
    for state in states:
        restored.restore(state)
    for attribute in (3, 4, 6, 7):
        ref = AttributeRef(18, LogicalName.parse(image), attribute)
        assert restored.get(1, ref, None) == meter.get(1, ref, None)


def test_firmware(make_meter: Maker) -> None:
    meter = make_meter()
    firmware = meter.state(Firmware)
    firmware.version, firmware.signature = b"NEW 1.0", b"0011aabb"
    assert written_down(meter)[1] == [firmware]
