"""Timers: what is due, what waited too long, what is old. The database's clock decides, so replicas need not agree.

A timer's decision and its messages are stored in one transaction; the messages are deleted once they are acked.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from meterstream.contracts.operation import Target
from meterstream.domain.adapters import rows
from meterstream.domain.adapters.contexts import Contexts
from meterstream.domain.adapters.given_keys import KeyOpener
from meterstream.domain.adapters.keyring import Keyring
from meterstream.domain.adapters.publisher import count_endings, to_batch
from meterstream.domain.adapters.relay import BROKER_S, Relay
from meterstream.domain.adapters.store import QUERIES, Wanted, add_needs, load_world, save_world, transaction
from meterstream.domain.model.context import Context
from meterstream.domain.model.stored import StoredCommand
from meterstream.domain.model.timers import Due, decide_due, end_unhandled
from meterstream.domain.model.world import Outcome, World
from meterstream.runtime.errors import PoisonMessage
from meterstream.runtime.kafka.producer import Sends
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.postgres import Database

log = logging.getLogger(__name__)

PAGE: Final = 500
FORGET_PAGE: Final = 5000
UNREADABLE_PAUSE: Final = timedelta(hours=1)


class Timers:
    """One step each: fire what is due, produce what was fired, forget what is old."""

    def __init__(
        self,
        database: Database,
        contexts: Contexts,
        keyring: Keyring,
        relay: Relay,
        producer: Sends,
        metrics: Metrics,
    ) -> None:
        self._database = database
        self._contexts = contexts
        self._keys = KeyOpener(keyring, contexts.rules, contexts.composer.codec)
        self._relay = relay
        self._producer = producer
        self._metrics = metrics

    async def fire(self) -> int:
        """Decide on at most a page of commands whose timer has run out; returns how many there were."""
        async with transaction(self._database) as work:
            found = await work.fetch("load_due_commands", {"limit": PAGE})
            if not found:
                return 0
            commands = [rows.to_command(row) for row in found]
            due = await self._due(commands)
            world = await load_world(work, _wanted(due, self._contexts))
            context = replace(self._contexts.now(), now=found[0][-1])
            outcome = _decide(commands, due, world, context)
            await save_world(work, world)
            if outcome.publications:
                await work.execute("insert_outbox", rows.outbox_columns(outcome.publications))
        count_endings(self._metrics, outcome.publications)
        return len(found)

    async def _due(self, commands: Sequence[StoredCommand]) -> list[Due]:
        """The rows with their commands; a row whose command this release cannot read is left out."""
        due: list[Due] = []
        for row in commands:
            try:
                due.append(Due(row, self._contexts.composer.command_of(row)))
            except PoisonMessage as poison:
                log.error("command %s of %s: %s", row.correlation_uid, row.organisation, poison)  # noqa: TRY400 - says all
        commands_due = [item.command for item in due]
        asked = [(one.operation.name, one.header.device_identification or "", one.request) for one in commands_due]
        opened = await self._keys.open(asked)
        return [replace(item, given_keys=given) if given else item for item, given in zip(due, opened, strict=True)]

    async def produce(self) -> int:
        """Produce at most a page of what timers decided; returns how many messages there were.

        Raises: BrokerOutage: the messages stay where they are.
        """
        async with transaction(self._database, BROKER_S) as work:
            found = await work.fetch("claim_outbox", {"limit": PAGE})
            if not found:
                return 0
            behind = {row[8] for row in found if not row[9]}
            if behind:
                await self._relay.publish_devices(behind)
            await self._producer.send(to_batch([rows.to_publication(row[1:9]) for row in found]))
            await work.execute("delete_outbox", {"ids": [row[0] for row in found]})
        return len(found)

    async def forget(self) -> int:
        """Delete at most a page of rows that nothing can refer to any more."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(QUERIES["forget_commands"], {"limit": FORGET_PAGE})
            return cursor.rowcount


def _decide(commands: Sequence[StoredCommand], due: Sequence[Due], world: World, context: Context) -> Outcome:
    """Decide on every row; one that cannot be decided does not hold up the others."""
    outcome = Outcome()
    for row in commands:
        world.adopt(row)
    readable = {item.row.identity for item in due}
    for row in commands:
        if row.identity not in readable:
            world.put_command(row.postponed(context.now + UNREADABLE_PAUSE))
    for item in due:
        try:
            decide_due(item, world, context, outcome)
        except Exception:
            log.exception("timer of command %s of %s failed", item.row.correlation_uid, item.row.organisation)
            end_unhandled(item, world, context, outcome)
    return outcome


def _wanted(due: Sequence[Due], contexts: Contexts) -> Wanted:
    wanted = Wanted()
    for item in due:
        wanted.organisations.add(item.row.organisation)
        device = item.row.device_identification
        if device is not None:
            wanted.subjects.add((item.row.organisation, device))
            if item.command.operation.target is Target.REGISTRY:
                wanted.changing.add(device)
        add_needs(wanted, item.command.header, item.command.operation, item.command.request, contexts)
    return wanted
