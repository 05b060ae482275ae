"""Firmware files for executors: the port over memory, disk and topic, on Kafka in memory and on a real one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from worker_stage import MemoryCluster, RealCluster

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import BLOCK_OCTETS, FirmwareBlock, FirmwareImage
from meterstream.protocol_dlms.image_cache import ImageCache
from meterstream.protocol_dlms.image_store import FAILED_S, BegunTransfers, ImageFiles, MeterImages
from meterstream.protocol_dlms.images import Images
from meterstream.protocol_dlms.responder import Responder
from meterstream.protocol_dlms.twin import MemoryImages
from meterstream.protocol_dlms.views.firmware import TOPIC, FirmwareTopic
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.kafka import Outgoing
from meterstream.runtime.topics import apply_topics

NOW = datetime(2026, 5, 1, tzinfo=UTC)
FILE = bytes(range(256)) * (BLOCK_OCTETS // 256 * 2 + 3)
OTHER = b"another file"
GATEWAY = "TEST1024000000001"


def image_of(file: bytes, **more: Any) -> FirmwareImage:
    named = {"firmware_identification": "FW-1", "sha256": sha256(file).digest(), "size": len(file)}
    return FirmwareImage(**(named | more))


def blocks_of(file: bytes, **more: Any) -> list[FirmwareBlock]:
    count = -(-len(file) // BLOCK_OCTETS)
    pieces = [file[n * BLOCK_OCTETS :][:BLOCK_OCTETS] for n in range(count)]
    fields = {"sha256": sha256(file).digest(), "count": count} | more
    return [FirmwareBlock(**({"block": n, "octets": piece} | fields)) for n, piece in enumerate(pieces)]


class Publisher:
    """What domain's relay does."""

    def __init__(self, producer: Any) -> None:
        self.producer = producer

    async def publish(self, file: bytes, *blocks: FirmwareBlock | int) -> None:
        """Blocks of a file, all unless some are given; a number stands for a tombstone."""
        digest = sha256(file).hexdigest()
        partition = self.producer.partition_of(TOPIC, digest.encode())
        batch = []
        for block in blocks or blocks_of(file):
            number = block if isinstance(block, int) else block.block
            value = None if isinstance(block, int) else shared_codec().encode(block)
            batch.append(Outgoing(TOPIC, f"{digest}|{number}".encode(), value, (), partition))
        await self.producer.send(batch)


class ImagesContract:
    """What executors may count on."""

    async def test_a_file_is_what_its_digest_says(self, port: Images) -> None:
        assert await port.fetch(image_of(FILE)) == FILE
        assert await port.fetch(image_of(FILE)) == FILE

    async def test_a_file_that_is_not_there_is_unavailable_and_worth_another_attempt(self, port: Images) -> None:
        with pytest.raises(PlatformError) as caught:
            await port.fetch(image_of(OTHER))
        assert (caught.value.code.name, caught.value.retryable) == ("IMAGE_UNAVAILABLE", True)

    async def test_a_file_of_another_size_is_unavailable(self, port: Images) -> None:
        with pytest.raises(PlatformError) as caught:
            await port.fetch(image_of(FILE, size=len(FILE) - 1))
        assert caught.value.code.name == "IMAGE_UNAVAILABLE"

    async def test_what_is_noted_is_told(self, port: Images) -> None:
        assert port.begun() is None
        await port.note(bytes(32))
        assert port.begun() == bytes(32)
        await port.note(None)
        assert port.begun() is None


class TestTwin(ImagesContract):
    @pytest.fixture
    def port(self) -> Images:
        return MemoryImages(FILE)


class Elsewhere:
    """Has no file, and counts who asks."""

    def __init__(self) -> None:
        self.asked = 0

    async def read(self, image: FirmwareImage) -> bytes:
        self.asked += 1
        raise error("IMAGE_UNAVAILABLE", "not now")


