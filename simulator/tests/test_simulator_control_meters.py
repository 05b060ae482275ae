"""Control of single meters: alarms, events, pushes, M-Bus devices, lines, reboots, key transfers, lists."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from meterstream.dlms.data import AttributeRef, LogicalName, double_long_unsigned
from meterstream.dlms.errors import LinkError
from meterstream.dlms.objects import load_profile
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.network.outbox import OutboxLimits
from meterstream.simulator.objects.keytransfer import KeyTransferFaults
from meterstream.simulator.options import PushOptions
from meterstream.simulator.settings import FleetSettings
from meterstream.simulator.world.events import rows_of

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
PROFILE = load_profile("SMR", "5.5")
REGISTER, FILTER = PROFILE.ref("alarm_register_1", 2), PROFILE.ref("alarm_filter_1", 2)


@pytest.fixture
def head_end() -> Any:
    """A port for pushes by UDP, and one for those by TCP that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
async def fleet(clock: Any, head_end: str, tmp_path: Path) -> AsyncIterator[SimulatedFleet]:
    settings = FleetSettings(
        meters=4,
        protocols=("SMR 5.5", "SMR 5.5", "DSMR 4.2.2", "DSMR 2.2"),
        control_port=0,
        pushes=PushOptions(destination=head_end),
        outbox=OutboxLimits(timeout_s=5),
        state_file=tmp_path / "state",
        save_every_s=0,
    )
    async with SimulatedFleet(settings, clock) as fleet:
        yield fleet


@pytest.fixture
async def http(fleet: SimulatedFleet) -> AsyncIterator[ClientSession]:
    async with ClientSession(fleet.control_url) as session:
        yield session


async def _get(http: ClientSession, path: str) -> Any:
    async with http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def _post(http: ClientSession, path: str, **body: Any) -> Any:
    async with http.post(path, json=body) as answer:
        assert answer.status in (200, 204), await answer.text()
        return await answer.json() if answer.status == 200 else None


async def test_an_alarm_is_pushed_where_the_filter_lets_it(
    fleet: SimulatedFleet, http: ClientSession, until: Any, head_end: str
) -> None:
    await _post(http, "/meters/1/alarm", register=1, bit=13)
    before = fleet.meter(1).read(REGISTER)
    assert before.value & 1 << 13
    assert fleet.stats.pushes_sent == 0
    fleet.meter(1).override(FILTER, double_long_unsigned(1 << 8))
    await _post(http, "/meters/1/alarm", register=1, bit=8)
    await until(lambda: fleet.stats.pushes_sent == 1)
    pushes = await _get(http, "/pushes")
    assert [(row["number"], row["destination"], row["transport"], row["outcome"]) for row in pushes["pushes"]] == [
        (1, head_end, "tcp", "sent")
    ]
    assert pushes["more"] is False
    assert fleet.identification(1).encode() in bytes.fromhex(pushes["pushes"][0]["octets"])


async def test_pushes_on_demand_and_their_list(fleet: SimulatedFleet, http: ClientSession, until: Any) -> None:
    await _post(http, "/meters/1/push", kind="setup")
    await _post(http, "/meters/2/push", kind="sms")
    await _post(http, "/meters/4/push", kind="last-gasp")
    await until(lambda: fleet.stats.pushes_sent == 3)
    first = await _get(http, "/pushes?limit=2")
    assert (len(first["pushes"]), first["more"]) == (2, True)
    rest = await _get(http, f"/pushes?after={first['pushes'][-1]['sequence']}")
    assert (len(rest["pushes"]), rest["more"]) == (1, False)
    assert [row["number"] for row in (await _get(http, "/pushes?number=2"))["pushes"]] == [2]


async def test_events(fleet: SimulatedFleet, http: ClientSession) -> None:
    for code in (40, 41, 42):
        await _post(http, "/meters/2/event", log="fraud_detection_event_log", code=code)
    page = await _get(http, "/meters/2/events/fraud_detection_event_log?after=1&limit=1")
    assert ([row["code"] for row in page["events"]], page["more"]) == ([41], True)
    assert page["events"][0]["time"] == fleet.meter(2).seconds(fleet.now_ms())


