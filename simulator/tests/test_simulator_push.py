"""Octets of push messages, and what the decoders of the DLMS core make of them."""

from __future__ import annotations

import pytest

from meterstream.dlms.apdu import decode_data_notification, decode_event_notification
from meterstream.dlms.data import CosemDateTime, LogicalName, octet_string
from meterstream.dlms.data import double_long_unsigned as u32
from meterstream.dlms.errors import DecodeError
from meterstream.dlms.framing import HEADER
from meterstream.dlms.objects import load_profile
from meterstream.simulator.push import (
    CSD_OF_TEXT,
    SMS_OF_TEXT,
    PushDefect,
    PushForm,
    PushMessage,
    Transport,
    form_of,
    mx382_push,
    notification_push,
    standard_values,
    text_push,
)

DEVICE = b"EXXXX123456789012"
MX382_16, MX382_17 = b"E000100000000000", b"E0001000000000000"
ALARM_SETUP = LogicalName.parse("0.1.25.9.0.255")
ALARM_MONITOR = LogicalName.parse("0.0.16.1.0.255")
SMS_SETUP = LogicalName.parse("0.2.25.9.0.255")
AUTO_ANSWER = LogicalName.parse("0.0.2.2.0.255")
UDP_SETUP = LogicalName.parse("0.3.25.9.0.255")
SCHEDULER = LogicalName.parse("0.0.15.0.4.255")
MOMENT = CosemDateTime(2024, 7, 15, 1, 10, 30, 0, 0, -120, 0x80)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (text_push(DEVICE, SMS_OF_TEXT, (2,)), "45585858583132333435363738393031322C00000002"),
        (text_push(DEVICE, SMS_OF_TEXT, (0x02022104,)), "45585858583132333435363738393031322C02022104"),
        (text_push(DEVICE, SMS_OF_TEXT), "45585858583132333435363738393031322C0000020300FF"),
        (text_push(DEVICE, CSD_OF_TEXT), "45585858583132333435363738393031322C0000020200FF"),
        (text_push(DEVICE, SCHEDULER), "45585858583132333435363738393031322C00000F0004FF"),
        (
            notification_push(standard_values(DEVICE, ALARM_SETUP, (2,))),
            "00010001000100280F000000010002030911455858585831323334353637383930313209060001190900FF0600000002",
        ),
        (
            notification_push(standard_values(DEVICE, ALARM_MONITOR, (0x08000000, 9))),
            (
                "000100010001002D0F000000010002040911455858585831323334353637383930313209060000100100FF0608000000"
                "0600000009"
            ),
        ),
        (
            notification_push(standard_values(DEVICE, SMS_SETUP)),
            "00010001000100230F000000010002020911455858585831323334353637383930313209060002190900FF",
        ),
        (
            notification_push(standard_values(DEVICE, AUTO_ANSWER), time=MOMENT),
            (
                "000100010001002F0F000000010C07E8070F010A1E0000FF8880020209114558585858313233343536373839303132"
                "09060000020200FF"
            ),
        ),
        (
            notification_push(standard_values(DEVICE, UDP_SETUP, (1,))),
            "00010001000100280F000000010002030911455858585831323334353637383930313209060003190900FF0600000001",
        ),
        (
            mx382_push(MX382_16),
            "000100670066001DC200000180808080800002091045303030313030303030303030303030",
        ),
        (
            mx382_push(MX382_16, MOMENT),
            "000100670066002AC2090C07E8070F010A1E0000FF8880000180808080800002091045303030313030303030303030303030",
        ),
        (
            mx382_push(MX382_17),
            "000100670066001EC20000018080808080000209114530303031303030303030303030303030",
        ),
    ],
)
def test_the_documented_messages(octets: bytes, expected: str) -> None:
    assert octets.hex().upper() == expected


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (
            text_push(DEVICE, SMS_OF_TEXT, (0,), PushDefect.UNUSED_BIT),
            "45585858583132333435363738393031322C00000020",
        ),
        (
            text_push(DEVICE, SMS_OF_TEXT, (2,), PushDefect.WRONG_COUNT),
            "45585858583132333435363738393031322C0000000200",
        ),
        (
            text_push(DEVICE, SMS_OF_TEXT, (2,), PushDefect.WRONG_TYPE),
            "45585858583132333435363738393031323B00000002",
        ),
        (
            notification_push(standard_values(DEVICE, ALARM_SETUP, (2,)), defect=PushDefect.WRONG_COUNT),
            (
                "00010001000100320F000000010002050911455858585831323334353637383930313209060001190900FF06000000020600000000"
                "0600000000"
            ),
        ),
        (
            notification_push(standard_values(DEVICE, ALARM_SETUP, (2,)), defect=PushDefect.WRONG_TYPE),
            "00010001000100260F000000010002030911455858585831323334353637383930313209060001190900FF120002",
        ),
    ],
)
def test_the_documented_malformed_messages(octets: bytes, expected: str) -> None:
    assert octets.hex().upper() == expected


