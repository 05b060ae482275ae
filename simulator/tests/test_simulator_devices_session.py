"""M-Bus devices, push setups and pushes as a client meets them over the line, and what leaves the fleet."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from meterstream.dlms.apdu import ActionResult, decode_data_notification
from meterstream.dlms.asyncio import MeterSession
from meterstream.dlms.data import (
    AttributeRef,
    Data,
    LogicalName,
    MethodRef,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from meterstream.dlms.errors import AccessError
from meterstream.dlms.framing import HEADER
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import MBusPlan, Medium, manufacturer_code
from meterstream.simulator.mbus.keys import mbus_keys_for
from meterstream.simulator.objects.push_setup import last_gasp, wake_up
from meterstream.simulator.options import MbusOptions
from meterstream.simulator.settings import FleetSettings

PLAN = MBusPlan.parse("gas,-,water")
Until = Callable[[Callable[[], bool]], Awaitable[None]]


def client(channel: int, attribute: int) -> AttributeRef:
    return AttributeRef(72, LogicalName.parse(f"0.{channel}.24.1.0.255"), attribute)


def method(channel: int, number: int) -> MethodRef:
    return MethodRef(72, LogicalName.parse(f"0.{channel}.24.1.0.255"), number)


async def scan(session: MeterSession) -> list[list[object]]:
    """Read attributes 5 to 9 of all channels with a list, as a scan does."""
    refs = [client(channel, attribute) for channel in (1, 2, 3, 4) for attribute in range(5, 10)]
    found: list[object] = [value.value if isinstance(value, Data) else value for value in await session.get_list(refs)]
    return [found[place : place + 5] for place in range(0, 20, 5)]


class HeadEnd(asyncio.DatagramProtocol):
    """Takes pushes over TCP and UDP on one address."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.received.append(await reader.read())
        writer.close()

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        self.received.append(data)

    def values(self, place: int = -1) -> list[object]:
        notified = decode_data_notification(self.received[place][HEADER.size :]).data.value
        assert isinstance(notified, tuple)
        return [value.value for value in notified]


@asynccontextmanager
async def listening() -> AsyncIterator[HeadEnd]:
    head_end = HeadEnd()
    server = await asyncio.start_server(head_end.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: head_end, local_addr=("127.0.0.1", port))
    head_end.address = f"127.0.0.1:{port}"
    try:
        yield head_end
    finally:
        transport.close()
        server.close()
        await server.wait_closed()


async def test_scan_decouple_couple(open_meter: Any) -> None:
    options = MbusOptions(PLAN, unsigned_deinstall=True)
    async with SimulatedFleet(FleetSettings(meters=2, mbus=options)) as fleet:
        session = await open_meter(fleet, 2)
        empty = [0, 0, 0, 0, 0]
        gas = [9, 2, manufacturer_code("LGB"), 0x50, 3]
        water = [11, 50_000_002, manufacturer_code("KAM"), 0x50, 7]
        assert await scan(session) == [gas, empty, water, empty]

        with pytest.raises(AccessError) as caught:
            await session.action(method(1, 2), integer(0))
        assert caught.value.result is ActionResult.TYPE_UNMATCHED
        await session.action(method(1, 2), unsigned(0))
        for attribute, data in (
            (6, double_long_unsigned(0)), (7, long_unsigned(0)), (8, unsigned(0)), (9, unsigned(0)), (5, unsigned(0)),
        ):  # fmt: skip
            await session.set(client(1, attribute), data)
        assert await scan(session) == [empty, empty, water, empty]

        for attribute, data in (
            (6, double_long_unsigned(12345678)), (7, long_unsigned(manufacturer_code("ELS"))), (8, unsigned(0x50)),
            (9, unsigned(3)),
        ):  # fmt: skip
            await session.set(client(1, attribute), data)
        assert (await scan(session))[0] == [0, 12345678, manufacturer_code("ELS"), 0x50, 3]
        await session.close()


async def test_a_user_key_over_the_line(open_meter: Any, clock: Any) -> None:
    async with SimulatedFleet(FleetSettings(protocols=("SMR 5.2",)), clock) as fleet:
        session = await open_meter(fleet, 1)
        identity = mbus.look(fleet.meter(1), 1).identity
        key, counter = bytes(range(16)), struct.pack(">I", 1000)
        head = bytes.fromhex(f"{identity.identification:08d}")[::-1] + struct.pack("<H", identity.manufacturer)
        default = mbus_keys_for(fleet.settings.seed, identity.identification).default
        sealed = AESGCM(default).encrypt(head + b"\x50\x03" + counter, b"\x00\x10" + key, None)
        await session.action(method(1, 8), octet_string(counter + sealed[:26]))
        await session.action(method(1, 7), octet_string(key))
        assert await session.get(client(1, 14)) == enum(3)
        clock.seconds += 3600
        assert await session.get(client(1, 14)) == enum(4)
        await session.close()


async def test_pushes_reach_the_destination_that_was_written(open_meter: Any, until: Until) -> None:
    async with listening() as head_end, SimulatedFleet(FleetSettings(protocols=("SMR 5.5",))) as fleet:
        session = await open_meter(fleet, 1)
        meter, now = fleet.meter(1), fleet.roster.now_ms()
        for number, transport in ((1, 0), (2, 0), (3, 1)):
            destination = structure(enum(transport), octet_string(head_end.address.encode()), enum(0))
            setup = LogicalName.parse(f"0.{number}.25.9.0.255")
            await session.set(AttributeRef(40, setup, 3), destination)
            await session.set(AttributeRef(40, setup, 5), long_unsigned(0))
        for register in (0, 1, 2):
            name = LogicalName.parse(f"0.0.97.98.{register}.255")
            await session.set(AttributeRef(1, name, 2), double_long_unsigned(0))
            alarm_filter = LogicalName.parse(f"0.0.97.98.1{register}.255")
            await session.set(AttributeRef(1, alarm_filter, 2), double_long_unsigned(0xFFFF_FFFF))
        await session.close()
        identification = fleet.identification(1).encode()

        mbus.install(meter, Medium.WATER, now)
        await until(lambda: len(head_end.received) == 1)
        assert head_end.values() == [identification, LogicalName.parse("0.1.25.9.0.255"), 1 << 25, 0]

        assert wake_up(meter)
        await until(lambda: len(head_end.received) == 2)
        assert head_end.values() == [identification, LogicalName.parse("0.2.25.9.0.255")]

        assert last_gasp(meter, now)
        await until(lambda: len(head_end.received) == 3)
        assert head_end.values() == [identification, LogicalName.parse("0.3.25.9.0.255"), 1]
