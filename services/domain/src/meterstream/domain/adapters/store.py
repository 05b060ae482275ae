"""The database as decisions see it: one transaction, two round trips for a batch of plain commands."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from psycopg import AsyncConnection, AsyncCursor, AsyncPipeline, errors
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb

from meterstream.contracts.base import Record
from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.events import Event, MessageLog
from meterstream.contracts.operation import Operation, OperationRequest, Target
from meterstream.contracts.shared.relays import KnownRelay
from meterstream.domain.adapters import rows
from meterstream.domain.adapters.contexts import Contexts
from meterstream.domain.model.attachments import needs_of
from meterstream.domain.model.events import event_row
from meterstream.domain.model.keys import DeviceKey
from meterstream.domain.model.observations import KINDS
from meterstream.domain.model.registers import REGISTERS, UPKEEP, Needs, Shelf
from meterstream.domain.model.registry import Device, FunctionGroups, Organisation
from meterstream.domain.model.rules import DevicePage, ListedDevice
from meterstream.domain.model.stored import Identity
from meterstream.domain.model.world import Overtaken, World
from meterstream.runtime.errors import DatabaseOutage
from meterstream.runtime.postgres import IDLE_S, Database, load_queries

log = logging.getLogger(__name__)

Connection = AsyncConnection[TupleRow]
Cursor = AsyncCursor[TupleRow]
Statement = tuple[str, Mapping[str, Any]]
T = TypeVar("T")

_PACKAGE: Final = "meterstream.domain.adapters"
_FILES: Final = ("queries.sql", "administration.sql", "events.sql", "firmware.sql", "observations.sql")
QUERIES: Final = {name: text for file in _FILES for name, text in load_queries(_PACKAGE, file).items()}
_IDLE: Final = "select set_config('idle_in_transaction_session_timeout', %s, true)"

RACES: Final = 10
"""How often a batch is decided anew because another process inserted the same row meanwhile."""


@dataclass(slots=True)
class Wanted:
    """What a batch is about.

    Attributes:
        subjects: (organisation, device) pairs; the organisations alone where a command names no device.
        changing: devices that the decisions may change: their rows are locked and their keys loaded.
        proofs: (device, key id) pairs with which an association stood: where one is news, its device is changing.
        rows: keys of rows by their register's name.
        kin: devices whose gateways and M-Bus devices belong to it, `mbus_names` M-Bus devices by what meters call them.
        kin_changes: the decisions may change all of these.
    """

    commands: set[Identity] = field(default_factory=set)
    organisations: set[str] = field(default_factory=set)
    subjects: set[tuple[str, str]] = field(default_factory=set)
    changing: set[str] = field(default_factory=set)
    proofs: set[tuple[str, str]] = field(default_factory=set)
    rows: dict[str, set[str]] = field(default_factory=dict)
    kin: set[str] = field(default_factory=set)
    mbus_names: set[str] = field(default_factory=set)
    kin_changes: bool = False

    def add(self, needs: Needs, *, changes: bool) -> None:
        """What one of the batch's operations looks at, or `changes`."""
        self.subjects |= {("", device) for device in needs.devices}
        self.kin |= needs.kin
        self.mbus_names |= needs.mbus_names
        self.kin_changes |= (changes or needs.changes) and bool(needs.kin or needs.mbus_names)
        self.organisations |= needs.organisations
        self.commands |= needs.commands
        for register, key in needs.rows:
            self.rows.setdefault(register.name, set()).add(key)


def add_needs(
    wanted: Wanted, header: CommandHeader, operation: Operation, request: OperationRequest | None, contexts: Contexts
) -> None:
    """Add what the rules of an operation look at."""
    if request is not None:
        for needs in needs_of(header, operation, request, contexts.rules, contexts.composer.codec):
            wanted.add(needs, changes=operation.target is Target.REGISTRY)


