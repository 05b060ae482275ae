"""Every topic: who writes it, how its partitions are laid out, how long it is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

MIB: Final = 1024 * 1024
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

DEAD_LETTER_SUFFIX: Final = ".dead-letter"
ORGANISATION_COMMANDS: Final = "organisation-commands"
READINGS: Final = "readings"
SIGNATURE_HEADER: Final = "meterstream-signature"
"""Kafka header with an organisation's raw signature over key and value of a command."""


_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


def is_slug(text: str) -> bool:
    """Whether a text may name an organisation's own topics: 1 to 40 lower-case letters, digits and hyphens."""
    return _SLUG.fullmatch(text) is not None and f".{text}" != DEAD_LETTER_SUFFIX


class Layout(StrEnum):
    """Which partition count a topic has.

    `DEVICE` topics all have the same count and partitioner, so that one worker holds a meter's requests, record and
    counters; `SPREAD` topics have the number that throughput asks for; `SINGLE` topics have one.
    """

    DEVICE = "device"
    SPREAD = "spread"
    SINGLE = "single"


class Party(StrEnum):
    """Who writes or reads a topic: the services, and whoever is outside."""

    WS_ADAPTER = "ws-adapter"
    DOMAIN = "domain"
    PROTOCOL_DLMS = "protocol-dlms"
    NOTIFICATION = "notification"
    UPSTREAM = "upstream"
    """Systems of organisations, as far as the broker's access lists let them."""
    ORGANISATION = "organisation"
    """The one organisation that the topic belongs to."""
    OPERATORS = "operators"
    """People who look after the platform."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic's name without prefix, who uses it, and its settings. Sizes in bytes, times in milliseconds.

    `key` says what the message key names, as UTF-8; None where there is none.
    """

    name: str
    layout: Layout
    summary: str
    key: str | None
    written_by: tuple[Party, ...]
    read_by: tuple[Party, ...]
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


_ASKED_KEY: Final = "device identification; the organisation's where no device is named"
_DEVICE_KEY: Final = "device identification"
_GATEWAY_KEY: Final = "identification of the device that owns the connection"


def _lane(level: str, priorities: str) -> Topic:
    return Topic(
        f"dlms-requests-{level}",
        Layout.DEVICE,
        f"Attempts for meters, priority {priorities}.",
        _GATEWAY_KEY,
        (Party.DOMAIN,),
        (Party.PROTOCOL_DLMS,),
        max_message_bytes=8 * MIB,
        dead_letter=True,
    )