async def test_an_event_of_the_past_is_the_last_row_and_nothing_is_said_of_the_time_after_it(
    fleet: SimulatedFleet, http: ClientSession
) -> None:
    fleet.meter(2).clock_offset_ms = 90_000
    await _post(http, "/meters/2/event", log="fraud_detection_event_log", code=40)
    await _post(http, "/meters/2/event", log="fraud_detection_event_log", code=41, time=1_441_065_600)
    meter = fleet.meter(2)
    assert [row[1] for row in meter.events("fraud_detection_event_log")] == [40, 41]
    assert meter.events("fraud_detection_event_log")[1] == (1_441_065_600, 41)
    before = rows_of(meter, "fraud_detection_event_log", 30, fleet.now_ms())[:-2]
    assert all(row[0] <= 1_441_065_600 for row in before)


async def test_devices_come_go_and_are_swapped(fleet: SimulatedFleet, http: ClientSession) -> None:
    before = (await _get(http, "/meters/1/mbus"))["channels"]
    assert [channel["medium"] for channel in before] == ["gas", None, None, None]
    installed = await _post(http, "/meters/1/mbus/install", medium="water")
    assert (installed["channel"], installed["medium"], installed["manufacturer"]) == (2, "water", "KAM")
    await _post(http, "/meters/1/mbus/install", medium="thermal", channel=4)
    swapped = await _post(http, "/meters/1/mbus/swap", channel=1)
    assert swapped["medium"] == "gas"
    assert swapped["equipment_identifier"] != before[0]["equipment_identifier"]
    await _post(http, "/meters/1/mbus/status", channel=1, bit=3)
    await _post(http, "/meters/1/mbus/vanish", channel=2)
    after = (await _get(http, "/meters/1/mbus"))["channels"]
    assert [channel["medium"] for channel in after] == ["gas", "water", None, "thermal"]
    assert [channel["present"] for channel in after[:2]] == [True, False]
    assert after[0]["status"] == 8
    await _post(http, "/meters/1/mbus/return", channel=2)
    assert (await _get(http, "/meters/1/mbus"))["channels"][1]["present"] is True
    assert "key" not in json.dumps(after).replace("key_status", "")


async def test_a_line_is_cut_and_a_meter_rebooted(
    fleet: SimulatedFleet, http: ClientSession, open_meter: Any, counters: Any, until: Any
) -> None:
    ours = counters()
    session = await open_meter(fleet, 2, ours)
    assert await _post(http, "/meters/2/cut") == {"lines": 1}
    with pytest.raises(LinkError):
        await session.get(CLOCK)
    await session.close()
    assert await _post(http, "/meters/2/cut") == {"lines": 0}
    await _post(http, "/meters/2/reboot", down_ms=150, clock_lost=True)
    assert (await _get(http, "/meters/2"))["down"] is True
    async with http.post("/meters/2/reboot") as answer:
        assert (answer.status, (await answer.json())["error"]) == (409, "meter 2 is down already")
    await until(lambda: not fleet.lines.is_down(2))
    assert fleet.stats.reboots == 1
    async with await open_meter(fleet, 2, ours) as session:
        assert (await session.get(CLOCK)).value[:2] == (2000).to_bytes(2, "big")


async def test_key_transfer_faults(fleet: SimulatedFleet, http: ClientSession) -> None:
    await _post(http, "/meters/1/key-transfer-faults", refusals=[250], drop_after=[2])
    assert fleet.meter(1).state(KeyTransferFaults) == KeyTransferFaults([250], [], [2])
    await _post(http, "/meters/1/key-transfer-faults")
    assert fleet.meter(1).state(KeyTransferFaults) == KeyTransferFaults()


async def test_what_was_written_and_what_misbehaves_across_the_fleet(
    fleet: SimulatedFleet, http: ClientSession
) -> None:
    for number in (3, 1, 2):
        fleet.meter(number).override(FILTER, double_long_unsigned(number))
        await _post(http, f"/meters/{number}/fault", kind="slow", delay_ms=number)
    page = await _get(http, "/written?limit=2")
    assert [(row["number"], [value["value"] for value in row["written"]]) for row in page["meters"]] == [
        (1, [1]),
        (2, [2]),
    ]
    assert page["more"] is True
    assert [row["number"] for row in (await _get(http, "/written?after=2"))["meters"]] == [3]
    assert page["meters"][0]["written"][0]["obis"] == str(FILTER.logical_name)
    faults = await _get(http, "/faults?after=1&limit=1")
    assert ([(row["number"], row["kind"], row["delay_ms"]) for row in faults["faults"]], faults["more"]) == (
        [(2, "slow", 2)],
        True,
    )
    fleet.meter(1).override(PROFILE.ref("alarm_filter_2", 2), double_long_unsigned(9))
    page = await _get(http, "/meters/1/written?after=1")
    assert ([value["value"] for value in page["written"]], page["more"]) == ([9], False)