class Transaction:
    """Statements of one transaction, by their names in `queries.sql`."""

    def __init__(self, connection: Connection, pipeline: AsyncPipeline) -> None:
        self._connection = connection
        self._pipeline = pipeline

    async def execute(self, name: str, arguments: Mapping[str, Any]) -> Cursor:
        """Queue a statement; its failure shows with the next fetch, or when the transaction ends: rows count then."""
        return await self._connection.execute(QUERIES[name], arguments)

    async def fetch_all(self, statements: Iterable[Statement]) -> dict[str, list[TupleRow]]:
        """Run statements in one round trip; their rows by name."""
        cursors = []
        for name, arguments in statements:
            cursor = self._connection.cursor(binary=True)
            await cursor.execute(QUERIES[name], arguments)
            cursors.append((name, cursor))
        await self._pipeline.sync()  # not just a flush: the server counts the time until the next statement as idle
        return {name: await cursor.fetchall() for name, cursor in cursors}

    async def fetch(self, name: str, arguments: Mapping[str, Any]) -> list[TupleRow]:
        """The rows of one statement."""
        return (await self.fetch_all([(name, arguments)]))[name]


@asynccontextmanager
async def transaction(database: Database, idle_s: float = IDLE_S) -> AsyncIterator[Transaction]:
    """A transaction in pipeline mode: statements wait for their answers only where a result is fetched.

    Args:
        idle_s: a process that stands still for longer with rows locked loses them, and its transaction: others wait.

    Raises: DatabaseOutage, where that happened too.
    """
    async with database.connection() as connection:
        try:
            async with connection.pipeline() as pipeline:
                await connection.execute("begin")
                if idle_s != IDLE_S:
                    await connection.execute(_IDLE, (f"{int(idle_s * 1000)}ms",))
                yield Transaction(connection, pipeline)
                await connection.execute("commit")
        finally:
            if not connection.closed and connection.info.transaction_status is not TransactionStatus.IDLE:
                await connection.rollback()


class Store:
    """Commands, devices and organisations in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def work(
        self, wanted: Wanted, decide: Callable[[World], T], on_changed_devices: Callable[[], None] | None = None
    ) -> T:
        """Load what the batch is about, decide, write what changed: all or nothing.

        `decide` runs again when another process has inserted one of the batch's rows in between.
        `on_changed_devices` is called afterwards where records of devices are not as they were.

        Raises: DatabaseOutage, and what `decide` raises.
        """
        for _ in range(RACES):
            try:
                async with transaction(self._database) as work:
                    world = await load_world(work, wanted)
                    decided = decide(world)
                    changes = await save_world(work, world)
            except (errors.UniqueViolation, errors.ForeignKeyViolation, errors.ExclusionViolation, Overtaken):
                log.info("another process was first with a row of this batch; deciding again")
            else:
                if on_changed_devices is not None and any(cursor.rowcount > 0 for cursor in changes):
                    on_changed_devices()
                return decided
        raise DatabaseOutage(f"lost {RACES} races for the rows of one batch")

    async def function_groups(self) -> FunctionGroups:
        """The mapping of function groups to device functions as it stands."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(QUERIES["function_groups"])
            return FunctionGroups.from_pairs([(row[0], row[1]) for row in await cursor.fetchall()])

    async def own_topics(self) -> list[str]:
        """Slugs of the organisations that publish commands on a topic of their own."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(QUERIES["own_topics"])
            return [row[0] for row in await cursor.fetchall()]

    async def read(self, statement: str, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of a statement of `administration.sql`, by the names of their columns."""
        async with self._database.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(QUERIES[statement], arguments)
            return await cursor.fetchall()

    async def device_pages(self, wanted: Sequence[tuple[str, int]], size: int) -> list[DevicePage]:
        """One page for each (organisation, page from 0), descending identification, in one round trip."""
        arguments = {
            "organisations": [organisation for organisation, _ in wanted],
            "pages": [page for _, page in wanted],
            "size": size,
        }
        async with self._database.connection() as connection:
            cursor = await connection.execute(QUERIES["device_pages"], arguments)
            found = await cursor.fetchall()
        devices: list[list[ListedDevice]] = [[] for _ in wanted]
        totals = [0] * len(wanted)
        for ordinal, total, uid, identification, device_type, activated, has_schedule, public_key, relay in found:
            totals[ordinal - 1] = total
            if identification is not None:
                known = None if relay is None else KnownRelay.model_validate(relay)
                listed = ListedDevice(uid, identification, device_type, activated, has_schedule, public_key, known)
                devices[ordinal - 1].append(listed)
        return [DevicePage(tuple(page), total) for page, total in zip(devices, totals, strict=True)]


