"""Service-specific blocks at the client: answers put together, requests cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterstream.dlms.apdu import BLOCK_HEAD_OCTETS, MAX_BLOCK_NUMBER, DataBlock
from meterstream.dlms.client.config import AnswerLimits
from meterstream.dlms.errors import LimitExceeded, PduTooLarge, UnexpectedAnswer

_EMPTY: Final = DataBlock(last=False, number=1, raw=b"")
_EMPTY_OCTETS: Final = len(_EMPTY.encode())


class BlockBuffer:
    """Collects the blocks of an answer in order, bounded in number and octets."""

    __slots__ = ("_limits", "_parts", "_size")

    def __init__(self, limits: AnswerLimits) -> None:
        self._limits = limits
        self._parts: list[bytes] = []
        self._size = 0

    @property
    def block_number(self) -> int:
        """Number of the last block taken; 0 before the first."""
        return len(self._parts)

    def add(self, number: int, *, last: bool, content: bytes) -> bytes | None:
        """The whole answer after the last block, else None.

        Raises: UnexpectedAnswer (block number; a block without octets that is not the last), LimitExceeded.
        """
        if number != self.block_number + 1:
            raise UnexpectedAnswer(f"block {number} instead of {self.block_number + 1}")
        if not content and not last:
            raise UnexpectedAnswer(f"block {number} brings nothing and is not the last")
        self._parts.append(content)
        self._size += len(content)
        if self._size > self._limits.max_bytes or self.block_number > self._limits.max_blocks:
            raise LimitExceeded(f"answer of more than {self._size - 1} octets or {self.block_number - 1} blocks")
        return b"".join(self._parts) if last else None


class Upload:
    """A request that goes out in blocks, each of which fits the meter.

    Args:
        body: what is cut.
        room: octets of a whole plain request APDU.
    """

    __slots__ = ("_body", "_offset", "_room", "number")

    def __init__(self, body: bytes, room: int) -> None:
        self._body = body
        self._room = room
        self._offset = 0
        self.number = 0

    @property
    def complete(self) -> bool:
        """Whether the last block is out."""
        return self._offset >= len(self._body)

    def next(self, build: Callable[[DataBlock], bytes]) -> bytes:
        """The next request; `build` puts a block into its APDU. Raises: PduTooLarge where no octet fits."""
        head = len(build(_EMPTY)) - _EMPTY_OCTETS
        size = self._room - head - BLOCK_HEAD_OCTETS
        if size < 1 or self.number == MAX_BLOCK_NUMBER:
            raise PduTooLarge(f"the meter takes {self._room} octets, a block without data has {head}")
        start = self._offset
        self._offset = start + size
        self.number += 1
        return build(DataBlock(self.complete, self.number, self._body[start : self._offset]))
