"""One simulated meter: what it keeps beyond its number, and how it serves GET, SET and ACTION."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult, Selection
from meterstream.dlms.data import AttributeRef, Data, MethodRef, encode
from meterstream.dlms.errors import DecodeError
from meterstream.dlms.meter import SecurityKeys
from meterstream.dlms.objects import MeterProfile
from meterstream.simulator.buffers import (
    BufferRules,
    decode_columns,
    entries_in_use,
    is_known_column,
    read_buffer,
)
from meterstream.simulator.clock import ClockRule, ClockSet, check_clock_set
from meterstream.simulator.faults import Fault
from meterstream.simulator.stats import Stats
from meterstream.simulator.tree import (
    BUFFER,
    CAPTURE_OBJECTS,
    ENTRIES_IN_USE,
    PROFILE_ENTRIES,
    PROFILE_GENERIC,
    ObjectTree,
    SimulatedObject,
)
from meterstream.simulator.zone import Switch, Zone

PUBLIC_CLIENT: Final = 16
MANAGEMENT_CLIENT: Final = 1

_CLOCK_CLASS: Final = 8
_ZONE_ATTRIBUTES: Final = frozenset((3, 5, 6, 8))
_EVENTS_KEPT: Final = 100
_CLOCK_UPDATED, _CLOCK_OLD_TIME, _CLOCK_NEW_TIME = 3, 4, 5
_ADJUSTMENT_MS: Final = 60_000
_MAX_WRITTEN_OCTETS: Final = 65_536
_DEFINABLE_ENTRIES: Final = 960
_DEFINABLE_COLUMNS_SMR5: Final = 14
_DEFAULT_ZONE: Final = Zone()


@dataclass(frozen=True, slots=True)
class MeterModel:
    """What all meters of one protocol in a fleet share.

    `now_ms` is the fleet's clock in milliseconds since 1970 (UTC).
    """

    profile: MeterProfile
    management: ObjectTree
    public: ObjectTree
    clock_rule: ClockRule
    buffers: BufferRules
    now_ms: Callable[[], int]
    stats: Stats


class SimulatedMeter:
    """State of one meter; everything that can be computed from number and time is.

    Attributes:
        own_counter: next invocation counter of its own.
        keys: once they were needed.
        last_counters: last accepted counter of clients by system title.
        client_title: title of the client of the present or last association.
        clock_offset_ms: what its clock is ahead of the fleet's.
        associations, gets, sets, actions, repeated_nonces: counted since it exists.
    """

    __slots__ = (
        "_events",
        "_written",
        "actions",
        "associations",
        "client_title",
        "clock_offset_ms",
        "clock_sets",
        "fault",
        "gets",
        "keys",
        "last_clock_set",
        "last_counters",
        "model",
        "number",
        "own_counter",
        "repeated_nonces",
        "sets",
        "zone",
    )

    def __init__(self, number: int, model: MeterModel, own_counter: int, fault: Fault | None = None) -> None:
        self.number = number
        self.model = model
        self.own_counter = own_counter
        self.fault = fault
        self.keys: SecurityKeys | None = None
        self.client_title = b""
        self.clock_offset_ms = 0
        self.last_clock_set: ClockSet | None = None
        self.last_counters: dict[bytes, int] | None = None
        self.zone = _DEFAULT_ZONE
        self.associations = self.gets = self.sets = self.actions = self.clock_sets = self.repeated_nonces = 0
        self._written: dict[tuple[bytes, int], Data] | None = None
        self._events: list[tuple[int, int]] | None = None

    # --- counters ---

    @property
    def last_invocation_counter(self) -> int:
        """The highest counter accepted from any client."""
        return max(self.last_counters.values(), default=0) if self.last_counters else 0

    def last_counter(self, client_title: bytes) -> int:
        """The last counter accepted from one client; -1: none yet."""
        return self.last_counters.get(client_title, -1) if self.last_counters else -1

    def accept_counter(self, client_title: bytes, counter: int) -> None:
        """Remember a counter that has risen."""
        if self.last_counters is None:
            self.last_counters = {}
        self.last_counters[client_title] = counter

    def count_repeated_nonce(self) -> None:
        self.repeated_nonces += 1
        self.model.stats.repeated_nonces += 1

    # --- what profile buffers ask for ---

    @property
    def tree(self) -> ObjectTree:
        return self.model.management

    def written(self, item: SimulatedObject, attribute: int) -> Data | None:
        return self._written.get((item.logical_name, attribute)) if self._written else None

    def events(self, role: str) -> Sequence[tuple[int, int]]:
        return self._events or () if role == "standard_event_log" else ()

    # --- services ---

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:
        """Serve GET of one attribute."""
        self.gets += 1
        self.model.stats.gets += 1
        result = self._get(client_sap, ref, selection)
        if isinstance(result, DataAccessResult):
            self.model.stats.refused_accesses += 1
        return result

    def set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult:
        """Serve SET of one attribute."""
        self.sets += 1
        self.model.stats.sets += 1
        result = self._set(client_sap, ref, selection, data)
        if result is not DataAccessResult.SUCCESS:
            self.model.stats.refused_accesses += 1
        return result

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:  # noqa: ARG002 - the application's port
        """Refuse every method: none is among the access rights of the object list; HLS is served below this."""
        self.actions += 1
        self.model.stats.actions += 1
        self.model.stats.refused_accesses += 1
        item = self._tree(client_sap).objects.get(ref.logical_name)
        known = item is not None and item.class_id == ref.class_id
        return (ActionResult.READ_WRITE_DENIED if known else ActionResult.OBJECT_UNDEFINED), None

    def override(self, ref: AttributeRef, data: Data | None) -> DataAccessResult:
        """Let an attribute answer `data` whatever its access rights and type; None: its own value again."""
        item = self._find(MANAGEMENT_CLIENT, ref)
        if isinstance(item, DataAccessResult):
            return item
        if data is None:
            if self._written:
                self._written.pop((item.logical_name, ref.attribute), None)
            return DataAccessResult.SUCCESS
        return self._write(item, ref.attribute, data)

    def read(self, ref: AttributeRef) -> ReadResult:
        """Tell what the management client would read, without counting it."""
        return self._get(MANAGEMENT_CLIENT, ref, None)

    def written_values(self) -> tuple[tuple[tuple[bytes, int], Data], ...]:
        """List what clients or the control interface have written: (logical name, attribute), value."""
        return tuple((self._written or {}).items())

    def _tree(self, client_sap: int) -> ObjectTree:
        return self.model.public if client_sap == PUBLIC_CLIENT else self.model.management

    def _find(self, client_sap: int, ref: AttributeRef) -> SimulatedObject | DataAccessResult:
        tree = self._tree(client_sap)
        item = tree.objects.get(ref.logical_name)
        if item is None:
            hidden = ref.logical_name in tree.hidden
            return DataAccessResult.READ_WRITE_DENIED if hidden else DataAccessResult.OBJECT_UNDEFINED
        if item.class_id != ref.class_id:
            return DataAccessResult.OBJECT_UNDEFINED
        return item if ref.attribute in item.attributes else DataAccessResult.READ_WRITE_DENIED

    def _get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:
        item = self._find(client_sap, ref)
        if isinstance(item, DataAccessResult):
            return item
        attribute = item.attributes[ref.attribute]
        if not attribute.readable:
            return DataAccessResult.READ_WRITE_DENIED
        at = self.model.now_ms()
        written = self.written(item, ref.attribute)
        if item.class_id == PROFILE_GENERIC and written is None:
            if ref.attribute == BUFFER:
                return read_buffer(self, item, at, selection, self.model.buffers)
            if ref.attribute == ENTRIES_IN_USE:
                return Data(attribute.type, entries_in_use(self, item, at))
        if selection is not None:
            return DataAccessResult.OTHER_REASON
        return attribute.read(self, at) if written is None else written

    def _set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult:
        item = self._find(client_sap, ref)
        if isinstance(item, DataAccessResult):
            return item
        attribute = item.attributes[ref.attribute]
        if not attribute.writable:
            return DataAccessResult.READ_WRITE_DENIED
        if selection is not None:
            return DataAccessResult.OTHER_REASON
        if data.type is not attribute.type:
            return DataAccessResult.TYPE_UNMATCHED
        if item.class_id == _CLOCK_CLASS:
            return self._set_clock(item, ref.attribute, data)
        if item.class_id == PROFILE_GENERIC and not self._profile_takes(item, ref.attribute, data):
            return DataAccessResult.OTHER_REASON
        return self._write(item, ref.attribute, data)

    def _write(self, item: SimulatedObject, attribute: int, data: Data) -> DataAccessResult:
        if len(encode(data)) > _MAX_WRITTEN_OCTETS:
            return DataAccessResult.OTHER_REASON
        if self._written is None:
            self._written = {}
        self._written[item.logical_name, attribute] = data
        return DataAccessResult.SUCCESS

    # --- clock ---

    def _set_clock(self, item: SimulatedObject, attribute: int, data: Data) -> DataAccessResult:
        if attribute in _ZONE_ATTRIBUTES:
            return self._set_zone(item, attribute, data)
        now = self.model.now_ms()
        meter_now = now + self.clock_offset_ms
        decision = check_clock_set(data, self.zone, self.model.clock_rule, meter_now / 1000, now / 1000)
        if isinstance(decision, DataAccessResult):
            return decision
        set_to = round(decision.moment * 1000)
        self.clock_offset_ms = set_to - now
        self.last_clock_set = decision
        self.clock_sets += 1
        self.model.stats.clock_sets += 1
        if abs(set_to - meter_now) < _ADJUSTMENT_MS:
            self._log((set_to, _CLOCK_UPDATED))
        else:
            self._log((meter_now, _CLOCK_OLD_TIME), (set_to, _CLOCK_NEW_TIME))
        return DataAccessResult.SUCCESS

    def _set_zone(self, item: SimulatedObject, attribute: int, data: Data) -> DataAccessResult:
        zone = self.zone
        try:
            if attribute == 3:
                zone = Zone(_integer(data, range(-720, 841)), zone.saving, zone.enabled, zone.begin, zone.end)
            elif attribute == 5:
                zone = Zone(zone.deviation, zone.saving, zone.enabled, _switch(data), zone.end)
            elif attribute == 6:
                zone = Zone(zone.deviation, zone.saving, zone.enabled, zone.begin, _switch(data))
            else:
                zone = Zone(zone.deviation, zone.saving, data.value is True, zone.begin, zone.end)
        except ValueError:
            return DataAccessResult.OTHER_REASON
        result = self._write(item, attribute, data)
        if result is DataAccessResult.SUCCESS:
            self.zone = zone
        return result

    def _log(self, *rows: tuple[int, int]) -> None:
        events = [*(self._events or ()), *((moment // 1000, code) for moment, code in rows)]
        self._events = events[-_EVENTS_KEPT:]

    # --- profiles whose columns the client chooses ---

    def _profile_takes(self, item: SimulatedObject, attribute: int, data: Data) -> bool:
        if attribute == PROFILE_ENTRIES:
            return isinstance(data.value, int) and 1 <= data.value <= _DEFINABLE_ENTRIES
        if attribute != CAPTURE_OBJECTS:
            return isinstance(data.value, int) and data.value >= 60
        try:
            columns = decode_columns(data)
        except DecodeError:
            return False
        selectable = item.definition.selectable
        for column in columns:
            found = self.model.profile.find(column.class_id, column.logical_name)
            if found is None or found[0].role not in selectable or not is_known_column(self.tree, column):
                return False
        limited = self.model.profile.version.startswith("5") and item.role == "definable_load_profile"
        return bool(columns) and not (limited and len(columns) > _DEFINABLE_COLUMNS_SMR5)


def _integer(data: Data, allowed: range) -> int:
    if not isinstance(data.value, int) or data.value not in allowed:
        raise ValueError("out of range")
    return data.value


def _switch(data: Data) -> bytes:
    octets = data.value if isinstance(data.value, bytes) else b""
    Switch.parse(octets)
    return octets
