"""Runs a fleet in a process of its own, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
from collections.abc import Sequence
from typing import Final

import uvloop

from meterstream.dlms.objects import ProfileError
from meterstream.simulator.arguments import parser, settings_of
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import FleetSettings
from meterstream.simulator.state.persistence import StateError

_START_ERROR: Final = 1
_GARBAGE_THRESHOLDS: Final = (50_000, 20, 50)


def serve(arguments: Sequence[str]) -> int:
    """Run a fleet; prints one JSON line with its addresses once it listens. Gives the exit status."""
    options_parser = parser()
    options = options_parser.parse_args(arguments)
    try:
        settings = settings_of(options)
    except ValueError as error:
        options_parser.error(str(error))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(settings))


async def _run(settings: FleetSettings) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    fleet = SimulatedFleet(settings)
    try:
        await fleet.start()
    except (OSError, ProfileError, StateError) as error:
        sys.stderr.write(f"the fleet cannot start: {error}\n")
        return _START_ERROR
    try:
        if fleet.lines.at_most < min(settings.max_connections, settings.meters):
            sys.stderr.write(
                f"only {fleet.lines.at_most} lines can be open at once: this process may not have more open files"
                " (ulimit -n)\n"
            )
        _spare_collections()
        sys.stdout.write(json.dumps(_ready(fleet)) + "\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        status = await _stop(fleet)
    return status


def _spare_collections() -> None:
    """Leave the fleet as it stands out of garbage collection: its meters stay, and lines leave hardly any cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE_THRESHOLDS)


async def _stop(fleet: SimulatedFleet) -> int:
    try:
        await fleet.stop()
    except OSError as error:
        sys.stderr.write(f"the state cannot be written: {error}\n")
        return _START_ERROR
    return 0


def _ready(fleet: SimulatedFleet) -> dict[str, object]:
    settings = fleet.settings
    return {
        "event": "ready",
        "meters": settings.meters,
        "host": settings.host,
        "ports": list(fleet.ports[: settings.ports]),
        "meters_per_port": settings.devices_per_port,
        "shared_ports": list(fleet.ports[settings.ports :]),
        "framing": settings.framing,
        "protocols": list(settings.protocols),
        "known_meters": fleet.known,
        "control": fleet.control_url,
    }
