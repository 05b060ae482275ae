"""Values, names, date-times, scalers; and A-XDR that must be refused."""

from __future__ import annotations

import pickle
import time
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from meterstream.dlms import data as d
from meterstream.dlms.data import (
    ArrayOf,
    AttributeRef,
    BitString,
    CaptureObject,
    CompactArray,
    CosemDateTime,
    Data,
    DataLimits,
    DataType,
    LogicalName,
    MethodRef,
    StructureOf,
    decode,
    decode_prefix,
    encode,
    scale,
)
from meterstream.dlms.errors import DecodeError, DlmsError, EncodeError, LimitExceeded

AMSTERDAM = ZoneInfo("Europe/Amsterdam")

ENCODED = [
    (d.null(), "00"),
    (d.dont_care(), "FF"),
    (d.array(), "0100"),
    (d.structure(), "0200"),
    (d.array([d.unsigned(1), d.unsigned(2)]), "010211011102"),
    (d.boolean(True), "0301"),
    (d.boolean(False), "0300"),
    (d.bit_string(""), "0400"),
    (d.bit_string("1"), "040180"),
    (d.bit_string("010100001"), "04095080"),
    (d.double_long(-2), "05FFFFFFFE"),
    (d.double_long_unsigned(0xFFFFFFFF), "06FFFFFFFF"),
    (d.octet_string(b""), "0900"),
    (d.octet_string(bytes(200)), "0981C8" + "00" * 200),
    (d.visible_string("A\xe9"), "0A0241E9"),
    (d.utf8_string("\u20ac"), "0C03E282AC"),
    (d.bcd(0x12), "0D12"),
    (d.integer(-128), "0F80"),
    (d.long(-2), "10FFFE"),
    (d.unsigned(255), "11FF"),
    (d.long_unsigned(65535), "12FFFF"),
    (d.compact_array(DataType.UNSIGNED, [d.unsigned(1), d.unsigned(2)]), "1311020102"),
    (d.long64(-1), "14FFFFFFFFFFFFFFFF"),
    (d.long64_unsigned(2**64 - 1), "15FFFFFFFFFFFFFFFF"),
    (d.enum(30), "161E"),
    (d.float32(1.5), "173FC00000"),
    (d.float64(1.5), "183FF8000000000000"),
    (Data(DataType.DATE_TIME, bytes(12)), "19" + "00" * 12),
    (Data(DataType.DATE, bytes(5)), "1A" + "00" * 5),
    (Data(DataType.TIME, bytes(4)), "1B" + "00" * 4),
    (Data(DataType.DELTA_INTEGER, -1), "1CFF"),
    (Data(DataType.DELTA_LONG, -1), "1DFFFF"),
    (Data(DataType.DELTA_DOUBLE_LONG, -1), "1EFFFFFFFF"),
    (Data(DataType.DELTA_UNSIGNED, 255), "1FFF"),
    (Data(DataType.DELTA_LONG_UNSIGNED, 1), "200001"),
    (Data(DataType.DELTA_DOUBLE_LONG_UNSIGNED, 1), "2100000001"),
]


@pytest.mark.parametrize(("value", "raw"), ENCODED, ids=[f"{v.type.name} {r[:12]}" for v, r in ENCODED])
def test_every_type_both_ways(value: Data, raw: str) -> None:
    assert encode(value).hex().upper() == raw
    back = decode(bytes.fromhex(raw))
    assert back == value
    assert type(back.value) is type(value.value)
    nested = d.structure(value, d.array([value]))
    assert decode(encode(nested)) == nested


def test_all_types_are_tried() -> None:
    assert {value.type for value, _ in ENCODED} == set(DataType)


def test_any_octet_but_zero_is_true() -> None:
    assert decode(b"\x03\xff").value is True


@pytest.mark.parametrize("raw", ["0982000548656C6C6F", "09840000000548656C6C6F", "09810548656C6C6F"])
def test_lengths_may_be_longer_than_needed(raw: str) -> None:
    assert decode(bytes.fromhex(raw)) == d.octet_string(b"Hello")


def test_decode_prefix_tells_where_it_ended() -> None:
    assert decode_prefix(bytes.fromhex("FFFF1105FF"), 2) == (d.unsigned(5), 4)


