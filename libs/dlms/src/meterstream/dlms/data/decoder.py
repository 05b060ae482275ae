"""A-XDR bytes -> Data, for bytes that nobody has vetted: bounded depth, bounded number of values, one kind of error."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from meterstream.dlms.data.encoder import FIXED_OCTETS, NUMBERS
from meterstream.dlms.data.lengths import decode_length
from meterstream.dlms.data.rows import structures, tagged_layout, untagged_layout
from meterstream.dlms.data.types import (
    NULL,
    ArrayOf,
    BitString,
    CompactArray,
    Data,
    DataType,
    Run,
    StructureOf,
    Table,
    TypeDescription,
)
from meterstream.dlms.errors import DecodeError, LimitExceeded


@dataclass(frozen=True, slots=True)
class DataLimits:
    """Bounds on one decoded value; outside a compact-array no value takes less than one octet of input.

    Attributes:
        max_depth: nested arrays and structures; COSEM objects stay below 8.
        max_values: elements of all arrays, structures and rows together; a full load profile of 960 rows and 33 columns
            has a quarter of the default, and decoding so many takes a fraction of a second.
        max_compact_octets: contents of one compact-array, which take no tags and so become many values.
    """

    max_depth: int = 16
    max_values: int = 131_072
    max_compact_octets: int = 1_048_576


DEFAULT_LIMITS: Final = DataLimits()

_Unpack = Callable[[bytes, int], tuple[Any, ...]]


def _fixed_layouts() -> list[tuple[DataType, int, _Unpack] | None]:
    """By tag: type, octets including the tag, and how to read the rest. None for types of variable size."""
    layouts: list[tuple[DataType, int, _Unpack] | None] = [None] * 256
    readers = {**NUMBERS, DataType.BOOLEAN: struct.Struct(">?")}
    readers |= {kind: struct.Struct(f"{octets}s") for kind, octets in FIXED_OCTETS.items()}
    for kind, reader in readers.items():
        layouts[kind] = (kind, reader.size + 1, reader.unpack_from)
    return layouts


_FIXED: Final = _fixed_layouts()
_COLUMN_TYPES: Final = frozenset(DataType) - {DataType.ARRAY, DataType.STRUCTURE, DataType.COMPACT_ARRAY}
# Members of an enumeration cost more to look up than names of a module, once per value.
_NULL_DATA: Final = DataType.NULL_DATA
_ARRAY: Final = DataType.ARRAY
_STRUCTURE: Final = DataType.STRUCTURE
_OCTET_STRING: Final = DataType.OCTET_STRING
_COMPACT_ARRAY: Final = DataType.COMPACT_ARRAY
_ROWS_WORTH_A_LAYOUT: Final = 4
_SHORT_RUNS: Final = 8
# Data(...) without the call of NamedTuple's generated __new__: half the cost of a value in a long buffer.
_new: Final = tuple.__new__


def decode(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> Data:
    """The one value that fills `raw`.

    Raises: DecodeError (also when octets are left over), LimitExceeded.
    """
    data, end = decode_prefix(raw, 0, limits)
    if end != len(raw):
        raise DecodeError(f"{len(raw) - end} octets after the value")
    return data


def decode_prefix(raw: bytes, offset: int = 0, limits: DataLimits = DEFAULT_LIMITS) -> tuple[Data, int]:
    """The value that starts at `offset` and the offset after it.

    Raises: DecodeError, LimitExceeded.
    """
    return Decoder(raw, limits).value(offset)


class Decoder:
    """Decodes values out of one buffer; all of them together stay within `limits`."""

    __slots__ = ("_left", "_max_compact_octets", "_max_depth", "_raw")

    def __init__(self, raw: bytes, limits: DataLimits) -> None:
        self._raw = raw
        self._left = limits.max_values
        self._max_depth = limits.max_depth
        self._max_compact_octets = limits.max_compact_octets

    def value(self, offset: int) -> tuple[Data, int]:
        """The value that starts at `offset` and the offset after it. Raises: DecodeError, LimitExceeded."""
        try:
            fixed = _FIXED[self._raw[offset]]
            if fixed is not None:
                return _new(Data, (fixed[0], fixed[2](self._raw, offset + 1)[0])), offset + fixed[1]
            return self._variable(offset, 0)
        except (IndexError, struct.error) as error:
            raise DecodeError("data ends inside a value") from error
        except UnicodeDecodeError as error:
            raise DecodeError("utf8-string is not UTF-8") from error

    def _variable(self, offset: int, depth: int) -> tuple[Data, int]:
        tag = self._raw[offset]
        if tag == _STRUCTURE:
            return self._items(_STRUCTURE, offset + 1, depth)
        if tag == _ARRAY:
            return self._items(_ARRAY, offset + 1, depth)
        if tag == _COMPACT_ARRAY:
            return self._compact(offset + 1, depth)
        try:
            kind = DataType(tag)
        except ValueError:
            raise DecodeError(f"no data type has tag {tag:#04x} (offset {offset})") from None
        return self._untagged_scalar(kind, offset + 1)

    def _items(self, kind: DataType, offset: int, depth: int) -> tuple[Data, int]:
        raw = self._raw
        count, offset = decode_length(raw, offset)
        if count > len(raw) - offset:
            raise DecodeError(f"{kind.name} of {count} in {len(raw) - offset} octets")
        self._spend(count, depth)
        items: list[Data] = []
        if kind is _ARRAY and count >= _ROWS_WORTH_A_LAYOUT and raw[offset] == _STRUCTURE:
            runs, offset = self._uniform_rows(items, count, offset, depth + 1)
            if len(items) == count:
                table = Table(items)
                table.runs = runs
                return _new(Data, (kind, table)), offset
        append = items.append
        for _ in range(count - len(items)):
            tag = raw[offset]
            fixed = _FIXED[tag]
            if fixed is not None:
                append(_new(Data, (fixed[0], fixed[2](raw, offset + 1)[0])))
                offset += fixed[1]
            elif tag == _OCTET_STRING:
                octets, offset = self._octets(offset + 1)
                append(_new(Data, (_OCTET_STRING, octets)))
            elif tag == _NULL_DATA:
                append(NULL)
                offset += 1
            else:
                item, offset = self._variable(offset, depth + 1)
                append(item)
        return _new(Data, (kind, tuple(items))), offset

    def _uniform_rows(self, items: list[Data], count: int, offset: int, depth: int) -> tuple[list[Run], int]:
        """Appends leading rows as long as they come in runs of one layout; these runs, and the offset after them."""
        runs: list[Run] = []
        short_runs = 0
        while len(items) < count and short_runs < _SHORT_RUNS and self._raw[offset] == _STRUCTURE:
            layout = tagged_layout(self._raw, offset)
            number = 0 if layout is None else layout.run_length(self._raw, offset, count - len(items))
            if layout is None or not number:
                break
            self._spend(number * len(layout.kinds), depth)
            run = layout.run(self._raw, offset, number)
            runs.append(run)
            items += structures(run)
            offset += number * layout.values.size
            short_runs += number < _ROWS_WORTH_A_LAYOUT
        return runs, offset

    def _spend(self, values: int, depth: int) -> None:
        if depth >= self._max_depth:
            raise LimitExceeded(f"data nested deeper than {self._max_depth}")
        self._left -= values
        if self._left < 0:
            raise LimitExceeded("more values than allowed")

    def _octets(self, offset: int) -> tuple[bytes, int]:
        raw = self._raw
        length = raw[offset]
        offset += 1
        if length >= 0x80:
            length, offset = decode_length(raw, offset - 1)
        end = offset + length
        if end > len(raw):
            raise DecodeError(f"string of {length} in {len(raw) - offset} octets")
        return raw[offset:end], end

    def _bits(self, offset: int) -> tuple[BitString, int]:
        length, offset = decode_length(self._raw, offset)
        octets = (length + 7) // 8
        end = offset + octets
        if end > len(self._raw):
            raise DecodeError(f"bit-string of {length} bits in {len(self._raw) - offset} octets")
        if not length:
            return BitString(""), end
        bits = f"{int.from_bytes(self._raw[offset:end], 'big'):0{octets * 8}b}"
        return BitString(bits[:length]), end

    def _untagged_scalar(self, kind: DataType, offset: int) -> tuple[Data, int]:
        fixed = _FIXED[kind]
        if fixed is not None:
            return Data(kind, fixed[2](self._raw, offset)[0]), offset + fixed[1] - 1
        if kind is DataType.NULL_DATA:
            return NULL, offset
        if kind is DataType.DONT_CARE:
            return Data(kind, None), offset
        if kind is DataType.BIT_STRING:
            bits, offset = self._bits(offset)
            return Data(kind, bits), offset
        octets, offset = self._octets(offset)
        if kind is DataType.VISIBLE_STRING:
            return Data(kind, octets.decode("latin-1")), offset
        if kind is DataType.UTF8_STRING:
            return Data(kind, octets.decode("utf-8")), offset
        return Data(kind, octets), offset

    def _compact(self, offset: int, depth: int) -> tuple[Data, int]:
        description, offset = self._description(offset, depth)
        length, offset = decode_length(self._raw, offset)
        end = offset + length
        if end > len(self._raw):
            raise DecodeError(f"compact-array of {length} in {len(self._raw) - offset} octets")
        if length > self._max_compact_octets:
            raise LimitExceeded(f"compact-array of more than {self._max_compact_octets} octets")
        width = _width(description)
        rows: list[Data] = []
        if isinstance(description, StructureOf):
            offset = self._uniform_compact_rows(rows, description, offset, end, depth)
        while offset < end:
            # A row of few octets may stand for many null-data values, so rows are paid for by their width.
            self._spend(width, depth)
            row, after = self._untagged(description, offset)
            if after == offset:
                raise DecodeError("compact-array rows take no octets")
            rows.append(row)
            offset = after
        if offset != end:
            raise DecodeError("last row of the compact-array is cut")
        return Data(DataType.COMPACT_ARRAY, CompactArray(description, rows)), end

    def _uniform_compact_rows(
        self, rows: list[Data], description: StructureOf, offset: int, end: int, depth: int
    ) -> int:
        """As _uniform_rows, for rows without tags that end at `end`."""
        short_runs = 0
        while offset < end and short_runs < _SHORT_RUNS:
            layout = untagged_layout(description.members, self._raw, offset)
            if layout is None:
                break
            number = layout.run_length(self._raw, offset, (end - offset) // layout.values.size)
            if not number:
                break
            self._spend(number * (1 + len(layout.kinds)), depth)
            rows += structures(layout.run(self._raw, offset, number))
            offset += number * layout.values.size
            short_runs += number < _ROWS_WORTH_A_LAYOUT
        return offset

    def _description(self, offset: int, depth: int) -> tuple[TypeDescription, int]:
        self._spend(1, depth)
        tag = self._raw[offset]
        offset += 1
        if tag == DataType.ARRAY:
            count = int.from_bytes(self._raw[offset : offset + 2], "big")
            element, offset = self._description(offset + 2, depth + 1)
            return ArrayOf(count, element), offset
        if tag == DataType.STRUCTURE:
            count, offset = decode_length(self._raw, offset)
            members: list[TypeDescription] = []
            for _ in range(count):
                member, offset = self._description(offset, depth + 1)
                members.append(member)
            return StructureOf(tuple(members)), offset
        if tag not in _COLUMN_TYPES:
            raise DecodeError(f"tag {tag:#04x} in a type description")
        return DataType(tag), offset

    def _untagged(self, description: TypeDescription, offset: int) -> tuple[Data, int]:
        if isinstance(description, DataType):
            return self._untagged_scalar(description, offset)
        items: list[Data] = []
        if isinstance(description, ArrayOf):
            for _ in range(description.length):
                item, offset = self._untagged(description.element, offset)
                items.append(item)
            return Data(DataType.ARRAY, tuple(items)), offset
        for member in description.members:
            item, offset = self._untagged(member, offset)
            items.append(item)
        return Data(DataType.STRUCTURE, tuple(items)), offset


def _width(description: TypeDescription) -> int:
    """Number of values in one row, containers included."""
    if isinstance(description, ArrayOf):
        return 1 + description.length * _width(description.element)
    if isinstance(description, StructureOf):
        return 1 + sum(_width(member) for member in description.members)
    return 1
