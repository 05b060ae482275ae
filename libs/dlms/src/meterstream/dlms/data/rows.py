"""Runs of rows that have one layout, decoded by column: long profiles cost a third of value by value.

A row is a structure of scalars. Its layout is the struct format of its values and the octets that stand in the same
place in every row of the run: tags, counts and lengths. Whether rows share a layout is decided by comparing each of
these places through all rows at once; nothing here changes what is decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, Final, NamedTuple

from meterstream.dlms.data.encoder import FIXED_OCTETS, NUMBERS
from meterstream.dlms.data.types import NULL, Data, DataType, Run, TypeDescription

ROWS_PER_RUN: Final = 256
"""So many rows are compared at once: what a run costs does not grow with the octets that follow it."""

_NULL_DATA: Final = DataType.NULL_DATA
_STRUCTURE: Final = DataType.STRUCTURE
_OCTET_STRING: Final = DataType.OCTET_STRING
_new: Final = tuple.__new__
_RUN_OF: Final = [bytes((octet,)) * ROWS_PER_RUN for octet in range(256)]
_VALUES_PER_UNPACKER: Final = 4_096


def _formats() -> list[tuple[DataType, str, int] | None]:
    """By tag: type, format and octets of types whose values all have one size."""
    formats: list[tuple[DataType, str, int] | None] = [None] * 256
    formats[_NULL_DATA] = (_NULL_DATA, "0s", 0)  # a field without octets, so that columns keep their places
    formats[DataType.BOOLEAN] = (DataType.BOOLEAN, "?", 1)
    for kind, number in NUMBERS.items():
        formats[kind] = (kind, number.format[1:], number.size)
    for kind, octets in FIXED_OCTETS.items():
        formats[kind] = (kind, f"{octets}s", octets)
    return formats


_FORMATS: Final = _formats()


class RowLayout(NamedTuple):
    """How every row of a run looks.

    Attributes:
        fields: struct format of the values of one row, without its byte order.
        values: unpacks them.
        kinds: type of each column.
        marks: (place in the row, the octet that stands there).
    """

    fields: str
    values: struct.Struct
    kinds: tuple[DataType, ...]
    marks: tuple[tuple[int, int], ...]

    def run_length(self, raw: bytes, offset: int, most: int) -> int:
        """How many rows from `offset` on have this layout: at most `most`, ROWS_PER_RUN and what fits."""
        octets = self.values.size
        rows = min(most, ROWS_PER_RUN, (len(raw) - offset) // octets)
        for place, octet in self.marks:
            column = raw[offset + place : offset + rows * octets : octets]
            if not _RUN_OF[octet].startswith(column):
                rows = len(column) - len(column.lstrip(octet.to_bytes(1, "big")))
        return rows

    def columns(self, raw: bytes, offset: int, number: int) -> list[tuple[Any, ...]]:
        """Values of `number` rows, at least one, by column; b"" for null-data."""
        width = len(self.kinds)
        if number * width > _VALUES_PER_UNPACKER:
            octets = raw[offset : offset + number * self.values.size]
            return list(zip(*self.values.iter_unpack(octets), strict=True))
        values = _unpacker(self.fields, number).unpack_from(raw, offset)
        return [values[column::width] for column in range(width)]

    def run(self, raw: bytes, offset: int, number: int) -> Run:
        """`number` rows, at least one, all of this layout."""
        return Run(self.kinds, self.columns(raw, offset, number))


def structures(run: Run) -> Iterable[Data]:
    """The rows of a run as values."""
    columns = (cells(kind, column) for kind, column in zip(run.kinds, run.columns, strict=True))
    return map(_new, repeat(Data), zip(repeat(_STRUCTURE), zip(*columns, strict=True)))


def cells(kind: DataType, column: Sequence[Any]) -> Iterable[Data]:
    """A column of RowLayout.columns() as values."""
    return repeat(NULL, len(column)) if kind is _NULL_DATA else map(_new, repeat(Data), zip(repeat(kind), column))


@lru_cache(maxsize=256)
def _unpacker(fields: str, rows: int = 1) -> struct.Struct:
    """At most 100 KiB: the format of _VALUES_PER_UNPACKER values."""
    return struct.Struct(">" + fields * rows)


class _Growing:
    """A layout that grows member by member; `place` is where in the row the next one begins."""

    __slots__ = ("_fields", "_kinds", "_marks", "place")

    def __init__(self) -> None:
        self.place = 0
        self._marks: list[tuple[int, int]] = []
        self._fields: list[str] = []
        self._kinds: list[DataType] = []

    def constant(self, octet: int) -> None:
        """An octet that is the same in every row."""
        self._marks.append((self.place, octet))
        self._fields.append("x")
        self.place += 1

    def value(self, tag: int, raw: bytes, offset: int) -> bool:
        """A member of the row at `offset`; False for one of variable size. Raises: IndexError."""
        member = _member(tag, raw, offset + self.place)
        if member is None:
            return False
        kind, field, octets = member
        if kind is _OCTET_STRING:
            self._marks.append((self.place, octets - 1))
        self._fields.append(field)
        self._kinds.append(kind)
        self.place += octets
        return True

    def layout(self) -> RowLayout:
        fields = "".join(self._fields)
        return RowLayout(fields, _unpacker(fields), tuple(self._kinds), tuple(self._marks))


def tagged_layout(raw: bytes, offset: int) -> RowLayout | None:
    """Layout of the structure at `offset`; None for one that has members of variable size.

    Raises: IndexError when the octets end inside it.
    """
    members = raw[offset + 1]
    if not 0 < members < 0x80:
        return None
    row = _Growing()
    row.constant(_STRUCTURE)
    row.constant(members)
    for _ in range(members):
        tag = raw[offset + row.place]
        row.constant(tag)
        if not row.value(tag, raw, offset):
            return None
    return row.layout()


def untagged_layout(members: Sequence[TypeDescription], raw: bytes, offset: int) -> RowLayout | None:
    """Layout of the row of a compact-array at `offset`, or None as above, or when rows take no octets.

    Raises: IndexError when the octets end inside the row.
    """
    row = _Growing()
    for description in members:
        if not isinstance(description, DataType) or not row.value(description, raw, offset):
            return None
    return row.layout() if row.place else None


def _member(tag: int, raw: bytes, offset: int) -> tuple[DataType, str, int] | None:
    """Type, format and octets of a value whose tag is known; an octet-string counts its length octet."""
    if tag != _OCTET_STRING:
        return _FORMATS[tag]
    length = raw[offset]
    return (_OCTET_STRING, f"x{length}s", length + 1) if length < 0x80 else None
