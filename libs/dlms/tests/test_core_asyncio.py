"""The asyncio adapter on loopback: services, fallbacks, and one typed error for each way a line can fail."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pytest

from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, ActionResult, Conformance, DataAccessResult
from meterstream.dlms.asyncio import Direction, MeterSession, open_session
from meterstream.dlms.asyncio import connect as connect_module
from meterstream.dlms.client import AssociationConfig, Level, SecurityKeys
from meterstream.dlms.data import AttributeRef, LogicalName, MethodRef, integer, null, octet_string, unsigned
from meterstream.dlms.errors import (
    AccessError,
    AssociationRejected,
    AssociationStateError,
    ConfigurationError,
    ConnectFailed,
    ConnectFailure,
    CountersExhausted,
    DecipherError,
    DlmsError,
    ExceptionResponse,
    LinkClosed,
    LinkReset,
    PduTooLarge,
    ResponseTimeout,
    UnexpectedAnswer,
)
from meterstream.dlms.framing import HEADER, wrap
from meterstream.dlms.meter import Habits, MeterAssociation
from meterstream.dlms.security import AsymmetricKeys, PrivateKey, SecuritySuite

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
UNKNOWN = AttributeRef(3, LogicalName.parse("1.0.1.8.1.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
KEYS = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
TITLE = bytes.fromhex("2020201CBE991A14")
SIGNATURE_KEYS = AsymmetricKeys(
    PrivateKey(SecuritySuite.SUITE_1, bytes(range(1, 33))),
    PrivateKey(SecuritySuite.SUITE_1, bytes(range(33, 65))).public,
)

Answer = Callable[[bytes], bytes | None]
"""What the meter does with octets: the answer; None resets the connection; b"!" closes it."""


class Counters:
    def __init__(self, available: int = 1_000) -> None:
        self.next = 1
        self.available = available
        self.asked: list[int] = []

    def take(self) -> int:
        assert self.next <= self.available, "taken without being ensured"
        self.next += 1
        return self.next - 1

    async def ensure(self, wanted: int) -> None:
        self.asked.append(wanted)
        if self.next + wanted - 1 > self.available:
            raise CountersExhausted("none left")


class Served(asyncio.Protocol):
    """Plays a meter behind a socket, at most one answer per request."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        answer = self._answer(data)
        if answer is None:
            linger = b"\1\0\0\0\0\0\0\0"
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self._transport.abort()
        elif answer == b"!":
            self._transport.close()
        else:
            self._transport.write(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set_result(None)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[tuple[str, int], list[Served]]]:
    connections: list[Served] = []

    def accept() -> Served:
        connections.append(Served(answer))
        return connections[-1]

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[:2], connections
        async with asyncio.timeout(5):
            for connection in connections:
                await connection.closed
    finally:
        server.close()
        await server.wait_closed()


def config_of(level: Level, **settings: Any) -> AssociationConfig:
    return AssociationConfig(
        level,
        client_sap=1 if level.ciphered else 16,
        client_title=TITLE if level.ciphered else None,
        keys=KEYS if level.ciphered else None,
        password=b"11111111" if level.has_secret else None,
        asymmetric=SIGNATURE_KEYS if level is Level.HLS7_ECDSA else None,
        **settings,
    )


async def opened(address: tuple[str, int], level: Level = Level.HLS5_GMAC, **options: Any) -> MeterSession:
    settings = {key: options.pop(key) for key in ("with_list_max", "max_pdu", "conformance") if key in options}
    counters = options.pop("counters", Counters())
    options = {"connect_timeout_s": 5.0, "response_timeout_s": 5.0} | options
    return await open_session(address, config_of(level, **settings), counters, **options)


def playing(meter: MeterAssociation) -> Answer:
    return lambda octets: meter.receive(octets) or b"!"


