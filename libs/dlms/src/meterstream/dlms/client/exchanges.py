"""What follows a request: one class per service, from the first answer APDU to the event. Plain on both sides."""

from __future__ import annotations

from typing import ClassVar, Protocol

from meterstream.dlms.apdu import (
    ActionRequestNextBlock,
    ActionRequestWithBlock,
    ActionResponseNextBlock,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResult,
    ActionReturn,
    DataAccessResult,
    DataBlock,
    GetRequestNext,
    GetResponseNormal,
    GetResponseWithDataBlock,
    ReadResult,
    SetRequestWithDataBlock,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseNormal,
    decode_action_response,
    decode_get_response,
    decode_results,
    decode_return,
    decode_returns,
    decode_set_response,
    tags,
)
from meterstream.dlms.client.blocks import BlockBuffer, Upload
from meterstream.dlms.client.config import AnswerLimits
from meterstream.dlms.client.events import (
    ActionAnswer,
    ActionListAnswer,
    ActionListRefused,
    GetAnswer,
    GetListAnswer,
    ListRefused,
    ServiceEvent,
    SetAnswer,
    SetListAnswer,
)
from meterstream.dlms.data import decode
from meterstream.dlms.errors import UnexpectedAnswer

INVOKE_ID = 0x0F


class Exchange(Protocol):
    """One confirmed service at the client.

    Attributes:
        tag: of the plain answers.
        invoke: the whole invoke-id-and-priority octet of the request.
    """

    tag: ClassVar[int]
    invoke: int

    @property
    def halfway(self) -> bool:
        """Whether a block transfer is going on, in which the meter may still be."""
        ...

    def answer(self, plaintext: bytes) -> ServiceEvent | bytes:
        """The event that ends the exchange, or the request that goes on with it.

        Raises: UnexpectedAnswer, DecodeError, LimitExceeded.
        """
        ...


def check_invoke(invoke: int, expected: int) -> None:
    """Raises: UnexpectedAnswer."""
    if (invoke ^ expected) & INVOKE_ID:
        raise UnexpectedAnswer(f"invoke id {invoke & INVOKE_ID} instead of {expected & INVOKE_ID}")


class GetExchange:
    """GET of one attribute (`asked` 0) or of a list (IEC 62056-5-3, 6.6)."""

    __slots__ = ("_asked", "_blocks", "_limits", "invoke")

    tag: ClassVar[int] = tags.GET_RESPONSE

    def __init__(self, invoke: int, asked: int, limits: AnswerLimits) -> None:
        self.invoke = invoke
        self._asked = asked
        self._limits = limits
        self._blocks: BlockBuffer | None = None

    @property
    def halfway(self) -> bool:
        return self._blocks is not None

    def answer(self, plaintext: bytes) -> ServiceEvent | bytes:
        answer = decode_get_response(plaintext, self._limits.data)
        check_invoke(answer.invoke, self.invoke)
        if isinstance(answer, GetResponseWithDataBlock):
            return self._on_block(answer)
        if self._blocks is not None:
            raise UnexpectedAnswer("another answer in the middle of a block transfer")
        if not isinstance(answer, GetResponseNormal):
            return self._list_answer(answer.results)
        if not self._asked:
            return GetAnswer(answer.result)
        if not isinstance(answer.result, DataAccessResult):
            raise UnexpectedAnswer("one value for a whole list")
        return ListRefused(answer.result)

    def _on_block(self, block: GetResponseWithDataBlock) -> ServiceEvent | bytes:
        if isinstance(block.result, DataAccessResult):
            return ListRefused(block.result) if self._asked else GetAnswer(block.result)
        if self._blocks is None:
            self._blocks = BlockBuffer(self._limits)
        whole = self._blocks.add(block.block_number, last=block.last, content=block.result)
        if whole is None:
            return GetRequestNext(self.invoke, self._blocks.block_number).encode()
        limits = self._limits.data
        if self._asked:
            return self._list_answer(decode_results(whole, limits))
        return GetAnswer(decode(whole, limits))

    def _list_answer(self, results: tuple[ReadResult, ...]) -> GetListAnswer:
        _check_number(len(results), self._asked, "attributes")
        return GetListAnswer(results)


