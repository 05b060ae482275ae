"""What meters send unasked: data-notification and event-notification-request."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from gurux_dlms import GXByteBuffer, GXDLMSTranslator
from gurux_dlms.enums import InterfaceType, TranslatorOutputType
from gurux_dlms.GXDLMSNotify import GXDLMSNotify
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterstream.dlms import data as d
from meterstream.dlms.apdu import (
    DataNotification,
    EventNotificationRequest,
    decode_data_notification,
    decode_event_notification,
)
from meterstream.dlms.data import AttributeRef, CosemDateTime, Data, DataLimits, LogicalName
from meterstream.dlms.errors import DecodeError, DlmsError, EncodeError, LimitExceeded

SMR = b"EXXXX123456789012"
TIME = CosemDateTime(2024, 7, 15, 1, 10, 30, 0, 0, -120, 0x80)
HEADER = 8


def pushed(obis: str, *registers: int) -> Data:
    name = d.octet_string(LogicalName.parse(obis))
    return d.structure(d.octet_string(SMR), name, *map(d.double_long_unsigned, registers))


DATA_NOTIFICATIONS = [
    (
        "00010001000100280F000000010002030911455858585831323334353637383930313209060001190900FF0600000002",
        DataNotification(1, pushed("0.1.25.9.0.255", 2)),
    ),
    (
        "000100010001002D0F000000010002040911455858585831323334353637383930313209060000100100FF06080000000600000009",
        DataNotification(1, pushed("0.0.16.1.0.255", 0x08000000, 9)),
    ),
    (
        "00010001000100230F000000010002020911455858585831323334353637383930313209060002190900FF",
        DataNotification(1, pushed("0.2.25.9.0.255")),
    ),
    (
        "000100010001002F0F000000010C07E8070F010A1E0000FF888002020911455858585831323334353637383930313209060000020200FF",
        DataNotification(1, pushed("0.0.2.2.0.255"), TIME),
    ),
    (
        "00010001000100280F000000010002030911455858585831323334353637383930313209060003190900FF0600000001",
        DataNotification(1, pushed("0.3.25.9.0.255", 1)),
    ),
    (  # the tag that some meters write
        "000100010001000E0F40000000090C07E8070F010A1E0000FF88801105",
        DataNotification(0x40000000, d.unsigned(5), TIME, tagged_time=True),
    ),
]
ALARM = AttributeRef(1, bytes((128, 128, 128, 128, 128, 0)), 2)
EVENT_NOTIFICATIONS = [
    (
        "000100670066001DC200000180808080800002091045303030313030303030303030303030",
        EventNotificationRequest(ALARM, d.octet_string(b"E000100000000000")),
    ),
    (
        "000100670066002AC2090C07E8070F010A1E0000FF8880000180808080800002091045303030313030303030303030303030",
        EventNotificationRequest(ALARM, d.octet_string(b"E000100000000000"), TIME, tagged_time=True),
    ),
    (
        "000100670066001EC20000018080808080000209114530303031303030303030303030303030",
        EventNotificationRequest(ALARM, d.octet_string(b"E0001000000000000")),
    ),
    (  # as the standard has it
        "000100670066001CC2010C07E8070F010A1E0000FF888000030100010800FF02067FFFFFFF",
        EventNotificationRequest(
            AttributeRef(3, LogicalName.parse("1.0.1.8.0.255"), 2), d.double_long_unsigned(0x7FFFFFFF), TIME
        ),
    ),
]
Decoder = Callable[..., Any]
VECTORS: list[tuple[str, Any, Decoder]] = [
    *((raw, value, decode_data_notification) for raw, value in DATA_NOTIFICATIONS),
    *((raw, value, decode_event_notification) for raw, value in EVENT_NOTIFICATIONS),
]


@pytest.mark.parametrize(("frame", "value", "decoder"), VECTORS)
def test_vectors_both_ways(frame: str, value: Any, decoder: Decoder) -> None:
    raw = bytes.fromhex(frame)[HEADER:]
    assert decoder(raw) == value
    assert value.encode() == raw
    assert "45585858" not in repr(value)
    assert "E000" not in repr(value)


@pytest.mark.parametrize(("frame", "value", "decoder"), VECTORS)
def test_cut_anywhere_or_followed_by_more(frame: str, value: Any, decoder: Decoder) -> None:
    raw = bytes.fromhex(frame)[HEADER:]
    for length in range(len(raw)):
        with pytest.raises(DecodeError):
            decoder(raw[:length])
    with pytest.raises(DecodeError, match="1 octets after"):
        decoder(raw + b"\x00")


@pytest.mark.parametrize(
    ("raw", "decoder", "place"),
    [
        ("0E0000000100", decode_data_notification, "tag 0x0e"),
        ("0F0000000105FFFFFFFFFF00", decode_data_notification, "date-time of 5 octets at offset 6"),
        ("0F000000010B" + "FF" * 12, decode_data_notification, "date-time of 11 octets at offset 6"),
        ("0F000000010907" + "FF" * 12, decode_data_notification, "date-time of 9 octets at offset 6"),
        ("0F0000000184FFFFFFFF00", decode_data_notification, "date-time of 4294967295 octets at offset 10"),
        ("0F0000000185", decode_data_notification, "offset 5"),
        ("0F000000010007", decode_data_notification, "tag 0x07"),
        ("C400", decode_event_notification, "tag 0xc4"),
        ("C202" + "FF" * 30, decode_event_notification, "mark 0x02 of the time at offset 1"),
        ("C20100" + "FF" * 30, decode_event_notification, "time of 0 octets at offset 3"),
        ("C20184FFFFFFFF" + "FF" * 30, decode_event_notification, "time of 4294967295 octets at offset 7"),
    ],
)
def test_refusals_name_the_place(raw: str, decoder: Decoder, place: str) -> None:
    with pytest.raises(DecodeError, match=place):
        decoder(bytes.fromhex(raw))


def test_limits_hold() -> None:
    value = d.array([d.null()] * 100)
    for message, decoder in (
        (DataNotification(1, value), decode_data_notification),
        (EventNotificationRequest(ALARM, value), decode_event_notification),
    ):
        assert decoder(message.encode(), DataLimits(max_values=100)) == message  # type: ignore[operator]  # one decoder of several
        with pytest.raises(LimitExceeded):
            decoder(message.encode(), DataLimits(max_values=99))  # type: ignore[operator]  # one decoder of several


def test_what_cannot_be_encoded() -> None:
    for message in (
        DataNotification(-1, d.null()),
        DataNotification(2**32, d.null()),
        DataNotification(1, d.unsigned(256)),
        DataNotification(1, d.null(), TIME._replace(month=300)),
        EventNotificationRequest(AttributeRef(1, b"short", 2), d.null()),
        EventNotificationRequest(AttributeRef(65_536, bytes(6), 2), d.null()),
        EventNotificationRequest(ALARM, d.null(), TIME._replace(hour=-1)),
    ):
        with pytest.raises(EncodeError):
            message.encode()


# Generated

times = st.none() | st.binary(min_size=12, max_size=12).map(CosemDateTime.from_bytes)
values = st.recursive(
    st.integers(0, 255).map(d.unsigned) | st.binary(max_size=150).map(d.octet_string) | st.just(d.null()),
    lambda inner: st.lists(inner, max_size=4).map(lambda items: d.structure(*items)),
    max_leaves=6,
)
refs = st.builds(AttributeRef, st.integers(0, 65_535), st.binary(min_size=6, max_size=6), st.integers(-128, 127))
messages = st.one_of(
    st.builds(DataNotification, st.integers(0, 2**32 - 1), values, times),
    st.builds(DataNotification, st.integers(0, 2**32 - 1), values, times.filter(bool), st.booleans()),
    st.builds(EventNotificationRequest, refs, values, times),
    st.builds(EventNotificationRequest, refs, values, times.filter(bool), st.booleans()),
)


def decode_any(raw: bytes) -> Any:
    return decode_event_notification(raw) if raw[:1] == b"\xc2" else decode_data_notification(raw)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(messages)
def test_notifications_survive(message: Any) -> None:
    assert decode_any(message.encode()) == message


octets_of_any_kind = st.binary(max_size=80) | st.binary(max_size=80).map(lambda raw: b"\x0f" + raw)


@given(octets_of_any_kind | messages.map(lambda message: message.encode()), st.integers(0, 40), st.integers(0, 255))
def test_any_octets_are_a_notification_or_a_typed_error(raw: bytes, at: int, octet: int) -> None:
    spoilt = raw[:at] + bytes((octet,)) + raw[at + 1 :]
    for octets in (raw, spoilt):
        with suppress(DlmsError):
            assert isinstance(decode_any(octets), DataNotification | EventNotificationRequest)


# A second opinion


def test_gurux_reads_our_pushes() -> None:
    for date_time in (None, TIME):
        message = DataNotification(7, pushed("0.1.25.9.0.255", 2, 3), date_time)
        text = GXDLMSTranslator(TranslatorOutputType.SIMPLE_XML).pduToXml(message.encode())
        assert '<LongInvokeIdAndPriority Value="00000007"' in text
        assert f'<OctetString Value="{SMR.hex().upper()}"' in text
        assert '<UInt32 Value="00000003"' in text
        assert ("07E8070F010A1E0000FF8880" in text) is (date_time is not None)


def test_we_read_the_pushes_of_gurux() -> None:
    notify = GXDLMSNotify(True, 1, 1, InterfaceType.WRAPPER)
    body = d.encode(pushed("0.1.25.9.0.255", 2, 3))
    (frame,) = notify.generateDataNotificationMessages(None, GXByteBuffer(body))
    message = decode_data_notification(bytes(frame)[HEADER:])
    assert message.data == pushed("0.1.25.9.0.255", 2, 3)
    assert message.date_time is None
