"""The port of a session, the same cases for our own core and for the engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from engine_stage import engine_program
from short_name_meter import CLOCK, ENERGY, PROFILE, ROWS, SECRET, UNKNOWN, VALUES, ShortNameMeter

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.asyncio import HdlcOverTcp, MeterClient, SessionFraming, WrapperOverTcp, serve_meter
from meterstream.dlms.asyncio import open_session as open_own
from meterstream.dlms.client import AssociationConfig, Level
from meterstream.dlms.data import AttributeRef, Data, MethodRef, integer, octet_string, unsigned
from meterstream.dlms.errors import (
    AccessError,
    AssociationStateError,
    ConnectFailed,
    LinkError,
    ResponseTimeout,
)
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterSecurity
from meterstream.protocol_dlms.engine import EngineConfig, EngineHdlc, EngineProcesses, open_session

pytestmark = pytest.mark.asyncio(loop_scope="module")
RESET = MethodRef(3, ENERGY.logical_name, 1)
WRAPPER, HDLC = WrapperOverTcp(), HdlcOverTcp(17)
SAP = 16


@dataclass
class Objects:
    """The application of the meter with logical names."""

    values: dict[AttributeRef, Data] = field(default_factory=lambda: dict(VALUES))
    invoked: list[Data | None] = field(default_factory=list)

    def get(self, client_sap: int, ref: AttributeRef, selection: object) -> Any:
        missing = DataAccessResult.READ_WRITE_DENIED if ref == SECRET else DataAccessResult.OBJECT_UNDEFINED
        return self.values.get(ref, missing)

    def set(self, client_sap: int, ref: AttributeRef, selection: object, data: Data) -> DataAccessResult:
        if ref not in self.values:
            return self.get(client_sap, ref, None)
        self.values[ref] = data
        return DataAccessResult.SUCCESS

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        if ref != RESET:
            return ActionResult.OBJECT_UNDEFINED, None
        self.invoked.append(data)
        return ActionResult.SUCCESS, None


Opener = Callable[..., Awaitable[MeterClient]]


@dataclass
class Case:
    """An engine and a meter it can talk to."""

    open: Opener
    values: dict[AttributeRef, Data]
    invoked: list[Any]
    address: tuple[str, int]


def own_opener(framing: SessionFraming) -> Opener:
    async def opener(
        address: tuple[str, int], *, client_sap: int = SAP, response_timeout_s: float = 5.0
    ) -> MeterClient:
        config = AssociationConfig(Level.NONE, client_sap=client_sap)
        return await open_own(
            address, config, None, connect_timeout_s=5, response_timeout_s=response_timeout_s, framing=framing
        )

    return opener


@asynccontextmanager
async def own(framing: SessionFraming, workers: EngineProcesses, objects: Objects) -> AsyncIterator[Case]:
    security = MeterSecurity(b"OSG\0\0\0\0\1", {SAP: ClientAccess(Level.NONE)}, bytes)
    async with await serve_meter(
        lambda: MeterAssociation(objects, security, Habits(max_send_pdu=150)), ("127.0.0.1", 0), framing=framing
    ) as listener:
        yield Case(own_opener(framing), objects.values, objects.invoked, listener.address)


def gurux_opener(workers: EngineProcesses, framing: SessionFraming, **settings: Any) -> Opener:
    hdlc = EngineHdlc(17) if isinstance(framing, HdlcOverTcp) else None

    async def opener(
        address: tuple[str, int], *, client_sap: int = SAP, response_timeout_s: float = 5.0
    ) -> MeterClient:
        config = EngineConfig(client_sap=client_sap, hdlc=hdlc, **settings)
        return await open_session(address, config, workers, connect_timeout_s=5, response_timeout_s=response_timeout_s)

    return opener


@asynccontextmanager
async def gurux_logical(framing: SessionFraming, workers: EngineProcesses, objects: Objects) -> AsyncIterator[Case]:
    async with own(framing, workers, objects) as case:
        case.open = gurux_opener(workers, framing, short_names=False)
        yield case


@asynccontextmanager
async def gurux_short(framing: SessionFraming, workers: EngineProcesses, objects: Objects) -> AsyncIterator[Case]:
    meter = ShortNameMeter()
    async with await serve_meter(
        meter.new_association,  # type: ignore[arg-type]  # all that the server asks of an association
        ("127.0.0.1", 0),
        framing=framing,
    ) as listener:
        yield Case(gurux_opener(workers, framing), meter.values, meter.invoked, listener.address)


CASES = [
    pytest.param((engine, framing), id=f"{engine.__name__} {'hdlc' if framing is HDLC else 'wrapper'}")
    for engine in (own, gurux_logical, gurux_short)
    for framing in (WRAPPER, HDLC)
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def workers() -> AsyncIterator[EngineProcesses]:
    async with EngineProcesses(engine_program(), 2) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module", params=CASES)
async def case(request: pytest.FixtureRequest, workers: EngineProcesses) -> AsyncIterator[Case]:
    engine, framing = request.param
    async with engine(framing, workers, Objects()) as made:
        yield made


async def test_values_of_every_size(case: Case) -> None:
    async with await case.open(case.address) as session:  # type: ignore[attr-defined]  # both are context managers
        assert await session.get(ENERGY) == VALUES[ENERGY]
        assert await session.get(CLOCK) == VALUES[CLOCK]
        assert await session.get(PROFILE) == ROWS
        assert await session.get(ENERGY) == VALUES[ENERGY]
        assert session.usable
        assert session.sent_apdus > 4
        assert session.server_max_pdu in (1200, 0xFFFF)
        assert session.negotiated
        assert session.server_title is None
        assert session.last_received_counter is None
    assert not session.usable


async def test_what_the_meter_refuses(case: Case) -> None:
    session = await case.open(case.address)
    for ref, result in ((SECRET, DataAccessResult.READ_WRITE_DENIED), (UNKNOWN, DataAccessResult.OBJECT_UNDEFINED)):
        with pytest.raises(AccessError) as refused:
            await session.get(ref)
        assert refused.value.result is result
        with pytest.raises(AccessError) as refused:
            await session.set(ref, unsigned(1))
        assert refused.value.result is result
    assert session.usable
    assert await session.get_list([ENERGY, SECRET, UNKNOWN, CLOCK]) == [
        VALUES[ENERGY],
        DataAccessResult.READ_WRITE_DENIED,
        DataAccessResult.OBJECT_UNDEFINED,
        VALUES[CLOCK],
    ]
    await session.close()


async def test_writing(case: Case) -> None:
    session = await case.open(case.address)
    long = octet_string(bytes(range(200)))
    await session.set(CLOCK, octet_string(bytes(12)))
    assert await session.get(CLOCK) == octet_string(bytes(12)) == case.values[CLOCK]
    await session.set(CLOCK, long)
    assert case.values[CLOCK] == long
    assert await session.set_list([(ENERGY, unsigned(7)), (SECRET, unsigned(7))]) == [
        DataAccessResult.SUCCESS,
        DataAccessResult.READ_WRITE_DENIED,
    ]
    assert case.values[ENERGY] == unsigned(7)
    await session.close()


async def test_methods(case: Case) -> None:
    session = await case.open(case.address)
    assert await session.action(RESET, integer(0)) is None
    assert len(case.invoked) == 1
    with pytest.raises(AccessError):
        await session.action(RESET._replace(class_id=99, logical_name=UNKNOWN.logical_name))
    assert session.usable
    await session.close()


async def test_close_is_the_end(case: Case) -> None:
    session = await case.open(case.address)
    await session.close()
    await session.close()
    with pytest.raises((AssociationStateError, LinkError)):
        await session.get(CLOCK)
    session.abort()
    again = await case.open(case.address)
    assert await again.get(ENERGY) == VALUES[ENERGY]
    again.abort()
    assert not again.usable
    await again.close()


async def test_an_address_that_is_not_served(case: Case) -> None:
    with pytest.raises(ResponseTimeout):
        await case.open(case.address, client_sap=77, response_timeout_s=0.3)
    with pytest.raises(ConnectFailed):
        await case.open(("127.0.0.1", 1))


async def test_one_exchange_at_a_time(case: Case) -> None:
    session = await case.open(case.address)
    results = await asyncio.gather(session.get(ENERGY), session.get(ENERGY), return_exceptions=True)
    assert results[0] == VALUES[ENERGY]
    assert isinstance(results[1], AssociationStateError)
    await session.close()


@pytest.mark.parametrize("fate", ["silent", "gone"])
@pytest.mark.parametrize("engine", ["own", "gurux"])
async def test_a_meter_that_falls_silent_or_goes_away(workers: EngineProcesses, engine: str, fate: str) -> None:
    connections: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.read(1)
        if fate == "gone":
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    opener = own_opener(WRAPPER) if engine == "own" else gurux_opener(workers, WRAPPER)
    async with server:
        with pytest.raises(LinkError) as failure:
            await opener(server.sockets[0].getsockname()[:2], response_timeout_s=0.2)
        for writer in connections:
            writer.transport.abort()
    gone = ("CLOSED_WITHOUT_ANSWER", "CONNECTION_RESET")
    assert failure.value.code in (gone if fate == "gone" else ("RESPONSE_TIMEOUT",))
