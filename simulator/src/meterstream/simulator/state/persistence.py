"""The state of a fleet in a file: JSON lines, one per meter, written as a whole or not at all.

    {"format": "meterstream simulated fleet", "version": 1, ...}      what fleet it is
    {"number": 1, "own_counter": 221, ...}                            each meter that was contacted
    {"end": 1, "sha256": "..."}                                       how many, and the digest of all lines before
    {"mark": 2318349}                                                 appended before counters up to it are used

A file without its end is not used. Marks after the end tell that a fleet ran on from the file and has not written it
anew: its meters then go on above the last mark, so none uses an invocation counter twice however the fleet ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import fields
from io import BufferedWriter
from pathlib import Path
from typing import Any, Final

from meterstream.dlms.data import Data, LogicalName
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.meter import SecurityKeys
from meterstream.dlms.security import SecuritySuite
from meterstream.simulator.faults import Fault
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.clock import ClockSet
from meterstream.simulator.roster import Roster
from meterstream.simulator.settings import FleetSettings
from meterstream.simulator.state.codec import CodecError, StateCodec, octets_of
from meterstream.simulator.world.zone import Zone

FORMAT: Final = "meterstream simulated fleet"
VERSION: Final = 1
BLOCK: Final = 1 << 20
"""Own invocation counters that are reserved at once."""
_HIGHEST: Final = 0xFFFF_FFFF
_MAX_LINE: Final = 64 << 20
_METERS_PER_TURN: Final = 100
_COUNTS: Final = ("associations", "gets", "sets", "actions", "clock_sets", "repeated_nonces")
_TITLE_OCTETS: Final = 8


class StateError(Exception):
    """A state file that cannot be used; the text names file, line, field and rule."""


class StateFile:
    """Where a fleet keeps its state; also its `CounterReserve`.

    Attributes:
        mark: own counters below it may be used.
        saved_ms: when it was last written, in milliseconds of the fleet's clock; None: not yet.
    """

    def __init__(self, path: Path, settings: FleetSettings, roster: Roster) -> None:
        self._path = path
        self._settings = settings
        self._roster = roster
        self._codec = StateCodec(settings.seed)
        self._saving = asyncio.Lock()
        self._digest = ""
        self.mark = 0
        self.saved_ms: int | None = None

    # --- counters ---

    def reserve(self, counter: int) -> None:
        """Move the mark above a counter; it is in the file before the counter is used.

        Raises:
            OSError: it cannot be written.
        """
        mark = min(counter + BLOCK, _HIGHEST + 1)
        with self._path.open("a", encoding="ascii") as file:
            file.write(json.dumps({"mark": mark}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.mark = mark

    # --- writing ---

    async def save(self, *, last: bool = False) -> int:
        """Write all meters that have been contacted; gives their number. Others are served meanwhile.

        Args:
            last: no counter will be used any more, so the meters need not start above the mark next time.

        Raises:
            OSError: it cannot be written; the file is then as it was.
        """
        async with self._saving:
            meters = list(self._roster)
            temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            try:
                with self._create(temporary) as file:
                    digest = hashlib.sha256()
                    digest.update(self._write(file, self._header()))
                    for place, meter in enumerate(meters):
                        digest.update(self._write(file, self._meter_line(meter)))
                        if place % _METERS_PER_TURN == _METERS_PER_TURN - 1:
                            await asyncio.sleep(0)
                    self._write(file, {"end": len(meters), "sha256": digest.hexdigest()})
                    file.flush()
                    await asyncio.to_thread(os.fsync, file.fileno())
                    if not last:  # from here on without a turn of others: a mark must not be lost between both files
                        self.mark = max(self.mark, self._lowest_mark())
                        self._write(file, {"mark": self.mark})
                        file.flush()
                        os.fsync(file.fileno())
                temporary.replace(self._path)
            finally:
                temporary.unlink(missing_ok=True)
            self._sync_directory()
            self.saved_ms = self._roster.now_ms()
            return len(meters)

    @staticmethod
    def _create(path: Path) -> BufferedWriter:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return os.fdopen(descriptor, "wb")

    def _sync_directory(self) -> None:
        descriptor = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @staticmethod
    def _write(file: BufferedWriter, line: dict[str, Any]) -> bytes:
        octets = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        file.write(octets)
        return octets

    def _lowest_mark(self) -> int:
        highest = max((meter.own_counter for meter in self._roster), default=0)
        return min(max(highest, self._roster.first_counter()) + BLOCK, _HIGHEST + 1)

    def _header(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "seed_check": self._codec.seed_check,
            "protocols": list(self._settings.protocols),
            "saved_ms": self._roster.now_ms(),
        }

    def _meter_line(self, meter: SimulatedMeter) -> dict[str, Any]:
        codec, context = self._codec, _context(meter)
        line: dict[str, Any] = {"number": meter.number, "own_counter": meter.own_counter}
        if meter.last_counters:
            line["client_counters"] = {title.hex(): counter for title, counter in meter.last_counters.items()}
        if meter.client_title:
            line["client_title"] = meter.client_title.hex()
        if meter.clock_offset_ms:
            line["clock_offset_ms"] = meter.clock_offset_ms
        if meter.zone != Zone():
            line["zone"] = codec.plain(meter.zone, context)
        if meter.last_clock_set is not None:
            line["last_clock_set"] = list(meter.last_clock_set)
        if meter.fault is not None:
            line["fault"] = {each.name: getattr(meter.fault, each.name) for each in fields(Fault)}
        line |= {name: count for name in _COUNTS if (count := getattr(meter, name))}
        keys = self._changed_keys(meter)
        if keys is not None:
            line["keys"] = codec.plain([keys.encryption_key, keys.authentication_key], context, secret=True)
        written = meter.written_values()
        if written:
            line["written"] = [
                [str(LogicalName(name)), attribute, codec.plain(data, context)] for (name, attribute), data in written
            ]
        states = [codec.plain(state, context) for state in meter.states()]
        if states:
            line["states"] = states
        return line

    def _changed_keys(self, meter: SimulatedMeter) -> SecurityKeys | None:
        if meter.keys is None:
            return None
        factory = self._roster.keys(meter.number)
        same = (meter.keys.encryption_key, meter.keys.authentication_key) == (
            factory.encryption,
            factory.authentication,
        )
        return None if same else meter.keys

    # --- reading ---

    async def start(self) -> int:
        """Make the meters of the file, if there is one, and reserve counters in it; gives their number.

        Raises:
            StateError: the file cannot be used.
            OSError: it cannot be read or written.
        """
        loaded = self._load() if self._path.exists() else 0
        await self.save()
        return loaded

    def _load(self) -> int:
        lines = self._lines()
        self._check_header(*next(lines, (1, {})))
        meters: list[SimulatedMeter] = []
        mark = 0
        ended = False
        for number, line in lines:
            if ended:
                mark = max(mark, self._mark(number, line))
            elif "end" in line:
                self._check_end(number, line, len(meters))
                ended = True
            else:
                meters.append(self._restore(number, line))
        if not ended:
            raise self._error(None, "the end is missing: it was cut")
        if len(self._roster) != len(meters):
            raise self._error(None, "a meter is there twice")
        self._roster.least_counter = mark
        for meter in meters:
            meter.own_counter = max(meter.own_counter, mark)
        return len(meters)

    def _check_end(self, number: int, line: dict[str, Any], meters: int) -> None:
        if line["end"] != meters:
            raise self._error(number, f"end: {line['end']!r} meters, {meters} are there")
        if line.get("sha256") != self._digest:
            raise self._error(number, "sha256: the lines before were changed")

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Read lines; `_digest` is that of those before."""
        with self._path.open("rb") as file:
            number = 0
            digest = hashlib.sha256()
            while octets := file.readline(_MAX_LINE):
                number += 1
                whole = octets.endswith(b"\n")
                if not whole and file.read(1):
                    raise self._error(number, f"more than {_MAX_LINE} octets")
                if not whole and octets.startswith(b'{"mark"'):
                    return  # it broke off while it was appended, so nothing above the mark before was used
                try:
                    line = json.loads(octets)
                except (ValueError, RecursionError) as error:
                    raise self._error(number, f"no JSON: {error}") from error
                if not isinstance(line, dict):
                    raise self._error(number, "no JSON object")
                self._digest = digest.hexdigest()
                digest.update(octets)
                yield number, line

    def _check_header(self, number: int, line: dict[str, Any]) -> None:
        if line.get("format") != FORMAT:
            raise self._error(number, f"format: {line.get('format')!r} instead of {FORMAT!r}")
        if line.get("version") != VERSION:
            raise self._error(number, f"version: {line.get('version')!r}, this simulator reads {VERSION}")
        if line.get("seed_check") != self._codec.seed_check:
            raise self._error(number, "seed_check: the file is of a fleet with another seed")
        if line.get("protocols") != list(self._settings.protocols):
            raise self._error(number, f"protocols: {line.get('protocols')!r}, the fleet has {self._settings.protocols}")

    def _mark(self, number: int, line: dict[str, Any]) -> int:
        match line:
            case {"mark": int(mark)} if len(line) == 1 and 0 <= mark <= _HIGHEST + 1:
                return mark
        raise self._error(number, "only marks follow the end")

    def _restore(self, number: int, line: dict[str, Any]) -> SimulatedMeter:
        reader = _LineReader(line, self._codec)
        try:
            meter = self._roster.meter(reader.integer("number", 1, self._settings.meters))
            reader.restore(meter)
        except (CodecError, ValueError, DlmsError) as error:
            raise self._error(number, str(error)) from error
        return meter

    def _error(self, line: int | None, rule: str) -> StateError:
        return StateError(f"{self._path}{'' if line is None else f':{line}'}: {rule}")


