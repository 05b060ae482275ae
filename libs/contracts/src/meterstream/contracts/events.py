"""What devices and the platform tell unasked: events, and the log of what was said to a meter."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import DeviceIdentification, Moment, Record
from meterstream.contracts.records import KeyKind, KeyState
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.system_events import SystemEventType

EventId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""Names an event; the same for every repeat of it, and on the faces its correlation uid."""

MAX_FRAME_TEXT = 8000
"""Characters of a frame that the message log keeps."""


class EventKind(StrEnum):
    """What an event is about."""

    ALARM = "alarm"
    """A meter pushed the bits of its alarm registers."""
    PUSH = "push"
    """A meter pushed something else: a wake-up, its schedule."""
    SYSTEM_EVENT = "system_event"
    """The platform noticed something of a device that somebody has to act on."""
    LIFECYCLE = "lifecycle"
    """The registry knows, knows no more, or knows otherwise where a device is in its life."""
    KEY_CHANGE = "key_change"
    """A key of a device changed its state."""


class PushTrigger(StrEnum):
    """Why a meter pushed, beside alarms (message forms of DSMR 4 and SMR 5)."""

    SMS_WAKE_UP = "sms_wake_up"
    CSD_WAKE_UP = "csd_wake_up"
    SCHEDULER = "scheduler"
    UNKNOWN = "unknown"


class KeyChange(Record):
    """The state of a key from then on; never the key. `proven`: an association stood with it."""

    key_id: str
    kind: KeyKind
    state: KeyState
    proven: bool


class LifecycleChange(StrEnum):
    """What happened to a device in the registry."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class DeviceEvent(Record):
    """An event as protocol-dlms decoded and verified it; topic `device-events`. Domain adds whom it concerns.

    `gateway` owns the connection, `device_identification` is what the event is about (an M-Bus device's gateway tells
    of it). Of `alarms`, `trigger` and `system_event` the one is set that `kind` names. `reason` is one sentence;
    `octets` is the push as it came where it was sent in clear, for who wants to look at it.
    """

    event_id: EventId
    gateway: DeviceIdentification
    device_identification: DeviceIdentification
    kind: EventKind
    occurred_at: Moment
    alarms: list[AlarmType] = Field(default_factory=list)
    trigger: PushTrigger | None = None
    system_event: SystemEventType | None = None
    reason: Annotated[str, Field(max_length=1000)] = ""
    source_address: str | None = None
    octets: Annotated[bytes, Field(max_length=4096, repr=False)] = b""


class Event(Record):
    """An event with whom it concerns: the organisations that may know of it; topic `events`.

    What `kind` names is set: `alarms`; `trigger`; `system_event`; `lifecycle` with the status from then on;
    `key_change`. `recorded_at` is when the platform took it up.
    """

    event_id: EventId
    device_identification: DeviceIdentification
    organisations: list[str]
    kind: EventKind
    occurred_at: Moment
    recorded_at: Moment
    reason: str = ""
    alarms: list[AlarmType] = Field(default_factory=list)
    trigger: PushTrigger | None = None
    system_event: SystemEventType | None = None
    lifecycle: LifecycleChange | None = None
    lifecycle_status: DeviceLifecycleStatus | None = None
    key_change: KeyChange | None = None
    octets: Annotated[bytes, Field(max_length=4096, repr=False)] = b""


class MessageLog(Record):
    """One frame of a session with a device in debug mode, or one push; topic `message-logs`.

    `decoded` and `encoded` (hexadecimal) hold at most 8,000 characters and no key, password or opened key transfer:
    what could show one is masked. `size` is the whole frame's, in octets. `log_id` is the same for every repeat;
    (`session`, `number`) orders the frames of a session.
    """

    log_id: Annotated[str, Field(min_length=1, max_length=64)]
    device_identification: DeviceIdentification
    organisation: str = ""
    correlation_uid: str | None = None
    session: str = ""
    number: int = 0
    logged_at: Moment
    incoming: bool
    encrypted: bool = False
    valid: bool = True
    decoded: Annotated[str, Field(max_length=MAX_FRAME_TEXT)]
    encoded: Annotated[str, Field(max_length=MAX_FRAME_TEXT)]
    size: Annotated[int, Field(ge=0)]
