"""The working set of a batch: what the database holds about it, and what the decisions change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from meterstream.contracts.base import Record
from meterstream.contracts.events import Event, LifecycleChange, MessageLog
from meterstream.domain.model.events import key_event
from meterstream.domain.model.keys import DeviceKey
from meterstream.domain.model.messages import Publication
from meterstream.domain.model.observations import Kind, Observation, S
from meterstream.domain.model.register import Register
from meterstream.domain.model.registers import Shelf
from meterstream.domain.model.registry import Device, Organisation
from meterstream.domain.model.stored import Identity, Position, StoredCommand
from meterstream.domain.model.submissions import Submission

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message for the dead-letter topic: where it lies, the stable code, one sentence."""

    position: Position
    code: str
    reason: str


@dataclass(slots=True)
class Outcome:
    """What follows from a batch, in order.

    Attributes:
        queries: answered once the batch is written.
        retried: operation and error code of every attempt that will be repeated, for the metrics.
    """

    publications: list[Publication] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    queries: list[Submission] = field(default_factory=list)
    retried: list[tuple[str, str]] = field(default_factory=list)


class Overtaken(Exception):
    """Another process changed what the decisions are about after it was looked for; they are taken anew."""


class World:
    """Organisations, devices and commands that a batch is about; later decisions see what earlier ones changed."""

    def __init__(
        self,
        *,
        organisations: Mapping[str, Organisation],
        devices: Mapping[str, Device],
        groups: Mapping[tuple[str, str], frozenset[str]],
        commands: Mapping[Identity, StoredCommand],
        keys: Mapping[str, tuple[DeviceKey, ...]] | None = None,
        shelves: Mapping[str, Shelf] | None = None,
    ) -> None:
        self.organisations = dict(organisations)
        self.shelves = dict(shelves or {})
        self.outbox: list[Publication] = []
        self._devices = dict(devices)
        self._groups = dict(groups)
        self._commands = dict(commands)
        self._keys = dict(keys or {})
        self._stored_keys = dict(keys or {})
        self._told: dict[str, Event] = {}
        self._stored_commands = set(commands)
        self.stored_devices = frozenset(devices)
        self._moved: dict[Identity, StoredCommand] = {}
        self._changed_devices: dict[str, Device] = {}
        self._changed_keys: dict[tuple[str, str, str], tuple[str, DeviceKey]] = {}
        self._granted: dict[tuple[str, str, str], None] = {}
        self._revoked: dict[str, None] = {}
        self._noted: dict[str, MessageLog] = {}
        self._observed: dict[str, dict[str, Observation]] = {}

    def command(self, identity: Identity) -> StoredCommand | None:
        """The row of a command."""
        return self._commands.get(identity)

    def adopt(self, row: StoredCommand) -> None:
        """A row that was loaded beside the working set."""
        self._commands[row.identity] = row
        self._stored_commands.add(row.identity)

    def put_command(self, row: StoredCommand) -> None:
        """A new row, or one that moved."""
        self._commands[row.identity] = self._moved[row.identity] = row

    def device(self, identification: str | None) -> Device | None:
        """A device that is in the registry; removed ones are not."""
        found = None if identification is None else self._devices.get(identification)
        return found if found is not None and found.is_known else None

    def trace_of(self, identification: str) -> Device | None:
        """A device's row, removed or not: its revision goes on."""
        return self._devices.get(identification)

    def put_device(self, device: Device) -> None:
        """A new device, or one that changed: its revision is higher than before."""
        self._devices[device.identification] = self._changed_devices[device.identification] = device

    def revise(self, gateway: str) -> None:
        """The record of a device with a connection is about to change: what waits for it waits for the new revision."""
        device = self.device(gateway)
        if device is None:
            raise LookupError(f"{gateway} was not asked for")
        self.put_device(replace(device, revision=device.revision + 1).with_own_gateway())
        revised = self._devices[gateway].gateway
        for other in list(self._devices.values()):
            if other.gateway is not None and other.gateway.identification == gateway:
                self._devices[other.identification] = replace(other, gateway=revised)

    def behind(self, gateway: str) -> list[Device]:
        """M-Bus devices behind a gateway, as far as they were asked for."""
        return [device for device in self._devices.values() if device.is_known and device.is_behind(gateway)]

    def on_channel(self, gateway: str, channel: int) -> Device | None:
        """The M-Bus device on a channel of a gateway whose kin was asked for."""
        return next((device for device in self.behind(gateway) if device.channel == channel), None)

    def named_by_meters(self, name: str) -> list[Device]:
        """M-Bus devices that meters name so, as far as they were asked for."""
        known = (device for device in self._devices.values() if device.is_known and device.is_mbus)
        return [device for device in known if device.mbus_name == name]

    def groups(self, organisation: str, device: str) -> frozenset[str]:
        """Function groups that the organisation holds for the device."""
        return self._groups.get((organisation, device), frozenset())

    def grant(self, organisation: str, device: str, group: str) -> None:
        """Give an organisation a function group for a device."""
        if group not in self.groups(organisation, device):
            self._groups[organisation, device] = self.groups(organisation, device) | {group}
            self._granted[organisation, device, group] = None

    def set_groups(self, device: str, groups: Mapping[str, frozenset[str]]) -> None:
        """Let later decisions see who may do what with a device; the register of grants writes it."""
        for pair in [pair for pair in self._groups if pair[1] == device]:
            self._groups[pair] = groups.get(pair[0], frozenset())
        for grant in [grant for grant in self._granted if grant[1] == device]:
            del self._granted[grant]

    def row(self, register: Register[R], key: str) -> R | None:
        """A row of a register.

        Raises: LookupError for a row that the operation did not say it needs.
        """
        found = self.shelves[register.name].find(key)
        if found is not None and not isinstance(found, register.model):
            raise TypeError(f"{register.name} holds a {type(found).__name__}")
        return found

    def put_row(self, register: Register[R], row: R) -> None:
        """A new row of a register, or one that changed."""
        self.shelves[register.name].now[register.key_of(row)] = row

    def remove_row(self, register: Register[R], key: str) -> None:
        """Take a row out of a register."""
        self.shelves[register.name].now[key] = None

    def revoke_all(self, device: str) -> None:
        """Take every organisation's authorisations for a device away."""
        for pair in [pair for pair in self._groups if pair[1] == device]:
            del self._groups[pair]
        for grant in [grant for grant in self._granted if grant[1] == device]:
            del self._granted[grant]
        self._revoked[device] = None

    def keys(self, device: str) -> tuple[DeviceKey, ...]:
        """Every key that the device ever had."""
        return self._keys.get(device, ())

    def put_keys(self, device: str, keys: Iterable[DeviceKey]) -> None:
        """The device's keys from now on; none may be missing that was there."""
        before = set(self.keys(device))
        after = tuple(keys)
        self._keys[device] = after
        for key in after:
            if key not in before:
                self._changed_keys[device, key.kind, key.key_id] = (device, key)

    def tell(self, event: Event) -> None:
        """Let the organisations know that may; those of a device that is removed are those that could before."""
        self._told[event.event_id] = event

    @property
    def farewells(self) -> list[Event]:
        """Events for those who could know of their devices before the batch."""
        return [event for event in self._told.values() if event.lifecycle is LifecycleChange.REMOVED]

    @property
    def news(self) -> list[Event]:
        """Events for those who may know of their devices after the batch."""
        told = [event for event in self._told.values() if event.lifecycle is not LifecycleChange.REMOVED]
        return told + [key_event(device, key) for device, key in self.changed_keys if self._is_news(device, key)]

    def _is_news(self, device: str, key: DeviceKey) -> bool:
        """A key of a device that was known already came to another state."""
        states = {(former.kind, former.key_id): former.state for former in self._stored_keys.get(device, ())}
        return device in self.stored_devices and states.get((key.kind, key.key_id)) is not key.state

    def note(self, entry: MessageLog) -> None:
        """Something for the message log of a device; the same entry counts once."""
        self._noted[entry.log_id] = entry

    @property
    def notes(self) -> list[MessageLog]:
        """What is for message logs."""
        return list(self._noted.values())

    def observe(self, kind: Kind[S], seen: S) -> None:
        """Something that a meter told; the newest observation of a kind and key stands."""
        known = self._observed.setdefault(kind.name, {})
        key = kind.key_of(seen)
        if key not in known or known[key].observed_at <= seen.observed_at:
            known[key] = seen

    def observations(self, kind: Kind[Observation]) -> list[Observation]:
        """What was told, sorted; it is written where it is news."""
        return [seen for _, seen in sorted(self._observed.get(kind.name, {}).items())]

    @property
    def new_commands(self) -> list[StoredCommand]:
        """Rows to insert, sorted."""
        return [row for identity, row in self._sorted_moves() if identity not in self._stored_commands]

    @property
    def moved_commands(self) -> list[StoredCommand]:
        """Rows to update, sorted."""
        return [row for identity, row in self._sorted_moves() if identity in self._stored_commands]

    def _sorted_moves(self) -> list[tuple[Identity, StoredCommand]]:
        return sorted(self._moved.items(), key=lambda item: (item[0].organisation, item[0].correlation_uid))

    @property
    def changed_devices(self) -> list[Device]:
        """Devices to write, sorted."""
        return [device for _, device in sorted(self._changed_devices.items())]

    @property
    def changed_keys(self) -> list[tuple[str, DeviceKey]]:
        """Keys to write, by device."""
        return list(self._changed_keys.values())

    @property
    def granted(self) -> list[tuple[str, str, str]]:
        """New authorisations: organisation, device, function group."""
        return sorted(self._granted)

    @property
    def revoked(self) -> list[str]:
        """Devices that lose the authorisations they had before the batch."""
        return sorted(self._revoked)

    @property
    def unpublished_gateways(self) -> set[str]:
        """Gateways of this batch's devices whose newest record may not lie on `devices` yet."""
        return {
            device.gateway.identification
            for device in self._devices.values()
            if device.gateway is not None and not device.gateway.is_published
        }
