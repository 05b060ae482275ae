"""Buffers of profiles as rows: compression undone, types kept, every refusal with its row and column."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterstream.dlms import data as d
from meterstream.dlms.apdu import GetResponseNormal, decode_get_response
from meterstream.dlms.data import (
    CaptureObject,
    CosemDateTime,
    Data,
    DataType,
    LogicalName,
    NullData,
    ProfileColumn,
    StructureOf,
    decode,
    encode,
    every,
    monthly,
    profile_rows,
)
from meterstream.dlms.errors import ConfigurationError, DecodeError, DlmsError, ProfileBufferError

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CLOCK = ProfileColumn(CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2))
STATUS = ProfileColumn(CaptureObject(1, LogicalName.parse("0.0.96.10.2.255"), 2))
IMPORT = ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2), scaler=-3)
EXPORT = ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.2.8.0.255"), 2), scaler=-3)
GAS = ProfileColumn(CaptureObject(4, LogicalName.parse("0.1.24.2.1.255"), 2), scaler=-3)
GAS_CAPTURED = ProfileColumn(CaptureObject(4, LogicalName.parse("0.1.24.2.1.255"), 5))
PROFILE = (CLOCK, STATUS, IMPORT, EXPORT)

BEGIN = CosemDateTime.from_bytes(bytes.fromhex("07E80701FF000F0000FF8880"))


def clock(number: int) -> Data:
    return BEGIN._replace(hour=number // 4, minute=15 * (number % 4)).to_data()


def answered(raw: str) -> Data:
    response = decode_get_response(bytes.fromhex(raw))
    assert isinstance(response, GetResponseNormal)
    assert isinstance(response.result, Data)
    return response.result


# Vectors


def test_four_quarters_two_without_a_clock() -> None:
    buffer = answered(
        "C401430001040204090C07E80701FF000F0000FF8880110006000027110600004E21020400110006000027130600004E210204001108"
        "06000027160600004E220204090C07E80701FF01000000FF88801188060000271A0600004E22"
    )
    rows = profile_rows(buffer, PROFILE, every(900))
    assert [row[0].to_datetime() for row in rows] == [  # type: ignore[union-attr]  # a row holds what its column says
        datetime(2024, 6, 30, 22, 15, tzinfo=UTC) + number * timedelta(minutes=15) for number in range(4)
    ]
    assert [row[1:] for row in rows] == [
        (d.unsigned(0x00), Decimal("10.001"), Decimal("20.001")),
        (d.unsigned(0x00), Decimal("10.003"), Decimal("20.001")),
        (d.unsigned(0x08), Decimal("10.006"), Decimal("20.002")),
        (d.unsigned(0x88), Decimal("10.010"), Decimal("20.002")),
    ]
    assert [str(row[2]) for row in rows] == ["10.001", "10.003", "10.006", "10.010"]


def test_gas_hours_with_capture_times() -> None:
    buffer = answered(
        "C401460001020204090C07E80701FF01000000FF8880110006000493E1090C07E80701FF00370000FF888002040011040600000000"
        "090CFFFFFFFFFFFFFFFFFF8000FF"
    )
    first, second = profile_rows(buffer, (CLOCK, STATUS, GAS, GAS_CAPTURED), every(3600))
    assert first[1:3] == (d.unsigned(0), Decimal("300.001"))
    assert first[3] == CosemDateTime(2024, 7, 1, None, 0, 55, 0, 0, -120, 0x80)
    assert second == (
        CosemDateTime(2024, 7, 1, None, 2, 0, 0, 0, -120, 0x80),
        d.unsigned(4),
        Decimal("0.000"),
        CosemDateTime(),
    )


# Compression

COMPRESSED = [
    d.structure(BEGIN.to_data(), d.unsigned(4), d.double_long_unsigned(10_000), d.double_long_unsigned(5)),
    d.structure(d.null(), d.null(), d.delta_unsigned(7), d.null()),
    d.structure(d.null(), d.unsigned(8), d.delta_long(-2), d.delta_double_long_unsigned(70_000)),
    d.structure(d.null(), d.null(), d.null(), d.delta_integer(-5)),
    d.structure(d.null(), d.null(), d.double_long_unsigned(3), d.delta_double_long(-70_000)),
    d.structure(d.null(), d.null(), d.delta_long_unsigned(65_535), d.null()),
]


def test_null_data_and_deltas_refer_to_the_row_before() -> None:
    rows = profile_rows(decode(encode(d.array(COMPRESSED))), PROFILE, every(900))
    assert [(row[0].hour, row[0].minute) for row in rows] == [(0, 15), (0, 30), (0, 45), (1, 0), (1, 15), (1, 30)]  # type: ignore[union-attr]  # a row holds what its column says
    assert [row[1] for row in rows] == [d.unsigned(4)] * 2 + [d.unsigned(8)] * 4
    assert [row[2] for row in rows] == [
        Decimal(text) for text in ("10.000", "10.007", "10.005", "10.005", "0.003", "65.538")
    ]
    assert [row[3] for row in rows] == [
        Decimal(text) for text in ("0.005", "0.005", "70.005", "70.000", "0.000", "0.000")
    ]


def test_deltas_without_a_scaler_keep_the_type_of_the_first_value() -> None:
    rows = profile_rows(d.array([d.structure(d.long(5)), d.structure(d.delta_integer(-6))]), (STATUS,))
    assert rows == [(d.long(5),), (d.long(-1),)]


def test_compact_arrays_are_the_same_table() -> None:
    description = StructureOf(
        (DataType.DATE_TIME, DataType.UNSIGNED, DataType.DOUBLE_LONG_UNSIGNED, DataType.DOUBLE_LONG_UNSIGNED)
    )
    rows = [
        d.structure(
            Data(DataType.DATE_TIME, clock(number).value), d.unsigned(number), d.double_long_unsigned(number * 10),
            d.double_long_unsigned(number),
        )
        for number in range(20)
    ]  # fmt: skip
    compact = profile_rows(decode(encode(d.compact_array(description, rows))), PROFILE)
    assert compact == profile_rows(d.array(rows), PROFILE)
    assert compact[19] == (CosemDateTime.from_data(clock(19)), d.unsigned(19), Decimal("0.190"), Decimal("0.019"))


def test_nothing_before_the_first_row() -> None:
    rows = profile_rows(d.array([d.structure(*[d.null()] * 4)] * 2), PROFILE, every(900))
    assert rows == [(None, None, None, None)] * 2


@pytest.mark.parametrize("buffer", [d.null(), d.array(), d.compact_array(StructureOf(()), [])])
def test_an_empty_buffer_has_no_rows(buffer: Data) -> None:
    assert profile_rows(buffer, PROFILE) == []


def test_what_null_data_means_is_the_callers_choice() -> None:
    captured = GAS_CAPTURED._replace(null_data=NullData.CONTINUED)
    absent = GAS._replace(null_data=NullData.ABSENT)
    lone_status = STATUS._replace(null_data=NullData.ABSENT)
    lone_clock = CLOCK._replace(null_data=NullData.ABSENT)
    rows = profile_rows(
        d.array(
            [
                d.structure(BEGIN.to_data(), d.unsigned(1), d.double_long_unsigned(9), BEGIN.to_data()),
                d.structure(d.null(), d.null(), d.null(), d.null()),
                d.structure(BEGIN.to_data(), d.null(), d.delta_unsigned(1), d.null()),
            ]
        ),
        (lone_clock, lone_status, absent, captured),
        every(3600),
    )
    assert rows[1] == (None, None, None, BEGIN._replace(hour=1))
    assert rows[2] == (BEGIN, None, Decimal("0.010"), BEGIN._replace(hour=2))
    repeated = profile_rows(d.array([d.structure(BEGIN.to_data()), d.structure(d.null())]), (GAS_CAPTURED,))
    assert repeated == [(BEGIN,), (BEGIN,)]


def test_dont_care_is_no_value() -> None:
    row = d.structure(d.dont_care(), d.dont_care(), d.dont_care(), d.double_long_unsigned(1))
    assert profile_rows(d.array([row, row]), PROFILE) == [(None, None, None, Decimal("0.001"))] * 2


def test_floats_are_scaled_by_their_shortest_text() -> None:
    rows = profile_rows(d.array([d.structure(d.float64(230.1)), d.structure(d.float64(-5.0))]), (IMPORT,))
    assert rows == [(Decimal("0.2301"),), (Decimal("-0.005"),)]


def test_an_element_of_a_clock_is_no_clock() -> None:
    part = ProfileColumn(CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2, data_index=1))
    assert profile_rows(d.array([d.structure(d.long_unsigned(2024))]), (part,)) == [(d.long_unsigned(2024),)]


# The capture after a capture


def test_wall_clocks_over_the_change_to_winter_time() -> None:
    evening = CosemDateTime.from_datetime(datetime(2024, 10, 26, tzinfo=AMSTERDAM), weekday=6)
    day = every(86_400, AMSTERDAM)(every(86_400, AMSTERDAM)(evening))
    assert day == CosemDateTime(2024, 10, 28, 1, 0, 0, 0, 0, -60, 0)
    assert every(86_400)(every(86_400)(evening)) == CosemDateTime(2024, 10, 28, 1, 0, 0, 0, 0, -120, 0x80)
    hour = CosemDateTime(2024, 10, 27, None, 2, 0, 0, 0, -120, 0x80)
    assert every(3600, AMSTERDAM)(hour) == hour._replace(deviation=-60, status=0)
    assert every(3600, AMSTERDAM)(every(3600, AMSTERDAM)(hour)) == hour._replace(hour=3, deviation=-60, status=0)


def test_months_end_where_they_end() -> None:
    assert monthly()(BEGIN._replace(month=1, day=31))[:3] == (2024, 2, 29)
    assert monthly()(BEGIN._replace(month=12, day=1))[:3] == (2025, 1, 1)
    january = CosemDateTime.from_datetime(datetime(2024, 3, 1, tzinfo=AMSTERDAM))
    assert monthly(AMSTERDAM)(january) == CosemDateTime(2024, 4, 1, None, 0, 0, 0, 0, -120, 0x80)


def test_open_parts_stay_open_where_they_may() -> None:
    bare = CosemDateTime(2024, 12, 31, None, 23, 45)
    assert every(900)(bare) == CosemDateTime(2025, 1, 1, None, 0, 0)
    assert every(900, AMSTERDAM)(bare) == CosemDateTime(2025, 1, 1, None, 0, 0)
    doubtful = BEGIN._replace(status=0x82)
    assert every(900)(doubtful).status == every(900, AMSTERDAM)(doubtful).status == 0x82


@pytest.mark.parametrize(
    "clock_before", [CosemDateTime(), BEGIN._replace(year=9999, month=12, day=31, hour=23, minute=59)]
)
@pytest.mark.parametrize("step", [every(900), every(86_400, AMSTERDAM), monthly()])
def test_clocks_that_do_not_tell_the_next_one(clock_before: CosemDateTime, step: d.NextCapture) -> None:
    with pytest.raises(DecodeError):
        step(clock_before)


def test_a_period_is_at_least_a_second() -> None:
    with pytest.raises(ValueError, match="0 s"):
        every(0)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(-48, 56), st.integers(1, 10**7))  # noqa: DTZ001  # the strategy adds the deviation
def test_a_period_later_is_a_period_later(naive: datetime, quarters: int, period_s: int) -> None:
    moment = naive.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    after = every(period_s)(CosemDateTime.from_datetime(moment)).to_datetime()
    assert after == moment + timedelta(seconds=period_s)
    assert after.utcoffset() == moment.utcoffset()


# Refusals

FIRST = COMPRESSED[0]


@pytest.mark.parametrize(
    ("buffer", "row", "column"),
    [
        (d.unsigned(1), None, None),
        (d.structure(FIRST), None, None),
        (d.array([FIRST, d.unsigned(1)]), 1, None),
        (d.array([FIRST, d.array()]), 1, None),
        (d.array([FIRST, FIRST, d.structure(BEGIN.to_data())]), 2, None),
        (d.array([d.structure()]), 0, None),
        (d.array([d.structure(d.unsigned(1), *FIRST.value[1:])]), 0, 0),  # type: ignore[misc,index]  # a row holds what its column says
        (d.array([FIRST, d.structure(d.octet_string(bytes(11)), *FIRST.value[1:])]), 1, 0),  # type: ignore[misc,index]  # a row holds what its column says
        (d.array([FIRST, d.structure(d.delta_unsigned(1), *FIRST.value[1:])]), 1, 0),  # type: ignore[misc,index]  # a row holds what its column says
        (d.array([d.structure(*FIRST.value[:1], d.delta_unsigned(1), *FIRST.value[2:])]), 0, 1),  # type: ignore[misc,index]  # a row holds what its column says
        (d.array([FIRST, d.structure(*FIRST.value[:2], d.visible_string("1"), d.null())]), 1, 2),  # type: ignore[misc,index]  # a row holds what its column says
        (d.array([FIRST, d.structure(*FIRST.value[:2], d.boolean(True), d.null())]), 1, 2),  # type: ignore[misc,index]  # a row holds what its column says
        (d.array([FIRST, d.structure(*FIRST.value[:3], d.float32(float("inf")))]), 1, 3),  # type: ignore[misc,index]  # a row holds what its column says
        (d.array([FIRST, d.structure(*FIRST.value[:3], d.delta_integer(-6))]), 1, 3),  # type: ignore[misc,index]  # a row holds what its column says
        (d.array([FIRST, FIRST, d.structure(d.null(), *FIRST.value[1:])]), 2, 0),  # type: ignore[misc,index]  # a row holds what its column says
    ],
)  # fmt: skip
def test_refusals_name_row_and_column(buffer: Data, row: int | None, column: int | None) -> None:
    with pytest.raises(ProfileBufferError) as caught:
        profile_rows(buffer, PROFILE)
    assert (caught.value.row, caught.value.column) == (row, column)
    assert caught.value.code == "MALFORMED_PROFILE_BUFFER"
    if column is not None:
        assert str(caught.value).startswith(f"row {row}, column {column}: ")


def test_deltas_need_a_number_before_them() -> None:
    rows = d.array([d.structure(d.float32(1.0)), d.structure(d.delta_integer(1))])
    with pytest.raises(ProfileBufferError, match="row 1, column 0: DELTA_INTEGER after FLOAT32"):
        profile_rows(rows, (STATUS,))
    rows = d.array([d.structure(d.integer(127)), d.structure(d.delta_integer(1))])
    with pytest.raises(ProfileBufferError, match="row 1, column 0: DELTA_INTEGER leads out of INTEGER"):
        profile_rows(rows, (STATUS,))


def test_a_strange_clock_cannot_be_continued() -> None:
    strange = BEGIN._replace(month=2, day=30)
    assert profile_rows(d.array([d.structure(strange.to_data())]), (CLOCK,)) == [(strange,)]
    with pytest.raises(ProfileBufferError, match="row 1, column 0"):
        profile_rows(d.array([d.structure(strange.to_data()), d.structure(d.null())]), (CLOCK,), every(900))


def test_only_clocks_continue() -> None:
    for column in (IMPORT, STATUS):
        with pytest.raises(ConfigurationError, match="column 0"):
            profile_rows(d.array([FIRST]), (column._replace(null_data=NullData.CONTINUED), STATUS, IMPORT, EXPORT))


def test_scalers_are_signed_octets() -> None:
    with pytest.raises(DecodeError):
        profile_rows(d.array([d.structure(d.unsigned(1))]), (IMPORT._replace(scaler=128),))


# Generated

cells = st.one_of(
    st.just(d.null()),
    st.just(d.dont_care()),
    st.sampled_from(sorted(d.DELTA_TYPES)).flatmap(lambda kind: st.integers(0, 127).map(lambda n: Data(kind, n))),
    st.integers(0, 2**32 - 1).map(d.double_long_unsigned),
    st.integers(-(2**63), 2**63 - 1).map(d.long64),
    st.floats().map(d.float64),
    st.binary(min_size=12, max_size=12).map(d.octet_string),
    st.just(BEGIN.to_data()),
    st.just(d.array([d.unsigned(1)])),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.lists(cells, min_size=4, max_size=4).map(lambda row: d.structure(*row)), max_size=12),
    st.lists(st.sampled_from([*PROFILE, GAS_CAPTURED]), min_size=4, max_size=4),
    st.sampled_from([None, every(900), monthly(AMSTERDAM)]),
)
def test_any_buffer_is_rows_or_a_typed_error(
    rows: list[Data], columns: list[ProfileColumn], step: d.NextCapture | None
) -> None:
    with suppress(DlmsError):
        found = profile_rows(d.array(rows), columns, step)
        assert [len(row) for row in found] == [4] * len(rows)
        for column, cells_found in zip(columns, zip(*found, strict=True), strict=False):
            kind = Decimal if column.scaler is not None else CosemDateTime if column in (CLOCK, GAS_CAPTURED) else Data
            assert all(cell is None or isinstance(cell, kind) for cell in cells_found)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=40), st.integers(-128, 127))
def test_compressed_or_not_is_the_same_column(raws: list[int], scaler: int) -> None:
    def compressed(before: int | None, raw: int) -> Data:
        if before == raw:
            return d.null()
        if before is not None and -(2**31) <= raw - before < 2**31:
            return d.delta_double_long(raw - before)
        return d.double_long_unsigned(raw)

    column = IMPORT._replace(scaler=scaler)
    plain = profile_rows(d.array(d.structure(d.double_long_unsigned(raw)) for raw in raws), (column,))
    pairs = zip([None, *raws], raws, strict=False)
    assert profile_rows(d.array(d.structure(compressed(*pair)) for pair in pairs), (column,)) == plain
    assert plain == [(d.scale(raw, scaler),) for raw in raws]
