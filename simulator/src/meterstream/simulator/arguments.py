"""Options of the command line, and the settings they make."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar

from meterstream.dlms.errors import ConfigurationError
from meterstream.dlms.meter import Habits, Level, Reaction
from meterstream.dlms.security import PublicKey, SecuritySuite
from meterstream.simulator.buffers import BufferRules
from meterstream.simulator.faults import FAULT_FIELDS, FaultKind, PlannedFault
from meterstream.simulator.mbus.device import MBusPlan
from meterstream.simulator.network.outbox import OutboxLimits, parse_destination
from meterstream.simulator.objects.clock import ClockRule
from meterstream.simulator.options import ImageOptions, MbusOptions, PushOptions
from meterstream.simulator.plan import FaultPlan, load_plan
from meterstream.simulator.push import PushDefect
from meterstream.simulator.settings import CounterRule, DelayPer, FleetSettings, LineFraming
from meterstream.simulator.traits import Traits

_Values = TypeVar("_Values", Habits, BufferRules, ImageOptions, MbusOptions, OutboxLimits)
_FAULT_FORM: Final = ":".join(("KIND", "SHARE", *(f"[{name.replace('_', '-')}=N]" for name in FAULT_FIELDS)))


def parser() -> argparse.ArgumentParser:
    """Describe the options."""
    made = argparse.ArgumentParser(
        prog="meterstream-simulator",
        description="Runs a fleet of simulated meters until SIGTERM or SIGINT; `ctl` instead of options talks to one.",
    )
    _add_addresses(made.add_argument_group("meters and where they are"))
    _add_lines(made.add_argument_group("lines"))
    _add_habits(made.add_argument_group("what makes of meters do differently"))
    _add_faults(made.add_argument_group("faults"))
    _add_rest(made.add_argument_group("pushes, control and state"))
    return made


def settings_of(options: argparse.Namespace) -> FleetSettings:
    """Make settings.

    Raises:
        ValueError: naming option or field and rule; of a fault plan also file and line.
    """
    port, ports = _ports(options.port, options.ports)
    plan = FaultPlan(()) if options.fault_plan is None else load_plan(options.fault_plan)
    if options.push_to is not None:
        parse_destination(options.push_to)
    buffers = BufferRules(not options.refuse_columns, options.by_entry, options.null_clock)
    return FleetSettings(
        meters=options.meters,
        seed=options.seed,
        protocols=tuple(options.protocol or ("SMR 5.0.0",)),
        level=Level(options.level),
        client_signature_key=_signature_key(options.client_signature_key),
        host=options.host,
        port=port,
        ports=ports,
        shared_ports=options.shared_ports,
        max_connections=options.max_connections,
        framing=LineFraming(options.framing),
        udp=options.udp,
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
        habits=_with(Habits(), "habit", options.habit),
        buffers=_with(buffers, "buffer", options.buffer),
        faults=(*(PlannedFault.parse(text) for text in options.fault), *plan.faults),
        fault_seed=options.fault_seed if options.fault_seed is not None else plan.seed,
        mbus=_with(
            MbusOptions(MBusPlan.parse(*options.mbus) if options.mbus else MBusPlan()), "mbus-habit", options.mbus_habit
        ),
        images=_with(ImageOptions(), "image", options.image),
        pushes=PushOptions(options.push_to, None if options.push_defect is None else PushDefect(options.push_defect)),
        traits=Traits(options.single_phase, options.clock_drift_ppm),
        outbox=_with(OutboxLimits(), "push-limit", options.push_limit),
        state_file=options.state,
        save_every_s=options.save_every_s,
    )


# --- values of options ---


def _ports(text: str, ports: int | None) -> tuple[int, int]:
    """Read a first port and a number of ports, or a range "4100-4199".

    Raises:
        ValueError: naming option and rule.
    """
    first, dash, last = text.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) <= 5 for part in ((first, last) if dash else (first,))):
        raise ValueError(f"port is {text!r}, expected a number or a range such as 4100-4199")
    if not dash:
        return int(first), 1 if ports is None else ports
    if ports is not None or not 0 < int(first) <= int(last):
        raise ValueError(f"port is {text!r}, a range that rises goes without --ports")
    return int(first), int(last) - int(first) + 1


def _with(values: _Values, option: str, texts: Sequence[str]) -> _Values:
    """Put name=value pairs into a set of values.

    Raises:
        ValueError: naming what is wrong.
    """
    known = {each.name: getattr(values, each.name) for each in fields(values)}
    known = {name: value for name, value in known.items() if _is_plain(value)}
    decimal = {each.name for each in fields(values) if each.type == "float"}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            raise ValueError(f"{option} {name!r} is unknown; known: {', '.join(known)}")
        values = replace(
            values, **{name: _value(f"{option} {name}", float(known[name]) if name in decimal else known[name], value)}
        )
    return values


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, Enum))


def _value(name: str, default: object, value: str) -> Any:
    """Read a value of the kind that a default has; None stands for an optional whole number."""
    if isinstance(default, bool):
        if value not in ("true", "false"):
            raise ValueError(f"{name} is {value!r}, expected true or false")
        return value == "true"
    if isinstance(default, Reaction):
        if value not in Reaction.__members__:
            raise ValueError(f"{name} is {value!r}, expected one of {', '.join(Reaction.__members__)}")
        return Reaction[value]
    try:
        if isinstance(default, float):
            return float(value)
        number = int(value, 0)
        return type(default)(number) if isinstance(default, Enum) else number
    except ValueError:
        kind = "number" if isinstance(default, float) else "whole number"
        raise ValueError(f"{name} is {value!r}, expected a {kind}") from None


def _signature_key(text: str | None) -> PublicKey | None:
    if text is None:
        return None
    try:
        return PublicKey(SecuritySuite.SUITE_1, bytes.fromhex(text))
    except (ConfigurationError, ValueError):
        raise ValueError("--client-signature-key: expected 128 hex digits, a point of P-256") from None


# --- options ---


def _add_addresses(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--meters", type=int, default=1, help="number of meters (1)")
    add("--seed", default="meterstream", help="secrets and planned faults derive from it")
    add("--protocol", action="append", help='"SMR 5.0.0"; repeated: meters take turns')
    add("--single-phase", type=float, default=0, metavar="SHARE", help="share of the meters with one phase (0)")
    add("--clock-drift-ppm", type=int, default=0, help="clocks are fast or slow by up to so many millionths (0)")
    add(
        "--mbus",
        action="append",
        default=[],
        metavar="PLAN",
        help="media on channel 1 to 4, such as gas,-,water; repeated: meters take turns",
    )
    add("--level", choices=[level.value for level in Level], default=Level.HLS5_GMAC.value, help="(%(default)s)")
    add(
        "--client-signature-key",
        metavar="HEX",
        help="of the client, x and y on P-256; derives from the seed without it",
    )
    add("--host", default="127.0.0.1", help="(%(default)s)")
    add("--port", default="0", help="first port, or a range such as 4100-4199; 0 takes free ones (0)")
    add("--ports", type=int, help="number of ports; meters of one port differ in logical device (1)")
    add("--shared-ports", type=int, default=0, help="further ports where every meter is, by logical device (0)")


def _add_lines(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--framing", choices=list(LineFraming), default=LineFraming.WRAPPER, help="(%(default)s)")
    add("--udp", action="store_true", help="the ports take wrapper frames over UDP too")
    add("--max-connections", type=int, default=10_000, help="lines open at once (%(default)s)")
    add("--delay-ms", type=float, default=0, help="mean response delay (0)")
    add("--delay-spread", type=float, default=0, help="0.5: from 50 to 150 %% of the mean, evenly (0)")
    add("--delay-per", choices=list(DelayPer), default=DelayPer.SESSION, help="(%(default)s)")
    add("--second-connection-wait-ms", type=int, default=500, help="then it is refused (500)")
    add("--free-after-ms", type=int, default=0, help="pause of a meter after each connection (0)")
    add("--idle-timeout-s", type=float, default=120, help="a silent client is dropped then (120)")


def _add_habits(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--clock-rule", choices=[rule.value for rule in ClockRule], help="(that of the generation)")
    add("--counter-rule", choices=list(CounterRule), help="(that of the generation)")
    add("--restart-counters", action="store_true", help="the meters' own counter starts at 1 on every connection")
    add("--habit", action="append", default=[], metavar="NAME=VALUE", help="departure from the standard; repeated")
    add("--by-entry", action="store_true", help="serve selective access by entry")
    add("--refuse-columns", action="store_true", help="refuse selective access with columns")
    add("--null-clock", action="store_true", help="null-data in clock columns that continue by one period")
    add("--buffer", action="append", default=[], metavar="NAME=VALUE", help="habit with profile buffers; repeated")
    add("--mbus-habit", action="append", default=[], metavar="NAME=VALUE", help="habit with M-Bus devices; repeated")
    add("--image", action="append", default=[], metavar="NAME=VALUE", help="habit with image transfer; repeated")


def _add_faults(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--fault", action="append", default=[], metavar=_FAULT_FORM,
        help=f"a share of the meters misbehaves; kinds: {', '.join(FaultKind)}; repeated")  # fmt: skip
    add("--fault-plan", type=Path, metavar="FILE", help="YAML; its faults come after those of --fault")
    add("--fault-seed", help="decides which meters misbehave (that of the plan, otherwise that of the fleet)")


def _add_rest(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--push-to", metavar="HOST:PORT", help="where meters push to while their push setup names no destination")
    add("--push-defect", choices=list(PushDefect), help="how all pushes are malformed")
    add("--push-limit", action="append", default=[], metavar="NAME=VALUE",
        help=f"{', '.join(each.name for each in fields(OutboxLimits))}; repeated")  # fmt: skip
    add("--control-port", type=int, help="HTTP control on loopback; 0 takes a free one (none)")
    add("--state", type=Path, metavar="FILE", help="keeps what the meters know over restarts")
    add("--save-every-s", type=float, default=300, help="writes it so often; 0: at the end and on demand only (300)")
