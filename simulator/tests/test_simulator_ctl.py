"""The command line of the control interface, against a running fleet."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from meterstream.simulator.__main__ import main
from meterstream.simulator.control import ctl
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import FleetSettings

Ctl = Callable[..., Any]


@pytest.fixture
async def fleet(clock: Any) -> AsyncIterator[SimulatedFleet]:
    async with SimulatedFleet(FleetSettings(meters=3, control_port=0), clock) as fleet:
        yield fleet


@pytest.fixture
def run(fleet: SimulatedFleet, capsys: pytest.CaptureFixture[str]) -> Ctl:
    """Run a command beside the fleet's loop; gives status, output and errors."""

    async def run(*arguments: str) -> tuple[int, str, str]:
        status = await asyncio.to_thread(main, ["ctl", "--url", str(fleet.control_url), *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


async def test_values_are_set_read_and_restored(run: Ctl) -> None:
    place = ("2", "3", "1.0.1.8.0.255", "2")
    own = json.loads((await run("--json", "get", *place))[1])
    assert await run("set", *place, "double-long-unsigned", "5") == (0, "", "")
    assert await run("get", *place) == (0, "type: double-long-unsigned\nvalue: 5\n", "")
    assert await run("written", "2") == (
        0,
        (
            "written:\n"
            "  class  obis           attribute  type                  value\n"
            "  3      1.0.1.8.0.255  2          double-long-unsigned  5\n"
            "more: false\n"
        ),
        "",
    )
    assert json.loads((await run("--json", "written"))[1])["meters"][0]["number"] == 2
    assert await run("restore", *place) == (0, "", "")
    assert json.loads((await run("--json", "get", *place))[1]) == own
    assert (await run("set", "2", "1", "0.0.96.1.1.255", "2", "octet-string", "00ff"))[0] == 0


async def test_each_command_reaches_the_fleet(fleet: SimulatedFleet, run: Ctl) -> None:
    for command in (
        "fault 1 cut --after 40 --connections 2",
        "fault 2 reboot --down-ms 50 --clock-lost",
        "fault 3 silent",
        "heal 3",
        "alarm 1 1 13",
        "event 1 fraud_detection_event_log 40 --time 1441065600",
        "install 1 water --channel 3",
        "swap 1 3 --medium gas",
        "vanish 1 3",
        "return 1 3",
        "device-status 1 3 2",
        "key-transfer-faults 1 --refusals 250 --drop-after 0 --drop-after 2",
        "clock-offset 1 -90000",
        "cut 1",
        "reboot 3 --down-ms 60000",
        "stats",
        "meter 1",
        "mbus 1",
        "events 1 fraud_detection_event_log --limit 5",
        "faults --after 0",
        "clock-sets",
        "pushes --meter 1",
        "reset-stats",
    ):
        assert (await run(*command.split()))[::2] == (0, ""), command
    meter = fleet.meter(1)
    assert meter.fault == Fault(FaultKind.CUT, 40, 2)
    assert fleet.meter(2).fault == Fault(FaultKind.REBOOT, down_ms=50, clock_lost=True)
    assert fleet.meter(3).fault is None
    assert meter.clock_offset_ms == -90_000
    assert list(meter.events("fraud_detection_event_log")) == [(1441065600, 40)]
    assert fleet.lines.is_down(3)


async def test_what_the_fleet_refuses_is_told(run: Ctl) -> None:
    for command, error in (
        ("meter 9", "no meter 9; the fleet has 1 to 3\n"),
        ("save", "the fleet keeps no state: it was started without a state file\n"),
        ("push 1 setup", "push_setup_alarm: OTHER_REASON; is there a destination, and a window open?\n"),
        ("open-valve 1 1", "channel: the valve on channel 1 is not ready to be opened\n"),
    ):
        assert await run(*command.split()) == (ctl.REFUSED, "", error)


async def test_used_wrongly(run: Ctl, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in ("dance", "fault 1 broken", "set 1 3 1.0.1.8.0.255 2 unsigned five", "push 1 letter", "cut"):
        with pytest.raises(SystemExit) as caught:
            await run(*command.split())
        assert caught.value.code == ctl.USAGE
    monkeypatch.delenv(ctl.URL_VARIABLE, raising=False)
    for arguments in (["stats"], ["--url", "ftp://host", "stats"], ["--url", "http://127.0.0.1:99999", "stats"]):
        with pytest.raises(SystemExit) as caught:
            ctl.run(arguments)
        assert caught.value.code == ctl.USAGE


def test_no_fleet_there(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv(ctl.URL_VARIABLE, url)
    assert ctl.run(["stats"]) == ctl.UNREACHABLE
    assert capsys.readouterr().err.startswith(f"no fleet answers at {url}: ")


async def test_somebody_else_there(capsys: pytest.CaptureFixture[str]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert await asyncio.to_thread(ctl.run, ["--url", url, "stats"]) == ctl.UNREACHABLE
    assert "is no control of a fleet" in capsys.readouterr().err