class Store:
    """The parts of a worker that the port is made of."""

    def __init__(self, cluster: Any, cache: ImageCache | None = None, wait_s: float = 0.2) -> None:
        self.broker = cluster.broker()
        reader = self.broker.reader
        self.reads = 0

        def counted(*arguments: Any, **named: Any) -> Any:
            self.reads += 1
            return reader(*arguments, **named)

        topic = FirmwareTopic(cluster.settings, shared_codec(), wait_s, counted)
        self.elsewhere = Elsewhere()
        self.now = 0.0
        self.files = ImageFiles(topic, self.elsewhere, cache, lambda: self.now)
        self.sessions = SessionTable("process 1")
        self.sessions.hold(range(cluster.settings.device_partitions))
        self.responder = Responder(self.broker.producer)
        partition_of = self.broker.producer.partition_of
        transfers = BegunTransfers(self.sessions, self.responder, partition_of, shared_codec(), lambda: NOW)
        self.port = MeterImages(self.files, transfers, GATEWAY, lambda: None)
        self.publish = Publisher(self.broker.producer).publish


class TestInMemory(ImagesContract):
    @pytest.fixture
    def cluster(self) -> MemoryCluster:
        return MemoryCluster()

    @pytest.fixture
    async def store(self, cluster: MemoryCluster, tmp_path: Path) -> Store:
        store = Store(cluster, ImageCache(tmp_path, 10_000_000))
        await store.publish(FILE)
        return store

    @pytest.fixture
    def port(self, store: Store) -> Images:
        return store.port

    async def test_a_file_is_read_once_and_then_comes_from_memory_or_disk(
        self, store: Store, cluster: MemoryCluster, tmp_path: Path
    ) -> None:
        await asyncio.gather(*(store.files.fetch(image_of(FILE)) for _ in range(20)))
        assert store.reads == 1
        next_process = Store(cluster, ImageCache(tmp_path, 10_000_000))
        assert await next_process.files.fetch(image_of(FILE)) == FILE
        assert next_process.reads == 0
        kept = tmp_path / f"{sha256(FILE).hexdigest()}.image"
        kept.write_bytes(b"damaged")
        third = Store(cluster, ImageCache(tmp_path, 10_000_000))
        assert await third.files.fetch(image_of(FILE)) == FILE
        assert (third.reads, kept.read_bytes() == FILE) == (1, True)

    async def test_a_file_that_is_still_being_published_is_waited_for(
        self, cluster: MemoryCluster, eventually: Any
    ) -> None:
        store = Store(cluster, wait_s=20)
        first, *others = blocks_of(FILE)
        await store.publish(FILE, first)
        waiting = asyncio.ensure_future(store.files.fetch(image_of(FILE)))
        await eventually(lambda: store.reads)
        await store.publish(FILE, *others)
        assert await waiting == FILE

    async def test_a_block_that_was_taken_back_is_no_longer_there(self, cluster: MemoryCluster) -> None:
        store = Store(cluster)
        first, second, third = blocks_of(FILE)
        await store.publish(FILE, first, second, 0, third)
        with pytest.raises(PlatformError):
            await store.files.fetch(image_of(FILE))
        await store.publish(FILE, first)
        assert await store.files.fetch(image_of(FILE)) == FILE

    @pytest.mark.parametrize(
        "hostile",
        [{"octets": b"not that file"}, {"sha256": bytes(32)}, {"count": 2}, {"block": 7, "count": 8}],
    )
    async def test_blocks_that_do_not_belong_to_a_file_never_reach_a_meter(
        self, store: Store, hostile: dict[str, Any]
    ) -> None:
        await store.publish(OTHER, blocks_of(OTHER)[0].model_copy(update=hostile))
        with pytest.raises(PlatformError) as caught:
            await store.files.fetch(image_of(OTHER))
        assert caught.value.code.name == "IMAGE_UNAVAILABLE"
        await store.publish(OTHER)
        assert await store.files.fetch(image_of(OTHER)) == OTHER

    async def test_what_cannot_be_decoded_is_passed_over(self, store: Store) -> None:
        digest = sha256(OTHER).hexdigest()
        partition = store.broker.producer.partition_of(TOPIC, digest.encode())
        await store.broker.producer.send([Outgoing(TOPIC, f"{digest}|0".encode(), b"\xc3\x01nonsense", (), partition)])
        await store.publish(OTHER)
        assert await store.files.fetch(image_of(OTHER)) == OTHER

    async def test_a_broker_that_is_away_makes_a_file_unavailable(self, store: Store, cluster: MemoryCluster) -> None:
        cluster.kafka.down = True
        with pytest.raises(PlatformError) as caught:
            await store.files.fetch(image_of(FILE))
        assert caught.value.code.name == "IMAGE_UNAVAILABLE"

    async def test_a_url_that_led_nowhere_is_not_called_for_every_meter(self, store: Store) -> None:
        image = image_of(OTHER, url="https://files.invalid/fw")

        async def fails(wanted: FirmwareImage) -> None:
            with pytest.raises(PlatformError, match="not now"):
                await store.files.fetch(wanted)

        await asyncio.gather(*(fails(image) for _ in range(20)))
        assert (store.elsewhere.asked, store.reads) == (1, 0)
        await fails(image.model_copy(update={"url": "https://files.invalid/anew"}))
        assert store.elsewhere.asked == 2
        store.now += FAILED_S + 1
        await fails(image)
        assert store.elsewhere.asked == 3

    async def test_a_file_that_is_at_hand_needs_no_url(self, store: Store) -> None:
        await store.files.fetch(image_of(FILE))
        assert await store.files.fetch(image_of(FILE, url="https://files.invalid/fw", size=0)) == FILE
        assert store.elsewhere.asked == 0

    async def test_large_files_leave_memory_earlier(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("meterstream.protocol_dlms.image_store.BYTES_IN_MEMORY", len(FILE))
        await store.publish(OTHER)
        for file in (FILE, OTHER, FILE):
            assert await store.files.fetch(image_of(file)) == file
        assert store.reads == 2  # the disk has both

    async def test_what_is_noted_outlives_the_process(self, store: Store, cluster: MemoryCluster) -> None:
        await store.port.note(bytes(32))
        table = SessionTable("process 2")
        for message in cluster.kafka.messages("device-sessions"):
            record = None if message.value is None else shared_codec().decode(message.value)
            table.on_record(message.key or b"", record, message)
        partition = store.broker.producer.partition_of("device-sessions", GATEWAY.encode())
        assert table.begun(partition, GATEWAY) == bytes(32)
        await store.port.note(None)
        gone = cluster.kafka.messages("device-sessions")[-1]
        table.on_record(gone.key or b"", None, gone)
        assert table.begun(partition, GATEWAY) is None

    async def test_a_note_that_no_broker_takes_is_an_outage(
        self, store: Store, cluster: MemoryCluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("meterstream.protocol_dlms.image_store.WRITE_S", 0.05)
        cluster.kafka.down = True
        with pytest.raises(BrokerOutage):
            await store.port.note(bytes(32))
        assert store.port.begun() is None
        await store.responder.close()


class TestOnKafka(ImagesContract):
    @pytest.fixture
    async def port(self, kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Images]:
        cluster = RealCluster(kafka_bootstrap, topic_prefix)
        await apply_topics(cluster.settings)
        store = Store(cluster, ImageCache(tmp_path, 10_000_000), wait_s=5)
        await store.broker.producer.start()
        await store.publish(FILE)
        yield store.port
        await store.responder.close()
        await store.broker.producer.stop()


def test_the_cache_keeps_what_was_used_last_within_its_bounds(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path / "images", 100)
    files = [bytes([n]) * 40 for n in range(3)]
    digests = [sha256(file).digest() for file in files]
    for number in (0, 1):
        cache.write(digests[number], files[number])
    for path, age in zip(sorted((tmp_path / "images").iterdir()), (1, 2), strict=True):
        os.utime(path, (age, age))
    assert cache.read(digests[0]) == files[0]  # used now: the other one goes
    cache.write(digests[2], files[2])
    assert [cache.read(digest) for digest in digests] == [files[0], None, files[2]]
    cache.write(sha256(bytes(101)).digest(), bytes(101))
    assert [cache.read(digest) is None for digest in digests] == [False, True, False]


def test_what_a_crash_left_half_written_is_gone_and_never_read(tmp_path: Path) -> None:
    (tmp_path / "x.partial").write_bytes(b"half")
    cache = ImageCache(tmp_path, 100)
    assert list(tmp_path.iterdir()) == []
    assert cache.read(sha256(b"half").digest()) is None


def test_a_disk_that_fails_is_no_reason_to_fail(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path / "images", 100)
    (tmp_path / "images").rmdir()
    cache.write(sha256(b"x").digest(), b"x")
    assert cache.read(sha256(b"x").digest()) is None
