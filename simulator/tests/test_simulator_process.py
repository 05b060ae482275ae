"""The fleet as a process: options, the line it prints, its end; and what a meter costs."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import tracemalloc
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from meterstream.dlms.asyncio import open_session
from meterstream.dlms.client import AssociationConfig, Level, SecurityKeys, client_title_for
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.simulator.__main__ import main
from meterstream.simulator.fleet import SimulatedFleet, identification_for, keys_for
from meterstream.simulator.settings import FleetSettings

IDENTIFICATION = AttributeRef(1, LogicalName.parse("0.0.96.1.1.255"), 2)
END_WITHIN_S = 5
IDLE_METER_OCTETS = 2048
ASSOCIATION_OCTETS = 40 * 1024


async def test_a_process_serves_until_it_is_told_to_end(counters: Any) -> None:
    command = [
        sys.executable, "-m", "meterstream.simulator", "--meters", "6", "--ports", "2", "--seed", "process",
        "--control-port", "0", "--protocol", "SMR 5.0.0", "--protocol", "DSMR 4.2.2", "--habit", "max_challenge=16",
        "--fault", "refuse:0:connections=1", "--delay-ms", "1",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    try:
        assert process.stdout is not None
        ready = json.loads(await process.stdout.readline())
        assert (ready["event"], ready["meters"], ready["meters_per_port"]) == ("ready", 6, 3)
        assert ready["control"].startswith("http://127.0.0.1:")
        assert "process" not in json.dumps(ready)
        keys = keys_for("process", 5)
        config = AssociationConfig(
            Level.HLS5_GMAC,
            server_sap=2,
            client_title=client_title_for(identification_for(5)),
            keys=SecurityKeys(keys.encryption, keys.authentication),
            challenge_length=16,
        )
        session = await open_session(
            (ready["host"], ready["ports"][1]), config, counters(), connect_timeout_s=5, response_timeout_s=5
        )
        assert (await session.get(IDENTIFICATION)).value == b"E0001000000000005"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(END_WITHIN_S):
            assert await process.communicate() == (b"", b"")
        assert process.returncode == 0
        await session.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--meters", "0"], "meters is 0, expected 1 or more"),
        (["--fault", "broken:1"], "fault 'broken' is unknown"),
        (["--habit", "politeness=1"], "habit 'politeness' is unknown"),
        (["--habit", "max_challenge=many"], "habit max_challenge is 'many', expected a whole number"),
        (["--habit", "answer_release=1"], "expected true or false"),
        (["--habit", "on_violation=SHOUT"], "expected one of SILENCE, CLOSE"),
        (["--protocol", "SMR 9"], "expected one of DSMR 2.2"),
        (["--port", "4200-4100"], "port is '4200-4100', a range that rises goes without --ports"),
        (["--port", "4100-4102", "--ports", "3"], "goes without --ports"),
        (["--port", "x"], "port is 'x', expected a number or a range such as 4100-4199"),
        (["--meters", "2", "--port", "4100-4102"], "ports is 3, expected 1 to the number of meters"),
        (["--buffer", "rows=1"], "buffer 'rows' is unknown; known: columns, by_entry"),
        (["--image", "loss=much"], "image loss is 'much', expected a number"),
        (["--image", "block_size=0"], "block_size is 0, expected 1 to 65000"),
        (["--mbus", "oil"], "mbus names 'oil', expected gas, water"),
        (["--push-limit", "queue=0"], "push_queue is 0, expected 1 or more"),
        (["--push-to", "nowhere"], "destination 'nowhere' is not host:port"),
        (["--single-phase", "2"], "single_phase is 2.0, expected 0 to 1"),
        (["--save-every-s", "-1"], "save_every_s is -1.0, expected 0 or more"),
        (["--fault-plan", "/nowhere/plan.yaml"], "/nowhere/plan.yaml: [Errno 2] No such file"),
    ],
)
def test_options_that_cannot_be(options: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2
    assert error in capsys.readouterr().err


async def test_a_process_with_everything(tmp_path: Path) -> None:
    """Fault plan, shared port, both framings and a state file; controlled from another process; state comes back."""
    plan, state = tmp_path / "plan.yaml", tmp_path / "state"
    _write(plan, "faults:\n  - {kind: silent, meters: 2}\n")
    command = [
        sys.executable, "-m", "meterstream.simulator", "--meters", "4", "--ports", "4", "--shared-ports", "1",
        "--framing", "both", "--control-port", "0", "--fault-plan", str(plan), "--state", str(state),
        "--mbus", "gas,water", "--buffer", "by_entry=true", "--image", "loss=0.03",
        "--push-to", "127.0.0.1:9", "--push-limit", "timeout_s=1",
    ]  # fmt: skip
    for known in (0, 2):
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
        try:
            assert process.stdout is not None
            ready = json.loads(await process.stdout.readline())
            assert (len(ready["ports"]), len(ready["shared_ports"]), ready["framing"]) == (4, 1, "both")
            assert ready["known_meters"] == known
            meters = [json.loads(await _ctl(ready["control"], "meter", str(number))) for number in (1, 2)]
            assert [meter["fault"] and meter["fault"]["kind"] for meter in meters] == [None, "silent"]
            assert meters[0]["clock_offset_ms"] == (5000 if known else 0)
            await _ctl(ready["control"], "clock-offset", "1", "5000")
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(END_WITHIN_S):
                assert await process.communicate() == (b"", b"")
            assert process.returncode == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def _ctl(url: str, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "meterstream.simulator", "ctl", "--url", url, "--json", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    return out


def _write(file: Path, text: str) -> None:
    file.write_text(text)


def test_a_state_file_of_something_else_ends_with_a_status(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("hello\n")
    command = [sys.executable, "-m", "meterstream.simulator", "--state", str(tmp_path / "state")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert f"the fleet cannot start: {tmp_path}/state:1: no JSON" in done.stderr
    assert done.stdout == ""


def test_a_taken_port_ends_with_a_status() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "meterstream.simulator", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "the fleet cannot start" in done.stderr
    assert done.stdout == ""


async def test_an_open_association_costs_little(open_meter: Any, counters: Any, clock: Any) -> None:
    """Both ends of the lines are in this process, so this bounds more than the fleet's part of them."""
    async with SimulatedFleet(FleetSettings(meters=300), clock) as fleet:
        opened = [await open_meter(fleet, number, counters(5)) for number in range(1, 101)]
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            opened += [await open_meter(fleet, number, counters(5)) for number in range(101, 301)]
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert fleet.stats.open_associations == 300
        assert (after - before) / 200 < ASSOCIATION_OCTETS
        for session in opened:
            await session.close()


def test_an_idle_meter_costs_little(clock: Any) -> None:
    fleet = SimulatedFleet(FleetSettings(meters=2000), clock)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(1, 2001):
            meter = fleet.meter(number)
            keys = keys_for("demo", number)
            meter.keys = SecurityKeys(keys.encryption, keys.authentication)
            meter.accept_counter(number.to_bytes(8, "big"), 100_000 + number)
            meter.own_counter += number
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / 2000 < IDLE_METER_OCTETS