_TOPICS = (
    Topic(
        "commands",
        Layout.SPREAD,
        "What the SOAP and REST faces are asked to do.",
        _ASKED_KEY,
        (Party.WS_ADAPTER,),
        (Party.DOMAIN,),
        max_message_bytes=8 * MIB,
        dead_letter=True,
    ),
    Topic(
        "commands-urgent",
        Layout.SPREAD,
        "The same for priority 7 to 9, synchronous operations and cancellations, so that a flood never delays them.",
        _ASKED_KEY,
        (Party.WS_ADAPTER,),
        (Party.DOMAIN,),
        max_message_bytes=8 * MIB,
        dead_letter=True,
    ),
    Topic(
        "upstream-commands",
        Layout.SPREAD,
        "Commands of organisations that are `trusted`, or `signed` and sign each message.",
        _ASKED_KEY,
        (Party.UPSTREAM,),
        (Party.DOMAIN,),
        max_message_bytes=8 * MIB,
        dead_letter=True,
    ),
    Topic(
        "replies",
        Layout.SPREAD,
        "The verdict on a submission, or a synchronous operation's result, for the replica that waits.",
        None,
        (Party.DOMAIN,),
        (Party.WS_ADAPTER,),
        retention_ms=HOUR_MS,
        max_message_bytes=8 * MIB,
    ),
    Topic(
        "command-states",
        Layout.SPREAD,
        "How far a command is; its result is its last state.",
        _DEVICE_KEY,
        (Party.DOMAIN,),
        (Party.WS_ADAPTER, Party.UPSTREAM),
        retention_ms=2 * DAY_MS,
        dead_letter=True,
    ),
    _lane("high", "7 to 9"),
    _lane("normal", "4 to 6"),
    _lane("low", "0 to 3"),
    Topic(
        "dlms-responses",
        Layout.SPREAD,
        "The outcome of each attempt.",
        _GATEWAY_KEY,
        (Party.PROTOCOL_DLMS,),
        (Party.DOMAIN,),
        max_message_bytes=8 * MIB,
        dead_letter=True,
    ),
    Topic(
        "results",
        Layout.SPREAD,
        "The one final outcome of every command.",
        _DEVICE_KEY,
        (Party.DOMAIN,),
        (Party.WS_ADAPTER, Party.NOTIFICATION, Party.UPSTREAM),
        max_message_bytes=8 * MIB,
        dead_letter=True,
    ),
    Topic(
        "pushes",
        Layout.DEVICE,
        "What meters send unasked, as it came.",
        _GATEWAY_KEY,
        (Party.PROTOCOL_DLMS,),
        (Party.PROTOCOL_DLMS,),
        retention_ms=DAY_MS,
        dead_letter=True,
    ),
    Topic(
        "device-events",
        Layout.SPREAD,
        "What protocol-dlms decoded of pushes and noticed of devices.",
        _GATEWAY_KEY,
        (Party.PROTOCOL_DLMS,),
        (Party.DOMAIN,),
        dead_letter=True,
    ),
    Topic(
        "events",
        Layout.SPREAD,
        "Alarms, pushes, system events, lifecycle and key changes, with the organisations that they concern.",
        _DEVICE_KEY,
        (Party.DOMAIN,),
        (Party.WS_ADAPTER, Party.NOTIFICATION, Party.UPSTREAM),
        retention_ms=30 * DAY_MS,
        dead_letter=True,
    ),
    Topic(
        "message-logs",
        Layout.SPREAD,
        "Frames of sessions with devices in debug mode, and pushes; keys are masked.",
        _DEVICE_KEY,
        (Party.PROTOCOL_DLMS,),
        (Party.DOMAIN,),
        dead_letter=True,
    ),
    Topic(
        READINGS,
        Layout.SPREAD,
        "Scaled values of every answer with readings, as flat rows.",
        _DEVICE_KEY,
        (Party.PROTOCOL_DLMS,),
        (Party.UPSTREAM,),
        max_message_bytes=MIB,
    ),
    Topic(
        "devices",
        Layout.DEVICE,
        "The newest record of every device that owns a connection; keys are sealed for protocol-dlms.",
        _GATEWAY_KEY,
        (Party.DOMAIN,),
        (Party.PROTOCOL_DLMS,),
        retention_ms=None,
        compacted=True,
    ),
    Topic(
        "device-sessions",
        Layout.DEVICE,
        "Invocation counters that are reserved, steps that must not be repeated, keys that were proven.",
        "device, kind and encryption-key id, or identity and step",
        (Party.PROTOCOL_DLMS,),
        (Party.PROTOCOL_DLMS,),
        retention_ms=None,
        compacted=True,
        min_compaction_lag_ms=HOUR_MS,
        log_append_time=True,
        max_message_bytes=8 * MIB,
    ),
    Topic(
        "firmware",
        Layout.SPREAD,
        "Firmware files in blocks; the partition follows the digest alone.",
        "digest (SHA-256, hexadecimal) and block",
        (Party.DOMAIN,),
        (Party.PROTOCOL_DLMS,),
        retention_ms=None,
        compacted=True,
        min_compaction_lag_ms=HOUR_MS,
    ),
    Topic(
        "organisations",
        Layout.SINGLE,
        "The newest record of every organisation.",
        "organisation",
        (Party.DOMAIN,),
        (Party.WS_ADAPTER, Party.NOTIFICATION),
        retention_ms=None,
        compacted=True,
    ),
)

TOPICS: Final = MappingProxyType({topic.name: topic for topic in _TOPICS})
"""Every fixed topic by name; dead letters and an organisation's own topic follow from these."""


def dead_letter_of(topic: Topic) -> Topic:
    """The topic that takes what `topic`'s reader could not handle: the original bytes, the reason in headers."""
    return Topic(
        topic.name + DEAD_LETTER_SUFFIX,
        Layout.SINGLE,
        f"What a reader of `{topic.name}` could not handle.",
        topic.key,
        tuple(party for party in topic.read_by if party is not Party.UPSTREAM),
        (Party.OPERATORS,),
        retention_ms=30 * DAY_MS,
        max_message_bytes=8 * MIB,
    )


def organisation_commands(slug: str) -> Topic:
    """The topic on which one organisation publishes its own commands."""
    return Topic(
        f"{ORGANISATION_COMMANDS}.{slug}",
        Layout.SPREAD,
        "Commands of one organisation that is `own-topic`: the broker's access list on this topic vouches for it.",
        _ASKED_KEY,
        (Party.ORGANISATION,),
        (Party.DOMAIN,),
        max_message_bytes=8 * MIB,
        dead_letter=True,
    )


def organisation_readings(slug: str) -> Topic:
    """The topic of the readings that one organisation has asked for, where it has one of its own."""
    return replace(
        TOPICS[READINGS],
        name=f"{READINGS}.{slug}",
        summary="Readings that one organisation has asked for, where the installation gives it a topic of its own.",
        read_by=(Party.ORGANISATION,),
    )


OF_ORGANISATIONS: Final[Mapping[str, Callable[[str], Topic]]] = MappingProxyType(
    {ORGANISATION_COMMANDS: organisation_commands, READINGS: organisation_readings}
)
"""Topics of single organisations, by what stands before their slug and a dot."""

LANES: Final = ("dlms-requests-high", "dlms-requests-normal", "dlms-requests-low")


def lane_of(priority: int) -> str:
    """The lane of a priority: 7 to 9 high, 4 to 6 normal, 0 to 3 low."""
    return LANES[0] if priority >= 7 else LANES[1] if priority >= 4 else LANES[2]