@pytest.mark.parametrize(
    "raw",
    [
        "", "01", "0101", "0202000000", "0301FF", "05000000", "0602", "0905AABB", "0980", "0985000000000101",
        "098400000005AA", "040980", "0C01FF", "0C02C328", "010300000000", "07", "08", "0B", "0E", "22", "80", "FE",
        "01820100", "0184FFFFFFFF", "0284FFFFFFFF" + "00" * 8, "19" + "00" * 11, "13", "1300", "1311", "131103AABB",
        "1301", "130100", "130100FF", "130100FF11", "13011311", "1302031111", "1313", "130700",
    ],
)  # fmt: skip
def test_malformed_data(raw: str) -> None:
    with pytest.raises(DecodeError):
        decode(bytes.fromhex(raw))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (d.integer(128), "signed octet"),
        (d.unsigned(-1), "unsigned octet"),
        (d.enum(256), "octet"),
        (d.long_unsigned(65536), "two octets"),
        (d.double_long(2**31), "four octets"),
        (d.long64_unsigned(2**64), "eight octets"),
        (d.integer("5"), "text"),  # type: ignore[arg-type]  # what a careless caller gives
        (d.integer(None), "nothing"),  # type: ignore[arg-type]  # what a careless caller gives
        (d.float32(1e300), "too large"),
        (d.boolean(1), "number"),  # type: ignore[arg-type]  # what a careless caller gives
        (d.bit_string("012"), "no bits"),
        (Data(DataType.BIT_STRING, 5), "no text"),
        (Data(DataType.OCTET_STRING, "text"), "text"),
        (Data(DataType.DATE_TIME, bytes(11)), "eleven octets"),
        (d.visible_string("\u20ac"), "not Latin-1"),
        (Data(DataType.UTF8_STRING, b"octets"), "octets"),
        (d.utf8_string("\ud800"), "half a surrogate"),
        (Data(DataType.NULL_DATA, 5), "something"),
        (Data(DataType.ARRAY, 5), "no items"),
        (Data(DataType.COMPACT_ARRAY, (d.null(),)), "no description"),
        (Data(99, 5), "no type"),  # type: ignore[arg-type]  # what a careless caller gives
        (d.array([d.integer(128)]), "inside"),
    ],
)
def test_values_that_do_not_fit(value: Data, why: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(value)
    assert caught.value.code == "VALUE_NOT_ENCODABLE"


def test_refused_values_are_not_shown() -> None:
    for value in (Data(DataType.INTEGER, b"a secret key"), Data(DataType.VISIBLE_STRING, "\u20ac a secret key")):
        with pytest.raises(EncodeError) as caught:
            encode(value)
        assert "secret" not in str(caught.value)


def test_depth_is_bounded_both_ways() -> None:
    with pytest.raises(LimitExceeded):
        decode(b"\x01\x01" * 17 + b"\x00")
    assert decode(b"\x01\x01" * 16 + b"\x00")
    with pytest.raises(LimitExceeded):
        decode(b"\x13" + b"\x02\x01" * 40 + b"\x11\x01\x05")
    with pytest.raises(LimitExceeded):
        decode(b"\x02\x01" * 30_000)
    deep = d.null()
    for _ in range(70):
        deep = d.array([deep])
    with pytest.raises(EncodeError):
        encode(deep)


def test_number_of_values_is_bounded() -> None:
    raw = encode(d.array([d.null()] * 100))
    assert decode(raw, DataLimits(max_values=100)) == d.array([d.null()] * 100)
    with pytest.raises(LimitExceeded):
        decode(raw, DataLimits(max_values=99))


# Compact arrays

ROW = StructureOf((DataType.OCTET_STRING, DataType.NULL_DATA, ArrayOf(2, DataType.LONG), DataType.BIT_STRING))


def test_compact_array_of_structures() -> None:
    rows = [
        d.structure(d.octet_string(b"ab"), d.null(), d.array([d.long(1), d.long(-1)]), d.bit_string("101")),
        d.structure(d.octet_string(b""), d.null(), d.array([d.long(2), d.long(3)]), d.bit_string("")),
    ]
    value = d.compact_array(ROW, rows)
    raw = encode(value)
    assert raw.hex() == "13" + "0204" + "09" + "00" + "01000210" + "04" + "0f" + "0261620001ffff03a0" + "000002000300"
    back = decode(raw)
    assert back == value
    assert isinstance(back.value, CompactArray)
    assert back.value.description == ROW
    assert hash(back) == hash(value)
    assert pickle.loads(pickle.dumps(back)) == value
    other = CompactArray(DataType.UNSIGNED, ())
    assert other != CompactArray(DataType.LONG, ())
    assert other != ()


def test_empty_compact_array_keeps_its_description() -> None:
    value = d.compact_array(ROW, [])
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        d.compact_array(DataType.UNSIGNED, [d.long(1)]),
        d.compact_array(StructureOf((DataType.UNSIGNED,)), [d.structure()]),
        d.compact_array(StructureOf((DataType.UNSIGNED,)), [d.array([d.unsigned(1)])]),
        d.compact_array(ArrayOf(2, DataType.UNSIGNED), [d.array([d.unsigned(1)])]),
        d.compact_array(ArrayOf(65536, DataType.UNSIGNED), []),
        d.compact_array(DataType.ARRAY, []),
        d.compact_array(DataType.COMPACT_ARRAY, []),
        d.compact_array(StructureOf(()), [d.structure()]),
        d.compact_array(DataType.NULL_DATA, [d.null()]),
    ],
)
def test_compact_arrays_that_nobody_could_read(value: Data) -> None:
    with pytest.raises(EncodeError):
        encode(value)


