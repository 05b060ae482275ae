"""ACCESS service: several reads, writes and calls in one exchange (IEC 62056-5-3, 6.13 and 8.3.8).

Every item has a place in two lists: what is asked for, and its data. A request has null-data where an item carries
none, a response where it returned none.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.common import (
    DESCRIPTOR,
    decode_long_head,
    encode_descriptor,
    encode_long_head,
    expect_end,
)
from meterstream.dlms.apdu.results import ActionResult, DataAccessResult
from meterstream.dlms.data import (
    DEFAULT_LIMITS,
    AttributeRef,
    CosemDateTime,
    Data,
    DataLimits,
    MethodRef,
    Selection,
    decode_length,
    encode,
    encode_length,
)
from meterstream.dlms.data.decoder import Decoder
from meterstream.dlms.errors import DecodeError, EncodeError, LimitExceeded

MAX_ITEMS: Final = 1_024
"""Items of one request or response: more than a meter has objects, fewer than a PDU could claim."""

_GET: Final = 1
_SET: Final = 2
_ACTION: Final = 3
_GET_WITH_SELECTION: Final = 4
_SET_WITH_SELECTION: Final = 5
_ITEM_OCTETS: Final = 1 + DESCRIPTOR.size
_RESULT_OCTETS: Final = 2

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class AccessGet:
    ref: AttributeRef
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class AccessSet:
    ref: AttributeRef
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class AccessAction:
    ref: MethodRef


@dataclass(frozen=True, slots=True)
class AccessGetResult:
    result: DataAccessResult


@dataclass(frozen=True, slots=True)
class AccessSetResult:
    result: DataAccessResult


@dataclass(frozen=True, slots=True)
class AccessActionResult:
    result: ActionResult


AccessItem = AccessGet | AccessSet | AccessAction
AccessResult = AccessGetResult | AccessSetResult | AccessActionResult

_RESULTS: Final[dict[int, Callable[[int], AccessResult]]] = {
    _GET: lambda code: AccessGetResult(DataAccessResult(code)),
    _SET: lambda code: AccessSetResult(DataAccessResult(code)),
    _ACTION: lambda code: AccessActionResult(ActionResult(code)),
}


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What to do, in order.

    Attributes:
        invoke: the whole long-invoke-id-and-priority; see DataNotification.
        data: one for each item; out of repr, for it may be keys.
    """

    invoke: int
    items: tuple[AccessItem, ...]
    data: tuple[Data, ...] = field(repr=False)
    date_time: CosemDateTime | None = None

    def encode(self) -> bytes:
        """Raises: EncodeError (also unless there is one data for each item)."""
        _check_number(self.items, self.data, "items")
        head = encode_long_head(tags.ACCESS_REQUEST, self.invoke, self.date_time)
        return head + _encode_items(self.items) + _encode_data(self.data)


@dataclass(frozen=True, slots=True)
class AccessResponse:
    """What came of it, in the order of the request.

    Attributes:
        data: one for each result; out of repr, for it may be readings.
        items: the specification of the request, where the meter repeats it.
    """

    invoke: int
    results: tuple[AccessResult, ...]
    data: tuple[Data, ...] = field(repr=False)
    date_time: CosemDateTime | None = None
    items: tuple[AccessItem, ...] | None = None

    def encode(self) -> bytes:
        """Raises: EncodeError (also unless there is one data for each result and for each item)."""
        _check_number(self.results, self.data, "results")
        parts = [encode_long_head(tags.ACCESS_RESPONSE, self.invoke, self.date_time)]
        if self.items is None:
            parts.append(b"\x00")
        else:
            _check_number(self.items, self.data, "items")
            parts += (b"\x01", _encode_items(self.items))
        parts += (_encode_data(self.data), encode_length(len(self.results)))
        parts += map(_encode_result, self.results)
        return b"".join(parts)


