"""General blocks of a meter: between the frames of its connection and its protection."""

from __future__ import annotations

from meterstream.dlms.apdu import ABORT, decode_general_block
from meterstream.dlms.apdu.general_block import GENERAL_BLOCK_HEAD_OCTETS
from meterstream.dlms.errors import PduTooLarge, PeerError
from meterstream.dlms.transfer import GeneralLimits, GeneralStep, GeneralTransfer

_ABORTED = ABORT.encode()
MIN_BLOCK_APDU = GENERAL_BLOCK_HEAD_OCTETS + 1
"""A client that takes fewer octets gets no general blocks."""
MAX_UNPROVED = 1024
"""Octets and blocks of a request before HLS is complete: a pass 3 under any protection takes less."""


class MeterBlocks:
    """Of one association in which they are granted.

    Args:
        max_apdu: octets of an APDU that the client takes.
        lost: numbers of blocks that are not sent the first time: a line that loses them.
        proved: whether the client is known; else its requests are of MAX_UNPROVED octets at most, until `open`.
    """

    __slots__ = ("_in_blocks", "_lost", "_max_apdu", "_max_bytes", "_transfer")

    def __init__(self, limits: GeneralLimits, max_apdu: int, lost: frozenset[int], *, proved: bool) -> None:
        self._transfer = GeneralTransfer(limits, max_apdu)
        self._max_bytes = limits.max_bytes
        if not proved:
            self._transfer.max_received = min(limits.max_bytes, MAX_UNPROVED)
        self._max_apdu = max_apdu
        self._lost = set(lost)
        self._in_blocks = False

    def open(self) -> None:
        """The client has proved who it is: only the limits bound it now."""
        self._transfer.max_received = self._max_bytes

    def begin(self) -> None:
        """A request that is not in blocks begins a new exchange."""
        self._transfer.begin(answered=False)
        self._in_blocks = False

    def take(self, apdu: bytes) -> GeneralStep:
        """A block of the client: what to send now, and the request when it is whole. A fault aborts the transfer."""
        transfer = self._transfer
        try:
            if decode_general_block(apdu).number == 1 and transfer.received and not transfer.repeats_start(apdu):
                self.begin()
            self._in_blocks = True
            step = transfer.receive(apdu)
        except PeerError:
            self.begin()
            return GeneralStep((_ABORTED,))
        return GeneralStep(self._kept(step.blocks), step.apdu)

    def answer(self, apdu: bytes) -> tuple[bytes, ...]:
        """An answer as it is, or in blocks: when it is too long, or its request came in blocks."""
        if not self._in_blocks and len(apdu) <= self._max_apdu:
            return (apdu,)
        try:
            return self._kept(self._transfer.send(apdu))
        except (PduTooLarge, PeerError):
            self.begin()
            return (_ABORTED,)

    def _kept(self, blocks: tuple[bytes, ...]) -> tuple[bytes, ...]:
        if not self._lost:
            return blocks
        kept = []
        for block in blocks:
            number = decode_general_block(block).number
            if number in self._lost:
                self._lost.discard(number)
            else:
                kept.append(block)
        return tuple(kept)