@pytest.mark.parametrize("level", list(Level))
async def test_every_service(pair_of: Callable[..., Any], level: Level) -> None:
    pair = pair_of(level, Habits(max_send_pdu=128))
    pair.application.action_results[RESET] = ActionResult.SUCCESS, unsigned(7)
    async with serving(playing(pair.meter)) as (address, _):
        async with await opened(address, level, with_list_max=2) as session:
            assert session.usable
            assert await session.get(CLOCK) == pair.application.values[CLOCK]
            assert await session.get(PROFILE) == pair.application.values[PROFILE]
            with pytest.raises(AccessError) as refused:
                await session.get(UNKNOWN)
            assert refused.value.result is DataAccessResult.OBJECT_UNDEFINED
            assert await session.get_list([CLOCK, UNKNOWN, COUNTER, CLOCK, CLOCK]) == [
                pair.application.values[CLOCK],
                DataAccessResult.OBJECT_UNDEFINED,
                pair.application.values[COUNTER],
                pair.application.values[CLOCK],
                pair.application.values[CLOCK],
            ]
            await session.set(CLOCK, null())
            assert pair.application.values[CLOCK] == null()
            with pytest.raises(AccessError, match="READ_WRITE_DENIED"):
                await session.set(UNKNOWN, null())
            assert await session.set_list([(CLOCK, unsigned(1)), (UNKNOWN, null()), (CLOCK, unsigned(2))]) == [
                DataAccessResult.SUCCESS,
                DataAccessResult.READ_WRITE_DENIED,
                DataAccessResult.SUCCESS,
            ]
            assert await session.action(RESET, integer(0)) == unsigned(7)
            with pytest.raises(AccessError) as refused:
                await session.action(RESET._replace(method=9))
            assert refused.value.result is ActionResult.OBJECT_UNDEFINED
            assert await session.get_list([]) == []
            assert (session.server_title is None) is (level is Level.NONE)
            assert (session.last_received_counter is None) is (level is Level.NONE)
            assert session.server_max_pdu == 0xFFFF
            sent = session.sent_apdus
        assert not session.usable
    assert session.sent_apdus == sent + 1
    assert pair.meter.closed
    assert pair.meter.close_cause is None


async def test_counters_are_ensured_before_they_are_taken(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.HLS5_GMAC, Habits(max_send_pdu=1_000))
    counters = Counters()
    async with serving(playing(pair.meter)) as (address, _), await opened(address, counters=counters) as session:
        assert counters.asked == [3]
        await session.get(CLOCK)
        assert counters.asked == [3, 2]
        await session.get(PROFILE)
        blocks = session.sent_apdus - 4
        assert blocks > 1
        assert counters.asked == [3, 2, 2] + [1] * blocks
        # AARQ, token, pass 3 and three of GET clock and profile; the block requests after it.
        assert counters.next - 1 == 3 + 1 + 1 + blocks


async def test_counters_that_run_out_end_nothing_but_the_request(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.HLS5_GMAC)
    async with serving(playing(pair.meter)) as (address, _):
        async with await opened(address, counters=Counters(4)) as session:
            with pytest.raises(CountersExhausted):
                await session.get(CLOCK)
            assert session.usable
        with pytest.raises(ConfigurationError):
            await opened(address, counters=None)
        assert pair.meter.closed


async def test_public_session_needs_no_counters(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.NONE)
    async with (
        serving(playing(pair.meter)) as (address, _),
        await opened(address, Level.NONE, counters=None) as session,
    ):
        assert await session.get(COUNTER) == pair.application.values[COUNTER]


# Lists


async def test_list_that_the_meter_refuses_is_asked_one_by_one(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.HLS5_GMAC, Habits(max_list=1))
    clock = pair.application.values[CLOCK]
    async with serving(playing(pair.meter)) as (address, _), await opened(address, with_list_max=3) as session:
        before = session.sent_apdus
        assert await session.get_list([CLOCK] * 6) == [clock] * 6
        assert session.sent_apdus == before + 1 + 6, "the list is tried once"
        assert await session.get_list([CLOCK] * 3) == [clock] * 3
        assert session.sent_apdus == before + 1 + 6 + 3


async def test_refused_set_list_is_not_repeated(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.HLS5_GMAC, Habits(max_list=1))
    async with serving(playing(pair.meter)) as (address, _), await opened(address, with_list_max=3) as session:
        results = await session.set_list([(CLOCK, null())] * 4)
    assert results == [DataAccessResult.SCOPE_OF_ACCESS_VIOLATED] * 3 + [DataAccessResult.SUCCESS]
    assert session.lists_refused


