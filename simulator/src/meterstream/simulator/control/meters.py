"""HTTP control of single meters: what they know, and how to change it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, Final, Protocol

from aiohttp import web

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import AttributeRef, Data, LogicalName
from meterstream.dlms.errors import EncodeError
from meterstream.simulator.control.inputs import ControlError, Fields, body_of, fields_of, page_of, ref_of, whole
from meterstream.simulator.control.jsondata import data_from_json, data_to_json
from meterstream.simulator.faults import FAULT_FIELDS, Fault
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import CHANNELS, Medium, manufacturer_letters
from meterstream.simulator.mbus.valve import open_by_hand
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.network.lines import Lines
from meterstream.simulator.objects.disconnector import reconnect_by_hand
from meterstream.simulator.objects.keytransfer import AUTHENTICATION, BROADCAST, UNICAST, KeyTransferFaults
from meterstream.simulator.objects.push_setup import Wake, last_gasp, push, wake_up
from meterstream.simulator.pushkind import PushKind
from meterstream.simulator.settings import FleetSettings, MeterAddress
from meterstream.simulator.world.quality import log_voltage_event
from meterstream.simulator.world.supply import retouch

_WRITTEN: Final = 1000
_EVENTS: Final = 1000
_MAX_OFFSET_MS: Final = 10**12
_MAX_DOWN_MS: Final = 24 * 3_600_000
_U16: Final = 0xFFFF
_U32: Final = 0xFFFF_FFFF
_MAX_REFUSALS: Final = 16
_KEY_IDS: Final = (UNICAST, BROADCAST, AUTHENTICATION)


class MeterFleet(Protocol):
    """What the control of meters needs of a fleet."""

    @property
    def settings(self) -> FleetSettings: ...
    @property
    def lines(self) -> Lines: ...

    def meter(self, number: int) -> SimulatedMeter: ...

    def now_ms(self) -> int:
        """Tell the fleet's time in milliseconds since 1970."""

    def address(self, number: int) -> MeterAddress: ...

    def identification(self, number: int) -> str: ...

    def reboot(self, number: int, down_ms: int, *, clock_lost: bool = False) -> None: ...


