"""ACCESS: several reads, writes and calls in one exchange."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from gurux_dlms import GXDLMSTranslator
from gurux_dlms.enums import TranslatorOutputType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterstream.dlms import data as d
from meterstream.dlms.apdu import (
    AccessAction,
    AccessActionResult,
    AccessGet,
    AccessGetResult,
    AccessRequest,
    AccessResponse,
    AccessSet,
    AccessSetResult,
    ActionResult,
    DataAccessResult,
    Selection,
    decode_access_request,
    decode_access_response,
)
from meterstream.dlms.data import AttributeRef, CosemDateTime, DataLimits, LogicalName, MethodRef
from meterstream.dlms.errors import DecodeError, DlmsError, EncodeError, LimitExceeded

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
RESET = MethodRef(7, LogicalName.parse("1.0.99.1.0.255"), 1)
TIME = CosemDateTime(2024, 7, 15, 1, 10, 30, 0, 0, -120, 0x80)
ENTRIES = Selection(2, d.entry_descriptor(1, 5))

# By hand from the ASN.1 of IEC 62056-5-3.
VECTORS: list[tuple[str, Any]] = [
    (
        "D9 40000005 00 02 01 0008 0000010000FF 02 01 0008 0000010000FF 03 02 00 00",
        AccessRequest(
            0x40000005, (AccessGet(CLOCK), AccessGet(CLOCK._replace(attribute=3))), (d.null(), d.null())
        ),
    ),
    (
        (
            "D9 00000001 0C 07E8070F010A1E0000FF8880 04"
            "02 0008 0000010000FF 02"
            "04 0007 0100630100FF 02 02 0204 0600000001 0600000005 120001 120000"
            "03 0007 0100630100FF 01"
            "05 0007 0100630100FF 02 01 00"
            "04 1105 00 0F00 0100"
        ),
        AccessRequest(
            1,
            (AccessSet(CLOCK), AccessGet(PROFILE, ENTRIES), AccessAction(RESET),
             AccessSet(PROFILE, Selection(1, d.null()))),
            (d.unsigned(5), d.null(), d.integer(0), d.array()),
            TIME,
        ),
    ),
    (
        "DA 40000005 00 00 03 1105 00 00 03 0100 0203 030C",
        AccessResponse(
            0x40000005,
            (
                AccessGetResult(DataAccessResult.SUCCESS),
                AccessSetResult(DataAccessResult.READ_WRITE_DENIED),
                AccessActionResult(ActionResult.TYPE_UNMATCHED),
            ),
            (d.unsigned(5), d.null(), d.null()),
        ),
    ),
    (
        "DA 00000001 0C 07E8070F010A1E0000FF8880 01 01 01 0008 0000010000FF 02 01 00 01 0104",
        AccessResponse(
            1, (AccessGetResult(DataAccessResult.OBJECT_UNDEFINED),), (d.null(),), TIME, (AccessGet(CLOCK),)
        ),
    ),
    ("D9 00000000 00 00 00", AccessRequest(0, (), ())),
    ("DA 00000000 00 00 00 00", AccessResponse(0, (), ())),
]  # fmt: skip


def decode_any(raw: bytes, **more: Any) -> Any:
    return decode_access_response(raw, **more) if raw[:1] == b"\xda" else decode_access_request(raw, **more)


@pytest.mark.parametrize(("text", "value"), VECTORS)
def test_octets_both_ways(text: str, value: Any) -> None:
    raw = bytes.fromhex(text)
    assert decode_any(raw) == value
    assert value.encode() == raw
    assert "data=" not in repr(value)
    for length in range(len(raw)):
        with pytest.raises(DecodeError):
            (decode_access_response if raw[0] == 0xDA else decode_access_request)(raw[:length])
    with pytest.raises(DecodeError, match="1 octets after"):
        decode_any(raw + b"\x00")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("DB 00000000 00 00 00", "db is no access-request"),
        ("D9 00000000 05", "date-time of 5 octets at offset 6"),
        ("D9 00000000 00 01 06 0008 0000010000FF 02 00", "item 0 at offset 7: choice 0x06"),
        (
            "D9 00000000 00 02 01 0008 0000010000FF 02 04 0008 0000010000FF 02 01 07",
            "item 1 at offset 17: no data type",
        ),
        ("D9 00000000 00 02 01 0008 0000010000FF 02", "item list of 2 in 11 octets at offset 6"),
        ("D9 00000000 00 01 01 0008 0000010000FF 02 02 00 00", "data list of 2 for 1 at offset 17"),
        ("D9 00000000 00 01 01 0008 0000010000FF 02 01 12FF", "data 0 at offset 18: data ends inside a value"),
        ("D9 00000000 00 820400", "item list of 1024 in 3 octets at offset 6"),
        ("DA 00000000 00 02", "mark 02 at offset 6"),
        ("DA 00000000 00 00 01 00 02 0100", "result list of 2 for 1 at offset 9"),
        ("DA 00000000 00 00 01 00 01 0400", "result 0 at offset 10: choice 0x04"),
        ("DA 00000000 00 01 00 01 00", "data list of 1 for 0 at offset 8"),
    ],
)
def test_refusals_name_the_place(text: str, place: str) -> None:
    with pytest.raises(DecodeError, match=place):
        decode_any(bytes.fromhex(text))


def test_lists_and_their_data_are_bounded() -> None:
    with pytest.raises(LimitExceeded):
        decode_any(bytes.fromhex("D9 00000000 00 820401") + bytes(20_000))
    with pytest.raises(LimitExceeded):
        decode_any(bytes.fromhex("DA 00000000 00 00 84FFFFFFFF"))
    request = AccessRequest(1, (AccessSet(CLOCK), AccessSet(CLOCK, ENTRIES)), (d.array([d.null()] * 10), d.null()))
    assert decode_any(request.encode(), limits=DataLimits(max_values=14)) == request
    with pytest.raises(LimitExceeded):
        decode_any(request.encode(), limits=DataLimits(max_values=13))


@pytest.mark.parametrize(
    "message",
    [
        AccessRequest(1, (AccessGet(CLOCK),), ()),
        AccessRequest(2**32, (), ()),
        AccessRequest(1, (AccessGet(AttributeRef(1, b"short", 2)),), (d.null(),)),
        AccessRequest(1, (AccessGet(CLOCK, Selection(256, d.null())),), (d.null(),)),
        AccessRequest(1, (AccessSet(CLOCK),), (d.unsigned(-1),)),
        AccessRequest(1, (AccessGet(CLOCK),) * 1_025, (d.null(),) * 1_025),
        AccessResponse(1, (), (d.null(),)),
        AccessResponse(1, (AccessGetResult(DataAccessResult.SUCCESS),), (d.null(),), items=()),
    ],
)
def test_what_cannot_be_encoded(message: Any) -> None:
    with pytest.raises(EncodeError):
        message.encode()


# Generated

octet = st.integers(0, 255)
names = st.binary(min_size=6, max_size=6)
refs = st.builds(AttributeRef, st.integers(0, 65_535), names, st.integers(-128, 127))
methods = st.builds(MethodRef, st.integers(0, 65_535), names, st.integers(-128, 127))
values = st.just(d.null()) | octet.map(d.unsigned) | st.lists(octet.map(d.enum), max_size=3).map(d.array)
selections = st.none() | st.builds(Selection, octet, values)
items = (
    st.builds(AccessGet, refs, selections) | st.builds(AccessSet, refs, selections) | st.builds(AccessAction, methods)
)
results = (
    st.builds(AccessGetResult, octet.map(DataAccessResult))
    | st.builds(AccessSetResult, octet.map(DataAccessResult))
    | st.builds(AccessActionResult, octet.map(ActionResult))
)
invokes = st.integers(0, 2**32 - 1)
times = st.none() | st.binary(min_size=12, max_size=12).map(CosemDateTime.from_bytes)


@st.composite
def messages(draw: st.DrawFn) -> Any:
    number = draw(st.integers(0, 4))
    exactly = {"min_size": number, "max_size": number}
    data = tuple(draw(st.lists(values, **exactly)))
    asked = tuple(draw(st.lists(items, **exactly)))
    if draw(st.booleans()):
        return AccessRequest(draw(invokes), asked, data, draw(times))
    answered = tuple(draw(st.lists(results, **exactly)))
    return AccessResponse(draw(invokes), answered, data, draw(times), draw(st.sampled_from([None, asked])))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(messages())
def test_messages_survive(message: Any) -> None:
    assert decode_any(message.encode()) == message


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    messages().map(lambda message: message.encode()) | st.binary(max_size=60).map(lambda raw: b"\xd9" + raw),
    st.integers(0, 60),
    octet,
)
def test_any_octets_are_a_message_or_a_typed_error(raw: bytes, at: int, other: int) -> None:
    for octets in (raw, raw[:at] + bytes((other,)) + raw[at + 1 :], raw[:at] + raw[at + 1 :]):
        with suppress(DlmsError):
            assert isinstance(decode_any(octets), AccessRequest | AccessResponse)


# A second opinion


def test_gurux_reads_our_requests() -> None:
    request = AccessRequest(
        5, (AccessGet(CLOCK), AccessSet(CLOCK), AccessAction(RESET)), (d.null(), d.octet_string(b"\x5a"), d.integer(0))
    )
    text = GXDLMSTranslator(TranslatorOutputType.SIMPLE_XML).pduToXml(request.encode())
    assert [text.count(name) for name in ("<AccessRequestGet", "<AccessRequestSet", "<AccessRequestAction")] == [
        1,
        1,
        1,
    ]
    assert text.count('<InstanceId Value="0000010000FF"') == 2
    assert '<OctetString Value="5A"' in text
