"""`meterstream-simulator ctl`: talks to the HTTP control of a running fleet from the command line."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from meterstream.simulator.faults import FAULT_FIELDS, FaultKind
from meterstream.simulator.mbus.device import Medium
from meterstream.simulator.pushkind import PushKind

URL_VARIABLE: Final = "METERSTREAM_SIMULATOR_URL"
REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
_MAX_ANSWER: Final = 256 << 20
_TEXT_TYPES: Final = ("octet-string", "date-time", "date", "time", "bit-string", "visible-string", "utf8-string")


class Call(NamedTuple):
    """One request to the control interface."""

    method: str
    path: str
    body: dict[str, Any] | None = None


_Make: TypeAlias = Callable[[argparse.Namespace], Call]


class ControlFailed(Exception):
    """The fleet refused, or could not be reached; `status` is the exit status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit status: 0, 1 refused, 2 used wrongly, 3 no fleet there."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.url is None:
        parser.error(
            f"--url is missing: the address that the fleet names as control when it starts (or {URL_VARIABLE})"
        )
    try:
        call = options.make(options)
        answer = request(options.url, call, options.timeout_s)
    except ValueError as error:
        parser.error(str(error))
    except ControlFailed as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    sys.stdout.write(f"{json.dumps(answer)}\n" if options.json else "".join(f"{line}\n" for line in _lines(answer)))
    return 0


