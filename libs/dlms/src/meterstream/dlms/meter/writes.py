"""SET at the meter, at once or in blocks (IEC 62056-5-3, 6.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from meterstream.dlms.apdu import (
    AttributeItem,
    DataAccessResult,
    DataBlock,
    SetBlockRequest,
    SetRequest,
    SetRequestNormal,
    SetRequestWithDataBlock,
    SetRequestWithFirstDataBlock,
    SetRequestWithList,
    SetRequestWithListAndFirstDataBlock,
    SetResponseDataBlock,
    SetResponseLastDataBlock,
    SetResponseLastDataBlockWithList,
    SetResponseNormal,
    SetResponseWithList,
    decode_set_request,
    decode_values,
)
from meterstream.dlms.data import Data, DataLimits, decode
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

_FAULTS: Final[dict[type[TransferFault], DataAccessResult]] = {
    NumberInvalid: DataAccessResult.DATA_BLOCK_NUMBER_INVALID,
    BlockEmpty: DataAccessResult.DATA_BLOCK_UNAVAILABLE,
    Aborted: DataAccessResult.LONG_SET_ABORTED,
}
_BLOCKS: Final = (SetRequestWithFirstDataBlock, SetRequestWithListAndFirstDataBlock, SetRequestWithDataBlock)


class SetService:
    """Writes for one association.

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

    def decode(self, raw: bytes) -> SetRequest:
        """Raises: DecodeError, LimitExceeded."""
        return decode_set_request(raw, self._limits)

    def continues(self, request: SetRequest) -> bool:
        """Whether it goes on with a transfer, be there one or not."""
        return isinstance(request, SetRequestWithDataBlock)

    def check_granted(self, request: SetRequest, *, blocks: bool) -> None:
        """Raises: DecodeError for a form that was not granted."""
        if not blocks and isinstance(request, _BLOCKS):
            raise DecodeError("SET in blocks is not granted")

    def answer(self, sap: int, invoke: int, request: SetRequest) -> bytes:
        """Raises: DecodeError, LimitExceeded, DropLine."""
        if isinstance(request, SetRequestNormal):
            result = self._application.set(sap, request.ref, request.selection, request.data)
            return SetResponseNormal(invoke, result).encode()
        if isinstance(request, SetRequestWithList):
            if self._too_many(len(request.items)):
                return SetResponseNormal(invoke, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED).encode()
            return SetResponseWithList(invoke, self._write(sap, request.items, request.values)).encode()
        return self._on_block(sap, invoke, request)

    def _on_block(self, sap: int, invoke: int, request: SetBlockRequest) -> bytes:
        block = request.block
        if isinstance(request, SetRequestWithDataBlock):
            if self.request is None:
                return _ended(invoke, DataAccessResult.NO_LONG_SET_IN_PROGRESS, block)
        elif isinstance(request, SetRequestWithFirstDataBlock):
            self._begin(((request.ref, request.selection),), request.invoke, listed=False)
        elif self._too_many(len(request.items)):
            return _ended(invoke, DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, block)
        else:
            self._begin(request.items, request.invoke, listed=True)
        return self._take(sap, invoke, request.invoke, block)

    def _begin(self, items: tuple[AttributeItem, ...], invoke: int, *, listed: bool) -> None:
        self.request = LongRequest(items, invoke, self._transfer_limits, listed=listed)

    def _take(self, sap: int, invoke: int, asked: int, block: DataBlock) -> bytes:
        request, self.request = cast("LongRequest", self.request), None
        try:
            whole = request.add(asked, block)
        except TransferFault as fault:
            return _ended(invoke, _FAULTS[type(fault)], block)
        if whole is None:
            self.request = request
            return SetResponseDataBlock(invoke, block.number).encode()
        items = cast("tuple[AttributeItem, ...]", request.targets)
        if request.listed:
            results = self._write(sap, items, decode_values(whole, len(items), self._limits))
            return SetResponseLastDataBlockWithList(invoke, results, block.number).encode()
        (result,) = self._write(sap, items, (decode(whole, self._limits),))
        return _ended(invoke, result, block)

    def _write(self, sap: int, items: Sequence[AttributeItem], values: Sequence[Data]) -> tuple[DataAccessResult, ...]:
        write = self._application.set
        return tuple(write(sap, ref, selection, value) for (ref, selection), value in zip(items, values, strict=True))

    def _too_many(self, items: int) -> bool:
        return self._habits.max_list is not None and items > self._habits.max_list


def _ended(invoke: int, result: DataAccessResult, block: DataBlock) -> bytes:
    return SetResponseLastDataBlock(invoke, result, block.number).encode()
