"""Commands whose answers are awaited, by the octets in which they were submitted and are stored."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from meterstream.contracts.operation import Command

MOST_COMMANDS: Final = 4096
MOST_OCTETS: Final = 2048
"""Of one command: most have some hundred; what is larger is decoded once more."""


class CommandsUnderWay:
    """The newest commands that went to meters, decoded; records do not change, so the same octets are the same command.

    Args:
        most: so many are kept, some kilobytes each.
    """

    def __init__(self, most: int = MOST_COMMANDS) -> None:
        self._most = most
        self._known: OrderedDict[bytes, Command] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def note(self, raw: bytes, command: Command) -> None:
        """Keep a command; where there are too many, the one goes that was noted first."""
        if len(raw) > MOST_OCTETS:
            return
        self._known[raw] = command
        self._known.move_to_end(raw)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def find(self, raw: bytes) -> Command | None:
        """The command in these octets, where it is known."""
        return self._known.get(raw)