def request(url: str, call: Call, timeout_s: float) -> Any:
    """Make one request; gives what was answered, None when there is nothing to tell.

    Raises:
        ValueError: no http URL.
        ControlFailed: refused, or nobody there.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"--url is {url!r}, expected http://host:port")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
    try:
        body = None if call.body is None else json.dumps(call.body)
        connection.request(call.method, call.path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        octets = answer.read(_MAX_ANSWER)
    except (OSError, http.client.HTTPException) as error:
        raise ControlFailed(UNREACHABLE, f"no fleet answers at {url}: {error or type(error).__name__}") from error
    finally:
        connection.close()
    try:
        value = json.loads(octets) if octets else None
    except ValueError as error:
        raise ControlFailed(UNREACHABLE, f"{url} is no control of a fleet: its answer is no JSON") from error
    if answer.status >= 400:
        told = value.get("error") if isinstance(value, dict) else None
        raise ControlFailed(REFUSED, str(told or f"refused with status {answer.status}"))
    return value


# --- commands ---


class _Add(Protocol):
    """Adds a command; `positional` are its arguments."""

    def __call__(self, name: str, about: str, make: _Make, /, *positional: str) -> argparse.ArgumentParser: ...


def _get(path: str, options: argparse.Namespace, *names: str) -> Call:
    query = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return Call("GET", f"{path}?{urlencode(query)}" if query else path)


def _meter(options: argparse.Namespace, path: str = "") -> str:
    return f"/meters/{options.meter}{path}"


def _poster(path: str, *names: str) -> _Make:
    """Make calls with those of the options that were given as the body."""

    def make(options: argparse.Namespace) -> Call:
        body = {name: value for name in names if (value := getattr(options, name)) is not None}
        return Call("POST", _meter(options, f"/{path}"), body)

    return make


def _attribute(options: argparse.Namespace) -> str:
    return _meter(options, f"/attributes/{options.class_id}/{quote(options.obis, safe='')}/{options.attribute}")


def _set(options: argparse.Namespace) -> Call:
    if options.type in _TEXT_TYPES:
        value: Any = options.value
    else:
        try:
            value = json.loads(options.value)
        except ValueError:
            raise ValueError(f"value {options.value!r} of type {options.type} is no JSON") from None
    return Call("PUT", _attribute(options), {"type": options.type, "value": value})


def _events(options: argparse.Namespace) -> Call:
    return _get(_meter(options, f"/events/{quote(options.log, safe='')}"), options, "after", "limit")


def _written(options: argparse.Namespace) -> Call:
    return _get("/written" if options.meter is None else _meter(options, "/written"), options, "after", "limit")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="meterstream-simulator ctl", description=__doc__)
    parser.add_argument("--url", default=os.environ.get(URL_VARIABLE), help=f"http://127.0.0.1:PORT (${URL_VARIABLE})")
    parser.add_argument("--json", action="store_true", help="print the answer as it came")
    parser.add_argument("--timeout-s", type=float, default=30, help="(%(default)s)")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, about: str, make: _Make, /, *positional: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        for argument in positional:
            added.add_argument(argument, **_ARGUMENTS.get(argument, {"type": int}))
        added.set_defaults(make=make)
        return added

    def paged(added: argparse.ArgumentParser) -> argparse.ArgumentParser:
        added.add_argument("--after", type=int, help="go on behind this one")
        added.add_argument("--limit", type=int, help="at most so many (1000)")
        return added

    command("stats", "what the fleet counted", lambda _: Call("GET", "/stats"))
    command("reset-stats", "totals to zero", lambda _: Call("POST", "/reset-stats"))
    command("save", "write the state file now", lambda _: Call("POST", "/save-state"))
    paged(command("clock-sets", "last clock SET of each meter", lambda o: _get("/clock-sets", o, "after", "limit")))
    paged(command("faults", "meters that misbehave", lambda o: _get("/faults", o, "after", "limit")))
    pushes = paged(command("pushes", "messages sent, or not", lambda o: _get("/pushes", o, "after", "limit", "number")))
    pushes.add_argument("--meter", dest="number", type=int, help="of this one only")
    written = paged(command("written", "what was written, to one meter or to each", _written))
    written.add_argument("meter", type=int, nargs="?")
    _meter_commands(command, paged)
    return parser


def _meter_commands(command: _Add, paged: Callable[[argparse.ArgumentParser], argparse.ArgumentParser]) -> None:
    place = ("meter", "class_id", "obis", "attribute")
    command("meter", "all about a meter", lambda o: Call("GET", _meter(o)), "meter")
    paged(command("events", "rows of an event log, such as standard_event_log", _events, "meter", "log"))
    command("get", "read an attribute", lambda o: Call("GET", _attribute(o)), *place)
    command("set", "let an attribute have a value, whatever its rights", _set, *place, "type", "value")
    command("restore", "let an attribute have its own value again", lambda o: Call("DELETE", _attribute(o)), *place)
    command("alarm", "raise an alarm", _poster("alarm", "register", "bit"), "meter", "register", "bit")
    event = command(
        "event", "add a row to an event log", _poster("event", "log", "code", "more", "time"), "meter", "log", "code"
    )
    event.add_argument("more", type=int, nargs="*", help="columns after the code")
    event.add_argument("--time", type=int, help="of that moment, in seconds of the meter's clock, instead of now")
    push = command("push", "let a meter push", _poster("push", "kind", "setup"), "meter")
    push.add_argument("kind", choices=[kind.value for kind in PushKind])
    push.add_argument("--setup", help="role of the push setup (push_setup_alarm)")
    offset = command("clock-offset", "let a clock be ahead, or behind", _poster("clock-offset", "offset_ms"), "meter")
    offset.add_argument("offset_ms", type=int)
    columns = ("code", "magnitude", "duration")
    command("voltage-event", "let a voltage sag or swell", _poster("voltage-event", *columns), "meter", *columns)
    command("reconnect", "press the button of a meter", _poster("reconnect"), "meter")
    command("cut", "drop the line of a meter", _poster("cut"), "meter")
    _device_commands(command)
    _fault_commands(command)


def _device_commands(command: _Add) -> None:
    media = [medium.value for medium in Medium]
    command("mbus", "devices on the M-Bus channels", lambda o: Call("GET", _meter(o, "/mbus")), "meter")
    install = command(
        "install", "put an M-Bus device on a channel", _poster("mbus/install", "medium", "channel"), "meter"
    )
    install.add_argument("medium", choices=media)
    install.add_argument("--channel", type=int, help="(the first free one)")
    swap = command("swap", "replace an M-Bus device", _poster("mbus/swap", "channel", "medium"), "meter", "channel")
    swap.add_argument("--medium", choices=media, help="(that of the old one)")
    status = _poster("mbus/status", "channel", "bit")
    command("device-status", "set a bit of an M-Bus device's status", status, "meter", "channel", "bit")
    command("vanish", "let an M-Bus device fall silent", _poster("mbus/vanish", "channel"), "meter", "channel")
    command("return", "let an M-Bus device be heard again", _poster("mbus/return", "channel"), "meter", "channel")
    command(
        "open-valve", "press the button of an M-Bus device", _poster("mbus/open-valve", "channel"), "meter", "channel"
    )


def _fault_commands(command: _Add) -> None:
    fault = command("fault", "let a meter misbehave", _poster("fault", "kind", *FAULT_FIELDS), "meter")
    fault.add_argument("kind", choices=[kind.value for kind in FaultKind])
    for name in ("after", "connections", "delay-ms", "down-ms"):
        fault.add_argument(f"--{name}", type=int)
    fault.add_argument("--clock-lost", action="store_true", default=None)
    command("heal", "end a meter's misbehaviour", lambda o: Call("POST", _meter(o, "/fault"), {"kind": None}), "meter")
    transfers = command(
        "key-transfer-faults",
        "let the next key transfers go wrong; without options: let them be",
        _poster("key-transfer-faults", "refusals", "drop_before", "drop_after"),
        "meter",
    )
    for option, about in (
        ("--refusals", "action result"),
        ("--drop-before", "key id: the line is cut before it takes effect"),
        ("--drop-after", "key id: the line is cut instead of the answer"),
    ):
        transfers.add_argument(option, type=int, action="append", help=f"{about}; repeated")
    reboot = command(
        "reboot", "take the power from a meter for a while", _poster("reboot", "down_ms", "clock_lost"), "meter"
    )
    reboot.add_argument("--down-ms", type=int, help="(30000)")
    reboot.add_argument("--clock-lost", action="store_true", default=None)


_ARGUMENTS: Final[Mapping[str, dict[str, Any]]] = {
    "log": {},
    "obis": {"help": "such as 1.0.1.8.0.255"},
    "class_id": {"type": int, "metavar": "class"},
    "type": {"help": "such as double-long-unsigned"},
    "value": {"help": "JSON; text or hexadecimal octets as they are"},
}


# --- answers ---


def _lines(answer: Any) -> list[str]:
    """Lay out an answer: a list of objects as a table, anything else as name and value."""
    if answer is None:
        return []
    if not isinstance(answer, dict):
        return [json.dumps(answer)]
    lines: list[str] = []
    for name, value in answer.items():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            lines += [f"{name}:", *_table(value)]
        else:
            lines.append(f"{name}: {_cell(value)}")
    return lines


def _table(rows: list[dict[str, Any]]) -> list[str]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [columns, *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(columns))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value)