class MeterControl:
    """The handlers below /meters/{number}; each runs between two requests of clients."""

    def __init__(self, fleet: MeterFleet) -> None:
        self._fleet = fleet

    def routes(self) -> Iterable[web.RouteDef]:
        """List paths and handlers."""
        attribute = "/meters/{number}/attributes/{class}/{obis}/{attribute}"
        yield web.get("/meters/{number}", self.meter)
        yield web.get("/meters/{number}/written", self.written)
        yield web.get("/meters/{number}/events/{log}", self.events)
        yield web.get("/meters/{number}/mbus", self.channels)
        yield web.get(attribute, self.get_attribute)
        yield web.put(attribute, self.put_attribute)
        yield web.delete(attribute, self.delete_attribute)
        actions: dict[str, Callable[[SimulatedMeter, Fields], object]] = {
            "alarm": self.alarm,
            "event": self.event,
            "push": self.push,
            "mbus/install": self.install,
            "mbus/swap": self.swap,
            "mbus/vanish": self.vanish,
            "mbus/return": self.come_back,
            "mbus/status": self.device_status,
            "mbus/open-valve": self.open_valve,
            "reconnect": self.reconnect,
            "voltage-event": self.voltage_event,
            "fault": self.fault,
            "key-transfer-faults": self.key_transfer_faults,
            "clock-offset": self.clock_offset,
            "cut": self.cut,
            "reboot": self.reboot,
        }
        for path, action in actions.items():
            yield web.post(f"/meters/{{number}}/{path}", self._handler(action))

    def _handler(self, action: Callable[[SimulatedMeter, Fields], object]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            meter = self._meter(request)
            try:
                answer = action(meter, await fields_of(request))
            except (ValueError, LookupError) as error:
                raise ControlError(400, str(error)) from error
            return web.Response(status=204) if answer is None else web.json_response(answer)

        return handle

    def _meter(self, request: web.Request) -> SimulatedMeter:
        number = whole(request.match_info["number"], "number")
        if not 1 <= number <= self._fleet.settings.meters:
            raise ControlError(404, f"no meter {number}; the fleet has 1 to {self._fleet.settings.meters}")
        return self._fleet.meter(number)

    # --- looking ---

    async def meter(self, request: web.Request) -> web.Response:
        """GET /meters/{number}: state, counters, clock, what has been written (the first thousand values)."""
        meter = self._meter(request)
        fleet, number = self._fleet, meter.number
        return web.json_response(
            {
                "number": number,
                "identification": fleet.identification(number),
                "protocol": str(meter.model.profile),
                "address": fleet.address(number)._asdict(),
                "connected": fleet.lines.is_connected(number),
                "down": fleet.lines.is_down(number),
                "associations": meter.associations,
                "gets": meter.gets,
                "sets": meter.sets,
                "actions": meter.actions,
                "repeated_nonces": meter.repeated_nonces,
                "last_invocation_counter": meter.last_invocation_counter,
                "own_invocation_counter": meter.own_counter,
                "clock_offset_ms": meter.clock_offset_ms,
                "clock_sets": meter.clock_sets,
                "last_clock_set": clock_set_json(meter),
                "fault": None if meter.fault is None else fault_json(meter.fault),
                "written": written_json(meter)[:_WRITTEN],
            }
        )

    async def written(self, request: web.Request) -> web.Response:
        """GET .../written?after=&limit=: what clients or this interface have written, in the order of first writing."""
        meter = self._meter(request)
        after, limit = page_of(request, _WRITTEN)
        rows = written_json(meter)
        return web.json_response({"written": rows[after : after + limit], "more": len(rows) > after + limit})

    async def events(self, request: web.Request) -> web.Response:
        """GET .../events/{log}?after=&limit=: rows written since the meter exists; time in seconds of its clock."""
        meter, log = self._meter(request), request.match_info["log"]
        _log_of(meter, log)
        after, limit = page_of(request, _EVENTS)
        rows = meter.events(log)
        page = [{"time": row[0], "code": row[1], "more": list(row[2:])} for row in rows[after : after + limit]]
        return web.json_response({"events": page, "more": len(rows) > after + limit})

    async def channels(self, request: web.Request) -> web.Response:
        """GET .../mbus: the device on each M-Bus channel; never a key."""
        meter = self._meter(request)
        return web.json_response({"channels": [_channel_json(meter, channel) for channel in CHANNELS]})

    async def get_attribute(self, request: web.Request) -> web.Response:
        """GET .../attributes/{class}/{obis}/{attribute}: what the management client would read now."""
        meter, ref = self._meter(request), ref_of(request)
        result = meter.read(ref)
        if isinstance(result, DataAccessResult):
            raise ControlError(404, f"{ref}: {result.name}")
        return web.json_response(data_to_json(result))

    # --- changing ---

    async def put_attribute(self, request: web.Request) -> web.Response:
        """PUT .../attributes/{class}/{obis}/{attribute}: {"type": "double-long-unsigned", "value": 5}."""
        meter, ref = self._meter(request), ref_of(request)
        try:
            data = data_from_json(await body_of(request))
            result = meter.override(ref, data)
        except (ValueError, EncodeError) as error:
            raise ControlError(400, str(error)) from error
        return _outcome(ref, result)

    async def delete_attribute(self, request: web.Request) -> web.Response:
        """DELETE .../attributes/{class}/{obis}/{attribute}: the attribute has its own value again."""
        meter, ref = self._meter(request), ref_of(request)
        return _outcome(ref, meter.override(ref, None))

    def alarm(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../alarm: {"register": 1, "bit": 13}; pushed where the filter of the register lets it through."""
        register, bit = fields.number("register", 1, 3), fields.number("bit", 0, 31)
        fields.done()
        meter.raise_alarm(register, bit, self._fleet.now_ms())

    def event(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../event: {"log": "fraud_detection_event_log", "code": 40, "more": []}.

        With "time", in seconds of the meter's clock, the row is of that moment; it is the last of the log all the same.
        """
        log, code = fields.text("log"), fields.number("code", 0, 0xFFFF)
        more = fields.numbers("more", range(_U32 + 1), 4)
        now = self._fleet.now_ms()
        time = fields.number("time", 0, _U32, meter.seconds(now))
        fields.done()
        meter.log(_log_of(meter, log), code, time * 1000 - meter.clock_offset_ms, *more)

    def push(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../push: {"kind": "setup", "setup": "push_setup_alarm"}, or {"kind": "sms"} and the like."""
        kind, at = fields.choice("kind", PushKind), self._fleet.now_ms()
        setup = fields.text("setup", "push_setup_alarm") if kind is PushKind.SETUP else ""
        fields.done()
        if kind is PushKind.SETUP:
            item = meter.tree.by_role.get(setup)
            if item is None or not setup.startswith("push_setup"):
                raise ControlError(400, f"setup: {meter.model.profile} has no {setup}")
            result = push(meter, item, at)
            if result is not ActionResult.SUCCESS:
                raise ControlError(409, f"{setup}: {result.name}; is there a destination, and a window open?")
        elif not (last_gasp(meter, at) if kind is PushKind.LAST_GASP else wake_up(meter, Wake(kind.value))):
            raise ControlError(409, f"kind: {meter.model.profile} has no such message, or nobody to send it to")

    def install(self, meter: SimulatedMeter, fields: Fields) -> dict[str, Any]:
        """POST .../mbus/install: {"medium": "gas", "channel": 2}; without channel on the first free one."""
        medium = fields.choice("medium", Medium)
        channel = _channel(fields) if fields.has("channel") else None
        fields.done()
        try:
            return _channel_json(meter, mbus.install(meter, medium, self._fleet.now_ms(), channel))
        except ValueError as error:
            raise ControlError(409, str(error)) from error

    def swap(self, meter: SimulatedMeter, fields: Fields) -> dict[str, Any]:
        """POST .../mbus/swap: {"channel": 1, "medium": "gas"}; without medium it measures what the old one did."""
        channel = _channel(fields)
        medium = fields.choice("medium", Medium) if fields.has("medium") else None
        fields.done()
        try:
            mbus.swap(meter, channel, self._fleet.now_ms(), medium)
        except ValueError as error:
            raise ControlError(409, str(error)) from error
        return _channel_json(meter, channel)

    def vanish(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../mbus/vanish: {"channel": 1}: the device can no longer be heard."""
        self._presence(meter, fields, present=False)

    def come_back(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../mbus/return: {"channel": 1}: the device can be heard again."""
        self._presence(meter, fields, present=True)

    def _presence(self, meter: SimulatedMeter, fields: Fields, *, present: bool) -> None:
        channel = _channel(fields)
        fields.done()
        mbus.vanish(meter, channel, self._fleet.now_ms(), present=present)

    def device_status(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../mbus/status: {"channel": 1, "bit": 3}: the device sets a bit of its status."""
        channel, bit = _channel(fields), fields.number("bit", 0, 31)
        fields.done()
        mbus.report(meter, channel, bit, self._fleet.now_ms())

    def open_valve(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../mbus/open-valve: {"channel": 1}: somebody presses the button of the device."""
        channel = _channel(fields)
        fields.done()
        if not open_by_hand(meter, channel, self._fleet.now_ms()):
            raise ControlError(409, f"channel: the valve on channel {channel} is not ready to be opened")

    def reconnect(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../reconnect: {}: somebody presses the button of the meter, which closes its disconnector."""
        fields.done()
        if not reconnect_by_hand(meter, self._fleet.now_ms()):
            raise ControlError(409, f"the disconnector of meter {meter.number} is not ready for reconnection")

    def voltage_event(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../voltage-event: {"code": 93, "magnitude": 1950, "duration": 12}: a sag or a swell.

        Codes 93 to 95 are sags of L1 to L3, 96 to 98 swells; magnitude in 0.1 V, duration in 0.1 s.
        """
        code = fields.number("code", 93, 98)
        magnitude, duration = fields.number("magnitude", 0, _U16), fields.number("duration", 0, _U16)
        fields.done()
        log_voltage_event(meter, code, magnitude, duration, self._fleet.now_ms())

    def fault(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../fault: {"kind": "cut", "after": 40, "connections": 1}; {"kind": null} makes the meter well."""
        values = fields.left
        if "kind" in values and values["kind"] is None:
            if len(values) > 1:
                raise ControlError(400, "kind null, which heals, goes with no other field")
            meter.fault = None
        else:
            meter.fault = Fault.from_fields(values)

    def key_transfer_faults(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../key-transfer-faults: {"refusals": [250], "drop_before": [0], "drop_after": [2]}."""
        codes = [result.value for result in ActionResult if result is not ActionResult.SUCCESS]
        refusals = fields.numbers("refusals", codes, _MAX_REFUSALS)
        before = fields.numbers("drop_before", _KEY_IDS, len(_KEY_IDS))
        after = fields.numbers("drop_after", _KEY_IDS, len(_KEY_IDS))
        fields.done()
        meter.restore(KeyTransferFaults(refusals, before, after))

    def clock_offset(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../clock-offset: {"offset_ms": -90000}: the meter's clock has drifted by so much."""
        offset = fields.number("offset_ms", -_MAX_OFFSET_MS, _MAX_OFFSET_MS)
        fields.done()
        meter.clock_offset_ms = offset
        retouch(meter, self._fleet.now_ms())

    def cut(self, meter: SimulatedMeter, fields: Fields) -> dict[str, int]:
        """POST .../cut: drop the line of the meter, and those that wait for it; tells how many."""
        fields.done()
        return {"lines": self._fleet.lines.cut(meter.number)}

    def reboot(self, meter: SimulatedMeter, fields: Fields) -> None:
        """POST .../reboot: {"down_ms": 30000, "clock_lost": false}: the power goes, and returns after a while."""
        down_ms = fields.number("down_ms", 0, _MAX_DOWN_MS, 30_000)
        clock_lost = fields.flag("clock_lost", default=False)
        fields.done()
        if self._fleet.lines.is_down(meter.number):
            raise ControlError(409, f"meter {meter.number} is down already")
        self._fleet.reboot(meter.number, down_ms, clock_lost=clock_lost)


def _channel(fields: Fields) -> int:
    return fields.number("channel", CHANNELS[0], CHANNELS[-1])


def _log_of(meter: SimulatedMeter, log: str) -> str:
    if not log.endswith("_log") or log not in meter.tree.by_role:
        known = ", ".join(sorted(role for role in meter.tree.by_role if role.endswith("_log")))
        raise ControlError(400, f"log: {meter.model.profile} has no {log[:100]}; known: {known}")
    return log


def _channel_json(meter: SimulatedMeter, channel: int) -> dict[str, Any]:
    found = mbus.look(meter, channel)
    identity = found.identity
    return {
        "channel": channel,
        "equipment_identifier": identity.equipment_identifier,
        "medium": None if identity.medium is None else identity.medium.value,
        "primary_address": found.primary_address,
        "identification": f"{identity.identification:08d}",
        "manufacturer": manufacturer_letters(identity.manufacturer) if identity.manufacturer else "",
        "version": identity.version,
        "device_type": identity.device_type,
        "key_status": found.key_status,
        "status": found.status,
        "valve": found.valve,
        "present": found.present,
        "read": found.polled,
    }


def written_json(meter: SimulatedMeter) -> list[dict[str, Any]]:
    """List what was written to a meter."""
    return [_value_json(meter, name, attribute, data) for (name, attribute), data in meter.written_values()]


def _value_json(meter: SimulatedMeter, name: bytes, attribute: int, data: Data) -> dict[str, Any]:
    item = meter.tree.objects[name]
    return {"class": item.class_id, "obis": str(LogicalName(name)), "attribute": attribute, **data_to_json(data)}


def clock_set_json(meter: SimulatedMeter) -> dict[str, float] | None:
    """Give the last clock SET of a meter, and how many there were."""
    last = meter.last_clock_set
    return None if last is None else {**last._asdict(), "count": meter.clock_sets}


def fault_json(fault: Fault) -> dict[str, Any]:
    """Give all there is to a fault."""
    values = asdict(fault)
    return {"kind": fault.kind.value, **{name: values[name] for name in FAULT_FIELDS}}


def _outcome(ref: AttributeRef, result: DataAccessResult) -> web.Response:
    if result is DataAccessResult.SUCCESS:
        return web.Response(status=204)
    raise ControlError(404, f"{ref}: {result.name}")