@pytest.mark.parametrize(
    "raw",
    [
        "130200" + "0100",  # rows without a column
        "1300" + "0100",  # rows of null-data
        "13010000" + "11" + "0100",  # rows of no elements
        "1312" + "03000102",  # last row cut
        "1309" + "020541",  # string beyond the contents
        "13" + "01FFFF" * 8 + "00" + "820400" + "00" * 1024,  # 65535 to the power of 8 nothings
        "13" + "0103E8" * 3 + "02020011" + "820400" + "00" * 1024,
    ],
)
def test_hostile_compact_arrays_end_at_once(raw: str) -> None:
    began = time.process_time()
    with pytest.raises(DlmsError):
        decode(bytes.fromhex(raw))
    assert time.process_time() - began < 1.0


def test_wide_rows_count_by_their_width() -> None:
    # 200 null columns and one octet: each octet of input would become 202 values.
    raw = b"\x13\x02\x81\xc9" + b"\x00" * 200 + b"\x11" + b"\x82\x27\x10" + bytes(10_000)
    with pytest.raises(LimitExceeded):
        decode(raw)


# Names


def test_logical_name() -> None:
    name = LogicalName.parse("0.0.1.0.0.255")
    assert (str(name), bytes(name), len(name)) == ("0.0.1.0.0.255", b"\0\0\1\0\0\xff", 6)
    assert name == LogicalName(b"\0\0\1\0\0\xff") == b"\0\0\1\0\0\xff"
    assert hash(name) == hash(bytes(name))
    assert repr(name) == "LogicalName(0.0.1.0.0.255)"
    assert str(AttributeRef(8, name, 2)) == "8/0.0.1.0.0.255/2"
    assert str(MethodRef(15, name, 1)) == "15/0.0.1.0.0.255/1"


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3.4.5", "1.2.3.4.5.6.7", "1.2.3.4.5.256", "1.2.3.4.5.-1", "1.2.3.4.5.a", "1-0:1.8.0", "1.2.3.4.5.\u0661",
     "1.2.3.4.5.", "1.2.3.4.5.0001"],
)  # fmt: skip
def test_bad_obis(text: str) -> None:
    with pytest.raises(ValueError, match=r"OBIS|range|must be"):
        LogicalName.parse(text)


def test_bad_logical_name() -> None:
    with pytest.raises(ValueError, match="6 bytes"):
        LogicalName(b"12345")


# Date-times


def test_date_time_of_a_zone() -> None:
    summer = CosemDateTime.from_datetime(datetime(2024, 7, 15, 10, 30, 0, 259_999, tzinfo=AMSTERDAM))
    assert summer.to_bytes().hex().upper() == "07E8070FFF0A1E0019FF8880"
    assert summer.daylight_saving is True
    winter = CosemDateTime.from_datetime(datetime(2024, 1, 15, 10, 30, tzinfo=AMSTERDAM), weekday=1)
    assert winter.to_bytes().hex().upper() == "07E8010F010A1E0000FFC400"
    assert winter.daylight_saving is False
    assert CosemDateTime.from_datetime(datetime(2024, 1, 1, tzinfo=UTC)).deviation == 0
    west = timezone(timedelta(hours=-3, minutes=-30))
    assert CosemDateTime.from_datetime(datetime(2024, 1, 1, tzinfo=west)).deviation == 210


@pytest.mark.parametrize("moment", [datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=timezone(timedelta(seconds=30)))])  # noqa: DTZ001  # that it is naive is the point
def test_moments_that_have_no_date_time(moment: datetime) -> None:
    with pytest.raises(EncodeError):
        CosemDateTime.from_datetime(moment)


def test_open_parts_stay_open() -> None:
    empty = CosemDateTime()
    assert empty.to_bytes().hex().upper() == "FFFFFFFFFFFFFFFFFF8000FF"
    assert CosemDateTime.from_bytes(empty.to_bytes()) == empty
    assert empty.daylight_saving is None
    last_sunday = CosemDateTime(None, 3, 0xFE, 7, 2, 0, 0, 0, -60, 0)
    assert last_sunday.to_bytes().hex().upper() == "FFFF03FE0702000000FFC400"
    assert CosemDateTime.from_data(last_sunday.to_data()) == last_sunday
    assert CosemDateTime.from_data(Data(DataType.DATE_TIME, last_sunday.to_bytes())) == last_sunday


