"""COSEM data as JSON: {"type": "double-long-unsigned", "value": 5}; arrays and structures hold lists of such pairs."""

from __future__ import annotations

from typing import Any, Final

from meterstream.dlms.data import INTEGER_TYPES, BitString, Data, DataType

_CONTAINERS: Final = frozenset((DataType.ARRAY, DataType.STRUCTURE))
_OCTETS: Final = frozenset((DataType.OCTET_STRING, DataType.DATE_TIME, DataType.DATE, DataType.TIME))
_TEXTS: Final = frozenset((DataType.VISIBLE_STRING, DataType.UTF8_STRING))
_FLOATS: Final = frozenset((DataType.FLOAT32, DataType.FLOAT64))
_NOTHING: Final = frozenset((DataType.NULL_DATA, DataType.DONT_CARE))
_NAMES: Final = {kind.name.lower().replace("_", "-"): kind for kind in DataType if kind is not DataType.COMPACT_ARRAY}
_MAX_DEPTH: Final = 16


def data_from_json(value: Any, depth: int = 0) -> Data:
    """Read a pair of type and value.

    Raises:
        ValueError: naming what is wrong.
    """
    if depth > _MAX_DEPTH:
        raise ValueError(f"more than {_MAX_DEPTH} levels")
    if not isinstance(value, dict) or not value.keys() <= {"type", "value"}:
        raise ValueError("expected an object with type and value")
    kind = _NAMES.get(str(value.get("type")))
    if kind is None:
        raise ValueError(f"type {value.get('type')!r} is unknown; known: {', '.join(_NAMES)}")
    return Data(kind, _value(kind, value.get("value"), depth))


def data_to_json(data: Data) -> dict[str, Any]:
    """Write a pair of type and value; octets as hexadecimal text."""
    return {"type": data.type.name.lower().replace("_", "-"), "value": _plain(data)}


def _plain(data: Data) -> Any:
    if isinstance(data.value, tuple):
        return [data_to_json(element) for element in data.value]
    return data.value.hex() if isinstance(data.value, bytes) else data.value


def _value(kind: DataType, value: Any, depth: int) -> Any:
    if kind in _CONTAINERS and isinstance(value, list):
        return tuple(data_from_json(element, depth + 1) for element in value)
    if kind in _OCTETS and isinstance(value, str):
        return bytes.fromhex(value)
    if kind is DataType.BIT_STRING and isinstance(value, str) and set(value) <= {"0", "1"}:
        return BitString(value)
    if (kind in _TEXTS and isinstance(value, str)) or (kind is DataType.BOOLEAN and isinstance(value, bool)):
        return value
    if kind in INTEGER_TYPES and type(value) is int:
        return value
    if kind in _FLOATS and type(value) in (int, float):
        return float(value)
    if kind in _NOTHING and value is None:
        return None
    raise ValueError(f"{value!r} is no value of type {kind.name.lower().replace('_', '-')}")
