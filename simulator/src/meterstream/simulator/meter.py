"""One simulated meter: what it keeps beyond its number, and how it serves GET, SET and ACTION."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar, cast

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult, Selection
from meterstream.dlms.data import AttributeRef, Data, MethodRef, encode
from meterstream.dlms.meter import Level, SecurityKeys
from meterstream.dlms.objects import MeterProfile
from meterstream.dlms.security import PrivateKey, PublicKey
from meterstream.simulator.agenda import Agenda
from meterstream.simulator.buffers import BufferRules, log_entries
from meterstream.simulator.faults import Fault
from meterstream.simulator.identity import MeterKeys
from meterstream.simulator.layout import LOGICAL_NAME
from meterstream.simulator.mbus.keys import MbusKeys
from meterstream.simulator.objects.alarms import raise_alarm
from meterstream.simulator.objects.behaviour import PLAIN
from meterstream.simulator.objects.clock import ClockRule, ClockSet
from meterstream.simulator.options import ImageOptions, MbusOptions, PushOptions
from meterstream.simulator.stats import Stats
from meterstream.simulator.traits import Traits
from meterstream.simulator.tree import ObjectTree, SimulatedObject
from meterstream.simulator.world.events import EventLogs, EventRow
from meterstream.simulator.world.zone import Zone

if TYPE_CHECKING:
    from meterstream.simulator.push import PushMessage

PUBLIC_CLIENT: Final = 16
MANAGEMENT_CLIENT: Final = 1

_MAX_WRITTEN_OCTETS: Final = 65_536
_DEFAULT_ZONE: Final = Zone()

_Kind = TypeVar("_Kind")


def _nowhere(_message: PushMessage) -> None:
    """Send a push message where no head-end listens."""


def _never(_delay_ms: int, _callback: Callable[[], None]) -> None:
    """Schedule nothing: a meter without a running fleet has no time of its own."""


def _no_keys(number: int) -> MeterKeys:
    raise LookupError(f"meter {number} has no keys: its fleet has no security")


def _no_signature_keys(number: int) -> tuple[PrivateKey, PublicKey]:
    raise LookupError(f"meter {number} has no signature key: its fleet has no security")


def _no_mbus_keys(identification: int) -> MbusKeys:
    raise LookupError(f"M-Bus device {identification:08d} has no keys: its fleet has none")


def _unmoved(_number: int, _down_ms: int) -> None:
    """Restart nothing: a meter that no line leads to cannot be out of reach."""


@dataclass(frozen=True, slots=True)
class MeterModel:
    """What all meters of one protocol in a fleet share.

    Attributes:
        now_ms: the fleet's clock in milliseconds since 1970 (UTC).
        level: of the management association.
        traits: what the meters differ in by number.
        factory_keys: the keys a meter of that number left the factory with.
        signature_keys: its private key of signatures, and its client's public one.
        outbox: takes what meters push.
        schedule: calls back after a delay in milliseconds.
        restart: cuts the line of a meter and keeps it out of reach for so many milliseconds.
        mbus_keys: the keys an M-Bus device of that identification number left the factory with.
        mbus, images, pushes: habits of the make.
    """

    profile: MeterProfile
    management: ObjectTree
    public: ObjectTree
    clock_rule: ClockRule
    buffers: BufferRules
    now_ms: Callable[[], int]
    stats: Stats
    level: Level = Level.HLS5_GMAC
    traits: Traits = field(default_factory=Traits)
    factory_keys: Callable[[int], MeterKeys] = field(default=_no_keys, repr=False)
    signature_keys: Callable[[int], tuple[PrivateKey, PublicKey]] = field(default=_no_signature_keys, repr=False)
    outbox: Callable[[PushMessage], None] = field(default=_nowhere, repr=False)
    schedule: Callable[[int, Callable[[], None]], None] = field(default=_never, repr=False)
    restart: Callable[[int, int], None] = field(default=_unmoved, repr=False)
    mbus_keys: Callable[[int], MbusKeys] = field(default=_no_mbus_keys, repr=False)
    mbus: MbusOptions = field(default_factory=MbusOptions)
    images: ImageOptions = field(default_factory=ImageOptions)
    pushes: PushOptions = field(default_factory=PushOptions)


class SimulatedMeter:
    """State of one meter; everything that can be computed from number and time is.

    Attributes:
        own_counter: next invocation counter of its own.
        keys: once they were needed.
        last_counters: last accepted counter of clients by system title.
        client_title: title of the client of the present or last association.
        associations, gets, sets, actions, repeated_nonces: counted since it exists.
    """

    __slots__ = (
        "_drift_ppm",
        "_drifts_since",
        "_due",
        "_offset_ms",
        "_states",
        "_written",
        "actions",
        "associations",
        "client_title",
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
        self._drift_ppm = model.traits.drift_ppm(number)
        self.clock_offset_ms = 0
        self.last_clock_set: ClockSet | None = None
        self.last_counters: dict[bytes, int] | None = None
        self.zone = _DEFAULT_ZONE
        self.associations = self.gets = self.sets = self.actions = self.clock_sets = self.repeated_nonces = 0
        self._written: dict[tuple[bytes, int], Data] | None = None
        self._states: dict[type, object] | None = None
        self._due: int | None = None

    # --- clock ---

    @property
    def clock_offset_ms(self) -> int:
        """What its clock is ahead of the fleet's; a clock that drifts gains or loses on from when it was set."""
        if not self._drift_ppm:
            return self._offset_ms
        return self._offset_ms + (self.model.now_ms() - self._drifts_since) * self._drift_ppm // 1_000_000

    @clock_offset_ms.setter
    def clock_offset_ms(self, offset: int) -> None:
        self._offset_ms = offset
        self._drifts_since = self.model.now_ms() if self._drift_ppm else 0

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

    # --- what behaviours ask for ---

    @property
    def tree(self) -> ObjectTree:
        return self.model.management

    def written(self, item: SimulatedObject, attribute: int) -> Data | None:
        """Give the value a client or the control interface has set."""
        return self._written.get((item.logical_name, attribute)) if self._written else None

    def keep(self, item: SimulatedObject, attribute: int, data: Data) -> DataAccessResult:
        """Let an attribute answer `data` from now on; other-reason when it is too large to keep."""
        if len(encode(data)) > _MAX_WRITTEN_OCTETS:
            return DataAccessResult.OTHER_REASON
        if self._written is None:
            self._written = {}
        self._written[item.logical_name, attribute] = data
        return DataAccessResult.SUCCESS

    def state(self, kind: type[_Kind]) -> _Kind:
        """Give this meter's one instance of a state class, made with its defaults on first use."""
        found = self.peek(kind)
        if found is None:
            found = kind()
            self.restore(found)
        return found

    def peek(self, kind: type[_Kind]) -> _Kind | None:
        """Give this meter's instance of a state class; None while there is none, and nothing is made."""
        return cast("_Kind | None", self._states.get(kind)) if self._states else None

    def states(self) -> Iterable[object]:
        """List the state beyond written attributes, one instance per class."""
        return (self._states or {}).values()

    def restore(self, state: object) -> None:
        """Take over an instance of a state class."""
        if self._states is None:
            self._states = {}
        self._states[type(state)] = state
        if isinstance(state, Agenda):
            self._due = state.next

    def plan(self, item: SimulatedObject, delay_ms: int, at: int) -> None:
        """Let the behaviour of an object have its `due` after a delay, once; it replaces an earlier plan of it."""
        agenda = self.state(Agenda)
        agenda.drop(item.logical_name)
        agenda.add(at + delay_ms, item.logical_name)
        self._due = agenda.next
        self.model.schedule(delay_ms, self.settle)

    def unplan(self, item: SimulatedObject) -> None:
        """Forget what is planned for an object."""
        agenda = self.peek(Agenda)
        if agenda is not None:
            agenda.drop(item.logical_name)
            self._due = agenda.next

    def settle(self) -> None:
        """Do what was planned for moments up to now, each as of its own moment."""
        now, agenda = self.model.now_ms(), self.peek(Agenda)
        while agenda is not None and (entry := agenda.take(now)) is not None:
            item = self.tree.objects.get(entry[1])
            if item is not None:
                item.behaviour.due(self, item, entry[0])
        self._due = None if agenda is None else agenda.next

    def seconds(self, at: int) -> int:
        """Tell what the meter's own clock shows at a moment of the fleet's, in whole seconds since 1970."""
        return (at + self.clock_offset_ms) // 1000

    def events(self, role: str) -> Sequence[EventRow]:
        """List what has happened to this meter itself, oldest first; its log also tells of the time before."""
        logs = self.peek(EventLogs)
        return logs.rows.get(role, ()) if logs else ()

    def log(self, role: str, code: int, at: int, *extra: int) -> None:
        """Append a row to an event log, stamped by the meter's clock; nothing where the meter has no such log.

        Args:
            extra: values of the columns after the code.
        """
        item = self.tree.by_role.get(role)
        if item is not None:
            row = (self.seconds(at), code, *extra)
            self.state(EventLogs).append(role, row, log_entries(self, item))

    def raise_alarm(self, register: int, bit: int, at: int) -> None:
        """Set a bit of alarm register 1, 2 or 3, and push where the filter of that register lets it through.

        Raises:
            LookupError: the meter's protocol has no such register.
            ValueError: no such bit.
        """
        raise_alarm(self, register, bit, at)

    # --- services ---

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:
        """Serve GET of one attribute."""
        if self._due is not None:
            self.settle()
        self.gets += 1
        self.model.stats.gets += 1
        result = self._get(client_sap, ref, selection)
        if isinstance(result, DataAccessResult):
            self.model.stats.refused_accesses += 1
        return result

    def set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult:
        """Serve SET of one attribute."""
        if self._due is not None:
            self.settle()
        self.sets += 1
        self.model.stats.sets += 1
        result = self._set(client_sap, ref, selection, data)
        if result is not DataAccessResult.SUCCESS:
            self.model.stats.refused_accesses += 1
        return result

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        """Serve ACTION of one method; HLS is served below this."""
        if self._due is not None:
            self.settle()
        self.actions += 1
        self.model.stats.actions += 1
        result, answer = self._action(client_sap, ref, data)
        if result is not ActionResult.SUCCESS:
            self.model.stats.refused_accesses += 1
        return result, answer

    def override(self, ref: AttributeRef, data: Data | None) -> DataAccessResult:
        """Let an attribute answer `data` whatever its access rights and type; None: its own value again."""
        item = self._find(MANAGEMENT_CLIENT, ref)
        if isinstance(item, DataAccessResult):
            return item
        if data is None:
            if self._written:
                self._written.pop((item.logical_name, ref.attribute), None)
            return DataAccessResult.SUCCESS
        return self.keep(item, ref.attribute, data)

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
        written = self.written(item, ref.attribute)
        if selection is not None:
            if written is not None:
                return DataAccessResult.OTHER_REASON
            return item.behaviour.select(self, item, ref.attribute, selection, self.model.now_ms())
        if written is not None:
            return written
        at = self.model.now_ms()
        behaviour = item.behaviour
        if behaviour is PLAIN or ref.attribute == LOGICAL_NAME:
            return attribute.read(self, at)
        value = behaviour.read(self, item, ref.attribute, at)
        return attribute.read(self, at) if value is None else value

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
        before = self.written(item, ref.attribute)
        result = item.behaviour.write(self, item, ref.attribute, data, self.model.now_ms())
        if result is DataAccessResult.SUCCESS and before is not None and self.written(item, ref.attribute) is before:
            self.override(ref, None)  # the behaviour took the value: an override would hide it
        return self.keep(item, ref.attribute, data) if result is None else result

    def _action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        tree = self._tree(client_sap)
        item = tree.objects.get(ref.logical_name)
        if item is None:
            hidden = ref.logical_name in tree.hidden
            return (ActionResult.READ_WRITE_DENIED if hidden else ActionResult.OBJECT_UNDEFINED), None
        if item.class_id != ref.class_id:
            return ActionResult.OBJECT_UNDEFINED, None
        if ref.method not in item.methods:
            return ActionResult.READ_WRITE_DENIED, None
        return item.behaviour.invoke(self, item, ref.method, data, self.model.now_ms())