async def load_world(work: Transaction, wanted: Wanted) -> World:
    """The working set, in one round trip, two where a proof is news or kin is asked for.

    Commands and changing devices are locked.
    """
    if wanted.kin or wanted.mbus_names:
        wanted = await _with_kin(work, wanted)
    statements: list[Statement] = []
    if wanted.commands:
        organisations = [identity.organisation for identity in wanted.commands]
        uids = [identity.correlation_uid for identity in wanted.commands]
        statements.append(("load_commands", {"organisations": organisations, "uids": uids}))
    if wanted.proofs:
        proofs = list(wanted.proofs)
        names = {"devices": [device for device, _ in proofs], "key_ids": [key_id for _, key_id in proofs]}
        statements.append(("find_unproven", names))
    statements += _about_devices(wanted.subjects, wanted.changing)
    if wanted.organisations:
        statements.append(("load_organisations", {"organisations": list(wanted.organisations)}))
    statements += [
        (f"load_{register.name}", {"keys": sorted(wanted.rows[register.name])})
        for register in REGISTERS
        if register.name in wanted.rows
    ]
    found = await work.fetch_all(statements)
    if unproven := {row[0] for row in found.pop("find_unproven", ())}:
        found |= await work.fetch_all(_about_devices(wanted.subjects, wanted.changing | unproven))
    return _world(found, _shelves(found, wanted))


async def _with_kin(work: Transaction, wanted: Wanted) -> Wanted:
    """The same, with the devices that stand behind or before others, and with what people keep of them."""
    asked = {"devices": sorted(wanted.kin), "names": sorted(wanted.mbus_names)}
    kin = {row[0] for row in await work.fetch("find_kin", asked)}
    return replace(
        wanted,
        subjects=wanted.subjects | {("", device) for device in kin},
        changing=wanted.changing | kin if wanted.kin_changes else wanted.changing,
        rows=wanted.rows | {UPKEEP.name: wanted.rows.get(UPKEEP.name, set()) | kin},
    )


def _shelves(found: Mapping[str, list[TupleRow]], wanted: Wanted) -> dict[str, Shelf]:
    shelves = {}
    for register in REGISTERS:
        if register.name in wanted.rows:
            stored = [register.model.model_validate(row[0]) for row in found[f"load_{register.name}"]]
            by_key = {register.key_of(row): row for row in stored}
            names = {name: key for key, row in by_key.items() for name in register.names_of(row)}
            shelves[register.name] = Shelf(by_key, keys=frozenset(wanted.rows[register.name]), names=names)
    return shelves


def _about_devices(subjects: set[tuple[str, str]], changing: set[str]) -> list[Statement]:
    statements: list[Statement] = []
    if changing:
        statements.append(("lock_devices", {"devices": list(changing)}))
        statements.append(("load_keys", {"devices": list(changing)}))
    pairs = list(subjects | {("", device) for device in changing})
    if pairs:
        names = {"organisations": [pair[0] for pair in pairs], "devices": [pair[1] for pair in pairs]}
        statements.append(("load_devices", names))
    return statements


