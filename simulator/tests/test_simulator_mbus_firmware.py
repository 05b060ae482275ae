"""Firmware of M-Bus devices: the file as the head-end prepares it, its way through the meter, what the device says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import (
    AttributeRef,
    Data,
    LogicalName,
    MethodRef,
    boolean,
    double_long_unsigned,
    integer,
    octet_string,
    structure,
)
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import MbusIdentity, Medium, manufacturer_code
from meterstream.simulator.mbus.firmware import (
    FirmwareOutcome,
    addressee,
    check_firmware,
    identifier_of,
    is_for_mbus,
    message_authentication_code,
    version_of,
)
from meterstream.simulator.mbus.keys import mbus_keys_for
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.image import ImageStatus

DEVICE = MbusIdentity(12345678, manufacturer_code("ELS"), 0x50, 3)
KEY = bytes.fromhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF")
FILE = bytes.fromhex(
    "534D523500230011004000100000001000020801931578563412500303000000000000404142434445464748494A4B4C4D4E4F"
    "2C45A2AD869442C8C4AEBF49F9643A8B"
)
IDENTIFIER = bytes.fromhex("454C534D425553785634129315500300000000")
MANAGEMENT = 1
NAME = LogicalName.parse("0.0.44.0.0.255")
BEGIN = bytes.fromhex("07EA070FFF0C071E")
"""The test clock at the start, as the meters show it."""
Maker = Callable[..., SimulatedMeter]


def changed(place: int, octets: bytes, key: bytes = KEY) -> bytes:
    """Change octets of the file and give it a message authentication code that fits."""
    body = FILE[:place] + octets + FILE[place + len(octets) : -16]
    return body + message_authentication_code(body, key)


# --- the file ---


def test_the_documented_file_passes() -> None:
    assert check_firmware(FILE, DEVICE, KEY) is FirmwareOutcome.SUCCESSFUL
    assert message_authentication_code(FILE[:-16], KEY) == FILE[-16:]
    assert version_of(FILE) == bytes.fromhex("00400011")
    assert identifier_of(DEVICE) == IDENTIFIER
    assert is_for_mbus(IDENTIFIER)
    assert addressee(IDENTIFIER) == ("ELS", 12345678)
    assert not is_for_mbus(b"IMG-EXAMPLE-01")
    assert not is_for_mbus(IDENTIFIER + b"\x00")


@pytest.mark.parametrize(
    ("octets", "outcome"),
    [
        (FILE[:34], FirmwareOutcome.IMAGE_NOT_COMPLETE),
        (FILE[:-1], FirmwareOutcome.IMAGE_NOT_COMPLETE),
        (FILE + b"\x00", FirmwareOutcome.IMAGE_NOT_COMPLETE),
        (b"SMR4" + FILE[4:], FirmwareOutcome.DATA_RECEIVE_ERROR),
        (changed(0, b"5RMS"), FirmwareOutcome.SUCCESSFUL),
        (changed(5, b"\x24"), FirmwareOutcome.DATA_RECEIVE_ERROR),
        (changed(17, b"\x03"), FirmwareOutcome.INVALID_SECURITY),
        (FILE[:-1] + b"\x00", FirmwareOutcome.INVALID_SECURITY),
        (FILE[:40] + b"\x00" + FILE[41:], FirmwareOutcome.INVALID_SECURITY),
        (changed(50, b"\x4f", bytes(16)), FirmwareOutcome.INVALID_SECURITY),
        (changed(22, b"\x79"), FirmwareOutcome.INVALID_FIRMWARE_FOR_THIS_DEVICE),
        (changed(22, b"\xff\xff\xff\xff"), FirmwareOutcome.INVALID_FIRMWARE_FOR_THIS_DEVICE),
        (changed(20, b"\x94"), FirmwareOutcome.INVALID_FIRMWARE_FOR_THIS_DEVICE),
        (changed(26, b"\x51"), FirmwareOutcome.INVALID_FIRMWARE_FOR_THIS_DEVICE),
        (changed(27, b"\x07"), FirmwareOutcome.INVALID_FIRMWARE_FOR_THIS_DEVICE),
        (changed(28, b"\x01"), FirmwareOutcome.INVALID_FIRMWARE_FOR_THIS_DEVICE),
        (changed(29, b"\x01"), FirmwareOutcome.INVALID_FIRMWARE_FOR_THIS_DEVICE),
    ],
)
def test_what_a_device_makes_of_a_file(octets: bytes, outcome: FirmwareOutcome) -> None:
    assert check_firmware(octets, DEVICE, KEY) is outcome


# --- through the meter ---


def get(meter: SimulatedMeter, class_id: int, obis: str, attribute: int = 2) -> Any:
    value = meter.get(MANAGEMENT, AttributeRef(class_id, LogicalName.parse(obis), attribute), None)
    assert isinstance(value, Data), value
    return value.value


def act(meter: SimulatedMeter, method: int, data: Data) -> ActionResult:
    return meter.action(MANAGEMENT, MethodRef(18, NAME, method), data)[0]


def codes(meter: SimulatedMeter) -> list[int]:
    """List what the auxiliary event log got since the test began."""
    return [row.value[1].value for row in get(meter, 7, "0.0.99.98.6.255") if row.value[0].value >= BEGIN]


def file_for(meter: SimulatedMeter, channel: int, key: bytes | None = None) -> tuple[bytes, bytes]:
    """Prepare a file for the device on a channel: image identifier and octets."""
    identity = mbus.look(meter, channel).identity
    number = bytes.fromhex(f"{identity.identification:08d}")[::-1]
    version = bytes.fromhex("22005000")
    body = FILE[:7] + version + FILE[11:20] + identity.manufacturer.to_bytes(2, "little") + number + FILE[26:-16]
    key = key or mbus_keys_for("meterstream", identity.identification).firmware
    return identifier_of(identity), body + message_authentication_code(body, key)


def update(meter: SimulatedMeter, identifier: bytes, octets: bytes) -> None:
    """Do what the head-end does: initiate, all blocks, activate."""
    enable = meter.set(MANAGEMENT, AttributeRef(18, NAME, 5), None, boolean(True))
    assert enable is DataAccessResult.SUCCESS
    begin = structure(octet_string(identifier), double_long_unsigned(len(octets)))
    assert act(meter, 1, begin) is ActionResult.SUCCESS
    assert act(meter, 2, structure(double_long_unsigned(0), octet_string(octets))) is ActionResult.SUCCESS
    assert act(meter, 4, integer(0)) is ActionResult.TEMPORARY_FAILURE


def test_an_image_reaches_its_device(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    update(meter, *file_for(meter, 1))
    clock.seconds += 60
    assert get(meter, 18, "0.0.44.0.0.255", 6) == ImageStatus.ACTIVATION_SUCCESSFUL
    assert get(meter, 4, "0.1.24.2.11.255") == bytes.fromhex("00400011"), "it is on its way"
    assert codes(meter) == []
    clock.seconds += 3600
    assert get(meter, 4, "0.1.24.2.11.255") == bytes.fromhex("00500022")
    assert codes(meter) == [0x1000]


def test_a_device_says_what_is_wrong(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    update(meter, *file_for(meter, 1, KEY))
    clock.seconds += 3700
    assert codes(meter) == [0x1006]
    assert get(meter, 4, "0.1.24.2.11.255") == bytes.fromhex("00400011")
    identifier, octets = file_for(meter, 1)
    update(meter, identifier, octets[:-1])
    clock.seconds += 3700
    assert codes(meter) == [0x1006, 0x1005]
    mbus.vanish(meter, 1, int(clock.seconds * 1000))
    update(meter, identifier, octets)
    clock.seconds += 3700
    assert codes(meter) == [0x1006, 0x1005, 0x1004]


def test_missing_blocks_end_it_at_once(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    meter.set(MANAGEMENT, AttributeRef(18, NAME, 5), None, boolean(True))
    identifier, octets = file_for(meter, 1)
    begin = structure(octet_string(identifier), double_long_unsigned(len(octets)))
    assert act(meter, 1, begin) is ActionResult.SUCCESS
    assert act(meter, 4, integer(0)) is ActionResult.TEMPORARY_FAILURE
    clock.seconds += 60
    assert get(meter, 18, "0.0.44.0.0.255", 6) == ImageStatus.ACTIVATION_FAILED
    assert codes(meter) == [0x1005]


def test_a_device_swapped_meanwhile_has_its_own_firmware(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    update(meter, *file_for(meter, 1))
    clock.seconds += 60
    assert get(meter, 18, "0.0.44.0.0.255", 6) == ImageStatus.ACTIVATION_SUCCESSFUL
    mbus.swap(meter, 1, int(clock.seconds * 1000), Medium.GAS)
    clock.seconds += 3700
    assert get(meter, 4, "0.1.24.2.11.255") == bytes.fromhex("00400011")
    assert codes(meter) == []


@pytest.mark.parametrize("protocol", ["SMR 5.1", "DSMR 4.2.2"])
def test_only_devices_of_this_meter_and_only_in_smr_5(make_meter: Maker, protocol: str) -> None:
    meter = make_meter(protocol)
    meter.set(MANAGEMENT, AttributeRef(18, NAME, 5), None, boolean(True))
    own = identifier_of(mbus.look(meter, 1).identity)
    stranger = structure(octet_string(IDENTIFIER), double_long_unsigned(len(FILE)))
    assert act(meter, 1, stranger) is ActionResult.OTHER_REASON
    expected = ActionResult.SUCCESS if protocol == "SMR 5.1" else ActionResult.OTHER_REASON
    assert act(meter, 1, structure(octet_string(own), double_long_unsigned(len(FILE)))) is expected
