"""XML Schema's text forms of values, and back (XML Schema part 2, canonical forms where there is a choice)."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any, Final

_WHOLE: Final = frozenset(
    {
        "byte", "int", "integer", "long", "negativeInteger", "nonNegativeInteger", "nonPositiveInteger",
        "positiveInteger", "short", "unsignedByte", "unsignedInt", "unsignedLong", "unsignedShort",
    }
)  # fmt: skip
_EXTRA_DIGITS: Final = re.compile(r"(\.\d{6})\d+")
_BLANKS: Final = re.compile(r"[\t\n\r]")


def reader_of(primitive: str, zone: tzinfo) -> Callable[[str], Any]:
    """What turns an element's text into a value; `zone` is that of times without an offset.

    The text is valid against the schema, yet a year beyond 9999 or hour 24 raises ValueError.
    """
    if primitive in _WHOLE:
        return int
    match primitive:
        case "boolean":
            return lambda text: text.strip() in ("true", "1")
        case "decimal":
            return lambda text: Decimal(text.strip())
        case "hexBinary":
            return lambda text: bytes.fromhex(text.strip())
        case "base64Binary":
            return lambda text: b64decode("".join(text.split()), validate=True)
        case "dateTime":
            return lambda text: read_date_time(text, zone)
        case "normalizedString":
            return lambda text: _BLANKS.sub(" ", text)
        case "string":
            return str
    return lambda text: " ".join(text.split())


def read_date_time(text: str, zone: tzinfo) -> datetime:
    """xsd:dateTime as an aware moment; digits below a microsecond are cut off.

    Raises: ValueError.
    """
    moment = datetime.fromisoformat(_EXTRA_DIGITS.sub(r"\1", text.strip()))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def writer_of(primitive: str) -> Callable[[Any], str]:
    """What turns a value into an element's text."""
    return _write_base64 if primitive == "base64Binary" else write


def _write_base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")


def write(value: Any) -> str:
    """The text of a value."""
    match value:
        case Enum():
            return str(value.value)
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:f}"
        case bytes():
            return value.hex().upper()
        case datetime():
            return write_date_time(value)
    return str(value)


def write_date_time(moment: datetime) -> str:
    """xsd:dateTime in UTC with milliseconds, as the incumbent writes it."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y}".zfill(4) + f"{utc:-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"


_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """Text without characters that XML 1.0 does not have."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
