"""`python -m meterstream.simulator`: runs a fleet until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from enum import Enum
from typing import Any, Final

import uvloop

from meterstream.dlms.meter import Habits, Level, Reaction
from meterstream.dlms.objects import ProfileError
from meterstream.simulator.buffers import BufferRules
from meterstream.simulator.clock import ClockRule
from meterstream.simulator.faults import PlannedFault
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.settings import CounterRule, DelayPer, FleetSettings

_USAGE_ERROR: Final = 2
_START_ERROR: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a fleet; prints one JSON line with its addresses once it listens. Gives the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        settings = _settings(options)
    except ValueError as error:
        parser.error(str(error))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(settings))


async def _run(settings: FleetSettings) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    try:
        async with SimulatedFleet(settings) as fleet:
            sys.stdout.write(json.dumps(_ready(fleet)) + "\n")
            sys.stdout.flush()
            await stopped.wait()
    except (OSError, ProfileError) as error:
        sys.stderr.write(f"the fleet cannot start: {error}\n")
        return _START_ERROR
    return 0


def _ready(fleet: SimulatedFleet) -> dict[str, object]:
    settings = fleet.settings
    return {
        "event": "ready",
        "meters": settings.meters,
        "host": settings.host,
        "ports": list(fleet.ports),
        "meters_per_port": settings.devices_per_port,
        "protocols": list(settings.protocols),
        "control": fleet.control_url,
    }


def _settings(options: argparse.Namespace) -> FleetSettings:
    return FleetSettings(
        meters=options.meters,
        seed=options.seed,
        protocols=tuple(options.protocol or ("SMR 5.0.0",)),
        level=Level(options.level),
        host=options.host,
        port=options.port,
        ports=options.ports,
        control_port=options.control_port,
        delay_ms=options.delay_ms,
        delay_spread=options.delay_spread,
        delay_per=DelayPer(options.delay_per),
        second_connection_wait_ms=options.second_connection_wait_ms,
        free_after_ms=options.free_after_ms,
        idle_timeout_s=options.idle_timeout_s,
        clock_rule=None if options.clock_rule is None else ClockRule(options.clock_rule),
        counter_rule=None if options.counter_rule is None else CounterRule(options.counter_rule),
        restart_counters=options.restart_counters,
        habits=_habits(options.habit),
        buffers=BufferRules(not options.refuse_columns, options.by_entry, options.null_clock),
        faults=tuple(PlannedFault.parse(text) for text in options.fault),
    )


def _habits(texts: Sequence[str]) -> Habits:
    """Read name=value pairs into habits.

    Raises:
        ValueError: naming what is wrong.
    """
    habits = Habits()
    known = {each.name: getattr(habits, each.name) for each in fields(Habits)}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            raise ValueError(f"habit {name!r} is unknown; known: {', '.join(known)}")
        habits = replace(habits, **{name: _habit_value(name, known[name], value)})
    return habits


def _habit_value(name: str, default: object, value: str) -> Any:
    if isinstance(default, bool):
        if value not in ("true", "false"):
            raise ValueError(f"habit {name} is {value!r}, expected true or false")
        return value == "true"
    if isinstance(default, Reaction):
        if value not in Reaction.__members__:
            raise ValueError(f"habit {name} is {value!r}, expected one of {', '.join(Reaction.__members__)}")
        return Reaction[value]
    try:
        number = int(value, 0)
    except ValueError:
        raise ValueError(f"habit {name} is {value!r}, expected a whole number") from None
    return type(default)(number) if isinstance(default, Enum) else number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="meterstream-simulator", description=__doc__)
    add = parser.add_argument
    add("--meters", type=int, default=1, help="number of meters (1)")
    add("--seed", default="meterstream", help="secrets and planned faults derive from it")
    add("--protocol", action="append", help='"SMR 5.0.0"; repeated: meters take turns')
    add("--level", choices=[level.value for level in Level], default=Level.HLS5_GMAC.value, help="(%(default)s)")
    add("--host", default="127.0.0.1", help="(%(default)s)")
    add("--port", type=int, default=0, help="first port; 0 takes free ones (0)")
    add("--ports", type=int, default=1, help="number of ports; meters of one port differ in logical device (1)")
    add("--control-port", type=int, help="HTTP control on loopback; 0 takes a free one (none)")
    add("--delay-ms", type=float, default=0, help="mean response delay (0)")
    add("--delay-spread", type=float, default=0, help="0.5: from 50 to 150 %% of the mean, evenly (0)")
    add("--delay-per", choices=list(DelayPer), default=DelayPer.SESSION, help="(%(default)s)")
    add("--second-connection-wait-ms", type=int, default=500, help="then it is refused (500)")
    add("--free-after-ms", type=int, default=0, help="pause of a meter after each connection (0)")
    add("--idle-timeout-s", type=float, default=120, help="a silent client is dropped then (120)")
    add("--clock-rule", choices=[rule.value for rule in ClockRule], help="(that of the generation)")
    add("--counter-rule", choices=list(CounterRule), help="(that of the generation)")
    add("--restart-counters", action="store_true", help="the meters' own counter starts at 1 on every connection")
    add("--habit", action="append", default=[], metavar="NAME=VALUE", help="departure from the standard; repeated")
    add("--by-entry", action="store_true", help="serve selective access by entry")
    add("--refuse-columns", action="store_true", help="refuse selective access with columns")
    add("--null-clock", action="store_true", help="null-data in clock columns that continue by one period")
    add("--fault", action="append", default=[], metavar="KIND:SHARE[:after=N][:connections=N][:delay-ms=N]",
        help="a share of the meters misbehaves; repeated")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
