"""What makes a meter push, what it sends and where to: alarms through their filters, wake-ups, the last gasp."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from meterstream.dlms.apdu import ActionResult, DataAccessResult, decode_data_notification
from meterstream.dlms.data import (
    AttributeRef,
    CaptureObject,
    Data,
    LogicalName,
    MethodRef,
    array,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
)
from meterstream.dlms.framing import HEADER
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import Medium
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.push_setup import Wake, last_gasp, wake_up
from meterstream.simulator.options import PushOptions
from meterstream.simulator.push import PushDefect, PushMessage, Transport

MANAGEMENT = 1
ALARM, SMS, UDP = "0.1.25.9.0.255", "0.2.25.9.0.255", "0.3.25.9.0.255"
HEAD_END = "203.0.113.10:9598"
NAME = b"E0001000000000003"
Maker = Callable[..., SimulatedMeter]


class Pushing(NamedTuple):
    """A meter, what it has pushed, and what it would do later."""

    meter: SimulatedMeter
    sent: list[PushMessage]
    later: list[tuple[int, Callable[[], None]]]

    def put(self, class_id: int, obis: str, attribute: int, data: Data) -> DataAccessResult:
        return self.meter.set(MANAGEMENT, ref(class_id, obis, attribute), None, data)

    def push(self, obis: str, data: Data | None = None) -> ActionResult:
        method = MethodRef(40, LogicalName.parse(obis), 1)
        return self.meter.action(MANAGEMENT, method, integer(0) if data is None else data)[0]

    def values(self) -> list[Any]:
        octets = self.sent[-1].octets
        notified = decode_data_notification(octets[HEADER.size :]).data.value
        assert isinstance(notified, tuple)
        return [value.value for value in notified]


def ref(class_id: int, obis: str, attribute: int = 2) -> AttributeRef:
    return AttributeRef(class_id, LogicalName.parse(obis), attribute)


def destination(text: str = HEAD_END, transport: int = 0, message: int = 0) -> Data:
    return structure(enum(transport), octet_string(text.encode()), enum(message))


@pytest.fixture
def pushing(make_meter: Maker) -> Callable[..., Pushing]:
    def make(protocol: str = "SMR 5.5", *, register: int = 0, number: int = 3, **options: Any) -> Pushing:
        meter = make_meter(protocol, number, pushes=PushOptions(**options))
        sent: list[PushMessage] = []
        later: list[tuple[int, Callable[[], None]]] = []
        meter.model = replace(meter.model, outbox=sent.append, schedule=lambda delay, call: later.append((delay, call)))
        for name in ("0.0.97.98.0.255", "0.0.97.98.1.255", "0.0.97.98.2.255"):
            meter.override(ref(1, name), double_long_unsigned(register))
        return Pushing(meter, sent, later)

    return make


# --- alarms ---


@pytest.mark.parametrize(("protocol", "registers"), [("SMR 5.0.0", [2]), ("SMR 5.1", [2]), ("SMR 5.2", [2, 0])])
def test_an_alarm_that_the_filter_lets_through(
    pushing: Callable[..., Pushing], clock: Any, protocol: str, registers: list[int]
) -> None:
    line = pushing(protocol)
    at = int(clock.seconds * 1000)
    assert line.put(40, ALARM, 3, destination()) is DataAccessResult.SUCCESS
    line.meter.raise_alarm(1, 0, at)
    assert line.sent == [], "the filter is closed"
    assert line.put(1, "0.0.97.98.10.255", 2, double_long_unsigned(1 << 1)) is DataAccessResult.SUCCESS
    line.meter.override(ref(1, "0.0.97.98.0.255"), double_long_unsigned(0))
    line.meter.raise_alarm(1, 1, at)
    [message] = line.sent
    assert (message.number, message.destination, message.transport) == (3, HEAD_END, Transport.TCP)
    assert line.values() == [NAME, LogicalName.parse(ALARM), *registers]


@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 4.3"])
def test_the_text_of_dsmr_4(pushing: Callable[..., Pushing], clock: Any, protocol: str) -> None:
    line = pushing(protocol)
    line.put(40, ALARM, 3, destination(message=128))
    line.put(1, "0.0.97.98.10.255", 2, double_long_unsigned(0xFFFF_FFFF))
    line.meter.raise_alarm(1, 25, int(clock.seconds * 1000))
    assert line.sent[0].octets == NAME + b"," + bytes.fromhex("02000000")
    assert line.push(SMS) is ActionResult.OTHER_REASON, "no destination"
    line.put(40, SMS, 3, destination("192.0.2.1:4059"))
    assert line.push(SMS) is ActionResult.SUCCESS
    assert line.sent[1].octets == NAME + b"," + bytes.fromhex("0000020300FF")
    assert line.sent[1].destination == "192.0.2.1:4059"


def test_a_new_mbus_device_is_pushed(pushing: Callable[..., Pushing], clock: Any) -> None:
    line = pushing("SMR 5.1", destination=HEAD_END)
    line.put(1, "0.0.97.98.10.255", 2, double_long_unsigned(0x0F000000))
    assert mbus.install(line.meter, Medium.GAS, int(clock.seconds * 1000)) == 2
    assert line.values()[2] == 1 << 25
    assert [message.destination for message in line.sent] == [HEAD_END]


# --- the last gasp and wake-ups ---


def test_the_last_gasp_of_smr_5_5(pushing: Callable[..., Pushing], clock: Any) -> None:
    line = pushing()
    at = int(clock.seconds * 1000)
    line.put(40, UDP, 3, destination(transport=1))
    line.put(40, UDP, 5, long_unsigned(0))
    assert last_gasp(line.meter, at)
    assert line.sent == [], "the filter is closed"
    line.put(1, "0.0.97.98.12.255", 2, double_long_unsigned(3))
    assert last_gasp(line.meter, at)
    assert line.sent[0].transport is Transport.UDP
    assert line.values() == [NAME, LogicalName.parse(UDP), 1]
    rows = line.meter.get(MANAGEMENT, ref(7, "0.0.99.98.5.255"), None)
    assert isinstance(rows, Data)
    assert isinstance(rows.value, tuple)
    [last] = [row for row in rows.value[-1:] if isinstance(row.value, tuple)]
    assert isinstance(last.value, tuple)
    assert last.value[1].value == 99


def test_a_push_waits_a_part_of_the_randomisation_interval(pushing: Callable[..., Pushing], clock: Any) -> None:
    line = pushing(destination=HEAD_END)
    assert line.put(40, ALARM, 5, long_unsigned(60)) is DataAccessResult.SUCCESS
    for _ in range(20):
        assert line.push(ALARM) is ActionResult.SUCCESS
        clock.seconds += 1
    assert line.sent == []
    waits = [delay for delay, _ in line.later]
    assert all(0 < wait <= 60_000 for wait in waits)
    assert len(set(waits)) > 10
    line.later[0][1]()
    assert len(line.sent) == 1


@pytest.mark.parametrize(
    ("protocol", "cause", "octets"),
    [
        ("DSMR 4.2.2", Wake.SMS, NAME + b"," + bytes.fromhex("0000020300FF")),
        ("DSMR 4.2.2", Wake.CALL, NAME + b"," + bytes.fromhex("0000020200FF")),
        ("SMR 4.3", Wake.SCHEDULER, NAME + b"," + bytes.fromhex("00000F0004FF")),
        (
            "SMR 5.0.0",
            Wake.SMS,
            bytes.fromhex("00010001000100230F000000010002020911") + NAME + bytes.fromhex("09060002190900FF"),
        ),
        (
            "SMR 5.0.0",
            Wake.SCHEDULER,
            bytes.fromhex("00010001000100230F000000010002020911") + NAME + bytes.fromhex("09060000190900FF"),
        ),
        ("DSMR 2.2", Wake.SMS, bytes.fromhex("000100670066001EC20000018080808080000209") + b"\x11" + NAME),
    ],
)
def test_a_meter_that_is_woken_up_announces_itself(
    pushing: Callable[..., Pushing], protocol: str, cause: Wake, octets: bytes
) -> None:
    line = pushing(protocol, destination=HEAD_END)
    assert wake_up(line.meter, cause)
    assert line.sent[0].octets == octets
    assert line.sent[0].transport is (Transport.UDP if protocol == "DSMR 2.2" else Transport.TCP)
    assert not wake_up(pushing(protocol).meter, cause), "it knows nobody"


def test_the_last_gasp_of_an_mx382(pushing: Callable[..., Pushing], clock: Any) -> None:
    line = pushing("DSMR 2.2", destination=HEAD_END)
    assert last_gasp(line.meter, int(clock.seconds * 1000))
    assert line.sent[0].transport is Transport.TCP
    assert not wake_up(pushing("IDIS 2.0", destination=HEAD_END).meter), "it has no setup for that"
    assert not last_gasp(pushing("SMR 5.1", destination=HEAD_END).meter, int(clock.seconds * 1000))


def test_the_power_down_push_of_idis(pushing: Callable[..., Pushing], clock: Any) -> None:
    line = pushing("IDIS 2.0", destination=HEAD_END)
    assert last_gasp(line.meter, int(clock.seconds * 1000))
    assert line.values() == [NAME, LogicalName.parse("0.5.25.9.0.255")]
    assert not last_gasp(pushing("IDIS 2.0").meter, int(clock.seconds * 1000))


# --- the setup ---


def test_the_object_list_decides_what_is_sent(pushing: Callable[..., Pushing]) -> None:
    line = pushing(destination=HEAD_END)
    columns = [
        CaptureObject(1, LogicalName.parse("0.0.96.1.1.255"), 2, 0),
        CaptureObject(40, LogicalName.parse(ALARM), 1, 0),
        CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 3, 2),
        CaptureObject(1, LogicalName.parse("9.9.9.9.9.9"), 2, 0),
    ]
    wanted = array(column.to_data() for column in columns)
    assert line.put(40, ALARM, 2, wanted) is DataAccessResult.SUCCESS
    assert line.push(ALARM) is ActionResult.SUCCESS
    assert line.values() == [NAME, LogicalName.parse(ALARM), 30, None]
    usual = line.meter.get(MANAGEMENT, ref(40, UDP, 2), None)
    assert isinstance(usual, Data)
    assert isinstance(usual.value, tuple)
    assert len(usual.value) == 3
    assert line.push(ALARM, null()) is ActionResult.TYPE_UNMATCHED


def test_a_push_carries_how_often_it_is_repeated(pushing: Callable[..., Pushing]) -> None:
    line = pushing(destination=HEAD_END)
    assert line.put(40, ALARM, 6, unsigned(3)) is DataAccessResult.SUCCESS
    assert line.put(40, ALARM, 7, long_unsigned(900)) is DataAccessResult.SUCCESS
    assert line.push(ALARM) is ActionResult.SUCCESS
    assert (line.sent[0].retries, line.sent[0].repetition_delay_s) == (3, 900)


def test_an_object_list_that_is_too_much(pushing: Callable[..., Pushing]) -> None:
    line = pushing(destination=HEAD_END)
    profile = CaptureObject(7, LogicalName.parse("1.0.99.1.0.255"), 2, 0).to_data()
    assert line.put(40, ALARM, 2, array([profile] * 33)) is DataAccessResult.OTHER_REASON
    assert line.put(40, ALARM, 2, array([profile] * 4)) is DataAccessResult.SUCCESS
    assert line.push(ALARM) is ActionResult.OTHER_REASON, "more than 65,535 octets"
    assert line.sent == []


@pytest.mark.parametrize(
    ("attribute", "data", "result"),
    [
        (2, array((unsigned(1),)), DataAccessResult.TYPE_UNMATCHED),
        (3, structure(unsigned(0), octet_string(b"h:1"), enum(0)), DataAccessResult.TYPE_UNMATCHED),
        (3, structure(enum(0), enum(0)), DataAccessResult.TYPE_UNMATCHED),
        (3, structure(enum(0), octet_string(b"\xff:1"), enum(0)), DataAccessResult.OTHER_REASON),
        (3, structure(enum(0), octet_string(b"h" * 300), enum(0)), DataAccessResult.OTHER_REASON),
        (4, array((structure(octet_string(bytes(12))),)), DataAccessResult.TYPE_UNMATCHED),
        (4, array((structure(unsigned(1), unsigned(1)),)), DataAccessResult.TYPE_UNMATCHED),
        (4, array(()), DataAccessResult.SUCCESS),
    ],
)
def test_what_may_be_written(
    pushing: Callable[..., Pushing], attribute: int, data: Data, result: DataAccessResult
) -> None:
    assert pushing().put(40, ALARM, attribute, data) is result


@pytest.mark.parametrize(
    ("begin", "end", "result"),
    [
        ("FFFFFFFFFF0C0000FF8000FF", "FFFFFFFFFF0D0000FF8000FF", ActionResult.SUCCESS),
        ("FFFFFFFFFF0D0000FF8000FF", "FFFFFFFFFF0E0000FF8000FF", ActionResult.TEMPORARY_FAILURE),
        ("FFFFFFFFFF160000FF8000FF", "FFFFFFFFFF0D0000FF8000FF", ActionResult.SUCCESS),
        ("FFFFFFFFFF160000FF8000FF", "FFFFFFFFFF060000FF8000FF", ActionResult.TEMPORARY_FAILURE),
        ("07EA0701FF000000FF8000FF", "07EA0801FF000000FF8000FF", ActionResult.SUCCESS),
        ("07EA0601FF000000FF8000FF", "07EA0701FF000000FF8000FF", ActionResult.TEMPORARY_FAILURE),
    ],
)
def test_a_push_needs_an_open_window(
    pushing: Callable[..., Pushing], begin: str, end: str, result: ActionResult
) -> None:
    line = pushing(destination=HEAD_END)
    window = structure(octet_string(bytes.fromhex(begin)), octet_string(bytes.fromhex(end)))
    assert line.put(40, ALARM, 4, array((window,))) is DataAccessResult.SUCCESS
    assert line.push(ALARM) is result
    assert len(line.sent) == (result is ActionResult.SUCCESS)


def test_destinations_a_meter_cannot_reach(pushing: Callable[..., Pushing]) -> None:
    line = pushing()
    assert line.push(ALARM) is ActionResult.OTHER_REASON
    line.put(40, ALARM, 3, destination(transport=4))
    assert line.push(ALARM) is ActionResult.OTHER_REASON, "SMS is no transport of this simulator"
    line.put(40, ALARM, 3, destination(""))
    assert line.push(ALARM) is ActionResult.OTHER_REASON
    line.put(40, ALARM, 3, destination(transport=1))
    assert line.push(ALARM) is ActionResult.SUCCESS
    assert line.sent[0].transport is Transport.UDP


@pytest.mark.parametrize("defect", list(PushDefect))
def test_a_fleet_that_pushes_malformed_messages(pushing: Callable[..., Pushing], defect: PushDefect) -> None:
    good, bad = pushing(destination=HEAD_END), pushing(destination=HEAD_END, defect=defect)
    for line in (good, bad):
        assert line.push(ALARM) is ActionResult.SUCCESS
    assert good.sent[0].octets != bad.sent[0].octets