@pytest.mark.parametrize(
    ("habits", "options"),
    [
        (Habits(conformance=Conformance.GET | Conformance.SET), {"with_list_max": 3}),
        (Habits(max_receive_pdu=52), {"with_list_max": 3}),
        (Habits(), {"with_list_max": 1}),
    ],
    ids=["not negotiated", "does not fit", "one at a time"],
)
async def test_no_list_where_single_requests_must_do(
    pair_of: Callable[..., Any], habits: Habits, options: dict[str, Any]
) -> None:
    pair = pair_of(Level.HLS5_GMAC, habits)
    async with serving(playing(pair.meter)) as (address, _), await opened(address, **options) as session:
        before = session.sent_apdus
        assert await session.get_list([CLOCK] * 3) == [pair.application.values[CLOCK]] * 3
        assert await session.set_list([(CLOCK, null())] * 3) == [DataAccessResult.SUCCESS] * 3
        assert session.sent_apdus == before + 6


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize(("service_error", "falls_back"), [(1, True), (2, True), (4, True), (5, False), (6, False)])
async def test_list_answered_by_an_exception_response(
    pair_of: Callable[..., Any], service_error: int, falls_back: bool, writes: bool
) -> None:
    pair = pair_of(Level.NONE)
    frames = count()

    def answer(octets: bytes) -> bytes:
        if next(frames) == 1:
            return wrap(1, 16, bytes((0xD8, 1, service_error)))
        return pair.meter.receive(octets) or b"!"

    async with serving(answer) as (address, _), await opened(address, Level.NONE, with_list_max=2) as session:
        exchange = session.set_list([(CLOCK, null())] * 2) if writes else session.get_list([CLOCK] * 2)
        if falls_back:
            assert await exchange == [DataAccessResult.SUCCESS if writes else pair.application.values[CLOCK]] * 2
        else:
            with pytest.raises(ExceptionResponse):
                await exchange
        assert (session.usable, session.lists_refused) == (True, falls_back)


async def test_too_large_request_leaves_the_session_usable(pair_of: Callable[..., Any]) -> None:
    conformance = DEFAULT_CONFORMANCE & ~Conformance.BLOCK_TRANSFER_SET
    pair = pair_of(Level.HLS5_GMAC, Habits(max_receive_pdu=100, conformance=conformance))
    async with serving(playing(pair.meter)) as (address, _), await opened(address) as session:
        with pytest.raises(PduTooLarge):
            await session.set(CLOCK, octet_string(bytes(200)))
        assert await session.get(CLOCK) == pair.application.values[CLOCK]


# Lines that fail


async def failing(answer: Answer, error: type[DlmsError], **options: Any) -> DlmsError:
    async with serving(answer) as (address, _):
        with pytest.raises(error) as caught:
            await opened(address, **options)
        return caught.value


async def test_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = unused.getsockname()
        for host in ("127.0.0.1", "localhost"):
            with pytest.raises(ConnectFailed) as caught:
                await opened((host, address[1]))
            assert caught.value.subcode is ConnectFailure.REFUSED


async def test_unknown_host() -> None:
    with pytest.raises(ConnectFailed) as caught:
        await opened(("no-such-host.invalid", 4059))
    assert caught.value.subcode is ConnectFailure.UNKNOWN_HOST


@pytest.mark.parametrize(
    ("cause", "subcode"),
    [
        (TimeoutError(errno.ETIMEDOUT, "x"), ConnectFailure.TIMED_OUT),
        (OSError(errno.ENETUNREACH, "x"), ConnectFailure.UNREACHABLE),
        (OSError(errno.EHOSTUNREACH, "x"), ConnectFailure.UNREACHABLE),
        (ConnectionResetError(errno.ECONNRESET, "x"), ConnectFailure.UNREACHABLE),
    ],
)
def test_causes_of_a_failed_connect(cause: OSError, subcode: ConnectFailure) -> None:
    assert connect_module._subcode(cause) is subcode


async def test_connect_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any, **__: Any) -> None:
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    with pytest.raises(ConnectFailed) as caught:
        await opened(("127.0.0.1", 4059), connect_timeout_s=0.01)
    assert caught.value.subcode is ConnectFailure.TIMED_OUT


async def test_closed_without_an_answer() -> None:
    error = await failing(lambda _: b"!", LinkClosed)
    assert error.code == "CLOSED_WITHOUT_ANSWER"


async def test_reset() -> None:
    await failing(lambda _: None, LinkReset)


async def test_silence() -> None:
    await failing(lambda _: b"", ResponseTimeout, response_timeout_s=0.02)


async def test_half_an_answer_is_no_answer() -> None:
    await failing(lambda _: b"\0\1\0\1\0\1\0\x69", ResponseTimeout, response_timeout_s=0.02)


async def test_rejection_closes_the_connection(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.HLS5_GMAC, Habits(max_challenge=16))
    await failing(playing(pair.meter), AssociationRejected)


async def test_each_answer_has_its_own_time(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.NONE)
    silent = False

    def answer(octets: bytes) -> bytes:
        return b"" if silent else pair.meter.receive(octets) or b"!"

    async with serving(answer) as (address, _):
        session = await opened(address, Level.NONE, response_timeout_s=0.2)
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() - began < 0.3:
            await session.get(CLOCK)
        silent = True
        began = loop.time()
        with pytest.raises(ResponseTimeout):
            await session.get(CLOCK)
        assert loop.time() - began >= 0.19
        with pytest.raises((ResponseTimeout, AssociationStateError)):
            await session.get(CLOCK)
        assert not session.usable
        await session.close()


