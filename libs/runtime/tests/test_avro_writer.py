"""What we write is what fastavro writes, octet by octet; for values at and beyond every edge too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from meterstream.runtime.avro_writer import LARGEST_LONG, SMALLEST_LONG, writer_of

MICROS: Any = {"type": "long", "logicalType": "timestamp-micros"}
DECIMAL: Any = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 9}
LEAF: Any = {
    "type": "record", "name": "Leaf", "namespace": "meterstream",
    "fields": [{"name": "text", "type": "string"}, {"name": "next", "type": ["null", "meterstream.Leaf"]}],
}  # fmt: skip
TREE: Any = {
    "type": "record", "name": "Tree", "namespace": "meterstream",
    "fields": [
        {"name": "number", "type": "long"},
        {"name": "leaf", "type": ["null", LEAF]},
        {"name": "other", "type": "meterstream.Leaf"},
        {"name": "leaves", "type": ["null", {"type": "array", "items": "meterstream.Leaf"}]},
        {"name": "marks", "type": {"type": "map", "values": "string"}},
        {"name": "at", "type": ["null", MICROS]},
        {"name": "octets", "type": ["null", "bytes"]},
        {"name": "flag", "type": "boolean"},
        {"name": "ratio", "type": "double"},
    ],
}  # fmt: skip

longs = st.integers(SMALLEST_LONG, LARGEST_LONG) | st.integers(-70, 70) | st.sampled_from([4095, 4096, 8191, 8192])
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=2))]))
leaves = st.recursive(
    st.builds(lambda text: {"text": text, "next": None}, st.text()),
    lambda inner: st.builds(lambda text, following: {"text": text, "next": following}, st.text(), inner),
    max_leaves=4,
)
trees = st.fixed_dictionaries(
    {
        "number": longs,
        "leaf": st.none() | leaves,
        "other": leaves,
        "leaves": st.none() | st.lists(leaves, max_size=3),
        "marks": st.dictionaries(st.text(), st.text(), max_size=3),
        "at": st.none() | moments,
        "octets": st.none() | st.binary(),
        "flag": st.booleans(),
        "ratio": st.floats(allow_nan=False),
    }
)


def written(schema: Any, value: Any) -> bytes:
    parts: list[bytes] = []
    writer_of(schema)(value, parts.append)
    return b"".join(parts)


def by_fastavro(schema: Any, value: Any) -> bytes:
    buffer = BytesIO()
    schemaless_writer(buffer, parse_schema(schema, named_schemas={}), value)
    return buffer.getvalue()


def as_object(value: Any) -> Any:
    """Records as the objects that they are in the platform."""
    match value:
        case {"text": _} | {"number": _}:
            return SimpleNamespace(**{name: as_object(field) for name, field in value.items()})
        case list():
            return [as_object(item) for item in value]
    return value


@given(tree=trees)
def test_records_of_every_kind_of_field(tree: dict[str, Any]) -> None:
    assert written(TREE, as_object(tree)) == by_fastavro(TREE, tree)


@given(value=longs)
def test_longs(value: int) -> None:
    assert written("long", value) == by_fastavro("long", value)


@given(value=moments)
def test_moments_of_all_years(value: datetime) -> None:
    assert written(MICROS, value) == by_fastavro(MICROS, value)


@given(unscaled=st.integers(-(10**38) + 1, 10**38 - 1), places=st.integers(0, 9))
def test_decimals_to_the_last_digit(unscaled: int, places: int) -> None:
    value = Decimal((int(unscaled < 0), tuple(map(int, str(abs(unscaled) // 10 ** (9 - places)))), -places))
    raw = written(DECIMAL, value)
    assert schemaless_reader(BytesIO(raw), parse_schema(DECIMAL), None) == value
    assert raw == by_fastavro(DECIMAL, value)


@pytest.mark.parametrize("size", [4095, 4096, 70_000])
def test_long_texts_and_octets(size: int) -> None:
    assert written("string", "é" * size) == by_fastavro("string", "é" * size)
    assert written("bytes", bytes(size)) == by_fastavro("bytes", bytes(size))


def test_names_and_decimals_as_texts() -> None:
    class Kind(StrEnum):
        GAS = "gas"

    assert written("string", Kind.GAS) == b"\x06gas"
    assert written("string", Decimal("1.50")) == b"\x081.50"


@pytest.mark.parametrize("value", [SMALLEST_LONG - 1, LARGEST_LONG + 1])
def test_a_number_of_more_than_64_bits_is_refused(value: int) -> None:
    with pytest.raises(OverflowError, match="64 bits"):
        written("long", value)


@pytest.mark.parametrize("value", ["1E+29", "-1E+29", "0.0000000001"])
def test_a_decimal_that_does_not_fit_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="38 digits, 9 of them decimals"):
        written(DECIMAL, Decimal(value))


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        written(MICROS, datetime(2026, 7, 1))  # noqa: DTZ001  # the very mistake
