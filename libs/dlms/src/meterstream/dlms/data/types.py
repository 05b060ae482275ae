"""COSEM data: the types of the Data CHOICE and one immutable value for each (IEC 62056-6-2, 4.1.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Final, NamedTuple, Self, TypeAlias


class DataType(IntEnum):
    """Tag of the Data CHOICE."""

    NULL_DATA = 0
    ARRAY = 1
    STRUCTURE = 2
    BOOLEAN = 3
    BIT_STRING = 4
    DOUBLE_LONG = 5
    DOUBLE_LONG_UNSIGNED = 6
    OCTET_STRING = 9
    VISIBLE_STRING = 10
    UTF8_STRING = 12
    BCD = 13
    INTEGER = 15
    LONG = 16
    UNSIGNED = 17
    LONG_UNSIGNED = 18
    COMPACT_ARRAY = 19
    LONG64 = 20
    LONG64_UNSIGNED = 21
    ENUM = 22
    FLOAT32 = 23
    FLOAT64 = 24
    DATE_TIME = 25
    DATE = 26
    TIME = 27
    DELTA_INTEGER = 28
    DELTA_LONG = 29
    DELTA_DOUBLE_LONG = 30
    DELTA_UNSIGNED = 31
    DELTA_LONG_UNSIGNED = 32
    DELTA_DOUBLE_LONG_UNSIGNED = 33
    DONT_CARE = 255


class BitString(str):
    """Bits as text, first bit first: BitString("0101")."""

    __slots__ = ()


class Data(NamedTuple):
    """One COSEM value.

    `value` by type: None (null-data, dont-care); tuple of Data (array, structure); CompactArray (compact-array, itself
    a tuple of Data); bool; BitString; int (all integer types, bcd, enum and deltas); float; str (visible-string as
    Latin-1, utf8-string); bytes (octet-string; date-time 12, date 5 and time 4 octets).
    Values are not checked here but where they are encoded.
    """

    type: DataType
    value: Value


class CompactArray(tuple[Data, ...]):  # noqa: SLOT001 - a tuple cannot have slots of its own
    """Rows of a compact-array together with the one type they all have."""

    description: TypeDescription

    def __new__(cls, description: TypeDescription, rows: Iterable[Data]) -> Self:
        self = super().__new__(cls, rows)
        self.description = description
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CompactArray) and self.description == other.description and super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other  # tuple has an operator of its own

    def __hash__(self) -> int:
        return super().__hash__()

    def __getnewargs__(self) -> tuple[TypeDescription, tuple[Data, ...]]:
        return self.description, tuple(self)


class Run(NamedTuple):
    """Successive rows of one layout by column: the type of each, and its values; b"" stands for null-data."""

    kinds: tuple[DataType, ...]
    columns: list[tuple[Any, ...]]


class Table(tuple[Data, ...]):  # noqa: SLOT001 - a tuple cannot have slots of its own
    """Rows of an array as they came, and the same by column: what profiles are made of."""

    runs: list[Run]


class ArrayOf(NamedTuple):
    """An array of a fixed number of elements inside a TypeDescription."""

    length: int
    element: TypeDescription


class StructureOf(NamedTuple):
    """A structure inside a TypeDescription."""

    members: tuple[TypeDescription, ...]


TypeDescription: TypeAlias = DataType | ArrayOf | StructureOf
Value: TypeAlias = bool | int | float | str | bytes | tuple[Data, ...] | None

INTEGER_TYPES: Final = frozenset(
    {
        DataType.DOUBLE_LONG,
        DataType.DOUBLE_LONG_UNSIGNED,
        DataType.BCD,
        DataType.INTEGER,
        DataType.LONG,
        DataType.UNSIGNED,
        DataType.LONG_UNSIGNED,
        DataType.LONG64,
        DataType.LONG64_UNSIGNED,
        DataType.ENUM,
        DataType.DELTA_INTEGER,
        DataType.DELTA_LONG,
        DataType.DELTA_DOUBLE_LONG,
        DataType.DELTA_UNSIGNED,
        DataType.DELTA_LONG_UNSIGNED,
        DataType.DELTA_DOUBLE_LONG_UNSIGNED,
    }
)

DELTA_TYPES: Final = frozenset(
    {
        DataType.DELTA_INTEGER,
        DataType.DELTA_LONG,
        DataType.DELTA_DOUBLE_LONG,
        DataType.DELTA_UNSIGNED,
        DataType.DELTA_LONG_UNSIGNED,
        DataType.DELTA_DOUBLE_LONG_UNSIGNED,
    }
)
"""Differences from the value of the same column in the row before."""

NULL: Final = Data(DataType.NULL_DATA, None)


def null() -> Data:
    return NULL


def dont_care() -> Data:
    return Data(DataType.DONT_CARE, None)


def array(items: Iterable[Data] = ()) -> Data:
    return Data(DataType.ARRAY, tuple(items))


def structure(*items: Data) -> Data:
    return Data(DataType.STRUCTURE, items)


def compact_array(description: TypeDescription, rows: Sequence[Data]) -> Data:
    """Rows that all have the type `description`; the encoder checks that they do."""
    return Data(DataType.COMPACT_ARRAY, CompactArray(description, rows))


def boolean(value: bool) -> Data:
    return Data(DataType.BOOLEAN, value)


def bit_string(bits: str) -> Data:
    """Bits as text, first bit first."""
    return Data(DataType.BIT_STRING, BitString(bits))


def double_long(value: int) -> Data:
    return Data(DataType.DOUBLE_LONG, value)


def double_long_unsigned(value: int) -> Data:
    return Data(DataType.DOUBLE_LONG_UNSIGNED, value)


def octet_string(value: bytes) -> Data:
    return Data(DataType.OCTET_STRING, bytes(value))


def visible_string(value: str) -> Data:
    return Data(DataType.VISIBLE_STRING, value)


def utf8_string(value: str) -> Data:
    return Data(DataType.UTF8_STRING, value)


def bcd(value: int) -> Data:
    """The raw octet as the standard defines it, a signed 8-bit integer."""
    return Data(DataType.BCD, value)


def integer(value: int) -> Data:
    return Data(DataType.INTEGER, value)


def long(value: int) -> Data:
    return Data(DataType.LONG, value)


def unsigned(value: int) -> Data:
    return Data(DataType.UNSIGNED, value)


def long_unsigned(value: int) -> Data:
    return Data(DataType.LONG_UNSIGNED, value)


def long64(value: int) -> Data:
    return Data(DataType.LONG64, value)


def long64_unsigned(value: int) -> Data:
    return Data(DataType.LONG64_UNSIGNED, value)


def enum(value: int) -> Data:
    return Data(DataType.ENUM, value)


def float32(value: float) -> Data:
    return Data(DataType.FLOAT32, value)


def float64(value: float) -> Data:
    return Data(DataType.FLOAT64, value)


def delta_integer(value: int) -> Data:
    """The difference from the value before, as the other delta types; profile_buffer adds it up."""
    return Data(DataType.DELTA_INTEGER, value)


def delta_long(value: int) -> Data:
    return Data(DataType.DELTA_LONG, value)


def delta_double_long(value: int) -> Data:
    return Data(DataType.DELTA_DOUBLE_LONG, value)


def delta_unsigned(value: int) -> Data:
    return Data(DataType.DELTA_UNSIGNED, value)


def delta_long_unsigned(value: int) -> Data:
    return Data(DataType.DELTA_LONG_UNSIGNED, value)


def delta_double_long_unsigned(value: int) -> Data:
    return Data(DataType.DELTA_DOUBLE_LONG_UNSIGNED, value)
