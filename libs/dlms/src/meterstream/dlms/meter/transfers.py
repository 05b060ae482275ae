"""Service-specific blocks at the meter: requests put together, answers cut. Bounded, no state beyond one transfer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterstream.dlms.apdu import AttributeItem, DataBlock
from meterstream.dlms.data import MethodRef
from meterstream.dlms.errors import ConfigurationError
from meterstream.dlms.transfer import DEFAULT_GENERAL_LIMITS, GeneralLimits


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """Bounds on one request, all its blocks together; what exceeds them is aborted.

    Attributes:
        general: the same of general block transfer, both ways, and the window it offers.
    Raises: ConfigurationError.
    """

    max_bytes: int = 1024 * 1024
    max_blocks: int = 16_384
    general: GeneralLimits = DEFAULT_GENERAL_LIMITS

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_blocks"):
            if getattr(self, name) < 1:
                raise ConfigurationError(f"{name} is below 1")


DEFAULT_TRANSFER_LIMITS: Final = TransferLimits()


class TransferFault(Exception):
    """Why a request in blocks ends early; the services turn it into their own results."""


class NumberInvalid(TransferFault):
    """Another block than the next one."""


class BlockEmpty(TransferFault):
    """A block without data that is not the last."""


class Aborted(TransferFault):
    """Another invoke id, or more than the limits allow."""


class LongRequest:
    """A SET or ACTION that comes in blocks.

    Attributes:
        targets: what it is about: attributes of a SET, or methods of an ACTION.
        listed: whether the request is a with-list.
    """

    __slots__ = ("_invoke", "_limits", "_parts", "_size", "listed", "targets")

    def __init__(
        self,
        targets: tuple[AttributeItem, ...] | tuple[MethodRef, ...],
        invoke: int,
        limits: TransferLimits,
        *,
        listed: bool,
    ) -> None:
        self.targets = targets
        self.listed = listed
        self._invoke = invoke
        self._limits = limits
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, invoke: int, block: DataBlock) -> bytes | None:
        """All data after the last block, else None. Raises: TransferFault; the transfer is over then."""
        if invoke != self._invoke:
            raise Aborted
        if block.number != len(self._parts) + 1:
            raise NumberInvalid
        if not block.raw and not block.last:
            raise BlockEmpty
        self._parts.append(block.raw)
        self._size += len(block.raw)
        if self._size > self._limits.max_bytes or len(self._parts) > self._limits.max_blocks:
            raise Aborted
        return b"".join(self._parts) if block.last else None


class LongAnswer:
    """An answer that goes out in blocks as the client asks for them.

    Attributes:
        tag: of the requests that ask.
        block_number: of the last block given; 0 before the first.
    """

    __slots__ = ("_body", "_offset", "block_number", "tag")

    def __init__(self, tag: int, body: bytes) -> None:
        self.tag = tag
        self._body = body
        self._offset = 0
        self.block_number = 0

    def next(self, octets: int) -> DataBlock:
        """So many octets of it, or what is left."""
        start = self._offset
        self._offset = end = start + octets
        self.block_number += 1
        return DataBlock(end >= len(self._body), self.block_number, self._body[start:end])
