"""GET, SET and ACTION of an open association, plain on both sides: requests to the application, answers to octets."""

from __future__ import annotations

from meterstream.dlms.apdu import (
    ActionResponseNormal,
    Conformance,
    DataAccessResult,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    ReadResult,
    SetRequestNormal,
    SetResponseNormal,
    SetResponseWithList,
    decode_action_request,
    decode_get_request,
    decode_set_request,
    tags,
)
from meterstream.dlms.apdu.exception import PDU_TOO_LONG
from meterstream.dlms.data import DataLimits
from meterstream.dlms.errors import PeerError
from meterstream.dlms.meter.application import DropLine, MeterApplication
from meterstream.dlms.meter.policy import Habits

_INVOKE_ID = 0x0F
_BLOCK_HEAD_OCTETS = 9 + 3
"""get-response-with-datablock without its octets; their length takes three octets at most."""
_MIN_LIMIT = _BLOCK_HEAD_OCTETS + 1


class Violation(PeerError):
    """A request that is known, but not possible now."""

    code = "REQUEST_OUT_OF_TURN"


class AddressNotServed(PeerError):
    """Client or logical device that this meter does not know."""

    code = "ADDRESS_NOT_SERVED"


class _LongAnswer:
    __slots__ = ("block_number", "body", "offset")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.offset = 0
        self.block_number = 0


class Services:
    """Serves the requests of one association at a time and remembers the answer that is being sent in blocks."""

    __slots__ = ("_application", "_granted", "_habits", "_limit", "_limits", "_long", "_sap")

    def __init__(self, application: MeterApplication, habits: Habits, limits: DataLimits) -> None:
        self._application = application
        self._habits = habits
        self._limits = limits
        self._long: _LongAnswer | None = None
        self._sap = 0
        self._granted = Conformance(0)
        self._limit = 0

    def start(self, client_sap: int, granted: Conformance, limit: int) -> None:
        """A new association; plain answers may have `limit` octets."""
        self._sap, self._granted, self._limit = client_sap, granted, max(limit, _MIN_LIMIT)
        self._long = None

    def stop(self) -> None:
        self._long = None

    def invoke(self, invoke: int) -> int:
        """Invoke-id-and-priority of the answer to a request with `invoke`."""
        offset = self._habits.invoke_id_offset
        return invoke if not offset else (invoke & ~_INVOKE_ID) | (invoke + offset & _INVOKE_ID)

    def answer(self, request: bytes) -> bytes | int:
        """The answer, or the service error of an exception-response.

        Raises: DecodeError, LimitExceeded, Violation, DropLine.
        """
        tag = request[0]
        if tag == tags.GET_REQUEST:
            return self._get(request)
        self._refuse_in_transfer()
        if tag == tags.SET_REQUEST:
            return self._set(request)
        action = decode_action_request(request, self._limits)
        result, data = self._application.action(self._sap, action.ref, action.data)
        short = data is None and self._habits.short_action_response
        return ActionResponseNormal(self.invoke(action.invoke), result, data, short).encode()

    def _refuse_in_transfer(self) -> None:
        if self._long is not None:
            self._long = None
            raise Violation("another request during a block transfer")

    def _get(self, raw: bytes) -> bytes | int:
        request = decode_get_request(raw, self._limits)
        invoke = self.invoke(request.invoke)
        if isinstance(request, GetRequestNext):
            return self._next_block(invoke, request.block_number)
        self._refuse_in_transfer()
        if isinstance(request, GetRequestNormal):
            result = self._application.get(self._sap, request.ref, request.selection)
            answer = GetResponseNormal(invoke, result).encode()
            if len(answer) <= self._limit or isinstance(result, DataAccessResult):
                return answer
            return self._first_block(invoke, answer[4:])
        return self._get_list(invoke, request)

    def _get_list(self, invoke: int, request: GetRequestWithList) -> bytes | int:
        if self._habits.max_list is not None and len(request.items) > self._habits.max_list:
            return GetResponseNormal(invoke, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED).encode()
        results: list[ReadResult] = [
            self._application.get(self._sap, ref, selection) for ref, selection in request.items
        ]
        answer = GetResponseWithList(invoke, tuple(results)).encode()
        return answer if len(answer) <= self._limit else self._first_block(invoke, answer[3:])

    def _first_block(self, invoke: int, body: bytes) -> bytes | int:
        if not self._granted & Conformance.BLOCK_TRANSFER_GET:
            return PDU_TOO_LONG
        self._long = _LongAnswer(body)
        return self._next_block(invoke, 0)

    def _next_block(self, invoke: int, acknowledged: int) -> bytes:
        answer = self._long
        if answer is None:
            result = DataAccessResult.NO_LONG_GET_IN_PROGRESS
            return GetResponseWithDataBlock(invoke, last=True, block_number=acknowledged, result=result).encode()
        if acknowledged != answer.block_number:
            self._long = None
            raise Violation(f"block after {acknowledged} asked, {answer.block_number} were sent")
        answer.block_number += 1
        if answer.block_number == self._habits.close_in_block:
            raise DropLine
        end = answer.offset + self._limit - _BLOCK_HEAD_OCTETS
        octets = answer.body[answer.offset : end]
        answer.offset = end
        last = end >= len(answer.body)
        if last:
            self._long = None
        return GetResponseWithDataBlock(invoke, last, answer.block_number, octets).encode()

    def _set(self, raw: bytes) -> bytes:
        request = decode_set_request(raw, self._limits)
        invoke = self.invoke(request.invoke)
        write = self._application.set
        if isinstance(request, SetRequestNormal):
            return SetResponseNormal(invoke, write(self._sap, request.ref, request.selection, request.data)).encode()
        if self._habits.max_list is not None and len(request.items) > self._habits.max_list:
            return SetResponseNormal(invoke, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED).encode()
        results = [
            write(self._sap, ref, selection, value)
            for (ref, selection), value in zip(request.items, request.values, strict=True)
        ]
        return SetResponseWithList(invoke, tuple(results)).encode()
