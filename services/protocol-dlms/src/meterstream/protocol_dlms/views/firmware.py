"""What the topic `firmware` tells of one file, read when somebody needs it: the topic as a whole may be large."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.records import BLOCK_OCTETS, FirmwareBlock, FirmwareImage
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import BrokerOutage, PoisonMessage
from meterstream.runtime.kafka import Message
from meterstream.runtime.kafka.log import LogReader, PartitionLeft, Start
from meterstream.runtime.kafka.names import TopicNames
from meterstream.runtime.settings import KafkaSettings

log = logging.getLogger(__name__)

TOPIC: Final = "firmware"


class FirmwareTopic:
    """Reads files; each time a reader of its own goes through the one partition that a file lies in."""

    def __init__(
        self, settings: KafkaSettings, codec: Codec, wait_s: float, reader: Callable[..., LogReader] = LogReader
    ) -> None:
        """Args: wait_s, longest time for a file, which may not be published whole yet."""
        self._settings = settings
        self._codec = codec
        self._wait_s = wait_s
        self._reader = reader
        self._names = TopicNames(settings)

    async def read(self, image: FirmwareImage) -> bytes:
        """The whole file, its digest checked.

        Raises: IMAGE_UNAVAILABLE.
        """
        pieces = Pieces(image, self._codec)
        reader = self._reader(self._settings, TOPIC, start=Start.BEGINNING, deliver=pieces.take, overtaken=pieces.again)
        await reader.start()
        try:
            async with asyncio.timeout(self._wait_s):
                await reader.add([self._names.partition_of(TOPIC, image.sha256.hex().encode())])
                return await pieces.whole
        except (TimeoutError, BrokerOutage, PartitionLeft) as failure:
            log.warning("%s: %d blocks in %g s", image.firmware_identification, len(pieces.held), self._wait_s)
            message = f"firmware file {image.firmware_identification} is not at hand"
            raise error("IMAGE_UNAVAILABLE", message, sha256=image.sha256.hex()) from failure
        finally:
            await reader.stop()


class Pieces:
    """The blocks of one file as they are read.

    Attributes:
        held: octets by number, never more than belong to the file.
        whole: the file, once it is there.
    """

    def __init__(self, image: FirmwareImage, codec: Codec) -> None:
        self._image = image
        self._prefix = f"{image.sha256.hex()}|".encode()
        self._count = -(-image.size // BLOCK_OCTETS)
        self._codec = codec
        self.held: dict[int, bytes] = {}
        self.whole: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def take(self, messages: Sequence[Message]) -> None:
        """Look at messages in their order."""
        for message in messages:
            if message.key is not None and message.key.startswith(self._prefix) and not self.whole.done():
                self._take(message, message.key[len(self._prefix) :])

    def again(self, partition: int) -> None:
        """The partition is read from its beginning again."""
        log.warning("partition %d of %s is read again from the beginning", partition, TOPIC)
        self.held.clear()

    def _take(self, message: Message, number: bytes) -> None:
        if message.value is None:
            if number.isdigit():
                self.held.pop(int(number), None)
            return
        try:
            block = self._codec.decode_as(message.value, FirmwareBlock)
        except PoisonMessage as poison:
            log.error("%r is no block of a file: %s", message, poison.code)  # noqa: TRY400  # no trace of content
            return
        if block.sha256 != self._image.sha256 or block.count != self._count or block.block >= self._count:
            log.error("%r does not belong to the file that its key names", message)
            return
        self.held[block.block] = block.octets
        if len(self.held) == self._count:
            self._finish()

    def _finish(self) -> None:
        octets = b"".join(octets for _, octets in sorted(self.held.items()))
        if len(octets) == self._image.size and sha256(octets).digest() == self._image.sha256:
            self.whole.set_result(octets)
        else:
            log.error("the blocks of %s do not match its digest", self._image.firmware_identification)
