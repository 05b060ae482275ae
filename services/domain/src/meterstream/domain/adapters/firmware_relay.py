"""Publishes the octets of firmware files on `firmware`, block by block, and takes back those that no file has any more.

A block is marked once the broker has it. Unused contents stay in the database until their tombstones are acknowledged:
whoever adds the same octets meanwhile waits for that, and has them published again.
"""

from __future__ import annotations

import logging
from typing import Final

from psycopg.rows import TupleRow

from meterstream.contracts.records import BLOCK_OCTETS, FirmwareBlock
from meterstream.domain.adapters.publisher import to_batch
from meterstream.domain.adapters.relay import BROKER_S
from meterstream.domain.adapters.store import transaction
from meterstream.domain.model.messages import Publication
from meterstream.runtime.codec import Codec
from meterstream.runtime.kafka.messages import Outgoing
from meterstream.runtime.kafka.producer import Sends
from meterstream.runtime.postgres import Database

log = logging.getLogger(__name__)

TOPIC: Final = "firmware"
PAGE: Final = 8
"""So many blocks are in memory at a time, 2 MiB at most."""


class FirmwareRelay:
    """Keeps the topic as the database is."""

    def __init__(self, database: Database, producer: Sends, codec: Codec) -> None:
        self._database = database
        self._producer = producer
        self._codec = codec

    async def publish_changes(self) -> int:
        """Publish at most a page of blocks, take back at most a page of files; returns how much that was.

        Raises: BrokerOutage, DatabaseOutage.
        """
        return await self._publish_blocks() + await self._take_back()

    async def _publish_blocks(self) -> int:
        async with transaction(self._database, BROKER_S) as work:
            claimed = await work.fetch("claim_firmware_blocks", {"limit": PAGE})
            if not claimed:
                return 0
            await self._producer.send(to_batch([self._publication(row) for row in claimed]))
            marked = {"sha256": [row[0] for row in claimed], "blocks": [row[1] for row in claimed]}
            await work.execute("mark_firmware_blocks", marked)
        return len(claimed)

    async def _take_back(self) -> int:
        async with transaction(self._database, BROKER_S) as work:
            unused = await work.fetch("claim_unused_contents", {"limit": PAGE})
            if not unused:
                return 0
            await self._producer.send([tombstone for row in unused for tombstone in self._tombstones(*row)])
            await work.execute("delete_firmware_contents", {"sha256": [row[0] for row in unused]})
        log.info("the contents of %d firmware files that nobody needs are gone", len(unused))
        return len(unused)

    def _publication(self, row: TupleRow) -> Publication:
        sha256, block, octets, size, added_at = row
        record = FirmwareBlock(sha256=sha256, block=block, count=_count(size), octets=octets)
        return Publication(
            topic=TOPIC,
            key=_key(sha256, block),
            value=self._codec.encode(record),
            record="FirmwareBlock",
            ce_id=_key(sha256, block),
            moment=added_at,
            partition=self._partition(sha256),
        )

    def _tombstones(self, sha256: bytes, size: int) -> list[Outgoing]:
        partition = self._partition(sha256)
        return [Outgoing(TOPIC, _key(sha256, block).encode(), None, (), partition) for block in range(_count(size))]

    def _partition(self, sha256: bytes) -> int:
        """All blocks of a file lie in one partition: that of its digest."""
        return self._producer.partition_of(TOPIC, sha256.hex().encode())


def _key(sha256: bytes, block: int) -> str:
    return f"{sha256.hex()}|{block}"


def _count(size: int) -> int:
    return -(-size // BLOCK_OCTETS)