class SetExchange:
    """SET of one attribute (`asked` 0) or of a list, at once or in blocks (IEC 62056-5-3, 6.7)."""

    __slots__ = ("_asked", "invoke", "upload")

    tag: ClassVar[int] = tags.SET_RESPONSE

    def __init__(self, invoke: int, asked: int) -> None:
        self.invoke = invoke
        self._asked = asked
        self.upload: Upload | None = None

    @property
    def halfway(self) -> bool:
        return self.upload is not None

    def answer(self, plaintext: bytes) -> ServiceEvent | bytes:
        answer = decode_set_response(plaintext)
        check_invoke(answer.invoke, self.invoke)
        if isinstance(answer, SetResponseDataBlock):
            return self._next(answer.block_number)
        if isinstance(answer, (SetResponseNormal, SetResponseLastDataBlock)):
            return self._result(answer.result)
        _check_number(len(answer.results), self._asked, "attributes")
        _check_sent(self.upload, succeeded=DataAccessResult.SUCCESS in answer.results)
        return SetListAnswer(answer.results)

    def _next(self, number: int) -> bytes:
        upload = _expecting(self.upload, number)
        return upload.next(lambda block: SetRequestWithDataBlock(self.invoke, block).encode())

    def _result(self, result: DataAccessResult) -> ServiceEvent:
        succeeded = result is DataAccessResult.SUCCESS
        if self._asked and succeeded:
            raise UnexpectedAnswer("one success for a whole list")
        _check_sent(self.upload, succeeded=succeeded)
        return ListRefused(result) if self._asked else SetAnswer(result)


class ActionExchange:
    """ACTION of one method (`asked` 0) or of a list, at once or in blocks either way (IEC 62056-5-3, 6.8)."""

    __slots__ = ("_asked", "_blocks", "_limits", "invoke", "upload")

    tag: ClassVar[int] = tags.ACTION_RESPONSE

    def __init__(self, invoke: int, asked: int, limits: AnswerLimits) -> None:
        self.invoke = invoke
        self._asked = asked
        self._limits = limits
        self._blocks: BlockBuffer | None = None
        self.upload: Upload | None = None

    @property
    def halfway(self) -> bool:
        return self.upload is not None or self._blocks is not None

    def answer(self, plaintext: bytes) -> ServiceEvent | bytes:
        answer = decode_action_response(plaintext, self._limits.data)
        check_invoke(answer.invoke, self.invoke)
        if isinstance(answer, ActionResponseNextBlock):
            return self._next(answer.block_number)
        if isinstance(answer, ActionResponseWithBlock):
            return self._on_block(answer.block)
        if isinstance(answer, ActionResponseNormal):
            return self._one(ActionReturn(answer.result, answer.data))
        if self._blocks is not None:
            raise UnexpectedAnswer("another answer in the middle of a block transfer")
        return self._list_answer(answer.results)

    def _next(self, number: int) -> bytes:
        if self._blocks is not None:
            raise UnexpectedAnswer("a block of the request asked in the middle of the answer")
        upload = _expecting(self.upload, number)
        return upload.next(lambda block: ActionRequestWithBlock(self.invoke, block).encode())

    def _on_block(self, block: DataBlock) -> ServiceEvent | bytes:
        _check_sent(self.upload, succeeded=True)
        if self._blocks is None:
            self._blocks = BlockBuffer(self._limits)
        whole = self._blocks.add(block.number, last=block.last, content=block.raw)
        if whole is None:
            return ActionRequestNextBlock(self.invoke, self._blocks.block_number).encode()
        self._blocks = None
        limits = self._limits.data
        return (
            self._list_answer(decode_returns(whole, limits)) if self._asked else self._one(decode_return(whole, limits))
        )

    def _one(self, answer: ActionReturn) -> ServiceEvent:
        succeeded = answer.result is ActionResult.SUCCESS
        if self._blocks is not None and succeeded:
            raise UnexpectedAnswer("another answer in the middle of a block transfer")
        if self._asked and succeeded:
            raise UnexpectedAnswer("one success for a whole list")
        _check_sent(self.upload, succeeded=succeeded)
        return ActionListRefused(answer.result) if self._asked else ActionAnswer(answer.result, answer.data)

    def _list_answer(self, results: tuple[ActionReturn, ...]) -> ActionListAnswer:
        _check_number(len(results), self._asked, "methods")
        _check_sent(self.upload, succeeded=any(answer.result is ActionResult.SUCCESS for answer in results))
        return ActionListAnswer(results)


def _check_number(results: int, asked: int, what: str) -> None:
    if results != asked or not asked:
        raise UnexpectedAnswer(f"{results} results for {asked or 1} {what}")


def _expecting(upload: Upload | None, number: int) -> Upload:
    if upload is None or upload.complete:
        raise UnexpectedAnswer("a block asked that does not exist")
    if number != upload.number:
        raise UnexpectedAnswer(f"block {number} confirmed instead of {upload.number}")
    return upload


def _check_sent(upload: Upload | None, *, succeeded: bool) -> None:
    """A refusal may come any time, a success only after the last block."""
    if succeeded and upload is not None and not upload.complete:
        raise UnexpectedAnswer("success before the last block was sent")
