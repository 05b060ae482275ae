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
    ],
)
def test_options_that_cannot_be(options: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(options)
    assert caught.value.code == 2
    assert error in capsys.readouterr().err


def test_a_taken_port_ends_with_a_status() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-m", "meterstream.simulator", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "the fleet cannot start" in done.stderr
    assert done.stdout == ""


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
