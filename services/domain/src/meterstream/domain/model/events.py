"""Events: what domain tells by itself, and how an event reads in the registry."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from meterstream.contracts.events import DeviceEvent, Event, EventKind, KeyChange, LifecycleChange, PushTrigger
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.stored_events import StoredEventType
from meterstream.domain.model.keys import DeviceKey
from meterstream.domain.model.messages import Publication
from meterstream.runtime.codec import Codec

FUNCTIONS: Final = MappingProxyType(
    {
        EventKind.ALARM: "PUSH_NOTIFICATION_ALARM",
        EventKind.PUSH: "PUSH_NOTIFICATION_ALARM",
        EventKind.SYSTEM_EVENT: "SYSTEM_EVENT",
        EventKind.LIFECYCLE: "GET_EVENTS",
        EventKind.KEY_CHANGE: "GET_EVENTS",
    }
)
"""The device function that an organisation must hold to be told of an event of each kind."""

ID_OCTETS: Final = 16


def event_id(*parts: str) -> str:
    """Names what the parts describe: the same decision, taken again, has the same name."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(4, "big") + encoded)
    return digest.digest()[:ID_OCTETS].hex()


def told_by_device(told: DeviceEvent, recorded_at: datetime) -> Event:
    """The event that protocol-dlms decoded; whom it concerns is not known yet."""
    return Event(
        event_id=told.event_id,
        device_identification=told.device_identification,
        organisations=[],
        kind=told.kind,
        occurred_at=told.occurred_at,
        recorded_at=recorded_at,
        reason=told.reason,
        alarms=told.alarms,
        trigger=told.trigger,
        system_event=told.system_event,
        octets=told.octets,
    )


def lifecycle_event(
    device: str,
    change: LifecycleChange,
    cause: tuple[str, str],
    now: datetime,
    status: DeviceLifecycleStatus | None = None,
) -> Event:
    """What happened to a device in the registry.

    Args:
        cause: organisation and correlation uid of the command.
    """
    return Event(
        event_id=event_id("lifecycle", device, change, *cause),
        device_identification=device,
        organisations=[],
        kind=EventKind.LIFECYCLE,
        occurred_at=now,
        recorded_at=now,
        lifecycle=change,
        lifecycle_status=status,
    )


def key_event(device: str, key: DeviceKey) -> Event:
    """A key came to the state that it has."""
    moment = key.changed_at
    return Event(
        event_id=event_id("key", device, key.kind, key.key_id, key.state, moment.isoformat()),
        device_identification=device,
        organisations=[],
        kind=EventKind.KEY_CHANGE,
        occurred_at=moment,
        recorded_at=moment,
        key_change=KeyChange(key_id=key.key_id, kind=key.kind, state=key.state, proven=key.proven),
    )


def stored_type(event: Event) -> StoredEventType:
    """The event's type in the words of the core service."""
    if event.kind is EventKind.ALARM:
        return StoredEventType.ALARM_NOTIFICATION
    if event.kind is EventKind.PUSH:
        woken = event.trigger in (PushTrigger.SMS_WAKE_UP, PushTrigger.CSD_WAKE_UP)
        return StoredEventType.SMS_NOTIFICATION if woken else StoredEventType.DIAG_EVENTS_UNKNOWN_MESSAGE_TYPE
    return StoredEventType.DIAG_EVENTS_GENERAL


def description_of(event: Event) -> str:
    """The event in one line."""
    match event.kind:
        case EventKind.ALARM:
            told = ", ".join(event.alarms)
        case EventKind.PUSH:
            told = event.trigger or ""
        case EventKind.SYSTEM_EVENT:
            told = event.system_event or ""
        case EventKind.LIFECYCLE:
            told = f"device {event.lifecycle}" + (f": {event.lifecycle_status}" if event.lifecycle_status else "")
        case EventKind.KEY_CHANGE:
            key = event.key_change
            told = "" if key is None else f"{key.kind} {key.key_id}: {key.state}"
    return f"{told}: {event.reason}" if event.reason else told


def event_row(event: Event, *, published: bool) -> dict[str, Any]:
    """The event as `insert_events` takes it."""
    content = event.model_dump(mode="json", exclude_defaults=True)
    return {
        "event_id": event.event_id,
        "device_identification": event.device_identification,
        "function": FUNCTIONS[event.kind],
        "event_type": stored_type(event),
        "description": description_of(event),
        "occurred_at": event.occurred_at.isoformat(),
        "recorded_at": event.recorded_at.isoformat(),
        "content": content,
        "published": published,
    }


def to_event(organisations: Sequence[str], content: str) -> Event:
    """The stored event, with the organisations that may know of it."""
    return Event.model_validate_json(content).model_copy(update={"organisations": list(organisations)})


def event_publication(event: Event, codec: Codec) -> Publication:
    """The event on its way; repeats are byte-equal."""
    return Publication(
        topic="events",
        key=event.device_identification,
        value=codec.encode(event),
        record="Event",
        ce_id=event.event_id,
        moment=event.recorded_at,
    )