class _LineReader:
    """One meter's line; every complaint names the field."""

    def __init__(self, line: dict[str, Any], codec: StateCodec) -> None:
        self._line = line
        self._codec = codec

    def integer(self, name: str, lowest: int, highest: int, default: int | None = None) -> int:
        value = self._line.pop(name, default)
        if type(value) is not int or not lowest <= value <= highest:
            raise CodecError(f"{name}: {value!r} is no whole number from {lowest} to {highest}")
        return value

    def restore(self, meter: SimulatedMeter) -> None:
        context = _context(meter)
        meter.own_counter = self.integer("own_counter", 0, _HIGHEST + 1)
        meter.last_counters = self._client_counters() or None
        meter.client_title = self._title(self._line.pop("client_title", ""), "client_title")
        meter.clock_offset_ms = self.integer("clock_offset_ms", -(10**14), 10**14, 0)
        for name in _COUNTS:
            setattr(meter, name, self.integer(name, 0, 1 << 62, 0))
        meter.last_clock_set = self._clock_set()
        meter.fault = self._fault()
        self._keys(meter, context)
        self._zone(meter, context)
        for entry in self._list("written"):
            self._written(meter, entry, context)
        for entry in self._list("states"):
            meter.restore(self._value("states", entry, context))
        if self._line:
            raise CodecError(f"{min(self._line)}: unknown field")

    def _value(self, name: str, plain: Any, context: bytes) -> Any:
        try:
            return self._codec.value(plain, context)
        except CodecError as error:
            raise CodecError(f"{name}: {error}") from error

    def _list(self, name: str) -> list[Any]:
        value = self._line.pop(name, [])
        if not isinstance(value, list):
            raise CodecError(f"{name}: no list")
        return value

    def _title(self, text: Any, name: str) -> bytes:
        octets = octets_of(text) if isinstance(text, str) else b"?"
        if len(octets) not in (0, _TITLE_OCTETS):
            raise CodecError(f"{name}: a title has {_TITLE_OCTETS} octets")
        return octets

    def _client_counters(self) -> dict[bytes, int]:
        counters = self._line.pop("client_counters", {})
        if not isinstance(counters, dict):
            raise CodecError("client_counters: no object")
        found: dict[bytes, int] = {}
        for text, counter in counters.items():
            if type(counter) is not int or not 0 <= counter <= _HIGHEST:
                raise CodecError(f"client_counters: {counter!r} is no whole number from 0 to {_HIGHEST}")
            found[self._title(text, "client_counters")] = counter
        return found

    def _clock_set(self) -> ClockSet | None:
        values = self._line.pop("last_clock_set", None)
        match values:
            case None:
                return None
            case [int() | float() as received, int() | float() as moment, int(deviation), int(status)]:
                return ClockSet(received, moment, deviation, status)
        raise CodecError("last_clock_set: expected received, moment, deviation, status")

    def _fault(self) -> Fault | None:
        fault = self._line.pop("fault", None)
        if fault is None:
            return None
        if not isinstance(fault, dict):
            raise CodecError("fault: no object")
        try:
            return Fault.from_fields(fault)
        except ValueError as error:
            raise CodecError(f"fault: {error}") from error

    def _keys(self, meter: SimulatedMeter, context: bytes) -> None:
        if "keys" not in self._line:
            return
        match self._value("keys", self._line.pop("keys"), context):
            case [bytes(encryption), bytes(authentication)]:
                suite = SecuritySuite(meter.model.profile.security_suite)
                meter.keys = SecurityKeys(encryption, authentication, suite)
            case _:
                raise CodecError("keys: expected the encryption key and the authentication key")

    def _zone(self, meter: SimulatedMeter, context: bytes) -> None:
        if "zone" in self._line:
            zone = self._value("zone", self._line.pop("zone"), context)
            if not isinstance(zone, Zone):
                raise CodecError("zone: no zone")
            meter.zone = zone

    def _written(self, meter: SimulatedMeter, entry: Any, context: bytes) -> None:
        match entry:
            case [str(name), int(attribute), dict(plain)]:
                item = meter.tree.objects.get(LogicalName.parse(name))
                if item is None or attribute not in item.attributes:
                    raise CodecError(f"written: {meter.model.profile} has no attribute {attribute} of {name}")
                data = self._value("written", plain, context)
                if not isinstance(data, Data):
                    raise CodecError(f"written: attribute {attribute} of {name} has no data")
                meter.keep(item, attribute, data)
            case _:
                raise CodecError("written: expected logical name, attribute and data")


def _context(meter: SimulatedMeter) -> bytes:
    """What sealed octets are bound to, so that those of one meter do not open as another's."""
    return meter.number.to_bytes(8, "big")