def _world(found: Mapping[str, list[TupleRow]], shelves: Mapping[str, Shelf]) -> World:
    commands = [rows.to_command(row) for row in found.get("load_commands", ())]
    devices: dict[str, Device] = {}
    groups: dict[tuple[str, str], frozenset[str]] = {}
    for row in found.get("load_devices", ()):
        pair, device, held = rows.to_device(row)
        devices[device.identification] = device
        groups[pair] = held
    keys: dict[str, list[DeviceKey]] = {}
    for row in found.get("load_keys", ()):
        identification, key = rows.to_key(row)
        keys.setdefault(identification, []).append(key)
    organisations: dict[str, Organisation] = {
        row[0]: rows.to_organisation(row) for row in found.get("load_organisations", ())
    }
    return World(
        organisations=organisations,
        devices=devices,
        groups=groups,
        commands={row.identity: row for row in commands},
        keys={identification: tuple(held) for identification, held in keys.items()},
        shelves=shelves,
    )


async def save_world(work: Transaction, world: World) -> list[Cursor]:
    """Queue the writes of what changed: commands before devices before keys, each sorted; those that write devices."""
    changes = []
    if farewells := world.farewells:
        await work.execute("insert_events", event_rows(farewells, published=False))
    if new := world.new_commands:
        await work.execute("insert_commands", rows.new_columns(new))
    if moved := world.moved_commands:
        await work.execute("update_commands", rows.moved_columns(moved))
    changed = world.changed_devices
    if added := [device for device in changed if device.identification not in world.stored_devices]:
        changes.append(await work.execute("insert_devices", rows.device_columns(added)))
    if altered := [device for device in changed if device.identification in world.stored_devices]:
        changes.append(await work.execute("update_devices", rows.device_columns(altered)))
    if gone := [device.identification for device in changed if not device.is_known]:
        await work.execute("forget_observations", {"devices": gone})
    for kind in KINDS:
        if seen := world.observations(kind):
            observed = Jsonb([one.model_dump(mode="json") for one in seen])
            changes.append(await work.execute(f"learn_{kind.name}", {"rows": observed}))
    if keys := world.changed_keys:
        await work.execute("upsert_keys", rows.key_columns(keys))
    if revoked := world.revoked:
        await work.execute("revoke", {"devices": revoked})
    if world.shelves:
        await _save_shelves(work, world)
    if world.outbox:
        await work.execute("insert_outbox", rows.outbox_columns(world.outbox))
    if granted := world.granted:
        arguments = {
            "organisations": [organisation for organisation, _, _ in granted],
            "devices": [device for _, device, _ in granted],
            "function_groups": [group for _, _, group in granted],
        }
        await work.execute("grant", arguments)
    if notes := world.notes:
        await work.execute("insert_message_logs", log_rows(notes))
    if news := world.news:
        await work.execute("insert_events", event_rows(news, published=False))
    return changes


def event_rows(events: Iterable[Event], *, published: bool) -> dict[str, Any]:
    """Arguments of `insert_events`."""
    return {"rows": Jsonb([event_row(event, published=published) for event in events])}


def log_rows(entries: Iterable[MessageLog]) -> dict[str, Any]:
    """Arguments of `insert_message_logs`."""
    left_out = {"correlation_uid", "encrypted", "size"}
    return {"rows": Jsonb([entry.model_dump(mode="json", exclude=left_out) for entry in entries])}


async def _save_shelves(work: Transaction, world: World) -> None:
    """Write changed rows of registers: what refers to others goes first and comes last."""
    written = [
        (register.name, world.shelves[register.name]) for register in REGISTERS if register.name in world.shelves
    ]
    for name, shelf in reversed(written):
        if keys := list(shelf.changes()["delete"]):
            await work.execute(f"delete_{name}", {"keys": keys})
    for name, shelf in written:
        for verb in ("insert", "update"):
            if changed := [row.model_dump(mode="json") for row in shelf.changes()[verb] if isinstance(row, Record)]:
                await work.execute(f"{verb}_{name}", {"rows": Jsonb(changed)})
