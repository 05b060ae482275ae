"""Events: from `device-events` and from domain itself to those who may know; message logs; how long they are kept."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.events import DeviceEvent, EventKind, KeyChange, LifecycleChange, MessageLog, PushTrigger
from meterstream.contracts.records import KeyKind, KeyState
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.shared.stored_events import StoredEventType
from meterstream.contracts.shared.system_events import SystemEventType
from meterstream.domain.adapters.event_store import EventStore
from meterstream.domain.handlers.delivery import Delivery
from meterstream.domain.handlers.device_events import DeviceEventHandler
from meterstream.domain.handlers.message_logs import MessageLogHandler

METER = "TEST1024000000001"
OTHER_METER = "TEST1024000000002"
OPERATIONS = load_operations()
FRAMES_KEPT = 40


class Listening:
    """A domain with two meters of org-a, and the handlers of what meters tell."""

    def __init__(self, domain):
        self.domain = domain
        self.store = EventStore(domain.database, FRAMES_KEPT)
        delivery = Delivery(domain.relay, domain.producer, domain.dead_letters, domain.metrics)
        self.events = DeviceEventHandler(domain.codec, self.store, delivery, domain.clock, domain.metrics)
        self.logs = MessageLogHandler(domain.codec, self.store, delivery, domain.metrics)
        self.numbers = itertools.count()

    def event(self, device=METER, **more):
        fields = {
            "event_id": f"{next(self.numbers):032x}",
            "gateway": device,
            "device_identification": device,
            "kind": EventKind.ALARM,
            "occurred_at": self.domain.clock.now,
            "alarms": [AlarmType.LAST_GASP],
        }
        return DeviceEvent(**(fields | more))

    async def tell(self, *events):
        self.domain.producer.take()
        await self.events.handle([self.domain.message(event, "device-events") for event in events])
        return self.domain.taken()

    def frame(self, device=METER, **more):
        number = next(self.numbers)
        fields = {
            "log_id": f"session-{number}",
            "device_identification": device,
            "organisation": "org-a",
            "session": "session",
            "number": number,
            "logged_at": self.domain.clock.now,
            "incoming": bool(number % 2),
            "decoded": f"frame {number}",
            "encoded": "c001",
            "size": 2,
        }
        return MessageLog(**(fields | more))

    async def log(self, *frames):
        await self.logs.handle([self.domain.message(frame, "message-logs") for frame in frames])

    async def ask(self, name, organisation="org-a", device=None, /, **request):
        asked = OPERATIONS[name].request.model_validate(request)
        uid = f"asked-about-events-{next(self.domain.offsets):06}"
        sent = await self.domain.handle(self.domain.command(asked, uid=uid, organisation=organisation, device=device))
        results = sent.results() or [self.domain.codec.decode(reply.result) for reply in sent.replies()]
        (result,) = results
        return result

    async def found(self, organisation="org-a", **request):
        result = await self.ask("FindStoredEvents", organisation, **request)
        assert result.status is ResultStatus.OK, result.error
        return result.response

    async def published(self):
        self.domain.producer.take()
        await self.domain.relay.publish_changes()
        return self.domain.taken().on("events")


@pytest.fixture
async def listening(domain):
    await domain.install()
    await domain.install(OTHER_METER)
    made = Listening(domain)
    added = await made.published()
    assert [(event.device_identification, event.lifecycle) for event in added] == [
        (METER, LifecycleChange.ADDED),
        (OTHER_METER, LifecycleChange.ADDED),
    ]
    return made


async def test_an_alarm_goes_to_who_holds_the_authorisation(listening):
    told = listening.event(reason="pushed", octets=b"\x0f")
    sent = await listening.tell(told)
    (event,) = sent.on("events")
    assert (event.event_id, event.organisations, event.alarms) == (told.event_id, ["org-a"], [AlarmType.LAST_GASP])
    assert (event.kind, event.octets, event.reason) == (EventKind.ALARM, b"\x0f", "pushed")
    (outgoing,) = sent.outgoing
    assert (outgoing.topic, outgoing.key) == ("events", METER.encode())
    assert dict(outgoing.headers)["ce_id"] == told.event_id.encode()


async def test_a_redelivery_is_published_byte_for_byte_and_stored_once(listening):
    told = listening.event()
    (first,) = (await listening.tell(told)).outgoing
    listening.domain.clock.advance(seconds=90)
    grant = "insert into domain.device_authorisations values ('org-b', %s, 'OWNER')"
    await listening.domain.execute(grant, METER)
    twice = (await listening.tell(told, told)).outgoing
    assert [(item.value, item.headers) for item in twice] == [(first.value, first.headers)] * 2
    stored = await listening.domain.rows("select count(*) from domain.events where event_id = %s", told.event_id)
    assert stored == [(1,)]
    assert (await listening.found("org-b")).events == []


async def test_events_without_anybody_to_tell_are_dead_letters(listening):
    await listening.domain.execute(
        "delete from domain.device_authorisations where device_identification = %s", OTHER_METER
    )
    known, unknown, orphan = listening.event(), listening.event("UNKNOWN0000000001"), listening.event(OTHER_METER)
    sent = await listening.tell(unknown, orphan, known)
    assert [event.event_id for event in sent.on("events")] == [known.event_id]
    assert [(code, reason) for _, code, reason in listening.domain.dead_letters.letters] == [
        ("UNKNOWN_DEVICE", "device UNKNOWN0000000001 is not in the registry"),
        ("UNAUTHORIZED", f"device {OTHER_METER} has no organisation that may know"),
    ]
    assert b'meterstream_events_total{kind="alarm",outcome="unknown_device"} 1.0' in listening.domain.metrics.render()


async def test_an_unreadable_event_does_not_hold_up_the_others(listening):
    told = listening.event()
    broken = listening.domain.codec.encode(told)[:-3]
    messages = [listening.domain.message(value, "device-events") for value in (broken, told)]
    listening.domain.producer.take()
    await listening.events.handle(messages)
    assert [event.event_id for event in listening.domain.taken().on("events")] == [told.event_id]
    ((message, code, _),) = listening.domain.dead_letters.letters
    assert (message.value, code) == (broken, "UNREADABLE_MESSAGE")


@pytest.mark.parametrize(
    ("told", "kind", "description"),
    [
        (
            {"alarms": [AlarmType.CLOCK_INVALID, AlarmType.POWER_UP]},
            StoredEventType.ALARM_NOTIFICATION,
            "CLOCK_INVALID, POWER_UP",
        ),
        (
            {"kind": EventKind.PUSH, "alarms": [], "trigger": PushTrigger.SMS_WAKE_UP},
            StoredEventType.SMS_NOTIFICATION,
            "sms_wake_up",
        ),
        (
            {"kind": EventKind.PUSH, "alarms": [], "trigger": PushTrigger.UNKNOWN, "reason": "0-0:1.0.0.255"},
            StoredEventType.DIAG_EVENTS_UNKNOWN_MESSAGE_TYPE,
            "unknown: 0-0:1.0.0.255",
        ),
        (
            {
                "kind": EventKind.SYSTEM_EVENT,
                "alarms": [],
                "system_event": SystemEventType.INVOCATION_COUNTER_THRESHOLD_REACHED,
            },
            StoredEventType.DIAG_EVENTS_GENERAL,
            "INVOCATION_COUNTER_THRESHOLD_REACHED",
        ),
    ],
)
async def test_what_is_stored_reads_in_the_words_of_the_core_service(listening, told, kind, description):
    await listening.tell(listening.event(OTHER_METER, **told))
    (event,) = (
        await listening.found(device_identification=OTHER_METER, event_types=[kind], description=description)
    ).events
    assert (event.device_identification, event.event_type, event.description) == (OTHER_METER, kind, description)


async def test_events_are_found_by_what_fits_newest_first(listening):
    now = listening.domain.clock.now
    alarms = [
        listening.event(occurred_at=now - timedelta(hours=hours), alarms=[alarm])
        for hours, alarm in ((3, AlarmType.RAM_ERROR), (2, AlarmType.POWER_UP), (1, AlarmType.FRAUD_ATTEMPT))
    ]
    await listening.tell(*alarms)
    kinds = [StoredEventType.ALARM_NOTIFICATION]
    page = await listening.found(event_types=kinds, page_size=2)
    assert [event.description for event in page.events] == ["FRAUD_ATTEMPT", "POWER_UP"]
    assert (page.page.total_pages, page.page.page_size, page.page.current_page) == (2, 2, 0)
    beyond = await listening.found(event_types=kinds, page_size=2, page=2)
    assert (beyond.events, beyond.page.total_pages) == ([], 2)
    within = await listening.found(
        event_types=kinds,
        begin=now - timedelta(hours=2),
        end=now - timedelta(minutes=90),
        description_starts_with="POWER",
    )
    assert [event.description for event in within.events] == ["POWER_UP"]
    assert (await listening.found(event_types=kinds, description_starts_with="P%")).events == []


async def test_only_who_may_asks_for_a_devices_events(listening):
    await listening.tell(listening.event())
    assert (await listening.found("org-b")).events == []
    refused = await listening.ask("FindStoredEvents", "org-b", device_identification=METER)
    assert (refused.status, refused.error.code) == (ResultStatus.REJECTED, "UNAUTHORIZED")
    unknown = await listening.ask("FindStoredEvents", "org-a", device_identification="UNKNOWN0000000001")
    assert unknown.error.code == "UNKNOWN_DEVICE"


async def test_a_failed_query_is_told_on_results_too_for_who_ceased_to_wait(listening):
    asked = OPERATIONS["FindStoredEvents"].request(device_identification="UNKNOWN0000000001")
    command = listening.domain.command(asked, uid="a-query-that-will-fail", device=None)
    sent, again = await listening.domain.handle(command), await listening.domain.handle(command)
    assert sorted(sent.topics) == ["replies", "results"]
    assert sent.results()[0].error.code == "UNKNOWN_DEVICE"
    assert sent.replies()[0].result == listening.domain.codec.encode(sent.results()[0])
    assert [item.value for item in again.outgoing] == [item.value for item in sent.outgoing]
    good = OPERATIONS["FindStoredEvents"].request()
    fine = await listening.domain.handle(listening.domain.command(good, uid="a-query-that-is-answered", device=None))
    assert fine.topics == ["replies"]


async def test_the_registry_tells_what_becomes_of_a_device(listening):
    await listening.ask("SetDeviceLifecycleStatus", "org-a", METER, lifecycle_status="IN_USE")
    (event,) = await listening.published()
    assert (event.lifecycle, event.lifecycle_status, event.organisations) == ("changed", "IN_USE", ["org-a"])
    await listening.ask("RemoveDevice", "org-a", METER)
    (event,) = await listening.published()
    assert (event.device_identification, event.lifecycle, event.organisations) == (METER, "removed", ["org-a"])
    assert await listening.published() == []
    found = await listening.found(event_types=[StoredEventType.DIAG_EVENTS_GENERAL])
    told = [event.description for event in found.events if event.device_identification == METER]
    assert sorted(told) == ["device added", "device changed: IN_USE", "device removed"]


async def test_other_keys_are_told_never_shown(listening):
    asked = listening.domain.new_meter(7, overwrite=True)
    await listening.domain.handle(listening.domain.command(asked, uid="a-meter-with-other-keys"))
    events = await listening.published()
    changes = [event.key_change for event in events if event.kind is EventKind.KEY_CHANGE]
    assert all(isinstance(change, KeyChange) for change in changes)
    states = {(change.kind, change.state) for change in changes}
    kinds = (
        KeyKind.E_METER_MASTER_KEY,
        KeyKind.E_METER_AUTHENTICATION_KEY,
        KeyKind.E_METER_ENCRYPTION_KEY_UNICAST,
    )
    assert states == {(kind, state) for kind in kinds for state in (KeyState.ACTIVE, KeyState.WITHDRAWN)}
    assert not any(bytes([secret]).hex() * 16 in repr(events) for secret in (1, 2, 3, 7, 8, 9))


async def test_the_relay_publishes_again_what_the_broker_did_not_take(listening):
    await listening.ask("SetDeviceLifecycleStatus", "org-a", METER, lifecycle_status="IN_USE")
    listening.domain.producer.break_next = True
    with pytest.raises(Exception, match="no broker"):
        await listening.domain.relay.publish_events()
    assert len(await listening.published()) == 1


async def test_frames_are_kept_and_found_page_by_page(listening):
    await listening.log(*[listening.frame() for _ in range(35)])
    first = await listening.ask("FindMessageLogs", "org-a", METER, page=0)
    assert first.status is ResultStatus.OK, first.error
    assert (first.response.total_pages, len(first.response.entries)) == (2, 30)
    newest = first.response.entries[0]
    assert (newest.decoded_message, newest.encoded_message, newest.incoming) == ("frame 34", "c001", False)
    assert (newest.device_identification, newest.organisation, newest.valid) == (METER, "org-a", True)
    second = await listening.ask("FindMessageLogs", "org-a", METER, page=1)
    assert [entry.decoded_message for entry in second.response.entries] == [f"frame {n}" for n in (4, 3, 2, 1, 0)]
    assert (await listening.ask("FindMessageLogs", "org-a", METER, page=2)).response.entries == []
    assert (await listening.ask("FindMessageLogs", "org-a", OTHER_METER)).response.total_pages == 0
    assert (await listening.ask("FindMessageLogs", "org-b", METER)).error.code == "UNAUTHORIZED"


async def test_a_page_that_was_answered_is_answered_the_same_again(listening):
    asked = OPERATIONS["FindMessageLogs"].request()
    command = listening.domain.command(asked, uid="the-same-page-once-more")
    await listening.log(listening.frame())
    (first,) = [item for item in (await listening.domain.handle(command)).outgoing if item.topic == "results"]
    await listening.log(listening.frame())
    (again,) = [item for item in (await listening.domain.handle(command)).outgoing if item.topic == "results"]
    assert (again.value, again.headers) == (first.value, first.headers)


async def test_frames_of_one_device_are_bounded_and_repeats_dropped(listening):
    frames = [listening.frame() for _ in range(FRAMES_KEPT + 7)]
    await listening.log(*frames[:20])
    await listening.log(*frames[10:], listening.frame(OTHER_METER), listening.frame("UNKNOWN0000000001"))
    count = "select device_identification, count(*), min(number) from domain.message_logs group by 1 order by 1"
    assert await listening.domain.rows(count) == [(METER, FRAMES_KEPT, 7), (OTHER_METER, 1, FRAMES_KEPT + 7)]
    metrics = listening.domain.metrics.render()
    assert b'meterstream_message_logs_total{outcome="repeated_or_unknown_device"} 11.0' in metrics


async def test_what_is_old_goes(listening):
    now = listening.domain.clock.now
    old, young = now - timedelta(days=10), now - timedelta(days=1)
    await listening.tell(listening.event(occurred_at=old), listening.event(occurred_at=young))
    await listening.log(listening.frame(logged_at=old), listening.frame(logged_at=young))
    assert await listening.store.forget(now - timedelta(days=20), now - timedelta(days=20)) == 0
    assert await listening.store.forget(now - timedelta(days=5), now - timedelta(days=5)) == 2
    assert await listening.domain.rows("select count(*) from domain.message_logs") == [(1,)]
    assert len((await listening.found(event_types=[StoredEventType.ALARM_NOTIFICATION])).events) == 1
