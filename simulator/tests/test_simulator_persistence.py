"""The state file: what comes back after a restart, counters that never repeat, files that cannot be used."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from meterstream.dlms.data import AttributeRef, LogicalName, double_long_unsigned, octet_string
from meterstream.dlms.meter import SecurityKeys
from meterstream.dlms.objects import load_profile
from meterstream.simulator.agenda import Agenda
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.push import Transport
from meterstream.simulator.settings import FleetSettings
from meterstream.simulator.state.codec import CodecError, StateCodec
from meterstream.simulator.state.persistence import BLOCK, FORMAT, StateError, StateFile
from meterstream.simulator.world.events import EventLogs
from meterstream.simulator.world.supply import Segment, Supply
from meterstream.simulator.world.zone import Zone

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
FILTER = load_profile("SMR", "5.0.0").ref("alarm_filter_1", 2)
CONTEXT = b"meter 1"
_FIELDS = [
    "own_counter", "client_counters", "client_title", "clock_offset_ms", "zone", "last_clock_set", "fault", "gets",
    "keys", "written", "states", "end",
]  # fmt: skip
Change = Callable[[list[str]], list[str]]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fleet.state"


def _settings(file: Path, **settings: Any) -> FleetSettings:
    return FleetSettings(**{"meters": 5, "state_file": file, "save_every_s": 0, **settings})


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def _octets(file: Path) -> bytes:
    return file.read_bytes()


def _put(file: Path, octets: bytes) -> None:
    file.write_bytes(octets)


def _mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


# --- what comes back ---


async def test_what_clients_did_comes_back(open_meter: Any, counters: Any, clock: Any, file: Path) -> None:
    ours = counters(50)
    async with SimulatedFleet(_settings(file), clock) as fleet:
        async with await open_meter(fleet, 2, ours) as session:
            await session.get(CLOCK)
            await session.set(FILTER, double_long_unsigned(7))
        meter = fleet.meter(2)
        meter.clock_offset_ms = -90_000
        meter.log("standard_event_log", 9, 1_784_110_050_000)
        meter.fault = Fault(FaultKind.CUT, after=4000, connections=9)
        own = meter.own_counter
    assert _mode(file) == 0o600
    async with SimulatedFleet(_settings(file), clock) as fleet:
        assert fleet.known == 1
        meter = fleet.meter(2)
        assert (meter.own_counter, meter.clock_offset_ms, meter.associations) == (own, -90_000, 1)
        assert (meter.gets, meter.sets, meter.actions) == (1, 1, 0)
        assert meter.read(FILTER) == double_long_unsigned(7)
        assert [row[1] for row in meter.events("standard_event_log")] == [9]
        assert meter.fault == Fault(FaultKind.CUT, after=4000, connections=9)
        assert meter.last_invocation_counter == ours.next - 1
        meter.fault = None
        async with await open_meter(fleet, 2, ours) as session:
            assert await session.get(FILTER) == double_long_unsigned(7)
        assert fleet.stats.repeated_nonces == 0


async def test_transferred_keys_come_back_and_do_not_show(open_meter: Any, clock: Any, file: Path) -> None:
    keys = SecurityKeys(bytes(range(16)), bytes(range(16, 32)))
    async with SimulatedFleet(_settings(file), clock) as fleet:
        fleet.meter(1).keys = keys
        fleet.access(fleet.meter(2))
    text = _octets(file).decode()
    assert keys.encryption_key.hex() not in text
    assert keys.authentication_key.hex() not in text
    assert '"keys"' not in text.splitlines()[2]
    async with SimulatedFleet(_settings(file), clock) as fleet:
        assert fleet.meter(1).keys == keys
        assert fleet.meter(2).keys is None
        async with await open_meter(fleet, 1, keys=keys) as session:
            await session.get(CLOCK)


async def test_what_was_planned_happens_after_the_restart(clock: Any, file: Path, until: Any) -> None:
    async with SimulatedFleet(_settings(file), clock) as fleet:
        meter = fleet.meter(1)
        item = meter.tree.by_role["alarm_filter_1"]
        meter.plan(item, 3_600_000, int(clock.seconds * 1000))
    clock.seconds += 7200
    async with SimulatedFleet(_settings(file), clock) as fleet:
        meter = fleet.meter(1)
        await until(lambda: not meter.state(Agenda).entries)


async def test_it_is_written_now_and_then_while_others_are_served(clock: Any, file: Path, until: Any) -> None:
    async with SimulatedFleet(_settings(file, save_every_s=0.02), clock) as fleet:
        fleet.meter(3)
        await until(lambda: fleet.stats.state_saves >= 2)
        assert [line["number"] for line in _lines(file) if "number" in line] == [3]
    assert fleet.stats.state_failures == 0


async def test_a_failed_write_leaves_the_file_and_is_told(
    clock: Any, file: Path, monkeypatch: pytest.MonkeyPatch, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with SimulatedFleet(_settings(file), clock) as fleet:
        fleet.meter(3)
        await fleet.save()
        before = _octets(file)
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", _no_space)
            with pytest.raises(OSError, match="No space"):
                await fleet.save()
        assert _octets(file) == before
        assert sorted(file.parent.iterdir()) == [file]
        assert fleet.stats.state_failures == 1


def _no_space(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


async def test_without_a_file_nothing_is_kept(clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(), clock) as fleet:
        assert await fleet.save() is None


# --- counters ---


async def test_counters_go_on_where_they_were_after_a_proper_end(clock: Any, file: Path) -> None:
    async with SimulatedFleet(_settings(file), clock) as fleet:
        fleet.meter(1).own_counter = 500_000_000
    assert "mark" not in _lines(file)[-1]
    async with SimulatedFleet(_settings(file), clock) as fleet:
        assert fleet.meter(1).own_counter == 500_000_000
        assert _lines(file)[-1] == {"mark": fleet.state.mark if fleet.state else 0}


async def test_counters_never_repeat_after_a_sudden_end(open_meter: Any, counters: Any, clock: Any, file: Path) -> None:
    ours = counters(50)
    fleet = SimulatedFleet(_settings(file), clock)
    await fleet.start()
    fleet.meter(1).own_counter = 500_000_000
    await fleet.save()
    async with await open_meter(fleet, 1, ours) as session:
        await session.get(CLOCK)
    used = fleet.meter(1).own_counter
    left = _octets(file)
    await fleet.stop()
    _put(file, left)
    async with SimulatedFleet(_settings(file), clock) as fleet:
        assert fleet.meter(1).own_counter == 500_000_000 + BLOCK > used
        assert fleet.meter(2).own_counter == 500_000_000 + BLOCK


async def test_a_mark_is_written_before_counters_above_it_are_used(
    open_meter: Any, counters: Any, clock: Any, file: Path
) -> None:
    async with SimulatedFleet(_settings(file), clock) as fleet:
        assert fleet.state is not None
        meter = fleet.meter(1)
        meter.own_counter = fleet.state.mark - 2
        async with await open_meter(fleet, 1, counters(5)) as session:
            await session.get(CLOCK)
        marks = [line["mark"] for line in _lines(file) if "mark" in line]
        assert marks[-1] == marks[0] + BLOCK == fleet.state.mark > meter.own_counter
        with file.open("a") as torn:
            torn.write('{"mark": 99999')
        left = _octets(file)
    _put(file, left)
    async with SimulatedFleet(_settings(file), clock) as fleet:
        assert fleet.meter(1).own_counter == marks[-1]


async def test_a_mark_during_a_save_is_not_lost(clock: Any, file: Path) -> None:
    async with SimulatedFleet(_settings(file, meters=500), clock) as fleet:
        assert fleet.state is not None
        for number in range(1, 501):
            fleet.meter(number)
        saving = asyncio.create_task(fleet.save())
        await asyncio.sleep(0)
        fleet.state.reserve(3_000_000_000)
        await saving
        assert _lines(file)[-1] == {"mark": 3_000_000_000 + BLOCK}


# --- files that cannot be used ---


async def _file_of_two(file: Path, clock: Any) -> list[str]:
    async with SimulatedFleet(_settings(file), clock) as fleet:
        fleet.meter(1).accept_counter(b"   AAAAA", 5)
        fleet.meter(2).state(EventLogs)
    return _octets(file).decode().splitlines(keepends=True)


def _changed(line: int, old: str, new: str) -> Change:
    """The first line and one other, with something else in it."""
    return lambda lines: [lines[0], lines[line].replace(old, new)]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda lines: [], "fleet.state:1: format: None instead of"),
        (lambda lines: lines[:-1], "fleet.state: the end is missing: it was cut"),
        (lambda lines: [*lines[:2], lines[2][:30]], "fleet.state:3: no JSON: "),
        (lambda lines: ["[]\n"], "fleet.state:1: no JSON object"),
        (lambda lines: [lines[0], *lines[2:]], "fleet.state:3: end: 2 meters, 1 are there"),
        (lambda lines: [lines[i] for i in (0, 2, 1, 3)], "fleet.state:4: sha256: the lines before were changed"),
        (lambda lines: [*lines, "{}\n"], "fleet.state:5: only marks follow the end"),
        (lambda lines: [*lines, '{"mark": -1}\n'], "fleet.state:5: only marks follow the end"),
        (
            lambda lines: [lines[0].replace('"version":1', '"version":2')],
            "fleet.state:1: version: 2, this simulator reads",
        ),
        (_changed(1, '"number":1', '"number":9'), "2: number: 9 is no whole number from 1 to 5"),
        (_changed(1, '"own', '"down'), "2: own_counter: None is no whole number"),
        (_changed(1, '{"number"', '{"age":1,"number"'), "2: age: unknown field"),
        (_changed(1, ":5}", ':"5"}'), "2: client_counters: '5' is no whole number"),
        (_changed(1, '"2020', '"20'), "2: client_counters: a title has 8 octets"),
        (_changed(2, "EventLogs", "Nothing"), "2: states: class world.events.Nothing is unknown"),
        (_changed(2, '"rows"', '"row"'), "2: states: state world.events.EventLogs has no member row"),
    ],
)
async def test_files_that_cannot_be_used(file: Path, clock: Any, change: Change, error: str) -> None:
    lines = await _file_of_two(file, clock)
    _put(file, "".join(change(lines)).encode())
    left = _octets(file)
    with pytest.raises(StateError) as caught:
        await SimulatedFleet(_settings(file), clock).start()
    assert error in str(caught.value)
    assert _octets(file) == left


async def test_files_of_other_fleets(file: Path, clock: Any) -> None:
    await _file_of_two(file, clock)
    for settings, error in (
        ({"seed": "other"}, "seed_check: the file is of a fleet with another seed"),
        ({"protocols": ("DSMR 4.2.2",)}, "protocols: .* the fleet has"),
        ({"meters": 1}, "number: 2 is no whole number from 1 to 1"),
    ):
        with pytest.raises(StateError, match=error):
            await SimulatedFleet(_settings(file, **settings), clock).start()


async def test_a_file_that_cannot_be_written_is_told_at_the_start(clock: Any, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        await SimulatedFleet(_settings(tmp_path / "nowhere" / "file"), clock).start()


# --- values ---


@dataclass(slots=True)
class _Hidden:
    secret: bytes = field(default=b"", repr=False)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -5,
        2.5,
        "text",
        b"\x00\xff",
        [1, [b"a"]],
        (1, (2, "b")),
        {(b"a", 2): [1], 5: None},
        octet_string(b"abc"),
        Transport.UDP,
        Zone(-60, 60, False),
        Supply([Segment(5, connected=False, before=(1, 2, 3, 4))]),
    ],
)  # fmt: skip
def test_values_go_out_and_come_back(value: Any) -> None:
    codec = StateCodec("seed")
    plain = json.loads(json.dumps(codec.plain(value, CONTEXT)))
    found = codec.value(plain, CONTEXT)
    assert found == value
    assert type(found) is type(value)


def test_secrets_are_sealed_for_one_meter_of_one_fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = StateCodec("seed")
    plain = codec.plain([b"key", {1: octet_string(b"key")}], CONTEXT, secret=True)
    assert b"key".hex() not in json.dumps(plain)
    assert codec.value(plain, CONTEXT) == [b"key", {1: octet_string(b"key")}]
    for other, context in ((codec, b"meter 2"), (StateCodec("other"), CONTEXT)):
        with pytest.raises(CodecError, match="sealed octets do not open"):
            other.value(plain, context)
    monkeypatch.setattr(_Hidden, "__module__", "meterstream.simulator.tests")
    assert b"key".hex() not in json.dumps(codec.plain(_Hidden(b"key"), CONTEXT))


@pytest.mark.parametrize(
    ("plain", "error"),
    [
        ({"octets": "0"}, "not hexadecimal"),
        ({"octets": "00", "more": 1}, "unknown form"),
        ({"data": 5}, "neither hexadecimal nor sealed"),
        ({"data": "0905"}, "data: "),
        ({"map": [[1]]}, "no pair"),
        ({"map": [[[], 1]]}, "cannot be one"),
        ({"enum": "push.Transport", "value": "mail"}, "'mail' is no push.Transport"),
        ({"enum": "world.zone.Zone", "value": 1}, "enum world.zone.Zone is unknown"),
        ({"state": "os.system", "members": {}}, "class os.system is unknown"),
        ({"state": "push.Transport", "members": {}}, "state push.Transport is unknown"),
        ({"named": "world.zone.Zone", "values": []}, "values world.zone.Zone are unknown"),
        ({"sealed": "00"}, "do not open"),
        (json.loads("[" * 40 + "]" * 40), "more than 32 levels"),
    ],
)
def test_values_that_are_none(plain: Any, error: str) -> None:
    with pytest.raises(CodecError, match=error):
        StateCodec("seed").value(plain, CONTEXT)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["octets", "sealed", "data", "tuple", "map", "enum", "value", "state", "members", "named", "x"]
            ),
            inner
            | st.sampled_from(["supply.Supply", "world.zone.Zone", "push.Transport", "mbus.device.MbusIdentity", "09"]),
            max_size=3,
        )
    ),
    max_leaves=20,
)


@given(_JSON)
def test_any_json_is_a_value_or_an_error(plain: Any) -> None:
    with contextlib.suppress(CodecError):
        StateCodec("seed").value(plain, CONTEXT)


@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON), st.binary(max_size=60))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_line_and_any_octets_are_an_error(tmp_path: Path, line: dict[str, Any], octets: bytes) -> None:
    file, fleet_settings = tmp_path / "state", _settings(tmp_path / "state")
    codec = StateCodec(fleet_settings.seed)
    header = {"format": FORMAT, "version": 1, "seed_check": codec.seed_check, "protocols": ["SMR 5.0.0"]}
    for content in (
        octets,
        b"\n".join(json.dumps(each).encode() for each in (header, {"number": 1, "own_counter": 5, **line})) + b"\n",
    ):
        _put(file, content)
        with pytest.raises(StateError, match="state"):
            asyncio.run(SimulatedFleet(fleet_settings).start())


def test_a_value_that_no_meter_has() -> None:
    with pytest.raises(CodecError, match="type StateFile cannot be written down"):
        StateCodec("seed").plain(object.__new__(StateFile), CONTEXT)
