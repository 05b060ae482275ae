"""Publishes what the registry knows: device and organisation records never go backwards.

The row's lock is held until the broker has acknowledged its newest content, so two publishers cannot overtake each
other, and a record once published is never followed by an older one.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg.rows import TupleRow

from meterstream.contracts.operations.add_device import NewDevice
from meterstream.contracts.records import (
    DeviceRecord,
    DeviceState,
    Endpoint,
    EndpointKind,
    KafkaCommands,
    MbusChannel,
    OrganisationRecord,
)
from meterstream.domain.adapters import rows
from meterstream.domain.adapters.keyring import Keyring
from meterstream.domain.adapters.publisher import to_batch
from meterstream.domain.adapters.store import QUERIES, Transaction, transaction
from meterstream.domain.model.events import event_publication, to_event
from meterstream.domain.model.keys import DeviceKey, in_record
from meterstream.domain.model.messages import Publication
from meterstream.domain.model.records import DeviceContent, device_record
from meterstream.runtime.codec import Codec
from meterstream.runtime.kafka.producer import Sends
from meterstream.runtime.postgres import Database

log = logging.getLogger(__name__)

PAGE: Final = 500
BROKER_S: Final = 60.0
"""Longer than the producer waits for the broker."""


class Relay:
    """Publishes records of changed rows, at once for those who wait for them and in passing for the others."""

    def __init__(self, database: Database, producer: Sends, keyring: Keyring, codec: Codec) -> None:
        self._database = database
        self._producer = producer
        self._keyring = keyring
        self._codec = codec

    async def publish_devices(self, devices: Collection[str]) -> int:
        """Have the newest record of each of these devices on `devices`; returns how many had to be published.

        Raises: BrokerOutage, DatabaseOutage.
        """
        published = 0
        ordered = sorted(devices)
        for start in range(0, len(ordered), PAGE):
            published += await self._publish_page(ordered[start : start + PAGE])
        return published

    async def publish_changes(self) -> int:
        """Publish whatever is not published yet, at most a page of each kind; returns how much that was."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(QUERIES["unpublished_devices"], {"limit": PAGE})
            waiting = [row[0] for row in await cursor.fetchall()]
        published = await self._publish_page(waiting) if waiting else 0
        return published + await self.publish_organisations() + await self.publish_events()

    async def reseal(self) -> int:
        """Let records that are sealed for a former key of their readers be published anew; returns how many devices.

        Reads the whole registry once, a page at a time: for the start of the service, after which keys are as they are.
        """
        async with transaction(self._database) as work:
            await work.execute("reseal_organisations", {"recipient": self._keyring.notification_recipient})
        found, after = 0, ""
        while True:
            async with transaction(self._database) as work:
                arguments = {"after": after, "recipient": self._keyring.recipient, "limit": PAGE}
                page = [row[0] for row in await work.fetch("reseal_devices", arguments)]
            if not page:
                return found
            found, after = found + len(page), max(page)

    async def _publish_page(self, devices: Sequence[str]) -> int:
        async with transaction(self._database, BROKER_S) as work:
            found = await work.fetch_all(
                [
                    ("claim_devices", {"devices": devices}),
                    ("load_keys", {"devices": devices}),
                    ("load_channels", {"devices": devices}),
                    ("load_channel_keys", {"devices": devices}),
                ],
            )
            claimed = found["claim_devices"]
            if not claimed:
                return 0
            contents = [(_content(row), row[6]) for row in claimed]
            records = await self._records([content for content, _ in contents], found)
            moments = [moment for _, moment in contents]
            publications = [self._device(record, moment) for record, moment in zip(records, moments, strict=True)]
            await self._producer.send(to_batch(publications))
            revisions = [(row[0], row[5]) for row in claimed]
            await _mark(work, "mark_devices_published", "devices", revisions, self._keyring.recipient)
        return len(claimed)

    async def _records(self, contents: Sequence[DeviceContent], found: dict[str, list[TupleRow]]) -> list[DeviceRecord]:
        keys: dict[str, list[DeviceKey]] = {}
        for row in (*found["load_keys"], *found["load_channel_keys"]):
            device, key = rows.to_key(row)
            keys.setdefault(device, []).append(key)
        channels: dict[str, list[MbusChannel]] = {}
        for gateway, channel, device, mbus_identity, device_type in found["load_channels"]:
            known = MbusChannel(
                channel=channel, device_identification=device, mbus_identity=mbus_identity, device_type=device_type
            )
            channels.setdefault(gateway, []).append(known)
        active = [content.identification for content in contents if content.state is DeviceState.ACTIVE]
        families = [
            [gateway, *(channel.device_identification for channel in channels.get(gateway, ()))] for gateway in active
        ]
        sealed = await self._keyring.seal_for_protocol(
            [{device: list(in_record(keys.get(device, ()))) for device in family} for family in families]
        )
        by_gateway = dict(zip(active, sealed, strict=True))
        records = []
        for content in contents:
            gateway = content.identification
            ephemeral, opened = by_gateway.get(gateway, (b"", {}))
            behind = [
                channel.model_copy(update={"keys": opened.get(channel.device_identification, [])})
                for channel in channels.get(gateway, [])
            ]
            records.append(device_record(content, self._keyring.recipient, ephemeral, opened.get(gateway, []), behind))
        return records

    def _device(self, record: DeviceRecord, moment: datetime) -> Publication:
        return Publication(
            topic="devices",
            key=record.device_identification,
            value=self._codec.encode(record),
            record="DeviceRecord",
            ce_id=f"{record.device_identification}|{record.revision}",
            moment=moment,
        )

    async def publish_events(self) -> int:
        """Publish events that domain told by itself, at most a page; returns how many."""
        async with transaction(self._database, BROKER_S) as work:
            claimed = await work.fetch("claim_events", {"limit": PAGE})
            if not claimed:
                return 0
            events = [to_event(organisations, content) for organisations, content in claimed]
            await self._producer.send(to_batch([event_publication(event, self._codec) for event in events]))
            await work.execute("mark_events_published", {"event_ids": [event.event_id for event in events]})
        return len(claimed)

    async def publish_organisations(self) -> int:
        """Publish the organisations that changed, at most a page; returns how many."""
        async with transaction(self._database, BROKER_S) as work:
            claimed = await work.fetch("claim_organisations", {"limit": PAGE})
            if not claimed:
                return 0
            names = {"organisations": [row[0] for row in claimed]}
            endpoints = await work.fetch("load_endpoints", names)
            publications = [self._organisation(row, endpoints) for row in claimed]
            await self._producer.send(to_batch(publications))
            revisions = [(row[0], row[1]) for row in claimed]
            recipient = self._keyring.notification_recipient
            await _mark(work, "mark_organisations_published", "organisations", revisions, recipient)
        return len(claimed)

    def _organisation(self, row: TupleRow, endpoints: Sequence[TupleRow]) -> Publication:
        organisation, revision, name, enabled, kafka_commands, admin, certificate_names, changed_at = row
        record = OrganisationRecord(
            organisation=organisation,
            revision=revision,
            name=name,
            enabled=enabled,
            kafka_commands=KafkaCommands(kafka_commands),
            admin=admin,
            certificate_names=certificate_names,
            endpoints=[self._endpoint(endpoint) for endpoint in endpoints if endpoint[0] == organisation],
        )
        return Publication(
            topic="organisations",
            key=organisation,
            value=self._codec.encode(record),
            record="OrganisationRecord",
            ce_id=f"{organisation}|{revision}",
            moment=changed_at,
        )

    def _endpoint(self, row: TupleRow) -> Endpoint:
        organisation, kind, url, application, sealed = row
        secret = b"" if sealed is None else self._keyring.seal_for_notification(organisation, url, sealed)
        return Endpoint(kind=EndpointKind(kind), url=url, application=application, sealed_secret=secret)


async def _mark(
    work: Transaction, statement: str, name: str, revisions: Sequence[tuple[str, int]], recipient: str
) -> None:
    arguments: dict[str, Any] = {
        name: [row for row, _ in revisions],
        "revisions": [revision for _, revision in revisions],
        "recipient": recipient,
    }
    await work.execute(statement, arguments)


def _content(row: TupleRow) -> DeviceContent:
    return DeviceContent(
        identification=row[0],
        organisation=row[1],
        state=DeviceState(row[2]),
        description=NewDevice.model_validate(row[3]),
        time_zone=row[4],
        revision=row[5],
        debug=row[7],
        use_short_names=row[8],
        use_hdlc=row[9],
        system_title=row[10],
    )