async def test_hostile_answer_ends_the_session(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.HLS5_GMAC)
    frames = count()

    def answer(octets: bytes) -> bytes:
        good = pair.meter.receive(octets)
        return good if next(frames) < 2 else good[:-1] + bytes((good[-1] ^ 1,))

    async with serving(answer) as (address, _):
        session = await opened(address)
        with pytest.raises(DecipherError):
            await session.get(CLOCK)
        assert not session.usable
        with pytest.raises(AssociationStateError):
            await session.get(CLOCK)
        await session.close()


async def test_octets_between_exchanges_are_told_to_the_next_one(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.NONE)
    async with serving(playing(pair.meter)) as (address, connections):
        session = await opened(address, Level.NONE)
        connections[0]._transport.write(wrap(1, 16, bytes.fromhex("C401420104")))
        await connections[0].closed
        with pytest.raises((UnexpectedAnswer, AssociationStateError)):
            await session.get(CLOCK)
        await session.close()


async def test_line_lost_between_exchanges(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.NONE)
    async with serving(playing(pair.meter)) as (address, connections):
        session = await opened(address, Level.NONE)
        connections[0]._transport.close()
        await connections[0].closed
        with pytest.raises(LinkClosed):
            await session.get(CLOCK)
        await session.close()
        assert session.sent_apdus >= 2


async def test_two_requests_at_a_time_are_refused(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.HLS5_GMAC)
    async with serving(playing(pair.meter)) as (address, _), await opened(address) as session:
        outcomes = await asyncio.gather(session.get(CLOCK), session.get(CLOCK), return_exceptions=True)
        assert outcomes[0] == pair.application.values[CLOCK]
        assert isinstance(outcomes[1], AssociationStateError)
        assert await session.get(CLOCK) == pair.application.values[CLOCK]


async def test_cancelled_request_closes_without_a_release(pair_of: Callable[..., Any]) -> None:
    pair = pair_of(Level.HLS5_GMAC)
    frames = count()

    def answer(octets: bytes) -> bytes:
        return pair.meter.receive(octets) if next(frames) < 2 else b""

    async with serving(answer) as (address, _):
        session = await opened(address)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await session.get(CLOCK)
        with pytest.raises(AssociationStateError):
            await session.get(CLOCK)
        await session.close()
        await session.close()
    assert session.sent_apdus == 3


@pytest.mark.parametrize("rlre", [b"", b"!", b"\0\1\0\1\0\1\0\2\x63\x09", None])
async def test_release_is_best_effort(pair_of: Callable[..., Any], rlre: bytes | None) -> None:
    pair = pair_of(Level.HLS5_GMAC)

    def answer(octets: bytes) -> bytes | None:
        return rlre if octets[HEADER.size] == 0x62 else pair.meter.receive(octets)

    async with serving(answer) as (address, _), await opened(address, response_timeout_s=0.2) as session:
        assert session.usable
    assert not session.usable


async def test_failing_source_of_counters_reaches_who_waits(pair_of: Callable[..., Any]) -> None:
    class Broken(Counters):
        def take(self) -> int:
            if self.next == 2:
                raise RuntimeError("no counters today")
            return super().take()

    pair = pair_of(Level.HLS5_GMAC)
    async with serving(playing(pair.meter)) as (address, _):
        with pytest.raises(RuntimeError, match="no counters today"):
            await opened(address, counters=Broken())


@pytest.mark.parametrize("level", list(Level))
async def test_trace_gets_frames_and_no_password(pair_of: Callable[..., Any], level: Level) -> None:
    pair = pair_of(level)
    traced: list[tuple[Direction, bytes]] = []

    def answer(octets: bytes) -> bytes:
        return pair.meter.receive(octets) or b"!"

    async with (
        serving(answer) as (address, _),
        await opened(address, level, trace=lambda *frame: traced.append(frame)) as session,
    ):
        await session.get(CLOCK)
    assert [direction for direction, _ in traced] == [Direction.SENT, Direction.RECEIVED] * (len(traced) // 2)
    assert all(len(frame) == 8 + int.from_bytes(frame[6:8], "big") for _, frame in traced)
    assert not any(b"11111111" in frame for _, frame in traced)
    assert len(traced) == 2 * session.sent_apdus
