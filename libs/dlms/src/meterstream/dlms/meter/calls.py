"""ACTION at the meter, at once or in blocks (IEC 62056-5-3, 6.8)."""

from __future__ import annotations

from typing import Final, cast

from meterstream.dlms.apdu import (
    ActionBlockRequest,
    ActionRequest,
    ActionRequestNextBlock,
    ActionRequestNormal,
    ActionRequestWithBlock,
    ActionRequestWithFirstBlock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstBlock,
    ActionResponseNextBlock,
    ActionResponseNormal,
    ActionResponseWithBlock,
    ActionResponseWithList,
    ActionResult,
    ActionReturn,
    DataBlock,
    decode_action_request,
    decode_values,
    parameters_of,
)
from meterstream.dlms.data import Data, DataLimits, MethodRef, decode
from meterstream.dlms.errors import DecodeError
from meterstream.dlms.meter.application import MeterApplication
from meterstream.dlms.meter.policy import Habits
from meterstream.dlms.meter.transfers import (
    Aborted,
    BlockEmpty,
    LongRequest,
    NumberInvalid,
    TransferFault,
    TransferLimits,
)

_FAULTS: Final[dict[type[TransferFault], ActionResult]] = {
    NumberInvalid: ActionResult.LONG_ACTION_ABORTED,
    BlockEmpty: ActionResult.DATA_BLOCK_UNAVAILABLE,
    Aborted: ActionResult.LONG_ACTION_ABORTED,
}
"""Action-Result has no code of its own for a wrong block number."""
_BLOCKS: Final = (ActionRequestWithFirstBlock, ActionRequestWithListAndFirstBlock, ActionRequestWithBlock)


class ActionService:
    """Calls for one association.

    Attributes:
        request: what is coming in blocks; None between transfers.
    """

    __slots__ = ("_application", "_habits", "_limits", "_transfer_limits", "request")

    def __init__(
        self, application: MeterApplication, habits: Habits, limits: DataLimits, transfer_limits: TransferLimits
    ) -> None:
        self._application = application
        self._habits = habits
        self._limits = limits
        self._transfer_limits = transfer_limits
        self.request: LongRequest | None = None

    def decode(self, raw: bytes) -> ActionRequest:
        """Raises: DecodeError, LimitExceeded."""
        return decode_action_request(raw, self._limits)

    def continues(self, request: ActionRequest) -> bool:
        """Whether it goes on with a transfer, be there one or not."""
        return isinstance(request, ActionRequestWithBlock)

    def asks_after(self, request: ActionRequest) -> int | None:
        """The block of the answer after which the client wants the next; None for other requests."""
        return request.block_number if isinstance(request, ActionRequestNextBlock) else None

    def check_granted(self, request: ActionRequest, *, blocks: bool) -> None:
        """Raises: DecodeError for a form that was not granted."""
        if not blocks and isinstance(request, _BLOCKS):
            raise DecodeError("ACTION in blocks is not granted")

    def nothing_to_continue(self, invoke: int) -> bytes:
        """To a client that wants the next block of no answer."""
        return _refusal(invoke, ActionResult.NO_LONG_ACTION_IN_PROGRESS)

    def piece(self, invoke: int, block: DataBlock) -> bytes:
        return ActionResponseWithBlock(invoke, block).encode()

    def answer(self, sap: int, invoke: int, request: ActionRequest) -> bytes:
        """The answer, however long. Raises: DecodeError, LimitExceeded, DropLine."""
        if isinstance(request, ActionRequestNormal):
            return self._call(sap, invoke, request.ref, request.data)
        if isinstance(request, ActionRequestWithList):
            if self._too_many(len(request.refs)):
                return _refusal(invoke, ActionResult.SCOPE_OF_ACCESS_VIOLATED)
            return self._call_list(sap, invoke, request.refs, request.values)
        return self._on_block(sap, invoke, cast("ActionBlockRequest", request))

    def _on_block(self, sap: int, invoke: int, request: ActionBlockRequest) -> bytes:
        if isinstance(request, ActionRequestWithBlock):
            if self.request is None:
                return self.nothing_to_continue(invoke)
        elif isinstance(request, ActionRequestWithFirstBlock):
            self._begin((request.ref,), request.invoke, listed=False)
        elif self._too_many(len(request.refs)):
            return _refusal(invoke, ActionResult.SCOPE_OF_ACCESS_VIOLATED)
        else:
            self._begin(request.refs, request.invoke, listed=True)
        return self._take(sap, invoke, request.invoke, request.block)

    def _begin(self, refs: tuple[MethodRef, ...], invoke: int, *, listed: bool) -> None:
        self.request = LongRequest(refs, invoke, self._transfer_limits, listed=listed)

    def _take(self, sap: int, invoke: int, asked: int, block: DataBlock) -> bytes:
        request, self.request = cast("LongRequest", self.request), None
        try:
            whole = request.add(asked, block)
        except TransferFault as fault:
            return _refusal(invoke, _FAULTS[type(fault)])
        if whole is None:
            self.request = request
            return ActionResponseNextBlock(invoke, block.number).encode()
        refs = cast("tuple[MethodRef, ...]", request.targets)
        if request.listed:
            return self._call_list(sap, invoke, refs, decode_values(whole, len(refs), self._limits))
        return self._call(sap, invoke, refs[0], decode(whole, self._limits))

    def _call(self, sap: int, invoke: int, ref: MethodRef, data: Data | None) -> bytes:
        result, returned = self._application.action(sap, ref, data)
        short = returned is None and self._habits.short_action_response
        return ActionResponseNormal(invoke, result, returned, short).encode()

    def _call_list(self, sap: int, invoke: int, refs: tuple[MethodRef, ...], values: tuple[Data, ...]) -> bytes:
        call = self._application.action
        pairs = zip(refs, parameters_of(values), strict=True)
        return ActionResponseWithList(
            invoke, tuple(ActionReturn(*call(sap, ref, data)) for ref, data in pairs)
        ).encode()

    def _too_many(self, items: int) -> bool:
        return self._habits.max_list is not None and items > self._habits.max_list


def _refusal(invoke: int, result: ActionResult) -> bytes:
    return ActionResponseNormal(invoke, result).encode()
