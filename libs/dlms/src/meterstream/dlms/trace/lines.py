"""Bounded lines of indented, printable text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from meterstream.dlms.trace.model import TraceLimits

_RESERVED: Final = 2
"""Lines kept free for what was left out and for the error."""
_INDENT: Final = "  "
_CUT: Final = " ..."


class Lines:
    """Takes lines until the bound is reached, then only counts them."""

    __slots__ = ("_depth", "_dropped", "_lines", "limits")

    def __init__(self, limits: TraceLimits) -> None:
        self.limits = limits
        self._lines: list[str] = []
        self._depth = 0
        self._dropped = 0

    @property
    def full(self) -> bool:
        return len(self._lines) >= self.limits.lines - _RESERVED

    def add(self, text: str = "") -> None:
        """Add one line; with no text just count one that nobody would see."""
        if self.full:
            self._dropped += 1
        else:
            self._lines.append(self._fit(_INDENT * self._depth + text))

    @contextmanager
    def indented(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def finish(self, error: str | None) -> tuple[str, ...]:
        """All lines; `error` comes last when the bound left no room for it at its place."""
        lines = self._lines[:]
        if self._dropped:
            lines.append(f"{self._dropped} more lines left out")
            if error is not None:
                lines.append(self._fit(error))
        return tuple(lines)

    def octets(self, octets: bytes) -> str:
        """Hex of a string, cut at the bound."""
        limit = self.limits.shown_octets
        if len(octets) <= limit:
            return octets.hex().upper()
        return f"{octets[:limit].hex().upper()}... ({len(octets) - limit} more)"

    def quoted(self, text: str) -> str:
        """Text between quotation marks, cut at the bound."""
        limit = self.limits.shown_octets
        shown = printable(text[:limit])
        return f'"{shown}"' if len(text) <= limit else f'"{shown}"... ({len(text) - limit} more)'

    def _fit(self, line: str) -> str:
        width = self.limits.width
        return line if len(line) <= width else line[: width - len(_CUT)] + _CUT


def printable(text: str) -> str:
    """Text that cannot move a cursor, break a line or end a quotation."""
    return "".join(
        character if character.isprintable() and character not in '"\\' else _escaped(character) for character in text
    )


def _escaped(character: str) -> str:
    return f"\\{character}" if character in '"\\' else character.encode("unicode_escape").decode("ascii")
