"""The examples of the README run as they stand."""

from __future__ import annotations

import asyncio
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from meterstream.dlms.asyncio import InMemoryCounters
from meterstream.dlms.client import SecurityKeys
from meterstream.dlms.meter import MeterSecurity
from meterstream.dlms.security import ReservedCounters

README = Path(__file__).parents[1] / "README.md"


class Store:
    def __init__(self) -> None:
        self.mark = 0

    def reserve(self, mark: int) -> None:
        self.mark = mark


def serve_one(listener: socket.socket, serve: Any, security: MeterSecurity) -> None:
    connection, _ = listener.accept()
    with connection:
        serve(connection, security)


async def test_the_client_of_the_readme_reads_the_meter_of_the_readme() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 3
    client: dict[str, Any] = {}
    meter: dict[str, Any] = {}
    exec(compile(blocks[0], "README client", "exec", dont_inherit=True), client)
    exec(compile(blocks[1] + blocks[2], "README meter", "exec", dont_inherit=True), meter)

    keys, counters = SecurityKeys(bytes(16), bytes(range(16))), InMemoryCounters(1)
    store = Store()
    security = meter["security_of"](keys, ReservedCounters(store))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        host, port = listener.getsockname()
        served = asyncio.create_task(asyncio.to_thread(serve_one, listener, meter["serve"], security))
        async with asyncio.timeout(10):
            clock = await client["read_clock"](host, port, keys, counters)
            await served
    assert abs(datetime.now(UTC) - clock.to_datetime()) < timedelta(seconds=10)
    assert counters.next_counter == 1 + 4
    used = security.counters.next_counter
    assert 0 < used <= store.mark

    async with asyncio.timeout(10), await meter["listen"]("127.0.0.1", 0, security) as listener:
        clock = await client["read_clock"](*listener.address, keys, counters)
    assert abs(datetime.now(UTC) - clock.to_datetime()) < timedelta(seconds=10)
    assert security.counters.next_counter > used, "a counter of the first connection was used again"
