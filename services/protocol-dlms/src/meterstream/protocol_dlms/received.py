"""Highest counters of meters' answers over associations, for those that nothing fresh binds to their association.

With HLS, pass 4 proves that a counter is fresh, and what follows must lie above it; many makes restart their counter
on each connection, so nothing more is asked. With LLS an answer of an earlier session could be played again: there
the counter has to rise over sessions as well, as far as this worker has seen them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_NONE: Final[Mapping[bytes, int]] = MappingProxyType({})


class ReceivedCounters:
    """By meter and encryption key, for a bounded number of meters."""

    def __init__(self, meters: int = 20_000) -> None:
        self._meters = meters
        self._highest: OrderedDict[tuple[str, str], dict[bytes, int]] = OrderedDict()

    def of(self, gateway: str, key_id: str) -> Mapping[bytes, int]:
        """Highest counter by the meter's system title."""
        return self._highest.get((gateway, key_id), _NONE)

    def note(self, gateway: str, key_id: str, title: bytes | None, counter: int | None) -> None:
        """Remember what an association has accepted."""
        if title is None or counter is None:
            return
        known = self._highest.setdefault((gateway, key_id), {})
        known[title] = max(counter, known.get(title, 0))
        self._highest.move_to_end((gateway, key_id))
        if len(self._highest) > self._meters:
            self._highest.popitem(last=False)
