"""Where meters with dynamic addresses were last, and who waits for them to tell."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from meterstream.contracts.records import LearntAddress


class AddressTable:
    """Addresses that pushes have taught, by gateway; what belongs to a partition goes with it."""

    def __init__(self) -> None:
        self._partitions: dict[int, dict[str, str]] = {}
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def on_record(self, partition: int, record: LearntAddress) -> None:
        """What the topic tells."""
        self._partitions.setdefault(partition, {})[record.gateway] = record.address

    def told(self, partition: int, gateway: str, address: str) -> bool:
        """A meter has pushed from an address just now; whether that is news."""
        held = self._partitions.setdefault(partition, {})
        news = held.get(gateway) != address
        held[gateway] = address
        for waiting in self._waiting.pop(gateway, ()):
            if not waiting.done():
                waiting.set_result(None)
        return news

    def of(self, partition: int, gateway: str) -> str | None:
        """The address that was learnt last."""
        return self._partitions.get(partition, {}).get(gateway)

    async def next(self, gateway: str, timeout_s: float) -> bool:
        """Wait until the meter pushes; False when it did not in time."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(gateway, set()).add(waiting)
        try:
            async with asyncio.timeout(timeout_s):
                await waiting
        except TimeoutError:
            return False
        finally:
            others = self._waiting.get(gateway)
            if others is not None:
                others.discard(waiting)
                if not others:
                    del self._waiting[gateway]
        return True

    def drop(self, partitions: Iterable[int]) -> None:
        """Forget what belongs to partitions that this worker no longer holds."""
        for partition in partitions:
            self._partitions.pop(partition, None)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The addresses of one meter."""

    table: AddressTable
    partition: int
    gateway: str

    @property
    def learnt(self) -> str | None:
        """The address of its last push."""
        return self.table.of(self.partition, self.gateway)

    async def next(self, timeout_s: float) -> bool:
        """Wait for its next push; False when none came in time."""
        return await self.table.next(self.gateway, timeout_s)
