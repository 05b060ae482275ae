"""Compact arrays, delta types, and long arrays whose rows are decoded by column: the same values as one by one."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import suppress

import pytest
from gurux_dlms import GXByteBuffer, GXDLMSClient
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterstream.dlms import data as d
from meterstream.dlms.data import (
    ArrayOf,
    CompactArray,
    Data,
    DataLimits,
    DataType,
    StructureOf,
    decode,
    decode_prefix,
    encode,
    encode_length,
)
from meterstream.dlms.errors import DecodeError, DlmsError, EncodeError, LimitExceeded

generated = settings(suppress_health_check=[HealthCheck.too_slow])

CLOCK = bytes.fromhex("07E8070F010A1E0000FF8880")
PROFILE_ROW = StructureOf(
    (DataType.OCTET_STRING, DataType.UNSIGNED, DataType.DOUBLE_LONG_UNSIGNED, DataType.DOUBLE_LONG_UNSIGNED)
)


def profile_row(number: int) -> Data:
    return d.structure(
        d.octet_string(CLOCK), d.unsigned(4), d.double_long_unsigned(10_000 + number), d.double_long_unsigned(number)
    )


# Rows by column


def one_by_one(raw: bytes) -> Data:
    """An array of up to 127 elements, each decoded on its own."""
    offset, items = 2, []
    for _ in range(raw[1]):
        item, offset = decode_prefix(raw, offset)
        items.append(item)
    assert offset == len(raw)
    return d.array(items)


cells = st.sampled_from(
    [
        d.null(),
        d.dont_care(),
        d.boolean(True),
        d.unsigned(6),
        d.double_long_unsigned(2**32 - 1),
        d.long(-5),
        d.octet_string(CLOCK),
        d.octet_string(b""),
        d.octet_string(bytes(200)),
        d.visible_string("A"),
        d.bit_string("101"),
        d.float64(1.5),
        d.delta_integer(-1),
        Data(DataType.DATE_TIME, CLOCK),
        d.array([d.unsigned(1)]),
        d.structure(d.unsigned(1)),
    ]
)
rows_in_runs = st.lists(
    st.tuples(st.lists(cells, max_size=5).map(lambda row: d.structure(*row)), st.integers(1, 12)), max_size=10
).map(lambda runs: [row for row, number in runs for _ in range(number)])


@generated
@given(rows_in_runs)
def test_rows_by_column_are_the_rows_one_by_one(rows: list[Data]) -> None:
    raw = encode(d.array(rows))
    back = decode(raw)
    assert back == d.array(rows) == one_by_one(raw)
    assert repr(back) == repr(d.array(rows))  # True is equal to 1


@generated
@given(rows_in_runs.filter(bool), st.data())
def test_spoilt_rows_are_the_same_either_way(rows: list[Data], data: st.DataObject) -> None:
    raw = bytearray(encode(d.array(rows)))
    raw[data.draw(st.integers(2, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        expected = one_by_one(bytes(raw))
    except (DlmsError, AssertionError):
        with pytest.raises(DlmsError):
            decode(bytes(raw))
    else:
        assert repr(decode(bytes(raw))) == repr(expected)  # NaN is not equal to itself


def test_long_profiles_take_several_runs() -> None:
    rows = [profile_row(number) for number in range(1_000)]
    rows[600] = d.structure(d.null(), d.null(), d.delta_unsigned(1), d.null())
    value = d.array(rows)
    assert decode(encode(value)) == value
    compact = d.compact_array(PROFILE_ROW, [profile_row(number) for number in range(1_000)])
    assert decode(encode(compact)) == compact


@pytest.mark.parametrize(
    "value",
    [
        d.array([profile_row(number) for number in range(6)]),
        d.compact_array(PROFILE_ROW, [profile_row(number) for number in range(6)]),
        d.compact_array(ArrayOf(2, DataType.LONG), [d.array([d.long(1), d.long(2)])] * 3),
    ],
    ids=["array", "compact", "compact arrays"],
)
def test_cut_anywhere_is_a_typed_error(value: Data) -> None:
    raw = encode(value)
    for length in range(len(raw)):
        with pytest.raises(DecodeError):
            decode(raw[:length])
    with pytest.raises(DecodeError):
        decode(raw + b"\x00")


def test_limits_hold_for_rows_by_column() -> None:
    raw = encode(d.array([profile_row(number) for number in range(50)]))
    assert decode(raw, DataLimits(max_values=250, max_depth=2))
    with pytest.raises(LimitExceeded):
        decode(raw, DataLimits(max_values=249))
    with pytest.raises(LimitExceeded):
        decode(raw, DataLimits(max_depth=1))


def test_hostile_alternation_costs_no_more_than_its_octets() -> None:
    """Layouts that change with every row, in arrays that look worth a layout."""
    rows = [d.structure(d.unsigned(1), *[d.null()] * (number % 2)) for number in range(20_000)]
    raw = encode(d.array(rows))
    began = time.process_time()
    assert len(decode(raw).value) == 20_000  # type: ignore[arg-type]  # the octets hold rows
    assert time.process_time() - began < 2.0


# Compact arrays


def test_contents_of_a_compact_array_are_bounded() -> None:
    raw = encode(d.compact_array(DataType.OCTET_STRING, [d.octet_string(bytes(100))] * 10))
    assert decode(raw, DataLimits(max_compact_octets=1_010))
    with pytest.raises(LimitExceeded):
        decode(raw, DataLimits(max_compact_octets=1_009))


def test_values_of_a_compact_array_are_bounded() -> None:
    raw = encode(d.compact_array(PROFILE_ROW, [profile_row(number) for number in range(20)]))
    assert decode(raw, DataLimits(max_values=105))  # 5 for the description, 5 for each row
    with pytest.raises(LimitExceeded):
        decode(raw, DataLimits(max_values=104))


def test_a_row_may_not_reach_beyond_the_contents() -> None:
    rows = [d.structure(d.octet_string(b"ab"), d.unsigned(1))] * 6
    compact = d.compact_array(StructureOf((DataType.OCTET_STRING, DataType.UNSIGNED)), rows)
    raw = bytearray(encode(d.structure(compact, d.octet_string(bytes(40)))))
    assert raw[7] == 24
    raw[7] = 23
    with pytest.raises(DecodeError):
        decode(bytes(raw))


@pytest.mark.parametrize(
    "description",
    [
        "02840FFFFFFF" + "11" * 8,  # more members than octets
        "01FFFF01FFFF01FFFF01FFFF11",  # 65535 to the power of 4 elements
        "01FFFF00",  # elements without octets
        "02" * 300,  # members that are descriptions without an end
        "0201" * 200 + "11",  # deeper than allowed
        "010001" * 200 + "11",
        "020213FF",  # compact-array inside
        "02FF",  # a length that no length is
        "0207",  # a tag that no type has
    ],
)
@pytest.mark.parametrize("contents", [b"", bytes(4), bytes(2_000)], ids=len)
def test_hostile_type_descriptions(description: str, contents: bytes) -> None:
    raw = b"\x13" + bytes.fromhex(description) + encode_length(len(contents)) + contents
    tracemalloc.start()
    began = time.process_time()
    try:
        if description.startswith("01FFFF") and not contents:
            assert decode(raw).value == CompactArray(decode(raw).value.description, ())  # type: ignore[union-attr]  # the octets hold rows
        else:
            with pytest.raises((DecodeError, LimitExceeded)):
                decode(raw)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 1.0
    assert peak < 2**22


def test_encoding_looks_at_the_description_first() -> None:
    with pytest.raises(EncodeError):
        encode(d.compact_array(ArrayOf(10**12, DataType.UNSIGNED), [d.array()]))


@generated
@given(st.binary(max_size=120))
def test_any_octets_after_the_tag_are_a_value_or_a_typed_error(octets: bytes) -> None:
    with suppress(DlmsError):
        value = decode(b"\x13" + octets)
        assert isinstance(value.value, CompactArray)


# Delta types


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (d.delta_integer(-128), "1C80"),
        (d.delta_long(-2), "1DFFFE"),
        (d.delta_double_long(-(2**31)), "1E80000000"),
        (d.delta_unsigned(255), "1FFF"),
        (d.delta_long_unsigned(65535), "20FFFF"),
        (d.delta_double_long_unsigned(2**32 - 1), "21FFFFFFFF"),
    ],
)
def test_delta_types_are_values_of_their_own(value: Data, raw: str) -> None:
    assert encode(value).hex().upper() == raw
    assert decode(bytes.fromhex(raw)) == value
    assert value.type in d.DELTA_TYPES
    rows = d.compact_array(StructureOf((DataType.NULL_DATA, value.type)), [d.structure(d.null(), value)] * 5)
    assert decode(encode(rows)) == rows
    with pytest.raises(EncodeError):
        encode(Data(value.type, 2**32))


# The reading of gurux-dlms: compact arrays of structures of scalars, which are what it reads right


@pytest.mark.parametrize("number", [1, 3, 96])
def test_gurux_reads_the_same_rows(number: int) -> None:
    description = StructureOf((*PROFILE_ROW.members, StructureOf((DataType.LONG, DataType.ENUM))))
    rows = [
        d.structure(*profile_row(row).value, d.structure(d.long(-row), d.enum(row)))  # type: ignore[misc]  # the octets hold rows
        for row in range(number)
    ]
    raw = encode(d.compact_array(description, rows))
    theirs = _GXCommon.getData(GXDLMSClient().settings, GXByteBuffer(raw), _GXDataInfo())
    assert [[bytes(row[0]), *row[1:]] for row in theirs] == [
        [CLOCK, 4, 10_000 + row, row, [-row, row]] for row in range(number)
    ]
