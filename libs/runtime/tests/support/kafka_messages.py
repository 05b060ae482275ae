"""Messages that count, for the tests of the engine."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from meterstream.runtime.kafka import Described, Message, Outgoing

HIGH, NORMAL, LOW = "dlms-requests-high", "dlms-requests-normal", "dlms-requests-low"
LANES = {HIGH: 6.0, NORMAL: 3.0, LOW: 1.0}


def described(message: Message) -> Described:
    return Described(message.key, 4)


def numbered(topic: str, count: int, keys: int = 20) -> list[Outgoing]:
    return [Outgoing(topic, b"key%d" % (number % keys), b"%d" % number) for number in range(count)]


def values(messages: Sequence[Message]) -> list[int]:
    return [int(message.value or b"-1") for message in messages]


def by_key(messages: Sequence[Message]) -> dict[bytes | None, list[int]]:
    found: defaultdict[bytes | None, list[int]] = defaultdict(list)
    for message in messages:
        found[message.key].append(int(message.value or b"-1"))
    return found


class Gate(asyncio.Event):
    """Holds a handler until it is set."""
