"""Records of the gateways: kept as the bytes that came, decoded when a meter is visited."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from meterstream.contracts.base import Record
from meterstream.contracts.records import DeviceRecord, DeviceState
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import UnreadableMessage
from meterstream.runtime.kafka import Message

TOPIC: Final = "devices"


class DeviceTable:
    """The newest revision of each gateway's record, by partition.

    A registered device costs its key, its encoded record and a slot of a dictionary. A removed one leaves nothing
    but its revision, so that an older record does not bring it back and its requests get the right answer.
    """

    def __init__(self, codec: Codec, decoded: int = 2048) -> None:
        self._codec = codec
        self._partitions: dict[int, dict[bytes, bytes | int]] = {}
        self._decoded: OrderedDict[str, DeviceRecord] = OrderedDict()
        self._decoded_max = decoded
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def on_record(self, key: bytes, record: Record | None, message: Message) -> None:
        """Take a record over unless a newer one is known; a tombstone forgets the device."""
        known = self._partitions.setdefault(message.partition, {})
        gateway = key.decode()
        if record is None:
            known.pop(key, None)
            self._decoded.pop(gateway, None)
            return
        if not isinstance(record, DeviceRecord) or message.value is None:
            raise UnreadableMessage(f"a {type(record).__name__} on {TOPIC}")
        before = self._revision(known.get(key))
        if before is not None and before > record.revision:
            return
        known[key] = record.revision if record.state is DeviceState.REMOVED else message.value
        self._decoded.pop(gateway, None)
        self._wake(gateway)

    def find(self, partition: int, gateway: str) -> tuple[int | None, DeviceRecord | None]:
        """Revision and record of a gateway; no record where it was removed, no revision where it was never seen."""
        cached = self._decoded.get(gateway)
        if cached is not None:
            self._decoded.move_to_end(gateway)
            return cached.revision, cached
        stored = self._partitions.get(partition, {}).get(gateway.encode())
        if stored is None or isinstance(stored, int):
            return stored, None
        record = self._codec.decode_as(stored, DeviceRecord)
        self._decoded[gateway] = record
        if len(self._decoded) > self._decoded_max:
            self._decoded.popitem(last=False)
        return record.revision, record

    async def changed(self, gateway: str, timeout_s: float) -> bool:
        """Wait until the gateway's record moves; False when it did not in time."""
        moved: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(gateway, []).append(moved)
        try:
            async with asyncio.timeout(timeout_s):
                await moved
        except TimeoutError:
            return False
        finally:
            waiting = self._waiting.get(gateway)
            if waiting is not None and moved in waiting:
                waiting.remove(moved)
                if not waiting:
                    del self._waiting[gateway]
        return True

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget what belongs to partitions that this worker no longer holds."""
        for partition in partitions:
            for key in self._partitions.pop(partition, {}):
                self._decoded.pop(key.decode(), None)

    def __len__(self) -> int:
        return sum(len(known) for known in self._partitions.values())

    def _revision(self, stored: bytes | int | None) -> int | None:
        return self._codec.decode_as(stored, DeviceRecord).revision if isinstance(stored, bytes) else stored

    def _wake(self, gateway: str) -> None:
        for moved in self._waiting.pop(gateway, ()):
            if not moved.done():
                moved.set_result(None)
