"""What a meter has planned: objects whose behaviour is called at a moment to come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_MOST: Final = 64


@dataclass(slots=True)
class Agenda:
    """Moments (milliseconds of the fleet's clock) and logical names, the earliest first."""

    entries: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, moment: int, logical_name: bytes) -> None:
        """Note a moment for an object; the latest of too many is forgotten."""
        self.entries.append((moment, logical_name))
        self.entries.sort()
        del self.entries[_MOST:]

    def drop(self, logical_name: bytes) -> None:
        """Forget what is planned for an object."""
        self.entries = [entry for entry in self.entries if entry[1] != logical_name]

    def take(self, at: int) -> tuple[int, bytes] | None:
        """Give and forget the earliest entry whose moment has come."""
        if not self.entries or self.entries[0][0] > at:
            return None
        return self.entries.pop(0)

    @property
    def next(self) -> int | None:
        """The earliest moment."""
        return self.entries[0][0] if self.entries else None
