"""Which offsets are finished: what to commit, and what to run again after a crash. Pure.

The committed offset is the oldest delivered message that is not finished. What was finished above it travels in the
commit's metadata, so that the next owner runs only the rest. Offsets that the log leaves out (compaction, transaction
markers) never count as unfinished, because only delivered messages do.

The metadata name the *open* offsets, which are few, and the end up to which everything else is finished:
`1` and base85(zlib(varints)), the varints being the distance of the end and of each open offset from its predecessor.
"""

from __future__ import annotations

import base64
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

VERSION: Final = "1"
MAX_METADATA: Final = 4000  # characters; Kafka takes 4,095
MAX_INFLATED: Final = 1 << 20


class Commit(NamedTuple):
    """An offset to commit, and its metadata."""

    offset: int
    metadata: str


class OffsetTracker:
    """The offsets of one partition, from the moment it was assigned.

    `start` is where reading begins (the committed offset, else the log's beginning), `metadata` what was committed
    with it; metadata that are not ours or damaged count as none.
    """

    def __init__(self, start: int, metadata: str = "") -> None:
        self.position = start
        self._order: deque[int] = deque()
        self._open: set[int] = set()
        self._inherited_open, self._inherited_end = decode_metadata(start, metadata)
        self._truncated = False

    @property
    def open_count(self) -> int:
        """Messages delivered and not finished."""
        return len(self._open)

    @property
    def truncated(self) -> bool:
        """Whether the last commit could not name every finished offset: take no new message until it can."""
        return self._truncated

    def deliver(self, offset: int) -> bool:
        """Note a message that was read; False when it was handled before and must not run again."""
        if offset < self.position:
            return False
        self.position = offset + 1
        if offset < self._inherited_end and offset not in self._inherited_open:
            return False
        self._order.append(offset)
        self._open.add(offset)
        return True

    def finish(self, offset: int) -> bool:
        """Note that a message is done; False when it was not open."""
        if offset not in self._open:
            return False
        self._open.remove(offset)
        order = self._order
        while order and order[0] not in self._open:
            order.popleft()
        return True

    def commit(self) -> Commit:
        """What to commit now."""
        end = max(self.position, self._inherited_end)
        still_open = [offset for offset in self._order if offset in self._open]
        still_open += sorted(offset for offset in self._inherited_open if offset >= self.position)
        self._truncated = False
        if not still_open:
            return Commit(end, "")
        base = still_open[0]
        metadata, whole = _fit(base, still_open[1:], end)
        self._truncated = not whole
        return Commit(base, metadata)


def encode_metadata(base: int, still_open: Sequence[int], end: int) -> str:
    """Metadata of a commit at `base`: from there to `end` only `base` and `still_open` (rising) are unfinished."""
    if end == base + 1 + len(still_open):
        return ""  # nothing above the base is finished
    numbers = [end - base]
    last = base
    for offset in still_open:
        numbers.append(offset - last)
        last = offset
    return VERSION + base64.b85encode(zlib.compress(b"".join(map(_varint, numbers)), 6)).decode()


def decode_metadata(base: int, metadata: str) -> tuple[frozenset[int], int]:
    """The open offsets, `base` among them, and the end below which everything else from `base` on is finished."""
    nothing: tuple[frozenset[int], int] = (frozenset(), base)
    if not metadata.startswith(VERSION):
        return nothing
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(base64.b85decode(metadata[1:]), MAX_INFLATED)
        numbers = list(_varints(raw))
    except (ValueError, zlib.error):
        return nothing
    if not inflater.eof or not numbers:
        return nothing
    end = base + numbers[0]
    still_open = [base]
    for step in numbers[1:]:
        still_open.append(still_open[-1] + step)
    if any(step == 0 for step in numbers) or still_open[-1] >= end:
        return nothing
    return frozenset(still_open), end


def _fit(base: int, still_open: list[int], end: int) -> tuple[str, bool]:
    """Metadata within the limit, and whether they name everything: what does not fit is run again after a crash."""
    whole = encode_metadata(base, still_open, end)
    if len(whole) <= MAX_METADATA:
        return whole, True
    low, high = 0, len(still_open) - 1  # how many open offsets fit; the next one is the end
    while low < high:
        middle = (low + high + 1) // 2
        if len(encode_metadata(base, still_open[:middle], still_open[middle])) <= MAX_METADATA:
            low = middle
        else:
            high = middle - 1
    return encode_metadata(base, still_open[:low], still_open[low]), False


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _varints(raw: bytes) -> Iterator[int]:
    """Unsigned LEB128 numbers.

    Raises: ValueError.
    """
    number = shift = 0
    for octet in raw:
        if shift > 63:
            raise ValueError("a number of more than nine octets")
        number |= (octet & 0x7F) << shift
        if octet & 0x80:
            shift += 7
        else:
            yield number
            number = shift = 0
    if shift:
        raise ValueError("the last number is not complete")
