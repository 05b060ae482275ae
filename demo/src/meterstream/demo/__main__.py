"""`python -m meterstream.demo`: the demo; `… up` and `… down`: the stack alone."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import psutil
from rich.console import Console

from meterstream.demo.fleet import FleetSettings, running_fleet
from meterstream.demo.run import Demo
from meterstream.demo.servers import ServerError
from meterstream.demo.stack import StackSettings, running_stack

ORGANISATION = "DemoGrid"
DEFAULT_METERS = 1000
FLEET_SEED = "demo"
UP_DEADLINE_S = 300.0
DOWN_DEADLINE_S = 90.0
LINE_WIDTH = 118  # what the tables need, also where nobody tells a width
QUICK = {
    "METERSTREAM_RETRY__FIRST_DELAY_S": "5",
    "METERSTREAM_SESSIONS__COUNTER_READ_PAUSE_S": "0",
}
"""Simulated meters free their connection at once, so nobody waits 20 s for that."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that was asked for; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m meterstream.demo", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["demo", "up", "down", "hold"], default="demo")
    parser.add_argument("--directory", type=Path, default=Path(".local"), help="where data, keys and logs go")
    parser.add_argument("--meters", type=int, default=int(os.environ.get("DEMO_METERS") or DEFAULT_METERS))
    parser.add_argument("--exit", action="store_true", default=bool(os.environ.get("DEMO_EXIT")))
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    console = Console()
    console.width = max(console.width, LINE_WIDTH)
    try:
        match options.command:
            case "up":
                return _up(options.directory, console)
            case "down":
                return _down(options.directory, console)
            case "hold":
                return _hold(options.directory, console)
            case _:
                return _demo(options.directory, options.meters, console, leave=options.exit)
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    except ServerError as error:
        console.print(f"[red]{error}", highlight=False)
        return 1


def _settings(directory: Path) -> StackSettings:
    return StackSettings(directory=(directory / "demo").resolve(), environment=QUICK)


def _demo(directory: Path, meters: int, console: Console, *, leave: bool) -> int:
    began = time.monotonic()
    console.print(f"starting Kafka, PostgreSQL, four services and {meters} simulated meters …")
    settings = _settings(directory)
    with (
        running_fleet(FleetSettings(settings.directory / "fleet", meters, FLEET_SEED)) as fleet,
        running_stack(settings) as stack,
    ):
        console.print(f"ready after {time.monotonic() - began:.0f} s; logs are below {settings.directory}")
        succeeded = asyncio.run(Demo(stack, fleet.meters(), ORGANISATION, console).run())
        repeated = fleet.stats()["repeated_nonces"]
        console.print(f"repeated nonces that the meters counted: {repeated}")
        if leave:
            return 0 if succeeded and repeated == 0 else 1
        console.print("everything stays up; Ctrl-C stops it")
        signal.pause()
    return 0


def _hold(directory: Path, console: Console) -> int:
    with running_stack(_settings(directory)) as stack:
        console.print(f"Kafka       {stack.kafka.bootstrap_servers}")
        for address in stack.https_addresses:
            console.print(f"ws-adapter  {address}/v1/docs")
        for process in stack.services.values():
            console.print(f"{process.name:<16}{process.management}/metrics")
        client = stack.authority.client(ORGANISATION)
        console.print(f"client certificate {client.certificate}, key {client.key}")
        console.print("up")
        signal.pause()
    return 0


def _up(directory: Path, console: Console) -> int:
    directory.mkdir(parents=True, exist_ok=True)
    if (running := _running(directory)) is not None:
        console.print(f"already up (process {running.pid}); `make down` stops it")
        return 0
    log = directory / "up.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "meterstream.demo", "hold", "--directory", str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _pid_file(directory).write_text(f"{child.pid} {psutil.Process(child.pid).create_time()}")
    deadline = time.monotonic() + UP_DEADLINE_S
    while time.monotonic() < deadline:
        lines = log.read_text(errors="replace").splitlines()
        if lines and lines[-1] == "up":
            console.print("\n".join(lines[:-1]), highlight=False)
            return 0
        if child.poll() is not None:
            console.print("\n".join(lines), highlight=False)
            return 1
        time.sleep(0.2)
    console.print(f"[red]not up after {UP_DEADLINE_S:g} s; see {log}")
    _down(directory, console)
    return 1


def _down(directory: Path, console: Console) -> int:
    process = _running(directory)
    if process is None:
        console.print("nothing is up")
        return 0
    process.terminate()
    try:
        process.wait(DOWN_DEADLINE_S)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(DOWN_DEADLINE_S)
    _pid_file(directory).unlink(missing_ok=True)
    console.print("down")
    return 0


def _pid_file(directory: Path) -> Path:
    return directory / "up.pid"


def _running(directory: Path) -> psutil.Process | None:
    """The holder that `up` started, if it still runs; a recycled process id is told apart by its start time."""
    try:
        pid, started = _pid_file(directory).read_text().split()
        process = psutil.Process(int(pid))
        return process if process.create_time() == float(started) and process.is_running() else None
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        return None


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
