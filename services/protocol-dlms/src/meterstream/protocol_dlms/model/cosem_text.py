"""COSEM values as the text in which the SOAP contract's clients know them.

`DataObject: Choice=<TYPE>, ResultData is<Kind>, value=[<class>]: <text>`. Type and class are the names that these
clients have always seen (those of a Java stack), so that whoever compares or parses the text keeps working.
"""

from __future__ import annotations

from typing import Final

from meterstream.dlms.data import BitString, Data, DataType

_LIST: Final = ("Complex", "java.util.ArrayList")
_OCTETS: Final = ("ByteArray", "[B")
_BYTE: Final = ("Number", "java.lang.Byte")
_SHORT: Final = ("Number", "java.lang.Short")
_INTEGER: Final = ("Number", "java.lang.Integer")
_LONG: Final = ("Number", "java.lang.Long")

_KINDS: Final[dict[DataType, tuple[str, str]]] = {
    DataType.NULL_DATA: ("Null", "null"),
    DataType.DONT_CARE: ("Null", "null"),
    DataType.ARRAY: _LIST,
    DataType.STRUCTURE: _LIST,
    DataType.COMPACT_ARRAY: _LIST,
    DataType.BOOLEAN: ("Boolean", "java.lang.Boolean"),
    DataType.BIT_STRING: ("BitString", "org.openmuc.jdlms.datatypes.BitString"),
    DataType.OCTET_STRING: _OCTETS,
    DataType.VISIBLE_STRING: _OCTETS,
    DataType.UTF8_STRING: _OCTETS,
    DataType.BCD: _BYTE,
    DataType.INTEGER: _BYTE,
    DataType.DELTA_INTEGER: _BYTE,
    DataType.UNSIGNED: _SHORT,
    DataType.DELTA_UNSIGNED: _SHORT,
    DataType.LONG: _SHORT,
    DataType.DELTA_LONG: _SHORT,
    DataType.ENUM: _INTEGER,
    DataType.LONG_UNSIGNED: _INTEGER,
    DataType.DELTA_LONG_UNSIGNED: _INTEGER,
    DataType.DOUBLE_LONG: _INTEGER,
    DataType.DELTA_DOUBLE_LONG: _INTEGER,
    DataType.DOUBLE_LONG_UNSIGNED: _LONG,
    DataType.DELTA_DOUBLE_LONG_UNSIGNED: _LONG,
    DataType.LONG64: _LONG,
    DataType.LONG64_UNSIGNED: _LONG,
    DataType.FLOAT32: ("Number", "java.lang.Float"),
    DataType.FLOAT64: ("Number", "java.lang.Double"),
    DataType.DATE_TIME: ("CosemDateFormat", "org.openmuc.jdlms.datatypes.CosemDateTime"),
    DataType.DATE: ("CosemDateFormat", "org.openmuc.jdlms.datatypes.CosemDate"),
    DataType.TIME: ("CosemDateFormat", "org.openmuc.jdlms.datatypes.CosemTime"),
}
_CHOICES: Final = {DataType.ENUM: "ENUMERATE", DataType.LONG: "LONG_INTEGER"}

_LOGICAL_NAME_OCTETS: Final = 6
_DATE_TIME_OCTETS: Final = 12


def to_text(data: Data) -> str:
    """The value in the text form of the contract; nested values likewise, one a line."""
    kind, class_name = _KINDS[data.type]
    choice = _CHOICES.get(data.type, data.type.name)
    return f"DataObject: Choice={choice}, ResultData is{kind}, value=[{class_name}]: {_value_text(data)}"


def _value_text(data: Data) -> str:
    value = data.value
    match value:
        case tuple():
            lines = "".join(f"\t{to_text(item)}\n" for item in value)
            return f"[\n{lines}]\n"
        case bytes() if data.type is DataType.DATE_TIME:
            return date_time_text(value)
        case bytes():
            return octets_text(value)
        case BitString():
            return bits_text(value)
        case str():
            return octets_text(value.encode("utf-8" if data.type is DataType.UTF8_STRING else "latin-1"))
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
    return str(value)


def octets_text(octets: bytes) -> str:
    """Six octets read as a logical name, twelve as a date-time, others as unsigned decimals."""
    if len(octets) == _LOGICAL_NAME_OCTETS:
        a, b, c, d, e, f = octets
        return f"logical name: {a}-{b}:{c}.{d}.{e}.{f}"
    if len(octets) == _DATE_TIME_OCTETS:
        return date_time_text(octets)
    return f"bytes[{', '.join(map(str, octets))}]"


def date_time_text(octets: bytes) -> str:
    """The twelve octets as numbers, signed: parts that are not specified show as -1, the deviation as -32768."""
    year = int.from_bytes(octets[0:2], "big", signed=True)
    parts = [_signed(octet) for octet in octets[2:9]]
    deviation = int.from_bytes(octets[9:11], "big", signed=True)
    names = ("month", "day", "weekday", "hour", "minute", "second", "hundredths")
    middle = ", ".join(f"{name}={part}" for name, part in zip(names, parts, strict=True))
    return f"year={year}, {middle}, deviation={deviation}, clockstatus={_signed(octets[11])}"


def bits_text(bits: BitString) -> str:
    """Octets of a bit string, padded with zeros at the end."""
    count = (len(bits) + 7) // 8
    if not count:
        return "number of bytes=0, value=null, bits=null"
    padded = bits.ljust(count * 8, "0")
    groups = "".join(f"{padded[start : start + 8]} " for start in range(0, len(padded), 8))
    return f"number of bytes={count}, value={int(padded, 2)}, bits={groups}"


def _signed(octet: int) -> int:
    return octet - 256 if octet > 127 else octet
