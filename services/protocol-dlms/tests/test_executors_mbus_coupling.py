"""CoupleMbusDevice: which channel is a device's, and what is written where it is on none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from wire import DEVICE, context, profile, set_list

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.couple_mbus_device import CoupleMbusDeviceRequest, CoupleMbusDeviceResponse
from meterstream.contracts.records import MbusDevice
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import double_long_unsigned, long_unsigned, null, unsigned
from meterstream.protocol_dlms.executor import AccessRefused, At
from meterstream.protocol_dlms.executors import couple_mbus_device
from meterstream.protocol_dlms.mbus import CLIENT
from meterstream.protocol_dlms.twin import MemoryMeter

NAME = "G0001000012049260"
REQUEST = CoupleMbusDeviceRequest(mbus_device_identification=NAME)
LGB = 0x30E2
NOBODY = (0, 0, 0, 0, 0)
THE_DEVICE = (0, 12049260, LGB, 66, 3)


def gas(**changes: Any) -> MbusDevice:
    known = {
        "device_identification": NAME,
        "identification_number": "12049260",
        "manufacturer": "LGB",
        "version": 66,
        "device_type": 3,
    }
    return MbusDevice.model_validate(known | changes)


def meter_with(*channels: tuple[int, int, int, int, int], protocol: str = "SMR 5.0.0") -> MemoryMeter:
    """Primary address, identification number as on the wire, manufacturer, version and device type by channel."""
    meter = MemoryMeter(profile(protocol))
    for channel, values in enumerate(channels, 1):
        kinds = (unsigned, double_long_unsigned, long_unsigned, unsigned, unsigned)
        for attribute, (kind, value) in enumerate(zip(kinds, values, strict=True), 5):
            meter.put(At(CLIENT, attribute, channel), kind(value))
    return meter


async def couple(meter: MemoryMeter, device: MbusDevice) -> CoupleMbusDeviceResponse:
    known = replace(DEVICE, mbus_devices={device.device_identification: device})
    return await couple_mbus_device.execute(REQUEST, context(meter, known))


async def verify(meter: MemoryMeter, device: MbusDevice) -> CoupleMbusDeviceResponse | None:
    known = replace(DEVICE, mbus_devices={device.device_identification: device})
    return await couple_mbus_device.verify(REQUEST, context(meter, known))


@pytest.mark.parametrize("place", [1, 2, 3, 4])
async def test_a_device_that_stands_there_is_found_in_one_exchange(place: int) -> None:
    channels = [NOBODY] * 4
    channels[place - 1] = THE_DEVICE
    meter = meter_with(*channels)
    response = await couple(meter, gas())
    assert response.mbus_device_identification == NAME
    assert response.channel_values.channel == place
    assert response.channel_values.identification_number == "12049260"
    assert meter.exchanges == 1
    assert await verify(meter, gas()) == response


async def test_leading_zeros_and_small_letters_are_the_same_device() -> None:
    meter = meter_with((0, 49260, LGB, 66, 3), NOBODY, NOBODY, NOBODY)
    response = await couple(meter, gas(identification_number="49260", manufacturer="lgb"))
    assert response.channel_values.channel == 1


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ("SMR 4.3", "0406120492601230E211421103"),
        ("SMR 5.0.0", "040600B7DB6C1230E211421103"),
    ],
)
async def test_on_none_it_is_put_on_the_first_free_one(protocol: str, expected: str) -> None:
    meter = meter_with((0, 5, LGB, 1, 3), NOBODY, NOBODY, NOBODY, protocol=protocol)
    assert await verify(meter, gas()) is None
    meter.asked.clear()
    response = await couple(meter, gas())
    assert response.channel_values.channel == 2
    assert response.channel_values.primary_address == 0
    written = [access for access in meter.asked if access[0] == "set"]
    assert set_list(written, 0x48) == (
        "C104480400480002180100FF060000480002180100FF070000480002180100FF080000480002180100FF0900" + expected
    )
    assert (await couple(meter, gas())).channel_values.channel == 2
    assert await verify(meter, gas()) is not None


async def test_a_wired_device_is_known_by_its_address_and_gets_it() -> None:
    wired = gas(primary_address=7, version=None)
    meter = meter_with((6, *THE_DEVICE[1:]), (7, *THE_DEVICE[1:]), NOBODY, NOBODY)
    assert (await couple(meter, wired)).channel_values.channel == 2
    meter = meter_with(NOBODY, NOBODY, NOBODY, NOBODY)
    response = await couple(meter, wired)
    assert response.channel_values.primary_address == 7
    assert [str(ref) for kind, ref, _ in meter.asked if kind == "set"] == [
        f"72/0.1.24.1.0.255/{attribute}" for attribute in (6, 7, 9, 5)
    ]


async def test_the_channel_that_says_most_wins_and_contradicts_nothing() -> None:
    meter = meter_with(
        (1, 12049260, 0, 0, 4),  # another device type
        (2, 0, LGB, 66, 3),
        (3, 12049260, 0, 0, 3),
        (0, 12049260, LGB, 0, 3),  # without primary address
    )
    assert (await couple(meter, gas())).channel_values.channel == 3
    meter = meter_with((1, 0, LGB, 66, 0), (2, 0, 0, 66, 3), NOBODY, NOBODY)
    assert (await couple(meter, gas())).channel_values.channel == 1, "the first on a tie"


async def test_an_address_alone_says_nothing_of_who_is_there() -> None:
    meter = meter_with((9, 0, 0, 0, 0), NOBODY, NOBODY, NOBODY)
    assert (await couple(meter, gas())).channel_values.channel == 2, "channel 1 is neither the device's nor free"


async def test_no_channel_is_free() -> None:
    meter = meter_with(*[(0, number, LGB, 66, 3) for number in (1, 2, 3, 4)])
    with pytest.raises(PlatformError) as caught:
        await couple(meter, gas())
    assert caught.value.code.number == 215


async def test_a_refused_channel_is_not_taken_for_a_free_one() -> None:
    meter = meter_with(NOBODY, NOBODY, NOBODY, NOBODY)
    meter.put(At(CLIENT, 7, 1), DataAccessResult.TEMPORARY_FAILURE)
    with pytest.raises(AccessRefused, match="manufacturer of channel 1"):
        await couple(meter, gas())
    assert all(kind == "get" for kind, _, _ in meter.asked)


async def test_channels_that_the_meter_has_not_are_passed_over() -> None:
    meter = meter_with((0, 5, LGB, 1, 3))
    with pytest.raises(PlatformError) as caught:
        await couple(meter, gas())
    assert caught.value.code.number == 215
    meter = meter_with((0, 5, LGB, 1, 3), NOBODY)
    assert (await couple(meter, gas())).channel_values.channel == 2


async def test_null_is_nobody() -> None:
    meter = meter_with((0, 5, LGB, 1, 3), NOBODY)
    for attribute in range(5, 10):
        meter.put(At(CLIENT, attribute, 2), null())
    assert (await couple(meter, gas())).channel_values.channel == 2


async def test_a_number_that_is_none_is_told_unless_the_device_came_before_it() -> None:
    broken = (0, 100_000_000, LGB, 66, 3)
    with pytest.raises(PlatformError, match="Invalid Channel information in channel 1"):
        await couple(meter_with(broken, THE_DEVICE, NOBODY, NOBODY), gas())
    assert (await couple(meter_with(THE_DEVICE, broken), gas())).channel_values.channel == 1


@pytest.mark.parametrize("lacking", ["identification_number", "manufacturer", "version", "device_type"])
async def test_a_device_of_which_too_little_is_known_is_not_put_anywhere(lacking: str) -> None:
    meter = meter_with(THE_DEVICE, NOBODY, NOBODY, NOBODY)
    with pytest.raises(PlatformError, match=f"{NAME} has no {lacking}") as caught:
        await couple(meter, gas(**{lacking: None}))
    assert caught.value.code.number == 401
    assert meter.exchanges == 1


@pytest.mark.parametrize("change", [{"identification_number": "1234567890"}, {"manufacturer": "L1"}])
async def test_what_is_no_identifier_is_not_written(change: dict[str, str]) -> None:
    meter = meter_with(NOBODY, NOBODY, NOBODY, NOBODY)
    with pytest.raises(PlatformError, match=NAME) as caught:
        await couple(meter, gas(**change))
    assert caught.value.code.number == 401
    assert meter.exchanges == 1
