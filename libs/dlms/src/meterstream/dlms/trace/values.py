"""COSEM data as an indented tree: what can be read is shown, also of data that break off."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.data import DEFAULT_LIMITS, ArrayOf, CompactArray, Data, DataType, LogicalName, TypeDescription
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.data.encoder import FIXED_OCTETS, NUMBERS
from meterstream.dlms.errors import DecodeError, LimitExceeded
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.lines import Lines
from meterstream.dlms.trace.masking import Show
from meterstream.dlms.trace.moments import DATE_TIME_OCTETS, date_text, date_time_text, time_text
from meterstream.dlms.trace.names import DATA_TYPES

_CONTAINERS: Final = frozenset({DataType.ARRAY, DataType.STRUCTURE})
_KNOWN: Final = frozenset(DataType)
_STRINGS: Final = frozenset({DataType.OCTET_STRING, DataType.VISIBLE_STRING, DataType.UTF8_STRING})
_NEVER_SECRET: Final = frozenset({DataType.NULL_DATA, DataType.DONT_CARE, DataType.BOOLEAN, DataType.ENUM})
_NAME_OCTETS: Final = 6
_DATE_OCTETS: Final = FIXED_OCTETS[DataType.DATE]
_READABLE_OCTETS: Final = 3
"""Shorter octet-strings are hardly ever text."""


class ValueReader:
    """Reads the values of one window; all of them together stay within the limits of the decoder."""

    __slots__ = ("_cursor", "_decoder", "_left", "_lines")

    def __init__(self, lines: Lines, cursor: Cursor) -> None:
        self._lines = lines
        self._cursor = cursor
        self._decoder = Decoder(cursor.raw, DEFAULT_LIMITS)
        self._left = DEFAULT_LIMITS.max_values

    def value(self, show: Show, depth: int = 0) -> None:
        """Describe the next value. Raises: Broken."""
        cursor = self._cursor
        tag = cursor.peek("value")
        if tag not in _KNOWN:
            raise cursor.broken(
                "no data type has this tag" if show is Show.MASKED else f"no data type has tag {tag:02X}"
            )
        if tag in _CONTAINERS:
            self._container(DataType(tag), show, depth)
            return
        start = cursor.position
        try:
            data, cursor.position = self._decoder.value(start)
        except LimitExceeded as error:
            raise cursor.broken(str(error), start, error.code) from None
        except DecodeError as error:
            # What the decoder counts may be octets of a secret that is not where it should be.
            rule = "data end inside a value" if show is Show.MASKED else str(error)
            raise cursor.broken(f"{DATA_TYPES[DataType(tag)]}: {rule}", start) from None
        describe_data(self._lines, data, show)

    def _container(self, kind: DataType, show: Show, depth: int) -> None:
        cursor, start = self._cursor, self._cursor.position
        cursor.position += 1
        count = cursor.length(DATA_TYPES[kind])
        if count > cursor.left:
            size = "more elements than octets" if show is Show.MASKED else f"{count} elements in {cursor.left} octets"
            raise cursor.broken(f"{DATA_TYPES[kind]}: {size}", start)
        self._left -= count
        if depth >= DEFAULT_LIMITS.max_depth or self._left < 0:
            rule = "more values than allowed" if self._left < 0 else f"nested deeper than {DEFAULT_LIMITS.max_depth}"
            raise cursor.broken(f"{DATA_TYPES[kind]}: {rule}", start, LimitExceeded.code)
        self._lines.add(f"{DATA_TYPES[kind]}[{count}]")
        with self._lines.indented():
            for _ in range(count):
                self.value(show, depth + 1)


def describe_data(lines: Lines, data: Data, show: Show) -> None:
    """Describe a value that is decoded already; containers only occur inside a compact-array."""
    if lines.full:
        lines.add()
    elif isinstance(data.value, tuple):
        lines.add(_heading(data))
    else:
        lines.add(_scalar(lines, data, show))
    if isinstance(data.value, tuple):
        with lines.indented():
            for item in data.value:
                describe_data(lines, item, show)


def _heading(data: Data) -> str:
    rows = data.value
    count = len(rows) if isinstance(rows, tuple) else 0
    of = f" of {_type_text(rows.description)}" if isinstance(rows, CompactArray) else ""
    return f"{DATA_TYPES[data.type]}[{count}]{of}"


def _type_text(description: TypeDescription) -> str:
    if isinstance(description, DataType):
        return DATA_TYPES[description]
    if isinstance(description, ArrayOf):
        return f"array[{description.length}] of {_type_text(description.element)}"
    return f"structure({', '.join(map(_type_text, description.members))})"


def _scalar(lines: Lines, data: Data, show: Show) -> str:
    name = DATA_TYPES[data.type]
    if show is Show.MASKED and data.type not in _NEVER_SECRET:
        return f"{_sized(data)} masked"
    if show is Show.GUARDED and data.type in _STRINGS:
        meaning = _meaning(data.value) if isinstance(data.value, bytes) else None
        return f"{_sized(data)} {meaning or 'masked: not known what it belongs to'}"
    match data.value:
        case None:
            return name
        case bool(flag):
            return f"{name} {str(flag).lower()}"
        case bytes(octets):
            return f"{_sized(data)} {_octets_text(lines, data.type, octets)}".rstrip()
        case str(text) if data.type is DataType.BIT_STRING:
            return f"{_sized(data)} {text[: 4 * lines.limits.shown_octets]}".rstrip()
        case str(text):
            return f"{_sized(data)} {lines.quoted(text)}"
        case number:
            return f"{name} {number}"


def _sized(data: Data) -> str:
    """Name of the type with the octets (bit-string: bits, text: characters) of the value."""
    name = DATA_TYPES[data.type]
    if isinstance(data.value, str | bytes) and data.type not in FIXED_OCTETS:
        return f"{name}({len(data.value)})"
    if data.type in FIXED_OCTETS:
        return name
    return f"{name}({NUMBERS[data.type].size})"


def _octets_text(lines: Lines, kind: DataType, octets: bytes) -> str:
    shown = lines.octets(octets)
    if kind is DataType.DATE or len(octets) == _DATE_OCTETS:
        meaning = date_text(octets)
    elif kind is DataType.TIME:
        meaning = time_text(octets)
    else:
        meaning = _meaning(octets)
    if meaning is None and _is_text(octets):
        meaning = lines.quoted(octets.decode("ascii"))
    return shown if meaning is None else f"{shown} = {meaning}"


def _meaning(octets: bytes) -> str | None:
    """What an octet-string stands for, judged by its length and content."""
    if len(octets) == DATE_TIME_OCTETS:
        return date_time_text(octets)
    if len(octets) == _NAME_OCTETS and octets[-1] == 0xFF:
        return str(LogicalName(octets))
    return None


def _is_text(octets: bytes) -> bool:
    return len(octets) >= _READABLE_OCTETS and octets.isascii() and octets.decode("ascii").isprintable()
