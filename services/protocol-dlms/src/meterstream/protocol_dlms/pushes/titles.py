"""System titles of all gateways: by them the listener finds whose a ciphered push is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meterstream.contracts.base import Record
from meterstream.contracts.records import DeviceRecord, DeviceState
from meterstream.runtime.kafka import Message


class Titles(Mapping[bytes, str]):
    """Gateway by system title (8 octets), from the whole topic `devices`; nothing else of a record is kept."""

    def __init__(self) -> None:
        self._gateways: dict[bytes, str] = {}
        self._titles: dict[str, bytes] = {}

    def on_record(self, key: bytes, record: Record | None, message: Message) -> None:  # noqa: ARG002  # the view's callback
        """Take a record over; a removed device, or one without a title, leaves none."""
        gateway = key.decode()
        before = self._titles.pop(gateway, None)
        if before is not None and self._gateways.get(before) == gateway:
            del self._gateways[before]
        if isinstance(record, DeviceRecord) and record.state is DeviceState.ACTIVE and record.system_title:
            self._titles[gateway] = record.system_title
            self._gateways[record.system_title] = gateway

    def __getitem__(self, title: bytes) -> str:
        return self._gateways[title]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._gateways)

    def __len__(self) -> int:
        return len(self._gateways)