async def test_the_state_is_written_on_demand(fleet: SimulatedFleet, http: ClientSession, clock: Any) -> None:
    fleet.meter(1)
    assert await _post(http, "/save-state") == {"meters": 1}
    assert fleet.stats.state_saves == 1
    async with (
        SimulatedFleet(FleetSettings(control_port=0), clock) as other,
        ClientSession(other.control_url) as client,
        client.post("/save-state") as answer,
    ):
        assert answer.status == 409
        assert "without a state file" in (await answer.json())["error"]


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("1/alarm", {}, 400, "register is missing"),
        ("1/alarm", {"register": 4, "bit": 0}, 400, "register is 4, expected a whole number from 1 to 3"),
        ("1/alarm", {"register": 1, "bit": True}, 400, "bit is True, expected a whole number from 0 to 31"),
        ("1/alarm", {"register": 1, "bit": 1, "byte": 2}, 400, "unknown field byte; known: register, bit"),
        ("3/alarm", {"register": 2, "bit": 1}, 400, "DSMR 4.2.2 has no alarm register 2"),
        ("1/event", {"log": "secret_log", "code": 1}, 400, "log: SMR 5.5 has no secret_log; known: "),
        (
            "1/event",
            {"log": "fraud_detection_event_log", "code": 65536},
            400,
            "code is 65536, expected a whole number from 0",
        ),
        (
            "1/event",
            {"log": "fraud_detection_event_log", "code": 1, "more": [-1]},
            400,
            "more has -1, which is not allowed",
        ),
        (
            "1/event",
            {"log": "fraud_detection_event_log", "code": 1, "more": [1] * 5},
            400,
            "expected a list of 4 numbers at most",
        ),
        ("1/push", {"kind": "letter"}, 400, "kind is 'letter', expected one of setup, sms, call, scheduler, last-gasp"),
        ("1/push", {"kind": "setup", "setup": "clock"}, 400, "setup: SMR 5.5 has no clock"),
        ("3/push", {"kind": "last-gasp"}, 409, "kind: DSMR 4.2.2 has no such message"),
        ("1/mbus/install", {"medium": "oil"}, 400, "medium is 'oil', expected one of gas, water, thermal, electricity"),
        ("1/mbus/install", {"medium": "gas", "channel": 5}, 400, "channel is 5, expected a whole number from 1 to 4"),
        ("1/mbus/install", {"medium": "gas", "channel": 1}, 409, "meter 1 has a device on M-Bus channel 1"),
        ("1/mbus/swap", {"channel": 3}, 409, "meter 1 has no device on M-Bus channel 3"),
        ("1/mbus/status", {"channel": 1, "bit": 32}, 400, "bit is 32, expected"),
        ("1/mbus/open-valve", {"channel": 1}, 409, "the valve on channel 1 is not ready to be opened"),
        ("1/cut", {"lines": 1}, 400, "unknown field lines; known: none"),
        ("1/reboot", {"down_ms": -1}, 400, "down_ms is -1, expected a whole number from 0"),
        ("1/reboot", {"clock_lost": 1}, 400, "clock_lost is 1, expected true or false"),
        ("1/key-transfer-faults", {"refusals": [0]}, 400, "refusals has 0, which is not allowed"),
        ("1/key-transfer-faults", {"drop_before": [3]}, 400, "drop_before has 3, which is not allowed"),
        ("1/fault", {"kind": None, "after": 1}, 400, "kind null, which heals, goes with no other field"),
        ("9/cut", {}, 404, "no meter 9; the fleet has 1 to 4"),
        ("1/alarm", [], 400, "the body is no JSON object"),
        ("1/dance", {}, 404, "POST /meters/1/dance: Not Found"),
    ],
)
async def test_refused(http: ClientSession, path: str, body: Any, status: int, error: str) -> None:
    async with http.post(f"/meters/{path}", json=body) as answer:
        assert error in (await answer.json())["error"]
        assert answer.status == status


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/written?limit=0", "limit is 0, expected 1 to 1000"),
        ("/pushes?limit=1001", "limit is 1001, expected 1 to 1000"),
        ("/pushes?page=2", "unknown parameter page; known: after, limit, number"),
        ("/meters/1/events/clock", "log: SMR 5.5 has no clock"),
        ("/meters/1/attributes/65536/1.0.1.8.0.255/2", "class '65536' is no whole number from 0 to 65535"),
    ],
)
async def test_refused_lists(http: ClientSession, path: str, error: str) -> None:
    async with http.get(path) as answer:
        assert error in (await answer.json())["error"]
        assert answer.status == 400
