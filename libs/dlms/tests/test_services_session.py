"""MeterSession with blocks, lists of methods, ACCESS and notifications, on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from meterstream.dlms.apdu import (
    DEFAULT_CONFORMANCE,
    AccessAction,
    AccessGet,
    ActionResult,
    ActionReturn,
    Conformance,
    DataAccessResult,
    DataNotification,
)
from meterstream.dlms.asyncio import InMemoryCounters, MeterSession, open_session
from meterstream.dlms.client import AccessOutcome, AssociationConfig, Level, Notification, SecurityKeys
from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, array, octet_string, unsigned
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterPhase, MeterSecurity

KEYS = SecurityKeys(bytes(range(16)), bytes(range(16, 32)))
READ = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
CALLED = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
UNKNOWN = MethodRef(3, LogicalName.parse("1.0.2.8.0.255"), 1)
LONG = array(unsigned(number & 0xFF) for number in range(400))
RETURNED = octet_string(bytes(range(256)))
GENERAL = Conformance.GENERAL_BLOCK_TRANSFER | Conformance.ACCESS
PUSH = DataNotification(1, unsigned(7))


class Objects:
    def __init__(self) -> None:
        self.values: dict[AttributeRef, Data] = {READ: LONG}
        self.called: list[Data | None] = []

    def get(self, client_sap: int, ref: AttributeRef, selection: object) -> Data:
        return self.values[ref]

    def set(self, client_sap: int, ref: AttributeRef, selection: object, data: Data) -> DataAccessResult:
        self.values[ref] = data
        return DataAccessResult.SUCCESS

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        if ref != CALLED:
            return ActionResult.OBJECT_UNDEFINED, None
        self.called.append(data)
        return ActionResult.SUCCESS, RETURNED


class Played(asyncio.Protocol):
    """A meter behind a socket that pushes after every answer, in the same octets."""

    def __init__(self, meter: MeterAssociation, *, pushes: bool) -> None:
        self._meter = meter
        self._pushes = pushes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        answer = self._meter.receive(data)
        if answer and self._pushes and self._meter.phase is MeterPhase.ASSOCIATED:
            answer += self._meter.notify(PUSH)
        self._transport.write(answer)


@asynccontextmanager
async def session_with(
    level: Level, conformance: Conformance, *, pushes: bool = False, with_list_max: int = 8
) -> AsyncIterator[tuple[MeterSession, Objects]]:
    keys = KEYS if level.ciphered else None
    objects = Objects()
    habits = Habits(max_receive_pdu=128, max_send_pdu=128, conformance=conformance)
    security = MeterSecurity(b"MMM45678", {1: ClientAccess(level, keys)}, lambda count: b"s" * count)
    meter = MeterAssociation(objects, security, habits)
    server = await asyncio.get_running_loop().create_server(lambda: Played(meter, pushes=pushes), "127.0.0.1", 0)
    title = b"CCC45678" if level.ciphered else None
    config = AssociationConfig(
        level, client_title=title, keys=keys, conformance=conformance, with_list_max=with_list_max
    )
    options: dict[str, Any] = {"connect_timeout_s": 5.0, "response_timeout_s": 5.0}
    try:
        address = server.sockets[0].getsockname()[:2]
        async with await open_session(address, config, InMemoryCounters(1), **options) as session:
            yield session, objects
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("level", [Level.NONE, Level.HLS5_GMAC])
@pytest.mark.parametrize("general", [False, True], ids=["service blocks", "general blocks"])
async def test_long_values_both_ways(level: Level, general: bool) -> None:
    own = Conformance.BLOCK_TRANSFER_GET | Conformance.BLOCK_TRANSFER_SET | Conformance.BLOCK_TRANSFER_ACTION
    conformance = DEFAULT_CONFORMANCE & ~own | GENERAL if general else DEFAULT_CONFORMANCE
    async with session_with(level, conformance) as (session, objects):
        assert await session.get(READ) == LONG
        await session.set(READ, RETURNED)
        await session.set(READ, LONG)
        assert objects.values[READ] == LONG
        assert await session.get_list([READ, READ]) == [LONG, LONG]
        assert await session.set_list([(READ, RETURNED), (READ, LONG)]) == [DataAccessResult.SUCCESS] * 2
        assert await session.action(CALLED, LONG) == RETURNED
        assert objects.called == [LONG]
        assert session.usable


@pytest.mark.parametrize("most", [1, 2, 8])
async def test_lists_of_methods(most: int) -> None:
    async with session_with(Level.HLS5_GMAC, DEFAULT_CONFORMANCE, with_list_max=most) as (session, objects):
        calls = [(CALLED, LONG), (UNKNOWN, None), (CALLED, None)]
        assert await session.action_list(calls) == [
            ActionReturn(ActionResult.SUCCESS, RETURNED),
            ActionReturn(ActionResult.OBJECT_UNDEFINED),
            ActionReturn(ActionResult.SUCCESS, RETURNED),
        ]
        assert objects.called == [LONG, None]


async def test_access() -> None:
    async with session_with(Level.NONE, DEFAULT_CONFORMANCE | GENERAL) as (session, _):
        assert await session.access([(AccessGet(READ), None), (AccessAction(UNKNOWN), None)]) == (
            AccessOutcome(DataAccessResult.SUCCESS, LONG),
            AccessOutcome(ActionResult.OBJECT_UNDEFINED),
        )


@pytest.mark.parametrize("level", [Level.NONE, Level.HLS5_GMAC])
async def test_notifications(level: Level) -> None:
    async with session_with(level, DEFAULT_CONFORMANCE, pushes=True) as (session, _):
        assert await session.get(READ) == LONG
        taken = session.take_notifications()
        assert set(taken) == {Notification(PUSH, protected=level.ciphered)}
        assert len(taken) >= 4  # one beside every block
        assert session.missed_notifications == 0