def decode_access_request(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> AccessRequest:
    """All selections and data together stay within `limits`. Raises: DecodeError, LimitExceeded."""
    reader = _Reader(raw, tags.ACCESS_REQUEST, "access-request", limits)
    invoke, date_time = reader.head()
    items = reader.sequence("item", _ITEM_OCTETS, reader.item)
    data = reader.sequence("data", 1, reader.data, len(items))
    reader.end()
    return AccessRequest(invoke, items, data, date_time)


def decode_access_response(raw: bytes, limits: DataLimits = DEFAULT_LIMITS) -> AccessResponse:
    """As decode_access_request."""
    reader = _Reader(raw, tags.ACCESS_RESPONSE, "access-response", limits)
    invoke, date_time = reader.head()
    items = reader.sequence("item", _ITEM_OCTETS, reader.item) if reader.flag() else None
    data = reader.sequence("data", 1, reader.data, None if items is None else len(items))
    results = reader.sequence("result", _RESULT_OCTETS, reader.result, len(data))
    reader.end()
    return AccessResponse(invoke, results, data, date_time, items)


def _check_number(entries: tuple[object, ...], data: tuple[Data, ...], what: str) -> None:
    if len(entries) != len(data):
        raise EncodeError(f"{len(entries)} {what} and {len(data)} data")
    if len(entries) > MAX_ITEMS:
        raise EncodeError(f"{len(entries)} {what}, at most {MAX_ITEMS}")


def _encode_items(items: tuple[AccessItem, ...]) -> bytes:
    return encode_length(len(items)) + b"".join(map(_encode_item, items))


def _encode_item(item: AccessItem) -> bytes:
    descriptor = encode_descriptor(*item.ref)
    if isinstance(item, AccessAction):
        return bytes((_ACTION,)) + descriptor
    plain, selective = (_GET, _GET_WITH_SELECTION) if isinstance(item, AccessGet) else (_SET, _SET_WITH_SELECTION)
    if item.selection is None:
        return bytes((plain,)) + descriptor
    selector, parameters = item.selection
    if not 0 <= selector <= 0xFF:
        raise EncodeError(f"access selector {selector} does not fit an octet")
    return bytes((selective,)) + descriptor + bytes((selector,)) + encode(parameters)


def _encode_data(data: tuple[Data, ...]) -> bytes:
    return encode_length(len(data)) + b"".join(map(encode, data))


def _encode_result(result: AccessResult) -> bytes:
    if isinstance(result, AccessActionResult):
        return bytes((_ACTION, result.result))
    return bytes((_GET if isinstance(result, AccessGetResult) else _SET, result.result))


class _Reader:
    """One APDU from front to back; errors name the list, the entry (from 0) and the offset."""

    def __init__(self, raw: bytes, tag: int, what: str, limits: DataLimits) -> None:
        if raw[:1] != bytes((tag,)):
            raise DecodeError(f"{raw[:1].hex() or 'nothing'} is no {what}")
        self._raw = raw
        self._what = what
        self._decoder = Decoder(raw, limits)
        self._offset = 0

    def head(self) -> tuple[int, CosemDateTime | None]:
        try:
            invoke, date_time, self._offset = decode_long_head(self._raw, self._what)
        except (IndexError, struct.error) as error:
            raise DecodeError(f"{self._what} ends in its head") from error
        return invoke, date_time

    def flag(self) -> bool:
        """Whether an optional element is there."""
        flag = self._raw[self._offset : self._offset + 1]
        if flag not in (b"\x00", b"\x01"):
            raise DecodeError(f"{self._what}: mark {flag.hex() or 'missing'} at offset {self._offset}")
        self._offset += 1
        return flag == b"\x01"

    def sequence(
        self, name: str, least_octets: int, entry: Callable[[], _T], expected: int | None = None
    ) -> tuple[_T, ...]:
        raw, begin = self._raw, self._offset
        if begin >= len(raw):
            raise DecodeError(f"{self._what} ends before its {name} list")
        count, self._offset = decode_length(raw, begin)
        if expected is not None and count != expected:
            raise DecodeError(f"{self._what}: {name} list of {count} for {expected} at offset {begin}")
        if count > MAX_ITEMS:
            raise LimitExceeded(f"{self._what}: {name} list of {count}, at most {MAX_ITEMS}")
        if count * least_octets > len(raw) - self._offset:
            raise DecodeError(f"{self._what}: {name} list of {count} in {len(raw) - begin} octets at offset {begin}")
        entries: list[_T] = []
        for number in range(count):
            try:
                entries.append(entry())
            except (IndexError, struct.error) as error:
                raise DecodeError(f"{self._what} ends in {name} {number} at offset {self._offset}") from error
            except DecodeError as error:
                raise DecodeError(f"{self._what}: {name} {number} at offset {self._offset}: {error}") from error
        return tuple(entries)

    def item(self) -> AccessItem:
        choice = self._raw[self._offset]
        class_id, name, number = DESCRIPTOR.unpack_from(self._raw, self._offset + 1)
        after = self._offset + _ITEM_OCTETS
        if choice == _ACTION:
            self._offset = after
            return AccessAction(MethodRef(class_id, name, number))
        if choice not in (_GET, _SET, _GET_WITH_SELECTION, _SET_WITH_SELECTION):
            raise DecodeError(f"choice {choice:#04x}")
        selection: Selection | None = None
        if choice in (_GET_WITH_SELECTION, _SET_WITH_SELECTION):
            selector = self._raw[after]
            parameters, after = self._decoder.value(after + 1)
            selection = Selection(selector, parameters)
        self._offset = after
        ref = AttributeRef(class_id, name, number)
        return AccessGet(ref, selection) if choice in (_GET, _GET_WITH_SELECTION) else AccessSet(ref, selection)

    def data(self) -> Data:
        data, self._offset = self._decoder.value(self._offset)
        return data

    def result(self) -> AccessResult:
        choice, code = self._raw[self._offset], self._raw[self._offset + 1]
        result = _RESULTS.get(choice)
        if result is None:
            raise DecodeError(f"choice {choice:#04x}")
        self._offset += _RESULT_OCTETS
        return result(code)

    def end(self) -> None:
        expect_end(self._raw, self._offset, self._what)
