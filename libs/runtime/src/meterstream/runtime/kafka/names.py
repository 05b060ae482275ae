"""Names, partition counts and size limits of topics, and the partition of a key."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

from meterstream.contracts.topics import (
    DEAD_LETTER_SUFFIX,
    OF_ORGANISATIONS,
    TOPICS,
    Layout,
    Topic,
    dead_letter_of,
)
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.settings import KafkaSettings

_SEED: Final = 0x9747B28C
_FACTOR: Final = 0x5BD1E995
_WORD: Final = 0xFFFFFFFF


@lru_cache(maxsize=65_536)
def murmur2(data: bytes) -> int:
    """Kafka's hash of a key: MurmurHash2, 32 bit, seed 0x9747b28c, as an unsigned number."""
    length = len(data)
    value = _SEED ^ length
    whole = length & ~3
    for word in struct.unpack_from(f"<{whole >> 2}I", data):
        mixed = (word * _FACTOR) & _WORD
        mixed = ((mixed ^ (mixed >> 24)) * _FACTOR) & _WORD
        value = ((value * _FACTOR) & _WORD) ^ mixed
    if length != whole:
        value = ((value ^ int.from_bytes(data[whole:], "little")) * _FACTOR) & _WORD
    value = ((value ^ (value >> 13)) * _FACTOR) & _WORD
    return value ^ (value >> 15)


def partition_of_key(key: bytes, count: int) -> int:
    """The partition that Java's default partitioner gives a key among `count`."""
    return (murmur2(key) & 0x7FFFFFFF) % count


def topic_named(name: str) -> Topic:
    """The topic of a name without prefix, organisations' own topics and dead letters included.

    Raises: ConfigurationError when the contract knows no such topic.
    """
    topic = TOPICS.get(name)
    if topic is not None:
        return topic
    if name.endswith(DEAD_LETTER_SUFFIX):
        return dead_letter_of(topic_named(name.removesuffix(DEAD_LETTER_SUFFIX)))
    head, dot, slug = name.partition(".")
    if head in OF_ORGANISATIONS and dot and slug:
        return OF_ORGANISATIONS[head](slug)
    raise ConfigurationError(f"the contract knows no topic {name!r}")


class TopicNames:
    """Names with and without the installation's prefix; counts as configured, which is what keys are spread over."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._prefix = settings.topic_prefix + "."
        self._counts = {
            Layout.DEVICE: settings.device_partitions,
            Layout.SPREAD: settings.spread_partitions,
            Layout.SINGLE: 1,
        }
        self._known: dict[str, Topic] = {}
        self._short: dict[str, str] = {}

    def topic(self, name: str) -> Topic:
        """The topic of a name without prefix.

        Raises: ConfigurationError when the contract knows no such topic.
        """
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = topic_named(name)
        return found

    def full(self, name: str) -> str:
        """The name that the broker knows."""
        return self._prefix + name

    def short(self, full: str) -> str:
        """The name without prefix."""
        found = self._short.get(full)
        if found is None:
            found = self._short[full] = full.removeprefix(self._prefix)
        return found

    def partitions(self, name: str) -> int:
        """How many partitions the topic is configured to have."""
        return self._counts[self.topic(name).layout]

    def partition_of(self, name: str, key: bytes) -> int:
        """The partition of a key: murmur2 modulo the configured count."""
        return partition_of_key(key, self.partitions(name))
