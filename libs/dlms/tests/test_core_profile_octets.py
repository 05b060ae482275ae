"""Octets of profile buffers straight to rows: the same rows and the same errors as by way of COSEM data."""

from __future__ import annotations

import pickle
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.dlms import data as d
from meterstream.dlms.data import (
    CaptureObject,
    CosemDateTime,
    Data,
    DataLimits,
    DataType,
    LogicalName,
    NullData,
    ProfileColumn,
    StructureOf,
    decode,
    decode_profile_rows,
    encode,
    every,
    profile_octets,
    profile_rows,
)
from meterstream.dlms.data.rows import ROWS_PER_RUN
from meterstream.dlms.errors import ConfigurationError, DecodeError, DlmsError, LimitExceeded, ProfileBufferError

CLOCK = ProfileColumn(CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2))
STATUS = ProfileColumn(CaptureObject(1, LogicalName.parse("0.0.96.10.2.255"), 2))
IMPORT = ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2), scaler=-3)
EXPORT = ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.2.8.0.255"), 2), scaler=2)
PROFILE = (CLOCK, STATUS, IMPORT, EXPORT)
BEGIN = CosemDateTime.from_bytes(bytes.fromhex("07E80701FF00000000FF8880"))


def clock(number: int) -> Data:
    return BEGIN._replace(day=1 + number // 96 % 28, hour=number // 4 % 24, minute=15 * (number % 4)).to_data()


def row(number: int) -> Data:
    return d.structure(clock(number), d.unsigned(number % 200), d.double_long_unsigned(31 * number), d.long(-number))


def buffer(rows: int) -> bytes:
    return encode(d.array(map(row, range(rows))))


@pytest.fixture
def no_detour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails what is decoded value by value."""

    def refuse(*_: object) -> None:
        raise AssertionError("decoded value by value")

    monkeypatch.setattr(profile_octets, "decode", refuse)


@pytest.mark.usefixtures("no_detour")
@pytest.mark.parametrize("rows", [1, 3, 96, ROWS_PER_RUN, ROWS_PER_RUN + 1, 3 * ROWS_PER_RUN, 2_000])
def test_rows_of_one_layout_are_read_by_column(rows: int) -> None:
    found = decode_profile_rows(buffer(rows), PROFILE)
    assert found == [
        (CosemDateTime.from_data(clock(n)), d.unsigned(n % 200), Decimal(31 * n).scaleb(-3), Decimal(-n * 100))
        for n in range(rows)
    ]
    assert [str(cells[2]) for cells in found[:3]] == ["0.000", "0.031", "0.062"][:rows]


@pytest.mark.usefixtures("no_detour")
def test_a_row_without_a_clock_begins_another_run() -> None:
    rows = [row(0), *(d.structure(d.null(), *row(n).value[1:]) for n in range(1, 9)), row(20)]  # type: ignore[index]  # a row holds a tuple
    found = decode_profile_rows(encode(d.array(rows)), PROFILE, every(900))
    assert [cells[0] for cells in found] == [CosemDateTime.from_data(clock(n)) for n in (*range(9), 20)]
    assert found == profile_rows(d.array(rows), PROFILE, every(900))


@pytest.mark.usefixtures("no_detour")
def test_a_column_of_two_integer_types() -> None:
    rows = [row(0), d.structure(*row(1).value[:3], d.long_unsigned(7)), row(2)]  # type: ignore[index]  # a row holds a tuple
    found = decode_profile_rows(encode(d.array(rows)), PROFILE)
    assert [cells[3] for cells in found] == [Decimal(0), Decimal(700), Decimal(-200)]


@pytest.mark.usefixtures("no_detour")
def test_the_callers_decimal_context_does_not_count() -> None:
    raw = encode(d.array([d.structure(d.long64_unsigned(2**64 - 1))] * 4))
    with localcontext() as context:
        context.prec = 3
        assert decode_profile_rows(raw, (IMPORT,)) == [(Decimal("18446744073709551.615"),)] * 4
        assert context.prec == 3


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [d.structure(d.visible_string("a"), d.unsigned(1))] * 5,
        [d.structure(d.octet_string(bytes(200)), d.unsigned(1))] * 5,
        [d.structure(d.unsigned(1), d.float32(1.5))] * 5,
        [d.structure(d.unsigned(1), d.unsigned(n) if n % 2 else d.long(n)) for n in range(40)],
        [d.structure(d.dont_care(), d.unsigned(1))] * 5,
    ],
)
def test_other_rows_go_the_long_way(rows: list[Data]) -> None:
    columns = (STATUS, IMPORT)
    assert decode_profile_rows(encode(d.array(rows)), columns) == profile_rows(d.array(rows), columns)


def test_compact_arrays_and_no_buffer_at_all() -> None:
    compact = d.compact_array(
        StructureOf((DataType.UNSIGNED, DataType.LONG)), [d.structure(d.unsigned(n), d.long(n)) for n in range(9)]
    )
    assert decode_profile_rows(encode(compact), (STATUS, IMPORT)) == profile_rows(compact, (STATUS, IMPORT))
    assert decode_profile_rows(encode(d.null()), PROFILE) == []
    assert decode_profile_rows(encode(d.array([d.structure()] * 2)), ()) == [(), ()]


@pytest.mark.parametrize(
    ("raw", "failure"),
    [
        (b"", DecodeError),
        (b"\x01", DecodeError),
        (b"\x01\x85", DecodeError),
        (buffer(96)[:-1], DecodeError),
        (buffer(96) + b"\x00", DecodeError),
        (b"\x01\x61" + buffer(96)[2:], DecodeError),
        (encode(d.array([row(0), d.unsigned(1)])), ProfileBufferError),
        (encode(d.array([d.structure(d.unsigned(1))] * 4)), ProfileBufferError),
        (encode(d.array([d.structure(d.octet_string(bytes(11)), *[d.unsigned(1)] * 3)] * 4)), ProfileBufferError),
        (encode(d.array([d.structure(clock(0), *[d.boolean(True)] * 3)] * 4)), ProfileBufferError),
        (encode(d.array([row(0), d.structure(d.null(), *[d.unsigned(1)] * 3)])), ProfileBufferError),
    ],
)
def test_refusals_are_those_of_the_long_way(raw: bytes, failure: type[DlmsError]) -> None:
    with pytest.raises(failure) as direct:
        decode_profile_rows(raw, PROFILE)
    with pytest.raises(failure) as by_data:
        profile_rows(decode(raw), PROFILE)
    assert (type(direct.value), str(direct.value)) == (type(by_data.value), str(by_data.value))


@pytest.mark.parametrize("limits", [DataLimits(max_values=96 * 5 - 1), DataLimits(max_depth=1)])
def test_limits_are_those_of_decode(limits: DataLimits) -> None:
    with pytest.raises(LimitExceeded):
        decode_profile_rows(buffer(96), PROFILE, limits=limits)


def test_limits_that_just_suffice() -> None:
    assert len(decode_profile_rows(buffer(96), PROFILE, limits=DataLimits(max_depth=2, max_values=96 * 5))) == 96


def test_columns_that_cannot_be() -> None:
    with pytest.raises(ConfigurationError, match="column 2"):
        decode_profile_rows(buffer(4), (CLOCK, STATUS, IMPORT._replace(null_data=NullData.CONTINUED), EXPORT))
    with pytest.raises(DecodeError, match="scaler"):
        decode_profile_rows(buffer(4), (CLOCK, STATUS, IMPORT._replace(scaler=200), EXPORT))


cells = st.one_of(
    st.just(d.null()),
    st.integers(0, 255).map(d.unsigned),
    st.integers(0, 2**32 - 1).map(d.double_long_unsigned),
    st.integers(-128, 127).map(d.delta_integer),
    st.integers(0, 95).map(clock),
    st.binary(max_size=13).map(d.octet_string),
    st.floats(width=32).map(d.float32),
)


def plain(raw: bytes) -> Data:
    """The value with nothing known of its columns."""
    value = decode(raw)
    return d.array(value.value) if value.type is DataType.ARRAY and isinstance(value.value, tuple) else value


def outcome(call: object, *arguments: object) -> object:
    """What comes back, or the error's kind and text; text, because NaN is no equal of itself."""
    assert callable(call)
    try:
        return repr(call(*arguments))
    except DlmsError as error:
        return type(error), str(error)


@given(
    st.lists(
        st.tuples(st.lists(cells, min_size=3, max_size=3).map(lambda row: d.structure(*row)), st.integers(1, 5)),
        max_size=6,
    ),
    st.lists(st.sampled_from([*PROFILE, CLOCK._replace(null_data=NullData.ABSENT)]), min_size=3, max_size=3),
    st.booleans(),
)
def test_both_ways_agree(groups: list[tuple[Data, int]], columns: list[ProfileColumn], periodic: bool) -> None:
    raw = encode(d.array([row for row, times in groups for _ in range(times)]))
    step = every(900) if periodic else None
    expected = outcome(profile_rows, plain(raw), columns, step)
    assert outcome(decode_profile_rows, raw, columns, step) == expected
    assert outcome(profile_rows, decode(raw), columns, step) == expected


@given(st.integers(0, 40), st.integers(0, 2**16), st.integers(0, 255))
def test_both_ways_agree_on_damaged_octets(rows: int, place: int, octet: int) -> None:
    raw = bytearray(buffer(rows))
    raw[place % len(raw)] = octet
    octets = bytes(raw)
    expected = outcome(lambda: profile_rows(plain(octets), PROFILE))
    assert outcome(decode_profile_rows, octets, PROFILE) == expected
    assert outcome(lambda: profile_rows(decode(octets), PROFILE)) == expected


def test_a_decoded_buffer_is_the_same_value_with_or_without_its_columns() -> None:
    decoded, made = decode(buffer(96)), d.array(map(row, range(96)))
    assert decoded == made
    assert made == decoded
    assert hash(decoded) == hash(made)
    assert repr(decoded) == repr(made)
    copied = pickle.loads(pickle.dumps(decoded))
    assert copied == decoded
    assert encode(copied) == buffer(96)
    assert profile_rows(copied, PROFILE) == profile_rows(made, PROFILE)
    with pytest.raises(ProfileBufferError, match="row 0: 4 values in 2 columns"):
        profile_rows(decoded, PROFILE[:2])


def test_more_clocks_than_are_remembered() -> None:
    rows = 17_000
    moments = [
        BEGIN._replace(day=1 + n // 1_440, hour=n // 60 % 24, minute=n % 60, month=1 + n % 12) for n in range(rows)
    ]
    raw = encode(d.array(d.structure(moment.to_data()) for moment in moments))
    for _ in range(2):
        assert [cells[0] for cells in decode_profile_rows(raw, (CLOCK,))] == moments
