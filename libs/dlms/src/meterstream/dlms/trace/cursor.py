"""Reading octets one part after the other, with the place at hand when a rule is broken."""

from __future__ import annotations

from collections.abc import Callable

from meterstream.dlms.data import decode_length
from meterstream.dlms.errors import DecodeError
from meterstream.dlms.trace.model import Broken, Fault


class Cursor:
    """A window of octets and a position in it.

    Attributes:
        raw: the octets of the window.
        position: of the next octet, from the start of the window.
        base: offset of the window from the start of what is described.
        opened: whether that is a deciphered APDU.
    """

    __slots__ = ("base", "opened", "position", "raw")

    def __init__(self, raw: bytes, base: int = 0, *, opened: bool = False) -> None:
        self.raw = raw
        self.position = 0
        self.base = base
        self.opened = opened

    @property
    def left(self) -> int:
        return len(self.raw) - self.position

    def broken(self, rule: str, position: int | None = None, code: str = DecodeError.code) -> Broken:
        """The error to raise; it is at `position`, or else where the cursor is."""
        place = self.base + (self.position if position is None else position)
        return Broken(Fault(place, rule, code, self.opened))

    def peek(self, what: str) -> int:
        if not self.left:
            raise self.broken(f"{what} is missing")
        return self.raw[self.position]

    def octet(self, what: str) -> int:
        value = self.peek(what)
        self.position += 1
        return value

    def take(self, count: int, what: str) -> bytes:
        if count > self.left:
            raise self.broken(f"{what} takes {count} octets, {self.left} are there")
        start = self.position
        self.position += count
        return self.raw[start : self.position]

    def number(self, octets: int, what: str) -> int:
        return int.from_bytes(self.take(octets, what), "big")

    def length(self, what: str) -> int:
        """Length octets in BER or A-XDR."""
        self.peek(f"length of {what}")
        try:
            length, self.position = decode_length(self.raw, self.position)
        except DecodeError:
            raise self.broken(f"length of {what} is 1 to 4 octets and they must be there") from None
        return length

    def count(self, what: str, least: int) -> int:
        """Number of elements that take at least `least` octets each."""
        start = self.position
        count = self.length(what)
        if count * least > self.left:
            raise self.broken(f"{what}: {count} elements in {self.left} octets", start)
        return count

    def window(self, length: int) -> Cursor:
        """The next `length` octets, or what there is of them, as a cursor of their own."""
        part = Cursor(self.raw[self.position : self.position + length], self.base + self.position, opened=self.opened)
        self.position += len(part.raw)
        return part

    def within(self, length: int, what: str, walk: Callable[[Cursor], None]) -> None:
        """Walk through the next `length` octets; when some are missing, through those there are, then say so."""
        missing = length > self.left
        available = self.left
        part = self.window(length)
        rule = f"{what} takes {length} octets, {available} are there"
        try:
            walk(part)
        except Broken:
            if missing:
                raise self.broken(rule) from None
            raise
        if missing:
            raise self.broken(rule)

    def end(self, what: str) -> None:
        if self.left:
            raise self.broken(f"{self.left} octets after {what}")
