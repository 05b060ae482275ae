"""Data -> A-XDR bytes (IEC 61334-6)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from meterstream.dlms.data.lengths import encode_length
from meterstream.dlms.data.types import ArrayOf, CompactArray, Data, DataType, StructureOf, TypeDescription
from meterstream.dlms.errors import EncodeError

MAX_DEPTH: Final = 64

_NUMBER_FORMATS: Final[dict[DataType, str]] = {
    DataType.DOUBLE_LONG: "i",
    DataType.DOUBLE_LONG_UNSIGNED: "I",
    DataType.BCD: "b",
    DataType.INTEGER: "b",
    DataType.LONG: "h",
    DataType.UNSIGNED: "B",
    DataType.LONG_UNSIGNED: "H",
    DataType.LONG64: "q",
    DataType.LONG64_UNSIGNED: "Q",
    DataType.ENUM: "B",
    DataType.FLOAT32: "f",
    DataType.FLOAT64: "d",
    DataType.DELTA_INTEGER: "b",
    DataType.DELTA_LONG: "h",
    DataType.DELTA_DOUBLE_LONG: "i",
    DataType.DELTA_UNSIGNED: "B",
    DataType.DELTA_LONG_UNSIGNED: "H",
    DataType.DELTA_DOUBLE_LONG_UNSIGNED: "I",
}
NUMBERS: Final[dict[DataType, struct.Struct]] = {k: struct.Struct(">" + f) for k, f in _NUMBER_FORMATS.items()}
_TAGGED_NUMBERS: Final = {int(k): struct.Struct(">B" + f).pack for k, f in _NUMBER_FORMATS.items()}
FIXED_OCTETS: Final[dict[DataType, int]] = {DataType.DATE_TIME: 12, DataType.DATE: 5, DataType.TIME: 4}
# Members of an enumeration cost more to look up than names of a module, once per value.
_ARRAY: Final = DataType.ARRAY
_STRUCTURE: Final = DataType.STRUCTURE
_COMPACT_ARRAY: Final = DataType.COMPACT_ARRAY
_TAGS: Final = {kind: bytes((kind,)) for kind in DataType}


def encode(data: Data) -> bytes:
    """The A-XDR form of one value, tag included.

    Raises: EncodeError when a value does not fit its type, e.g. 200 as integer.
    """
    kind, value = data
    pack = _TAGGED_NUMBERS.get(kind)
    if pack is None:
        parts: list[bytes] = []
        _append(data, parts, 0)
        return b"".join(parts)
    try:
        return pack(kind, value)
    except (struct.error, OverflowError) as error:
        raise _misfit(data) from error


def _append(data: Data, parts: list[bytes], depth: int) -> None:
    kind, value = data
    if kind is _STRUCTURE or kind is _ARRAY:
        if depth >= MAX_DEPTH:
            raise EncodeError(f"data nested deeper than {MAX_DEPTH}")
        if not isinstance(value, tuple):
            raise _misfit(data)
        parts.append(_TAGS[kind])
        parts.append(encode_length(len(value)))
        for item in value:
            pack = _TAGGED_NUMBERS.get(item[0])
            if pack is None:
                _append(item, parts, depth + 1)
                continue
            try:
                parts.append(pack(*item))
            except (struct.error, OverflowError) as error:
                raise _misfit(item) from error
    elif kind is _COMPACT_ARRAY:
        _append_compact(data, parts, depth)
    else:
        body = _body(data)
        parts.append(_TAGS[kind])
        parts.append(body)


def _body(data: Data) -> bytes:
    """The octets of a value without its tag, for every type but array, structure and compact-array."""
    kind, value = data
    number = NUMBERS.get(kind)
    if number is not None:
        try:
            return number.pack(value)
        except (struct.error, OverflowError) as error:
            raise _misfit(data) from error
    encoder = _BODIES.get(kind)
    if encoder is None:
        raise _misfit(data)
    return encoder(data)


def _nothing(data: Data) -> bytes:
    if data.value is not None:
        raise _misfit(data)
    return b""


def _boolean(data: Data) -> bytes:
    if not isinstance(data.value, bool):
        raise _misfit(data)
    return b"\x01" if data.value else b"\x00"


def _octets(data: Data) -> bytes:
    if not isinstance(data.value, bytes):
        raise _misfit(data)
    return encode_length(len(data.value)) + data.value


def _fixed_octets(data: Data) -> bytes:
    if not isinstance(data.value, bytes) or len(data.value) != FIXED_OCTETS[data.type]:
        raise _misfit(data)
    return data.value


def _text(codec: str) -> Callable[[Data], bytes]:
    def encoder(data: Data) -> bytes:
        if not isinstance(data.value, str):
            raise _misfit(data)
        try:
            octets = data.value.encode(codec)
        except UnicodeEncodeError as error:
            raise _misfit(data) from error
        return encode_length(len(octets)) + octets

    return encoder


def _bits(data: Data) -> bytes:
    bits = data.value
    if not isinstance(bits, str) or bits.strip("01"):
        raise _misfit(data)
    octets = (len(bits) + 7) // 8
    packed = int(bits.ljust(octets * 8, "0"), 2).to_bytes(octets, "big") if bits else b""
    return encode_length(len(bits)) + packed


_BODIES: Final[dict[DataType, Callable[[Data], bytes]]] = {
    DataType.NULL_DATA: _nothing,
    DataType.DONT_CARE: _nothing,
    DataType.BOOLEAN: _boolean,
    DataType.BIT_STRING: _bits,
    DataType.OCTET_STRING: _octets,
    DataType.VISIBLE_STRING: _text("latin-1"),
    DataType.UTF8_STRING: _text("utf-8"),
    DataType.DATE_TIME: _fixed_octets,
    DataType.DATE: _fixed_octets,
    DataType.TIME: _fixed_octets,
}


def _append_compact(data: Data, parts: list[bytes], depth: int) -> None:
    rows = data.value
    if not isinstance(rows, CompactArray):
        raise _misfit(data)
    head = [_TAGS[DataType.COMPACT_ARRAY]]
    _append_description(rows.description, head, depth)  # first: it bounds what one row may ask for
    contents: list[bytes] = []
    for row in rows:
        _append_untagged(row, rows.description, contents, depth)
    body = b"".join(contents)
    if rows and not body:
        raise EncodeError("compact-array rows without any octet cannot be counted by the receiver")
    parts += head
    parts.append(encode_length(len(body)))
    parts.append(body)


def _append_description(description: TypeDescription, parts: list[bytes], depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise EncodeError(f"type description nested deeper than {MAX_DEPTH}")
    if isinstance(description, ArrayOf):
        if not 0 <= description.length <= 0xFFFF:
            raise EncodeError(f"{description.length} elements do not fit a type description (0..65535)")
        parts.append(b"\x01" + description.length.to_bytes(2, "big"))
        _append_description(description.element, parts, depth + 1)
    elif isinstance(description, StructureOf):
        parts.append(b"\x02" + encode_length(len(description.members)))
        for member in description.members:
            _append_description(member, parts, depth + 1)
    elif description in NUMBERS or description in _BODIES:
        parts.append(_TAGS[description])
    else:
        raise EncodeError(f"{description.name} cannot stand in a type description")


def _append_untagged(data: Data, description: TypeDescription, parts: list[bytes], depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise EncodeError(f"data nested deeper than {MAX_DEPTH}")
    if isinstance(description, DataType):
        if data.type is not description:
            raise EncodeError(f"compact-array column is {description.name}, value is {data.type.name}")
        parts.append(_body(data))
        return
    if isinstance(description, ArrayOf):
        kind, members = DataType.ARRAY, (description.element,) * description.length
    else:
        kind, members = DataType.STRUCTURE, description.members
    if data.type is not kind or not isinstance(data.value, tuple) or len(data.value) != len(members):
        raise EncodeError(f"compact-array row is not the {kind.name} of {len(members)} that its description promises")
    for item, member in zip(data.value, members, strict=True):
        _append_untagged(item, member, parts, depth + 1)


def _misfit(data: Data) -> EncodeError:
    # The value stays out of the message: it may be a key on its way into a meter.
    return EncodeError(f"{type(data.value).__name__} value does not fit {getattr(data.type, 'name', data.type)}")