def test_notifications_are_read_by_the_core() -> None:
    octets = notification_push(standard_values(DEVICE, ALARM_SETUP, (5, 6)), (1, 102), MOMENT)
    assert HEADER.unpack_from(octets) == (1, 1, 102, len(octets) - HEADER.size)
    notification = decode_data_notification(octets[HEADER.size :])
    assert notification.date_time == MOMENT
    assert notification.data.value == (octet_string(DEVICE), octet_string(ALARM_SETUP), u32(5), u32(6))


def test_mx382_is_read_by_the_core() -> None:
    octets = mx382_push(MX382_17, MOMENT)
    notification = decode_event_notification(octets[HEADER.size :])
    assert (notification.time, notification.data) == (MOMENT, octet_string(MX382_17))
    assert notification.ref.logical_name == LogicalName.parse("128.128.128.128.128.0")


def test_other_defects() -> None:
    values = standard_values(DEVICE, ALARM_SETUP, (2,))
    whole = notification_push(values)
    assert notification_push(values, defect=PushDefect.CUT_SHORT) == whole[: len(whole) // 2]
    with pytest.raises(DecodeError):
        decode_data_notification(notification_push(values, defect=PushDefect.CUT_SHORT)[HEADER.size :])
    nameless = decode_data_notification(notification_push(values, defect=PushDefect.NO_IDENTIFICATION)[HEADER.size :])
    assert nameless.data.value == (octet_string(b""), *values[1:])
    unused = decode_data_notification(notification_push(values, defect=PushDefect.UNUSED_BIT)[HEADER.size :])
    assert unused.data.value == (*values[:2], u32(0x22))
    assert text_push(DEVICE, SMS_OF_TEXT, (2,), PushDefect.NO_IDENTIFICATION) == b",\x00\x00\x00\x02"
    without_register = standard_values(DEVICE, SMS_SETUP)
    assert notification_push(without_register, defect=PushDefect.WRONG_TYPE) == notification_push(without_register)
    for defect in (PushDefect.NO_IDENTIFICATION, PushDefect.WRONG_COUNT, PushDefect.CUT_SHORT):
        assert mx382_push(MX382_17, defect=defect) != mx382_push(MX382_17)


@pytest.mark.parametrize(
    ("protocol", "form"),
    [
        ("DSMR 2.2", PushForm.MX382),
        ("DSMR 4.2.2", PushForm.TEXT),
        ("SMR 4.3", PushForm.TEXT),
        ("SMR 5.0.0", PushForm.NOTIFICATION),
        ("SMR 5.5", PushForm.NOTIFICATION),
        ("IDIS 2.0", PushForm.NOTIFICATION),
    ],
)
def test_the_form_follows_from_the_companion_standard(protocol: str, form: PushForm) -> None:
    assert form_of(load_profile(*protocol.split(" "))) is form


def test_a_message_does_not_show_its_octets() -> None:
    assert "4558" not in repr(PushMessage(1, "10.0.0.1:9598", Transport.TCP, text_push(DEVICE, SMS_OF_TEXT)))
