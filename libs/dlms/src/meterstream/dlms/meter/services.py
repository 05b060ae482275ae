"""Services of an open association, plain on both sides: requests to the application, answers to octets."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.apdu import (
    BLOCK_HEAD_OCTETS,
    Conformance,
    DataAccessResult,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDataBlock,
    GetResponseWithList,
    ReadResult,
    decode_access_request,
    decode_get_request,
    tags,
)
from meterstream.dlms.apdu.exception import PDU_TOO_LONG
from meterstream.dlms.data import DataLimits
from meterstream.dlms.errors import DecodeError, PeerError
from meterstream.dlms.meter.access import serve_access
from meterstream.dlms.meter.application import DropLine, MeterApplication
from meterstream.dlms.meter.calls import ActionService
from meterstream.dlms.meter.policy import Habits
from meterstream.dlms.meter.transfers import DEFAULT_TRANSFER_LIMITS, LongAnswer, TransferLimits
from meterstream.dlms.meter.writes import SetService

_INVOKE_ID = 0x0F
_BLOCK_HEAD_OCTETS: Final = 3 + BLOCK_HEAD_OCTETS + 1
"""get-response-with-datablock without its octets: tag, choice, invoke id, block, choice of the result."""
_MIN_LIMIT = _BLOCK_HEAD_OCTETS + 1


class Violation(PeerError):
    """A request that is known, but not possible now."""

    code = "REQUEST_OUT_OF_TURN"


class AddressNotServed(PeerError):
    """Client or logical device that this meter does not know."""

    code = "ADDRESS_NOT_SERVED"


class Services:
    """Serves the requests of one association at a time and remembers the block transfer that is going on.

    Answers above `limit` go out in the blocks of their service where it has them and they are granted, else whole where
    general blocks are granted, for those are below; else they are refused.
    """

    __slots__ = (
        "_actions",
        "_application",
        "_granted",
        "_habits",
        "_limit",
        "_limits",
        "_long",
        "_sap",
        "_writes",
    )

    def __init__(
        self,
        application: MeterApplication,
        habits: Habits,
        limits: DataLimits,
        transfer_limits: TransferLimits = DEFAULT_TRANSFER_LIMITS,
    ) -> None:
        self._application = application
        self._habits = habits
        self._limits = limits
        self._long: LongAnswer | None = None
        self._sap = 0
        self._granted = 0
        self._limit = 0
        self._writes = SetService(application, habits, limits, transfer_limits)
        self._actions = ActionService(application, habits, limits, transfer_limits)

    def start(self, client_sap: int, granted: Conformance, limit: int) -> None:
        """A new association; plain answers may have `limit` octets."""
        self.stop()
        self._sap, self._granted, self._limit = client_sap, int(granted), max(limit, _MIN_LIMIT)

    def stop(self) -> None:
        self._long = None
        self._writes.request = None
        self._actions.request = None

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
        if tag == tags.SET_REQUEST:
            return self._set(request)
        if tag == tags.ACTION_REQUEST:
            return self._action(request)
        return self._access(request)

    def _refuse_in_transfer(self) -> None:
        if self._long is not None or self._writes.request is not None or self._actions.request is not None:
            self.stop()
            raise Violation("another request during a block transfer")

    # GET

    def _get(self, raw: bytes) -> bytes | int:
        request = decode_get_request(raw, self._limits)
        invoke = self.invoke(request.invoke)
        if isinstance(request, GetRequestNext):
            return self._get_next(invoke, request.block_number)
        self._refuse_in_transfer()
        if isinstance(request, GetRequestNormal):
            result = self._application.get(self._sap, request.ref, request.selection)
            answer = GetResponseNormal(invoke, result).encode()
            if len(answer) <= self._limit or isinstance(result, DataAccessResult):
                return answer
            return self._get_long(invoke, answer, 4)
        return self._get_list(invoke, request)

    def _get_list(self, invoke: int, request: GetRequestWithList) -> bytes | int:
        if self._habits.max_list is not None and len(request.items) > self._habits.max_list:
            return GetResponseNormal(invoke, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED).encode()
        results: list[ReadResult] = [
            self._application.get(self._sap, ref, selection) for ref, selection in request.items
        ]
        answer = GetResponseWithList(invoke, tuple(results)).encode()
        return answer if len(answer) <= self._limit else self._get_long(invoke, answer, 3)

    def _get_long(self, invoke: int, answer: bytes, head: int) -> bytes | int:
        if not self._granted & Conformance.BLOCK_TRANSFER_GET:
            return self._whole(answer)
        self._long = LongAnswer(tags.GET_REQUEST, answer[head:])
        return self._get_next(invoke, 0)

    def _get_next(self, invoke: int, acknowledged: int) -> bytes:
        answer = self._long
        if answer is None:
            result = DataAccessResult.NO_LONG_GET_IN_PROGRESS
            return GetResponseWithDataBlock(invoke, last=True, block_number=acknowledged, result=result).encode()
        self._check_turn(answer, tags.GET_REQUEST, acknowledged)
        block = answer.next(self._limit - _BLOCK_HEAD_OCTETS)
        if block.last:
            self._long = None
        return GetResponseWithDataBlock(invoke, block.last, block.number, block.raw).encode()

    def _check_turn(self, answer: LongAnswer, tag: int, acknowledged: int) -> None:
        """Raises: Violation, DropLine."""
        if tag != answer.tag or acknowledged != answer.block_number:
            self._long = None
            raise Violation(f"block after {acknowledged} asked, {answer.block_number} were sent")
        if answer.block_number + 1 == self._habits.close_in_block:
            raise DropLine

    def _whole(self, answer: bytes) -> bytes | int:
        """An answer above the limit that goes out in one piece, if at all."""
        return answer if self._granted & Conformance.GENERAL_BLOCK_TRANSFER else PDU_TOO_LONG

    # SET

    def _set(self, raw: bytes) -> bytes:
        writes = self._writes
        request = writes.decode(raw)
        invoke = self.invoke(request.invoke)
        if writes.continues(request):
            if self._long is not None:
                self._refuse_in_transfer()
        else:
            self._refuse_in_transfer()
            writes.check_granted(request, blocks=bool(self._granted & Conformance.BLOCK_TRANSFER_SET))
        return writes.answer(self._sap, invoke, request)

    # ACTION

    def _action(self, raw: bytes) -> bytes | int:
        actions = self._actions
        request = actions.decode(raw)
        invoke = self.invoke(request.invoke)
        number = actions.asks_after(request)
        if number is not None:
            return self._action_next(invoke, number)
        blocks = bool(self._granted & Conformance.BLOCK_TRANSFER_ACTION)
        if actions.continues(request):
            if self._long is not None:
                self._refuse_in_transfer()
        else:
            self._refuse_in_transfer()
            actions.check_granted(request, blocks=blocks)
        answer = actions.answer(self._sap, invoke, request)
        if len(answer) <= self._limit:
            return answer
        if not blocks:
            return self._whole(answer)
        self._long = LongAnswer(tags.ACTION_REQUEST, answer[3:])
        return self._action_next(invoke, 0)

    def _action_next(self, invoke: int, acknowledged: int) -> bytes:
        answer = self._long
        if answer is None:
            return self._actions.nothing_to_continue(invoke)
        self._check_turn(answer, tags.ACTION_REQUEST, acknowledged)
        block = answer.next(self._limit - 3 - BLOCK_HEAD_OCTETS)
        if block.last:
            self._long = None
        return self._actions.piece(invoke, block)

    # ACCESS

    def _access(self, raw: bytes) -> bytes | int:
        self._refuse_in_transfer()
        if not self._granted & Conformance.ACCESS:
            raise DecodeError("ACCESS is not granted")
        answer = serve_access(self._application, self._sap, decode_access_request(raw, self._limits))
        return answer if len(answer) <= self._limit else self._whole(answer)
