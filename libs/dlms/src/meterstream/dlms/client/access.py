"""ACCESS at the client: request and exchange (IEC 62056-5-3, 6.13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from meterstream.dlms.apdu import (
    AccessAction,
    AccessActionResult,
    AccessGet,
    AccessGetResult,
    AccessItem,
    AccessRequest,
    AccessResult,
    AccessSetResult,
    DataAccessResult,
    decode_access_response,
    tags,
)
from meterstream.dlms.client.config import AnswerLimits
from meterstream.dlms.client.events import AccessAnswer, AccessOutcome, ServiceEvent
from meterstream.dlms.data import NULL, Data
from meterstream.dlms.errors import EncodeError, UnexpectedAnswer

_ID: Final = 0x00FF_FFFF
_BREAK_ON_ERROR: Final = 1 << 29
_CONFIRMED: Final = 1 << 30


class AccessExchange:
    """One ACCESS; `invoke` is its long-invoke-id-and-priority."""

    __slots__ = ("_items", "_limits", "invoke")

    tag: ClassVar[int] = tags.ACCESS_RESPONSE
    halfway: ClassVar[bool] = False

    def __init__(self, invoke: int, items: Sequence[AccessItem], limits: AnswerLimits) -> None:
        self.invoke = invoke
        self._items = items
        self._limits = limits

    def answer(self, plaintext: bytes) -> ServiceEvent:
        answer = decode_access_response(plaintext, self._limits.data)
        if (answer.invoke ^ self.invoke) & _ID:
            raise UnexpectedAnswer(f"long invoke id {answer.invoke & _ID} instead of {self.invoke & _ID}")
        if len(answer.results) != len(self._items):
            raise UnexpectedAnswer(f"{len(answer.results)} results for {len(self._items)} items")
        for item, result in zip(self._items, answer.results, strict=True):
            if not isinstance(result, _result_of(item)):
                raise UnexpectedAnswer(f"{type(result).__name__} for {type(item).__name__}")
        outcomes = zip(self._items, answer.results, answer.data, strict=True)
        return AccessAnswer(tuple(_outcome(*outcome) for outcome in outcomes), answer.date_time)


def access(
    invoke: int, items: Sequence[tuple[AccessItem, Data | None]], limits: AnswerLimits, *, break_on_error: bool
) -> tuple[bytes, AccessExchange]:
    """`invoke`: the id of 24 bits. Raises: EncodeError."""
    if not items:
        raise EncodeError("an ACCESS of no items")
    flags = _CONFIRMED | (_BREAK_ON_ERROR if break_on_error else 0)
    asked = tuple(item for item, _ in items)
    data = tuple(NULL if value is None else value for _, value in items)
    request = AccessRequest(flags | invoke & _ID, asked, data)
    return request.encode(), AccessExchange(request.invoke, asked, limits)


def _result_of(item: AccessItem) -> type[AccessResult]:
    if isinstance(item, AccessAction):
        return AccessActionResult
    return AccessGetResult if isinstance(item, AccessGet) else AccessSetResult


def _outcome(item: AccessItem, result: AccessResult, data: Data) -> AccessOutcome:
    """null-data is a value only where one was read."""
    read = isinstance(item, AccessGet) and result.result is DataAccessResult.SUCCESS
    return AccessOutcome(result.result, data if read or data != NULL else None)
