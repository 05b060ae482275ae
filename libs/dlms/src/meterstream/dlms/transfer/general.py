"""General block transfer: one party of exchanges whose APDUs travel in general blocks.

It lies between framing and protection. Each party numbers what it sends from 1 in every exchange, blocks that only
acknowledge too, and says in each what it has received without a gap. Blocks that are missing are sent again because
the other side acknowledges the one before them. Pure: octets in, octets out, no clock.

Source: Green Book (DLMS UA 1000-2) 9.4.6.13, IEC 62056-5-3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from meterstream.dlms.apdu.general_block import (
    GENERAL_BLOCK_HEAD_OCTETS,
    MAX_GENERAL_BLOCK,
    MAX_WINDOW,
    GeneralBlock,
    decode_general_block,
)
from meterstream.dlms.errors import (
    ConfigurationError,
    LimitExceeded,
    PduTooLarge,
    TransferAborted,
    UnexpectedAnswer,
)


@dataclass(frozen=True, slots=True)
class GeneralLimits:
    """Bounds on one exchange.

    Attributes:
        window: blocks taken without an acknowledgement in between, 1..63; 1 is stop-and-wait.
        max_bytes, max_blocks: of one APDU, either way.
        max_repeats: turns in a row that bring nothing new before the transfer is given up.
        burst: blocks sent in a row at most, however many the other side takes, 1..63.
    Raises: ConfigurationError.
    """

    window: int = 8
    max_bytes: int = 4 * 1024 * 1024
    max_blocks: int = MAX_GENERAL_BLOCK
    max_repeats: int = 5
    burst: int = MAX_WINDOW

    def __post_init__(self) -> None:
        if not 1 <= self.window <= MAX_WINDOW or not 1 <= self.burst <= MAX_WINDOW:
            raise ConfigurationError(f"window and burst are 1..{MAX_WINDOW}")
        if not 1 <= self.max_blocks <= MAX_GENERAL_BLOCK:
            raise ConfigurationError(f"max_blocks is 1..{MAX_GENERAL_BLOCK}")
        if self.max_bytes < 1 or self.max_repeats < 0:
            raise ConfigurationError("max_bytes is at least 1, max_repeats at least 0")


DEFAULT_GENERAL_LIMITS: Final = GeneralLimits()


class GeneralStep(NamedTuple):
    """Block APDUs to send at once, and the APDU that is whole now, if any."""

    blocks: tuple[bytes, ...] = ()
    apdu: bytes | None = None

    def __repr__(self) -> str:
        return f"GeneralStep({len(self.blocks)} blocks, {'no APDU' if self.apdu is None else 'an APDU'})"


@dataclass(slots=True)
class _Sent:
    """What goes out: all blocks of the exchange, in order, acknowledged or not."""

    blocks: list[bytes] = field(default_factory=list)
    last_data: int = 0
    complete: bool = False
    acknowledged: int = 0
    highest: int = 0
    batch: tuple[int, int] = (1, 0)


@dataclass(slots=True)
class _Received:
    """What came in: `parts` without a gap, `early` after one."""

    parts: list[bytes] = field(default_factory=list)
    early: dict[int, GeneralBlock] = field(default_factory=dict)
    octets: int = 0
    filled: bool = False
    ended: bool = False
    delivered: bool = False

    @property
    def number(self) -> int:
        return len(self.parts)

    @property
    def missing(self) -> int:
        """Blocks of the first gap."""
        return min(self.early) - self.number - 1 if self.early else 0


class GeneralTransfer:
    """One party; `begin`, `send` and `receive` in the order of the exchange.

    Args:
        max_apdu: octets of one block APDU that the other side takes.
    Attributes:
        max_received: octets of an APDU that is received, and so many blocks of it at most, where the limits allow more.
    Raises: PduTooLarge when no octet of data fits one.
    """

    __slots__ = ("_edge", "_in", "_limits", "_out", "_piece", "_repeats", "_window", "max_received")

    def __init__(self, limits: GeneralLimits, max_apdu: int) -> None:
        self._limits = limits
        self.max_received = limits.max_bytes
        self._piece = max_apdu - GENERAL_BLOCK_HEAD_OCTETS
        if self._piece < 1:
            raise PduTooLarge(f"no general block fits {max_apdu} octets")
        self.begin(answered=False)

    def begin(self, *, answered: bool) -> None:
        """A new exchange. `answered`: this side has said all of it without blocks, the other side may use them."""
        self._out = _Sent(complete=answered)
        self._in = _Received()
        self._window = 1  # of the other side, until it says another
        self._edge = self._limits.window
        self._repeats = 0

    @property
    def used(self) -> bool:
        """Whether any block of this exchange came or went."""
        return bool(self._out.blocks or self._in.parts or self._in.early)

    @property
    def received(self) -> int:
        """Blocks received without a gap in this exchange."""
        return self._in.number

    def check(self, octets: int) -> None:
        """Whether an APDU of so many octets can be sent. Raises: PduTooLarge."""
        blocks = -(-octets // self._piece)
        if octets > self._limits.max_bytes or len(self._out.blocks) + blocks > self._limits.max_blocks:
            raise PduTooLarge(f"APDU of {octets} octets in {blocks} general blocks is above the limits")

    def send(self, apdu: bytes) -> tuple[bytes, ...]:
        """The first blocks of what this side has to say in the exchange. Raises: PduTooLarge."""
        self.check(len(apdu))
        out = self._out
        out.blocks += [apdu[start : start + self._piece] for start in range(0, len(apdu), self._piece)]
        out.last_data = len(out.blocks)
        out.complete = True
        return self._transmit()

    def receive(self, raw: bytes) -> GeneralStep:
        """One block APDU of the other side.

        Raises: DecodeError, UnexpectedAnswer (a number that cannot be), LimitExceeded, TransferAborted (by the other
        side, or because nothing new comes); the exchange is over then.
        """
        block = decode_general_block(raw)
        if block.number == 0:
            raise TransferAborted("the other side aborted the general block transfer")
        out = self._out
        if block.acknowledged > out.highest:
            raise UnexpectedAnswer(f"block {block.acknowledged} acknowledged, {out.highest} were sent")
        progress = block.acknowledged > out.acknowledged
        out.acknowledged = max(out.acknowledged, block.acknowledged)
        self._window = block.window
        progress |= self._take(block)
        if progress:
            self._repeats = 0
        if self._in.ended and not self._in.delivered:
            self._in.delivered = True
            return GeneralStep(apdu=b"".join(self._in.parts))
        if block.streaming and not block.last and block.number != self._edge:
            return GeneralStep()
        return self._turn(block, progress=progress)

    def repeat(self) -> tuple[bytes, ...]:
        """Nothing came in time: what was sent last, once more; empty when there is nothing to repeat.

        Raises: TransferAborted after `max_repeats` in a row.
        """
        first, last = self._out.batch
        if last < first:
            return ()
        self._count_repeat()
        return self._blocks(first, last)

    def repeats_start(self, raw: bytes) -> bool:
        """Whether a block with number 1 is the one that this exchange began with, not the first of the next."""
        parts = self._in.parts
        return bool(parts) and decode_general_block(raw).data == parts[0]

    def _take(self, block: GeneralBlock) -> bool:
        """Whether it is new."""
        received = self._in
        number = block.number
        if number <= received.number or number in received.early:
            return False
        if number > received.number + MAX_WINDOW:
            raise UnexpectedAnswer(f"general block {number} after {received.number}")
        received.octets += len(block.data)
        limits = self._limits
        octets, blocks = self.max_received, min(limits.max_blocks, self.max_received)
        if received.octets > octets or number > blocks:
            raise LimitExceeded(f"APDU of more than {octets} octets or {blocks} general blocks")
        received.early[number] = block
        while (follows := received.early.pop(received.number + 1, None)) is not None:
            if received.ended and follows.data:
                raise UnexpectedAnswer(f"data in general block {follows.number}, after the last")
            received.parts.append(follows.data)
            received.filled = received.filled or bool(follows.data)
            received.ended |= follows.last and received.filled
        return True

    def _turn(self, block: GeneralBlock, *, progress: bool) -> GeneralStep:
        """It is this side's turn: blocks that the other side lacks, else an acknowledgement where one is due."""
        out = self._out
        if out.acknowledged >= len(out.blocks):
            if not block.data and not self._in.early:
                return GeneralStep()
            if len(out.blocks) == MAX_GENERAL_BLOCK:
                raise LimitExceeded("no block number left in this exchange")
            out.blocks.append(b"")
        elif not progress:
            self._count_repeat()
        return GeneralStep(self._transmit())

    def _count_repeat(self) -> None:
        if self._repeats >= self._limits.max_repeats:
            raise TransferAborted(f"{self._repeats} repetitions brought nothing new")
        self._repeats += 1

    def _transmit(self) -> tuple[bytes, ...]:
        out = self._out
        if not self._window:
            raise TransferAborted("the other side takes no general blocks")
        first = out.acknowledged + 1
        last = min(len(out.blocks), out.acknowledged + min(self._window, self._limits.burst))
        out.batch = first, last
        out.highest = max(out.highest, last)
        return self._blocks(first, last)

    def _blocks(self, first: int, last: int) -> tuple[bytes, ...]:
        out, received = self._out, self._in
        window = received.missing or self._limits.window
        self._edge = received.number + window
        return tuple(
            GeneralBlock(
                last=out.complete and number >= out.last_data,
                streaming=number < last,
                window=window,
                number=number,
                acknowledged=received.number,
                data=out.blocks[number - 1],
            ).encode()
            for number in range(first, last + 1)
        )
