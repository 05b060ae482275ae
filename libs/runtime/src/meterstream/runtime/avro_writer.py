"""Writes records as Avro's binary encoding (Apache Avro 1.12, "Binary encoding"), from their attributes.

A writer is made once for each schema out of one function per field, so that writing asks nothing of the schema any
more: fastavro, which takes dictionaries and looks at the schema for every value, needs 2 to 2.8 times as long. The
encoding is the one that fastavro writes, octet by octet; types that `contracts.avro` does not render are left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Final

from fastavro import parse_schema, schemaless_writer

Append = Callable[[bytes], None]
Write = Callable[[Any, Append], None]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SMALLEST_LONG: Final = -(1 << 63)
LARGEST_LONG: Final = (1 << 63) - 1
MADE_AHEAD: Final = 4096
NULL: Final = b"\x00"
PRESENT: Final = b"\x02"
END_OF_BLOCKS: Final = b"\x00"


def long_octets(value: int) -> bytes:
    """A long as Avro writes it: zigzag, seven bits an octet, the lowest first.

    Raises: OverflowError beyond 64 bits.
    """
    if not SMALLEST_LONG <= value <= LARGEST_LONG:
        raise OverflowError("a number of more than 64 bits")
    rest = (value << 1) ^ (value >> 63)
    octets = bytearray()
    while rest > 0x7F:
        octets.append(rest & 0x7F | 0x80)
        rest >>= 7
    octets.append(rest)
    return bytes(octets)


LENGTHS: Final = tuple(map(long_octets, range(MADE_AHEAD)))


def _length(count: int) -> bytes:
    return LENGTHS[count] if count < MADE_AHEAD else long_octets(count)


def _long(value: int, append: Append) -> None:
    append(LENGTHS[value] if 0 <= value < MADE_AHEAD else long_octets(value))


def _text(value: object, append: Append) -> None:
    raw = value.encode() if isinstance(value, str) else str(value).encode()  # decimals are texts too
    append(_length(len(raw)) + raw)


def _octets(value: bytes, append: Append) -> None:
    append(_length(len(value)) + value)


def _boolean(value: bool, append: Append) -> None:
    append(b"\x01" if value else b"\x00")


def _moment(value: datetime, append: Append) -> None:
    since = value - EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    rest = micros << 1
    if not 1 << 49 <= rest < 1 << 56:
        append(long_octets(micros))
        return
    append(  # 1978 to 3111: eight octets, without the loop
        bytes(
            (
                rest & 0x7F | 0x80,
                rest >> 7 & 0x7F | 0x80,
                rest >> 14 & 0x7F | 0x80,
                rest >> 21 & 0x7F | 0x80,
                rest >> 28 & 0x7F | 0x80,
                rest >> 35 & 0x7F | 0x80,
                rest >> 42 & 0x7F | 0x80,
                rest >> 49,
            )
        )
    )


SIMPLE: Final[Mapping[str, Write]] = {"string": _text, "bytes": _octets, "long": _long, "boolean": _boolean}


def writer_of(schema: Any) -> Write:
    """What appends the octets of a value to a list of them; `schema` is self-contained.

    A record's value is any object with its fields as attributes in `__dict__`.
    """
    return _made(schema, {})


def _made(schema: Any, named: dict[str, Write]) -> Write:
    match schema:
        case str() if schema in SIMPLE:
            return SIMPLE[schema]
        case str() if schema in named:
            return named[schema]
        case {"type": "long", "logicalType": "timestamp-micros"}:
            return _moment
        case {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}:
            return _decimal(precision, scale)
        case {"type": "array", "items": items}:
            return _array(_made(items, named))
        case {"type": "map", "values": values}:
            return _map(_made(values, named))
        case {"type": "record", "namespace": namespace, "name": name, "fields": fields}:
            return _record(f"{namespace}.{name}", fields, named)
    return _by_fastavro(schema)


def _decimal(precision: int, scale: int) -> Write:
    shift, limit = 10**scale, 10**precision

    def decimal(value: Decimal, append: Append) -> None:
        numerator, denominator = value.as_integer_ratio()
        unscaled, rest = divmod(numerator * shift, denominator)
        if rest or not -limit < unscaled < limit:
            raise ValueError(f"a number of more than {precision} digits, {scale} of them decimals")
        _octets(unscaled.to_bytes((unscaled.bit_length() + 8) // 8, signed=True), append)

    return decimal


def _array(write: Write) -> Write:
    def array(values: list[Any], append: Append) -> None:
        if values:
            append(_length(len(values)))
            for value in values:
                write(value, append)
        append(END_OF_BLOCKS)

    return array


def _map(write: Write) -> Write:
    def mapping(values: dict[str, Any], append: Append) -> None:
        if values:
            append(_length(len(values)))
            for key, value in values.items():
                _text(key, append)
                write(value, append)
        append(END_OF_BLOCKS)

    return mapping


def _record(full_name: str, fields: list[dict[str, Any]], named: dict[str, Write]) -> Write:
    required_and_not: list[tuple[str, bool, Write]] = []

    def record(value: Any, append: Append) -> None:
        attributes = value.__dict__
        for name, optional, write in required_and_not:
            field = attributes[name]
            if optional:  # here, for half of all fields are, and a call costs as much as the rest
                if field is None:
                    append(NULL)
                    continue
                append(PRESENT)
            write(field, append)

    named[full_name] = record  # before its fields, which may refer to it
    for field in fields:
        schema, optional = field["type"], False
        if isinstance(schema, list) and schema[0] == "null":
            (_, schema), optional = schema, True
        required_and_not.append((field["name"], optional, _made(schema, named)))
    return record


def _by_fastavro(schema: Any) -> Write:
    parsed = parse_schema(schema)

    def foreign(value: Any, append: Append) -> None:
        buffer = BytesIO()
        schemaless_writer(buffer, parsed, value)
        append(buffer.getvalue())

    return foreign
