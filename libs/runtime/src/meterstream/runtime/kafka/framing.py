"""Messages in the wire format of a schema registry, where they enter and leave."""

from __future__ import annotations

from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.registry.frame import FRAME, SchemaIds, shared_ids
from meterstream.runtime.settings import KafkaSettings


def framing(settings: KafkaSettings) -> SchemaIds | None:
    """The ids with which values are framed; None without a registry."""
    return None if settings.registry.url is None else shared_ids()


def unframed(messages: list[Message], ids: SchemaIds | None) -> list[Message]:
    """The messages with their values in single-object encoding, and in `framed` what lay on the topic."""
    return messages if ids is None else [_unframed(message, ids) for message in messages]


def _unframed(message: Message, ids: SchemaIds) -> Message:
    value = message.value
    if value is None or value[:1] != FRAME:
        return message
    single = ids.single_object(value)
    return message if single is value else message._replace(value=single, framed=value)
