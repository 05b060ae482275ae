"""Every topic: who writes it, how its partitions are laid out, how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

MIB: Final = 1024 * 1024
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

DEAD_LETTER_SUFFIX: Final = ".dead-letter"
ORGANISATION_COMMANDS: Final = "organisation-commands"


class Layout(StrEnum):
    """Which partition count a topic has.

    `DEVICE` topics all have the same count and partitioner, so that one worker holds a meter's requests, record and
    counters; `SPREAD` topics have the number that throughput asks for; `SINGLE` topics have one.
    """

    DEVICE = "device"
    SPREAD = "spread"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's name without prefix, and its settings. Sizes in bytes, times in milliseconds."""

    name: str
    layout: Layout
    retention_ms: int | None = 7 * DAY_MS
    compacted: bool = False
    max_message_bytes: int = MIB
    min_compaction_lag_ms: int = 0
    log_append_time: bool = False
    dead_letter: bool = False

    def settings(self) -> dict[str, str]:
        """Topic settings in Kafka's spelling."""
        found = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "max.message.bytes": str(self.max_message_bytes),
            "retention.ms": str(-1 if self.retention_ms is None else self.retention_ms),
            "message.timestamp.type": "LogAppendTime" if self.log_append_time else "CreateTime",
        }
        if self.compacted:
            found["min.compaction.lag.ms"] = str(self.min_compaction_lag_ms)
        return found


_TOPICS = (
    Topic("commands", Layout.SPREAD, max_message_bytes=8 * MIB, dead_letter=True),
    Topic("commands-urgent", Layout.SPREAD, max_message_bytes=8 * MIB, dead_letter=True),
    Topic("upstream-commands", Layout.SPREAD, max_message_bytes=8 * MIB, dead_letter=True),
    Topic("replies", Layout.SPREAD, retention_ms=HOUR_MS, max_message_bytes=8 * MIB),
    Topic("command-states", Layout.SPREAD, retention_ms=2 * DAY_MS, dead_letter=True),
    Topic("dlms-requests-high", Layout.DEVICE, max_message_bytes=8 * MIB, dead_letter=True),
    Topic("dlms-requests-normal", Layout.DEVICE, max_message_bytes=8 * MIB, dead_letter=True),
    Topic("dlms-requests-low", Layout.DEVICE, max_message_bytes=8 * MIB, dead_letter=True),
    Topic("dlms-responses", Layout.SPREAD, max_message_bytes=8 * MIB, dead_letter=True),
    Topic("results", Layout.SPREAD, max_message_bytes=8 * MIB, dead_letter=True),
    Topic("readings", Layout.SPREAD, max_message_bytes=MIB),
    Topic("devices", Layout.DEVICE, retention_ms=None, compacted=True),
    Topic(
        "device-sessions",
        Layout.DEVICE,
        retention_ms=None,
        compacted=True,
        min_compaction_lag_ms=HOUR_MS,
        log_append_time=True,
        max_message_bytes=8 * MIB,
    ),
    Topic("organisations", Layout.SINGLE, retention_ms=None, compacted=True),
)

TOPICS: Final = MappingProxyType({topic.name: topic for topic in _TOPICS})
"""Every fixed topic by name; dead letters and an organisation's own topic follow from these."""


def dead_letter_of(topic: Topic) -> Topic:
    """The topic that takes what `topic`'s reader could not handle: the original bytes, the reason in headers."""
    return Topic(topic.name + DEAD_LETTER_SUFFIX, Layout.SINGLE, retention_ms=30 * DAY_MS, max_message_bytes=8 * MIB)


def organisation_commands(slug: str) -> Topic:
    """The topic on which one organisation publishes its own commands."""
    return Topic(f"{ORGANISATION_COMMANDS}.{slug}", Layout.SPREAD, max_message_bytes=8 * MIB, dead_letter=True)


LANES: Final = ("dlms-requests-high", "dlms-requests-normal", "dlms-requests-low")


def lane_of(priority: int) -> str:
    """The lane of a priority: 7 to 9 high, 4 to 6 normal, 0 to 3 low."""
    return LANES[0] if priority >= 7 else LANES[1] if priority >= 4 else LANES[2]
