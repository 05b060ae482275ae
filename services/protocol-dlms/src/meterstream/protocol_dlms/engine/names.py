"""Short names: where attributes and methods of an object are (Blue Book, clause "Mapping to short names")."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import Data, DataLimits, DataType, decode
from meterstream.dlms.errors import AccessError, DecodeError

ASSOCIATION: Final = 0xFA00
"""Base name of the current association, class 12, in every server with short names."""
OBJECT_LIST: Final = 2
_ENTRY: Final = 4
_STEP: Final = 8
_ONE_VALUE: Final = b"\x01\x00"
_ONE_ERROR: Final = b"\x01\x01"

METHOD_OFFSETS: Final[Mapping[int, int]] = MappingProxyType(
    {
        3: 0x28,
        4: 0x38,
        5: 0x48,
        7: 0x58,
        8: 0x60,
        9: 0x20,
        11: 0x10,
        12: 0x20,
        18: 0x40,
        20: 0x50,
        70: 0x20,
    }
)
"""Offset of the first method by class: register, extended and demand register, profile, clock, script table, special
days, association, image transfer, activity calendar, disconnect control."""


def method_name(base: int, first_offset: int, method: int) -> int:
    """Short name of a method, counted from 1."""
    return base + first_offset + _STEP * (method - 1)


def base_names(objects: Data) -> dict[tuple[int, bytes], int]:
    """Of the value of an object list: array of structure(base name: long, class: long-unsigned, version, logical name).

    Raises: DecodeError.
    """
    if objects.type is not DataType.ARRAY or not isinstance(objects.value, tuple):
        raise DecodeError(f"object list is {objects.type.name} instead of an array")
    names: dict[tuple[int, bytes], int] = {}
    for place, item in enumerate(objects.value):
        parts = item.value if item.type is DataType.STRUCTURE else ()
        if not isinstance(parts, tuple) or len(parts) != _ENTRY:
            raise DecodeError(f"entry {place} of the object list is no structure of {_ENTRY}")
        base, class_id, _, logical_name = (part.value for part in parts)
        if not isinstance(base, int) or not isinstance(class_id, int) or not isinstance(logical_name, bytes):
            raise DecodeError(f"entry {place} of the object list has other types than base name, class, logical name")
        names[class_id, logical_name] = base & 0xFFFF
    return names


def value_of_blocks(raw: bytes, limits: DataLimits) -> Data:
    """The one value in the raw-data of all blocks of a ReadResponse.

    That is the list of results (IEC 62056-5-3, ReadResponse: count 1, choice 0), or just the value in some meters.

    Raises: AccessError where the list has an error, DecodeError, LimitExceeded.
    """
    if raw.startswith(_ONE_ERROR) and len(raw) == len(_ONE_ERROR) + 1:
        raise AccessError(access_result(raw[-1]))
    if raw.startswith(_ONE_VALUE) and len(raw) > len(_ONE_VALUE):
        return decode(raw[len(_ONE_VALUE) :], limits)
    return decode(raw, limits)


def access_result(number: int) -> DataAccessResult:
    """OTHER_REASON for numbers that the standard does not know."""
    return DataAccessResult(number) if number in set(DataAccessResult) else DataAccessResult.OTHER_REASON


def action_result(number: int) -> ActionResult:
    """The same of a method."""
    return ActionResult(number) if number in set(ActionResult) else ActionResult.OTHER_REASON
