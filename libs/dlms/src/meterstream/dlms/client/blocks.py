"""Reassembly of a GET answer that comes in blocks."""

from __future__ import annotations

from meterstream.dlms.apdu import GetResponseWithDataBlock
from meterstream.dlms.client.config import AnswerLimits
from meterstream.dlms.errors import LimitExceeded, UnexpectedAnswer


class BlockBuffer:
    """Collects blocks in order, bounded in number and octets."""

    __slots__ = ("_limits", "_parts", "_size")

    def __init__(self, limits: AnswerLimits) -> None:
        self._limits = limits
        self._parts: list[bytes] = []
        self._size = 0

    @property
    def block_number(self) -> int:
        """Number of the last block taken; 0 before the first."""
        return len(self._parts)

    def add(self, block: GetResponseWithDataBlock, content: bytes) -> bytes | None:
        """The whole answer after the last block, else None.

        Raises: UnexpectedAnswer (block number), LimitExceeded.
        """
        if block.block_number != self.block_number + 1:
            raise UnexpectedAnswer(f"block {block.block_number} instead of {self.block_number + 1}")
        self._parts.append(content)
        self._size += len(content)
        if self._size > self._limits.max_bytes or self.block_number > self._limits.max_blocks:
            raise LimitExceeded(f"answer of more than {self._size - 1} octets or {self.block_number - 1} blocks")
        return b"".join(self._parts) if block.last else None
