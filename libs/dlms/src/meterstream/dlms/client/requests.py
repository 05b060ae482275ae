"""Requests of the client: the first APDU, plain, and the exchange that follows it.

A SET or ACTION goes out in service-specific blocks when it does not fit `room`, the octets of a plain request that the
meter takes; None where it did not grant them.
"""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.dlms.apdu import (
    ActionRequestNormal,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    AttributeItem,
    GetRequestNormal,
    GetRequestWithList,
    Selection,
    SetRequestNormal,
    SetRequestWithFirstDataBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstDataBlock,
    encode_values,
)
from meterstream.dlms.client.blocks import Upload
from meterstream.dlms.client.config import AnswerLimits
from meterstream.dlms.client.exchanges import ActionExchange, GetExchange, SetExchange
from meterstream.dlms.data import NULL, AttributeRef, Data, MethodRef, encode
from meterstream.dlms.errors import EncodeError

Get = tuple[bytes, GetExchange]
Set = tuple[bytes, SetExchange]
Action = tuple[bytes, ActionExchange]


def get(invoke: int, ref: AttributeRef, selection: Selection | None, limits: AnswerLimits) -> Get:
    """Raises: EncodeError."""
    return GetRequestNormal(invoke, ref, selection).encode(), GetExchange(invoke, 0, limits)


def get_list(invoke: int, items: Sequence[AttributeItem], limits: AnswerLimits) -> Get:
    """Raises: EncodeError."""
    _refuse_empty(items, "attributes")
    return GetRequestWithList(invoke, tuple(items)).encode(), GetExchange(invoke, len(items), limits)


def set_one(invoke: int, ref: AttributeRef, data: Data, selection: Selection | None, room: int | None) -> Set:
    """Raises: EncodeError, PduTooLarge."""
    exchange = SetExchange(invoke, 0)
    plaintext = SetRequestNormal(invoke, ref, data, selection).encode()
    if room is None or len(plaintext) <= room:
        return plaintext, exchange
    exchange.upload = upload = Upload(encode(data), room)
    return upload.next(lambda block: SetRequestWithFirstDataBlock(invoke, ref, block, selection).encode()), exchange


def set_list(invoke: int, items: Sequence[tuple[AttributeRef, Data]], room: int | None) -> Set:
    """Raises: EncodeError, PduTooLarge."""
    _refuse_empty(items, "attributes")
    refs = tuple((ref, None) for ref, _ in items)
    values = tuple(data for _, data in items)
    exchange = SetExchange(invoke, len(items))
    plaintext = SetRequestWithList(invoke, refs, values).encode()
    if room is None or len(plaintext) <= room:
        return plaintext, exchange
    exchange.upload = upload = Upload(encode_values(values), room)
    return upload.next(lambda block: SetRequestWithListAndFirstDataBlock(invoke, refs, block).encode()), exchange


def action(invoke: int, ref: MethodRef, data: Data | None, limits: AnswerLimits, room: int | None) -> Action:
    """Raises: EncodeError, PduTooLarge."""
    exchange = ActionExchange(invoke, 0, limits)
    plaintext = ActionRequestNormal(invoke, ref, data).encode()
    if room is None or data is None or len(plaintext) <= room:
        return plaintext, exchange
    exchange.upload = upload = Upload(encode(data), room)
    return upload.next(lambda block: ActionRequestWithFirstBlock(invoke, ref, block).encode()), exchange


def action_list(
    invoke: int, items: Sequence[tuple[MethodRef, Data | None]], limits: AnswerLimits, room: int | None
) -> Action:
    """Raises: EncodeError, PduTooLarge."""
    _refuse_empty(items, "methods")
    refs = tuple(ref for ref, _ in items)
    values = tuple(NULL if data is None else data for _, data in items)
    exchange = ActionExchange(invoke, len(items), limits)
    plaintext = ActionRequestWithList(invoke, refs, values).encode()
    if room is None or len(plaintext) <= room:
        return plaintext, exchange
    exchange.upload = upload = Upload(encode_values(values), room)
    return upload.next(lambda block: ActionRequestWithListAndFirstBlock(invoke, refs, block).encode()), exchange


def _refuse_empty(items: Sequence[object], what: str) -> None:
    if not items:
        raise EncodeError(f"a with-list of no {what}")