@pytest.mark.parametrize(
    ("raw", "moment"),
    [
        ("07E8070F010A1E0019FF8880", datetime(2024, 7, 15, 8, 30, 0, 250_000, tzinfo=UTC)),
        ("07E8070FFF0A1EFFFF003C00", datetime(2024, 7, 15, 11, 30, tzinfo=UTC)),
        ("07E8070FFF0A1E0000800000", None),
        ("FFFF070FFF0A1E0000FF8880", None),
        ("07E8FF0FFF0A1E0000FF8880", None),
        ("07E807FFFF0A1E0000FF8880", None),
        ("07E807FEFF0A1E0000FF8880", None),
        ("07E8FD0FFF0A1E0000FF8880", None),
        ("07E8070FFFFF1E0000FF8880", None),
        ("07E8070FFF0AFF0000FF8880", None),
    ],
)
def test_moment_of_a_date_time(raw: str, moment: datetime | None) -> None:
    assert CosemDateTime.from_bytes(bytes.fromhex(raw)).to_datetime() == moment


def test_default_zone_and_the_repeated_hour() -> None:
    open_zone = CosemDateTime(2024, 10, 27, None, 2, 30, 0, 0, None, 0x80)
    first, second = open_zone.to_datetime(AMSTERDAM), open_zone._replace(status=0).to_datetime(AMSTERDAM)
    assert first is not None
    assert second is not None
    assert first.astimezone(UTC) == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)
    assert second.astimezone(UTC) == datetime(2024, 10, 27, 1, 30, tzinfo=UTC)
    winter_flag_in_summer = open_zone._replace(month=7, status=0).to_datetime(AMSTERDAM)
    assert winter_flag_in_summer == datetime(2024, 7, 27, 2, 30, tzinfo=AMSTERDAM)


@pytest.mark.parametrize("raw", ["07E8021EFF0A1E0000FF8880", "07E8070FFF181E0000FF8880", "07E8000FFF001E0000FF8880",
                                 "07E8070FFF001E0000300000", "0000070FFF001E0000FF8880"])  # fmt: skip
def test_impossible_moments_keep_their_parts(raw: str) -> None:
    parts = CosemDateTime.from_bytes(bytes.fromhex(raw))
    assert parts.to_bytes() == bytes.fromhex(raw)
    with pytest.raises(DecodeError):
        parts.to_datetime()


def test_what_is_no_date_time() -> None:
    with pytest.raises(DecodeError):
        CosemDateTime.from_bytes(bytes(11))
    with pytest.raises(DecodeError):
        CosemDateTime.from_data(d.unsigned(5))
    with pytest.raises(EncodeError):
        CosemDateTime(month=256).to_bytes()


# Scalers and capture objects


@pytest.mark.parametrize(
    ("raw", "scaler", "text"),
    [(1234, -1, "123.4"), (1234, 0, "1234"), (1234, 3, "1234000"), (-5, -3, "-0.005"),
     (2**64 - 1, -9, "18446744073.709551615"), (0, -2, "0.00"), (2**64 - 1, 127, str((2**64 - 1) * 10**127))],
)  # fmt: skip
def test_scale_is_exact(raw: int, scaler: int, text: str) -> None:
    assert scale(raw, scaler) == Decimal(text)
    assert Decimal(text).is_signed() == scale(raw, scaler).is_signed()


@pytest.mark.parametrize("scaler", [-129, 128])
def test_scaler_is_a_signed_octet(scaler: int) -> None:
    with pytest.raises(DecodeError):
        scale(1, scaler)


def test_capture_object_both_ways() -> None:
    column = CaptureObject(4, LogicalName.parse("0.1.24.2.1.255"), 5)
    assert encode(column.to_data()).hex().upper() == "020412000409060001180201FF0F05120000"
    assert CaptureObject.from_data(column.to_data()) == column
    assert (
        CaptureObject.from_data(d.structure(d.unsigned(4), d.octet_string(column[1]), d.long(5), d.unsigned(0)))
        == column
    )


@pytest.mark.parametrize(
    "value",
    [d.null(), d.structure(), d.structure(d.unsigned(4), d.octet_string(b"12345"), d.integer(1), d.unsigned(0))],
)
def test_what_is_no_capture_object(value: Data) -> None:
    with pytest.raises(DecodeError):
        CaptureObject.from_data(value)


def test_bit_string_is_text() -> None:
    value = decode(b"\x04\x04\xa0").value
    assert isinstance(value, BitString)
    assert value == "1010"
