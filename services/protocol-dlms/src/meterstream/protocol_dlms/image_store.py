"""Firmware files for the meters of this worker: from memory, from disk, or from their topic; and what is under way."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from weakref import WeakValueDictionary

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.records import BegunTransfer, FirmwareImage
from meterstream.protocol_dlms.image_cache import ImageCache
from meterstream.protocol_dlms.responder import Responder
from meterstream.protocol_dlms.views.sessions import TOPIC, SessionTable, begun_key
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Outgoing

IN_MEMORY: Final = 8
"""So many files stay in memory: the meters of a campaign share one copy."""
BYTES_IN_MEMORY: Final = 67_108_864
READ_AT_ONCE: Final = 2
FAILED_S: Final = 5.0
"""So long a URL that led to no file is not called again."""
WRITE_S: Final = 60.0


class ReadsFiles(Protocol):
    """Where files come from that are not at hand (views.firmware, image_download)."""

    async def read(self, image: FirmwareImage) -> bytes:
        """Raises: IMAGE_UNAVAILABLE, IMAGE_UNUSABLE."""


class ImageFiles:
    """Files by digest; whoever asks for the same at the same time waits for the same, also for its failure.

    Args:
        topic: holds files that the registry has.
        elsewhere: reaches files that the registry names by URL.
    """

    def __init__(
        self, topic: ReadsFiles, elsewhere: ReadsFiles, cache: ImageCache | None, now: Callable[[], float]
    ) -> None:
        self._topic = topic
        self._elsewhere = elsewhere
        self._cache = cache
        self._now = now
        self._failed: dict[tuple[bytes, str], tuple[float, PlatformError]] = {}
        self._held: OrderedDict[bytes, bytes] = OrderedDict()
        self._locks: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._reading = asyncio.Semaphore(READ_AT_ONCE)

    async def fetch(self, image: FirmwareImage) -> bytes:
        """The whole file, its digest checked.

        Raises: IMAGE_UNAVAILABLE, IMAGE_UNUSABLE.
        """
        lock = self._locks.setdefault(image.sha256, asyncio.Lock())
        async with lock:
            octets = self._held.get(image.sha256)
            if octets is None:
                async with self._reading:
                    octets = await self._read(image)
                self._held[image.sha256] = octets
            self._held.move_to_end(image.sha256)
            while len(self._held) > 1 and (len(self._held) > IN_MEMORY or self._octets_held() > BYTES_IN_MEMORY):
                self._held.popitem(last=False)
            return octets

    def _octets_held(self) -> int:
        return sum(map(len, self._held.values()))

    async def _read(self, image: FirmwareImage) -> bytes:
        if self._cache is not None:
            kept = await asyncio.to_thread(self._cache.read, image.sha256)
            if kept is not None:
                return kept
        octets = await (self._topic.read(image) if image.url is None else self._download(image, image.url))
        if self._cache is not None:
            await asyncio.to_thread(self._cache.write, image.sha256, octets)
        return octets

    async def _download(self, image: FirmwareImage, url: str) -> bytes:
        """What failed a moment ago is not tried again for each of a thousand meters.

        Raises: IMAGE_UNAVAILABLE, IMAGE_UNUSABLE.
        """
        key, now = (image.sha256, url), self._now()
        self._failed = {failed: kept for failed, kept in self._failed.items() if kept[0] > now}
        if (kept := self._failed.get(key)) is not None:
            raise kept[1].with_traceback(None)
        try:
            return await self._elsewhere.read(image)
        except PlatformError as failure:
            self._failed[key] = (self._now() + FAILED_S, failure)
            raise


class BegunTransfers:
    """Which meters have begun a transfer, on `device-sessions`."""

    def __init__(
        self,
        sessions: SessionTable,
        responder: Responder,
        partition_of: Callable[[str, bytes], int],
        codec: Codec,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._responder = responder
        self._partition_of = partition_of
        self._codec = codec
        self._clock = clock

    def find(self, gateway: str) -> bytes | None:
        """The digest of what is under way."""
        return self._sessions.begun(self._partition(gateway), gateway)

    async def note(self, gateway: str, digest: bytes | None) -> None:
        """Return when all replicas have it.

        Raises: BrokerOutage when the broker stays away.
        """
        key, partition, now = begun_key(gateway), self._partition(gateway), self._clock()
        record = None if digest is None else BegunTransfer(gateway=gateway, sha256=digest, noted_at=now)
        if record is None:
            outgoing = Outgoing(TOPIC, key, None, (), partition)
        else:
            identity = f"{gateway}|{record.sha256.hex()}|{now.isoformat()}"
            headers = ce_headers("BegunTransfer", "protocol-dlms", identity, now)
            outgoing = Outgoing(TOPIC, key, self._codec.encode(record), headers, partition)
        try:
            async with asyncio.timeout(WRITE_S):
                await self._responder.publish([outgoing])
        except TimeoutError as failure:
            raise BrokerOutage("what a meter has begun cannot be noted") from failure
        self._sessions.remember_begun(partition, gateway, digest)

    def _partition(self, gateway: str) -> int:
        return self._partition_of(TOPIC, gateway.encode())


@dataclass(frozen=True, slots=True)
class MeterImages:
    """The Images port of one attempt; `check` raises Lost where the meter's partition is gone."""

    files: ImageFiles
    transfers: BegunTransfers
    gateway: str
    check: Callable[[], None]

    async def fetch(self, image: FirmwareImage) -> bytes:
        """See Images."""
        return await self.files.fetch(image)

    def begun(self) -> bytes | None:
        """See Images."""
        return self.transfers.find(self.gateway)

    async def note(self, digest: bytes | None) -> None:
        """See Images."""
        self.check()
        await self.transfers.note(self.gateway, digest)


@dataclass(frozen=True, slots=True)
class ImageStore:
    """Makes the port for each attempt."""

    files: ImageFiles
    transfers: BegunTransfers

    async def prepare(self, images: Iterable[FirmwareImage], *, for_one_step: bool) -> None:
        """Have files at hand before the meter is called: it would not wait for them.

        Raises: IMAGE_UNAVAILABLE, IMAGE_UNUSABLE; not where there are steps that can do without.
        """
        for image in images:
            try:
                await self.files.fetch(image)
            except PlatformError:
                if for_one_step:
                    raise

    def of(self, gateway: str, check: Callable[[], None]) -> MeterImages:
        """For one meter."""
        return MeterImages(self.files, self.transfers, gateway, check)
