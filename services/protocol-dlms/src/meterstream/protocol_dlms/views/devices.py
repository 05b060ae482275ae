"""Records of the gateways: kept packed as they came, decoded when a meter is visited."""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from meterstream.contracts.base import Record
from meterstream.contracts.records import (
    Connection,
    DeviceRecord,
    DeviceState,
    KeyKind,
    KeyState,
    SealedKey,
    SecurityLevel,
)
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import UnreadableMessage
from meterstream.runtime.kafka import Message

TOPIC: Final = "devices"

_RAW_DEFLATE: Final = -12
"""Window of 4 KiB, no header and no checksum: a record and the sample fit in."""
_FAST: Final = 1


class _Packer:
    """Deflates records against a sample, which most of their texts are taken from: half the memory, 2 µs to unpack."""

    def __init__(self, codec: Codec) -> None:
        self._sample = codec.encode(_sample())

    def pack(self, raw: bytes) -> bytes:
        deflate = zlib.compressobj(_FAST, zlib.DEFLATED, _RAW_DEFLATE, 5, zlib.Z_DEFAULT_STRATEGY, self._sample)
        return deflate.compress(raw) + deflate.flush()

    def unpack(self, packed: bytes) -> bytes:
        return zlib.decompressobj(_RAW_DEFLATE, self._sample).decompress(packed)


class DeviceTable:
    """The newest revision of each gateway's record, by partition.

    A registered device costs its key, its packed record and a slot of a dictionary. A removed one leaves nothing
    but its revision, so that an older record does not bring it back and its requests get the right answer.

    Args:
        decoded: for so many meters the decoded record stays in memory.
        forget: called with each gateway that was removed, or left with its partition.
    """

    def __init__(self, codec: Codec, decoded: int = 2048, forget: Callable[[str], None] = lambda _: None) -> None:
        self._codec = codec
        self._packer = _Packer(codec)
        self._forget = forget
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
            self._drop(gateway)
            return
        if not isinstance(record, DeviceRecord) or message.value is None:
            raise UnreadableMessage(f"a {type(record).__name__} on {TOPIC}")
        before = self._revision(known.get(key))
        if before is not None and before > record.revision:
            return
        if record.state is DeviceState.REMOVED:
            known[key] = record.revision
            self._drop(gateway)
        else:
            known[key] = self._packer.pack(message.value)
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
        record = self._codec.decode_as(self._packer.unpack(stored), DeviceRecord)
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
                self._drop(key.decode())

    def __len__(self) -> int:
        return sum(len(known) for known in self._partitions.values())

    def _revision(self, stored: bytes | int | None) -> int | None:
        if not isinstance(stored, bytes):
            return stored
        return self._codec.decode_as(self._packer.unpack(stored), DeviceRecord).revision

    def _drop(self, gateway: str) -> None:
        self._decoded.pop(gateway, None)
        self._forget(gateway)

    def _wake(self, gateway: str) -> None:
        for moved in self._waiting.pop(gateway, ()):
            if not moved.done():
                moved.set_result(None)


def _sample() -> DeviceRecord:
    """A record as most are; what stands in it decides how small others become, never what they say."""
    kinds = (KeyKind.E_METER_AUTHENTICATION_KEY, KeyKind.E_METER_ENCRYPTION_KEY_UNICAST, KeyKind.LLS_PASSWORD)
    return DeviceRecord(
        device_identification="E0000000000000000",
        revision=1,
        state=DeviceState.ACTIVE,
        organisation="organisation",
        device_type="SMART_METER_E",
        protocol_name="SMR",
        protocol_version="5.0.0",
        connection=Connection(address="10.0.0.0", port=4059, logical_id=1),
        security_level=SecurityLevel.HLS5,
        time_zone="Europe/Amsterdam",
        recipient="0123456789abcdef",
        ephemeral_public=bytes(32),
        keys=[
            SealedKey(key_id="0123456789abcdef01234567", kind=kind, state=state, proven=proven, sealed=bytes(44))
            for kind, state, proven in zip(kinds, KeyState, (True, True, False), strict=False)
        ],
    )
