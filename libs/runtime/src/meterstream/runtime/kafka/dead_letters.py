"""Where messages go that nobody can handle: the original bytes, and in headers why and whence."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Sequence
from typing import Final

from meterstream.contracts.topics import DEAD_LETTER_SUFFIX
from meterstream.runtime.clock import Clock
from meterstream.runtime.errors import MessageTooLarge, PoisonMessage
from meterstream.runtime.kafka.hooks import Hooks, NoHooks
from meterstream.runtime.kafka.messages import HeaderList, Message, Outgoing
from meterstream.runtime.kafka.producer import Sends

KEPT_OCTETS: Final = 64 * 1024
HEADER_PREFIX: Final = "dead_letter_"
TECHNICAL_ERROR: Final = "TECHNICAL_ERROR"


class DeadLetters:
    """Sends messages to the dead letters of their topics.

    Headers: those of the message, and `dead_letter_` + `code`, `reason`, `stage`, `topic`, `partition`, `offset`,
    `timestamp` (of the message, Unix milliseconds), `failed_at`; where the value had to be cut also `length` and
    `sha256` of the whole.
    """

    def __init__(self, producer: Sends, *, stage: str, clock: Clock, hooks: Hooks | None = None) -> None:
        self._producer = producer
        self._stage = stage
        self._clock = clock
        self._hooks = hooks or NoHooks()

    async def send(self, letters: Sequence[tuple[Message, str, str]]) -> None:
        """Send messages with code and reason; returns when all replicas have them.

        Raises: BrokerOutage.
        """
        await self._producer.send([self._letter(message, code, reason) for message, code, reason in letters])
        for message, code, _ in letters:
            self._hooks.dead_letter(self._stage, message.topic, code)

    def _letter(self, message: Message, code: str, reason: str) -> Outgoing:
        facts = {
            "code": code,
            "reason": reason,
            "stage": self._stage,
            "topic": message.topic,
            "partition": str(message.partition),
            "offset": str(message.offset),
            "timestamp": str(message.timestamp_ms),
            "failed_at": self._clock().isoformat(),
        }
        topic = message.topic + DEAD_LETTER_SUFFIX
        letter = Outgoing(topic, message.key, message.wire, (*message.headers, *_headers(facts)))
        try:
            self._producer.check_size(letter)
        except MessageTooLarge:
            value = message.wire or b""
            facts |= {"length": str(len(value)), "sha256": hashlib.sha256(value).hexdigest()}
            letter = Outgoing(topic, _cut(message.key), value[:KEPT_OCTETS], _headers(facts))
        return letter


def poison_of(error: BaseException) -> PoisonMessage:
    """What to write about a message that provoked `error`.

    The text of a foreign exception may quote the message, so only its type and the line that raised it are named.
    """
    if isinstance(error, PoisonMessage):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return PoisonMessage(TECHNICAL_ERROR, f"{type(error).__name__}{place}")


def _headers(facts: dict[str, str]) -> HeaderList:
    return tuple((HEADER_PREFIX + name, value.encode()) for name, value in facts.items())


def _cut(key: bytes | None) -> bytes | None:
    return None if key is None else key[:KEPT_OCTETS]
