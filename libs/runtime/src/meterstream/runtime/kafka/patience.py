"""How long a schema that nobody here knows is waited for. Pure: the clock is an argument.

During a rolling upgrade a newer writer may be ahead of its readers. Its messages are held until this process is
replaced by the newer release; only when that does not happen in time do they become dead letters. Topics that
strangers write to are never held: a stranger could stop them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from meterstream.contracts.topics import ORGANISATION_COMMANDS
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.registry.frame import schema_mark

HOLD_S: Final = 15 * 60.0
MOST_FINGERPRINTS: Final = 1000


class Patience:
    """Remembers since when a fingerprint is waited for."""

    def __init__(
        self, topics: Iterable[str], *, hold_s: float = HOLD_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.hold_s = hold_s
        self._clock = clock
        self._internal = {topic for topic in topics if not _is_foreign(topic)}
        self._since: dict[bytes, float] = {}

    def asked(self, message: Message, fingerprint: bytes) -> bool:
        """Whether to hold a message of an unknown schema, rather than to give it up."""
        if message.topic not in self._internal:
            return False
        if fingerprint not in self._since:
            if len(self._since) >= MOST_FINGERPRINTS:
                return False
            self._since[fingerprint] = self._clock()
        return self._clock() - self._since[fingerprint] < self.hold_s

    def holds(self, message: Message) -> bool:
        """Whether a held message is to be held on."""
        since = self._since.get(schema_mark(message.value or b""))
        return since is not None and self._clock() - since < self.hold_s


def _is_foreign(topic: str) -> bool:
    return topic == "upstream-commands" or topic.startswith(ORGANISATION_COMMANDS + ".")
