"""What may come over the line of the engine: slow, hostile and dying counterparts."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
import pytest_asyncio
from engine_stage import engine_program
from short_name_meter import CLOCK, ENERGY, PROFILE, ROWS, VALUES, ShortNameMeter

from meterstream.dlms.apdu import DataAccessResult, Selection
from meterstream.dlms.asyncio import HdlcOverTcp, Listener, SessionFraming, WrapperOverTcp, serve_meter
from meterstream.dlms.client import AnswerLimits
from meterstream.dlms.data import MethodRef, decode, encode, entry_descriptor, octet_string, unsigned
from meterstream.dlms.errors import (
    AccessError,
    AssociationRejected,
    ConfirmedServiceError,
    DlmsError,
    ExceptionResponse,
    LimitExceeded,
    PeerError,
    ResponseTimeout,
)
from meterstream.dlms.framing import frames_in, wrap
from meterstream.dlms.framing.hdlc import ApduReceived, Connected, HdlcAddress, HdlcServerLink
from meterstream.protocol_dlms.engine import (
    EngineConfig,
    EngineDied,
    EngineHdlc,
    EngineProcesses,
    EngineSession,
    EngineStopped,
    open_session,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
WRAPPER = WrapperOverTcp()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def workers() -> AsyncIterator[EngineProcesses]:
    async with EngineProcesses(engine_program(), 2) as made:
        yield made


async def served(meter: ShortNameMeter, framing: SessionFraming = WRAPPER) -> Listener:
    return await serve_meter(
        meter.new_association,  # type: ignore[arg-type]  # all that the server asks of an association
        ("127.0.0.1", 0),
        framing=framing,
    )


async def opened(
    address: tuple[str, int], workers: EngineProcesses, response_timeout_s: float = 5.0, **settings: Any
) -> EngineSession:
    return await open_session(
        address, EngineConfig(**settings), workers, connect_timeout_s=5, response_timeout_s=response_timeout_s
    )


# Short names


async def test_the_object_list_is_read_once_and_only_if_needed(workers: EngineProcesses) -> None:
    meter = ShortNameMeter()
    async with await served(meter) as listener:
        async with await opened(listener.address, workers) as session:
            await session.get(ENERGY)
            await session.get(CLOCK)
            lists = [request for request in meter.requests if request[2:5] == bytes.fromhex("02FA08")]
            assert len(lists) == 1
        meter.requests.clear()
        names = {(3, bytes(ENERGY.logical_name)): 0x4100}
        async with await opened(listener.address, workers, base_names=names) as session:
            assert await session.get(ENERGY) == VALUES[ENERGY]
        assert [request[0] for request in meter.requests] == [0x60, 0x05, 0x62]


async def test_selective_access_is_a_parameter(workers: EngineProcesses) -> None:
    meter = ShortNameMeter()
    selection = Selection(2, entry_descriptor(1, 5))
    async with await served(meter) as listener, await opened(listener.address, workers) as session:
        assert await session.get(PROFILE, selection) == ROWS
        with pytest.raises(AccessError):
            await session.set(PROFILE, ROWS, selection)
    assert meter.selected == [bytes((selection.selector,)) + encode(selection.parameters)]


async def test_methods_of_other_classes_need_an_offset(workers: EngineProcesses) -> None:
    meter = ShortNameMeter()
    method = MethodRef(8, CLOCK.logical_name, 1)
    offsets = {8: 0x4100 + 0x28 - 0x2BC0}
    async with (
        await served(meter) as listener,
        await opened(listener.address, workers, method_offsets=offsets) as session,
    ):
        await session.action(method, unsigned(9))
    assert meter.invoked == [(0x4128, unsigned(9))]


async def test_passwords(workers: EngineProcesses) -> None:
    meter = ShortNameMeter(password=b"12345678")
    async with await served(meter) as listener:
        async with await opened(listener.address, workers, password=b"12345678") as session:
            assert await session.get(ENERGY) == VALUES[ENERGY]
        with pytest.raises(AssociationRejected) as refused:
            await opened(listener.address, workers, password=b"87654321")
        assert refused.value.diagnostic == 13


async def test_a_meter_without_short_names_rejects(workers: EngineProcesses) -> None:
    async with await served(ShortNameMeter()) as listener:
        with pytest.raises(AssociationRejected) as refused:
            await opened(listener.address, workers, short_names=False)
    assert (refused.value.result, refused.value.diagnostic) == (1, 2)


# HDLC


class SlowMeter(asyncio.Protocol):
    """Answers RR first, and what it has to say at the second poll."""

    def __init__(self) -> None:
        self.link = HdlcServerLink(HdlcAddress(1))
        self.polls = 0
        self.answer = b""
        self.meter: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.answer:
            self.polls += 1
            if self.polls == 2:
                self.link.send(self.answer)
                self.answer, self.polls = b"", 0
        step = self.link.receive(data, 0.0)
        self.transport.write(step.octets)
        for event in step.events:
            if isinstance(event, Connected):
                self.meter = ShortNameMeter(block=1_000).new_association()
            if isinstance(event, ApduReceived):
                (frame,) = frames_in(self.meter.receive(wrap(16, 1, event.apdu)))
                self.answer = frame.apdu
                self.transport.write(self.link.pass_turn())


async def test_a_meter_that_is_not_ready_is_asked_again(workers: EngineProcesses) -> None:
    server = await asyncio.get_running_loop().create_server(SlowMeter, "127.0.0.1", 0)
    async with server:
        address = server.sockets[0].getsockname()[:2]
        async with await opened(address, workers, hdlc=EngineHdlc()) as session:
            assert await session.get(ENERGY) == VALUES[ENERGY]
            assert await session.get(PROFILE) == ROWS
            await session.set(CLOCK, octet_string(bytes(300)))
            assert await session.get(CLOCK) == octet_string(bytes(300))


@pytest.mark.parametrize("information", [32, 128, 1024])
async def test_information_fields(workers: EngineProcesses, information: int) -> None:
    hdlc = EngineHdlc(17, information=information)
    meter = ShortNameMeter()
    async with (
        await served(meter, HdlcOverTcp(17)) as listener,
        await opened(listener.address, workers, hdlc=hdlc) as session,
    ):
        assert await session.get(PROFILE) == ROWS
        await session.set(CLOCK, octet_string(bytes(range(200))))
    assert meter.values[CLOCK] == octet_string(bytes(range(200)))


# Hostile octets


BROKEN = [
    (b"\x0c", PeerError),
    (b"\x0c\x01", PeerError),
    (b"\x0c\x01\x00", PeerError),
    (b"\x0c\x01\x09\x01", PeerError),
    (b"\x0c\x01\x00\x06\x00", PeerError),
    (b"\x0c\x01\x00\x11\x05\x05", PeerError),
    (b"\x0c\x84\x7f\xff\xff\xff\x00\x11\x05", PeerError),
    (bytes.fromhex("0C01001300"), PeerError),
    (b"\x0c\x01\x00" + b"\x01\x01" * 500 + b"\x00", PeerError),
    (bytes.fromhex("0C0102010063041105"), PeerError),
    (b"\x99\x01\x02", PeerError),
    (b"\x61\x00", PeerError),
    (bytes.fromhex("0E050100"), ConfirmedServiceError),
    (bytes.fromhex("D80102"), ExceptionResponse),
]


@pytest.mark.parametrize(("answer", "error"), BROKEN, ids=[answer.hex()[:24] for answer, _ in BROKEN])
async def test_a_broken_answer_is_a_typed_error(
    workers: EngineProcesses, answer: bytes, error: type[DlmsError]
) -> None:
    meter = ShortNameMeter()
    async with await served(meter) as listener:
        session = await opened(listener.address, workers, base_names={(3, bytes(ENERGY.logical_name)): 0x4100})
        meter.spoil = lambda apdu: answer if apdu[0] == 0x0C else apdu
        with pytest.raises(error):
            await session.get(ENERGY)
        assert session.usable is issubclass(error, ExceptionResponse | ConfirmedServiceError)
        await session.close()
        meter.spoil = lambda apdu: apdu
        async with await opened(listener.address, workers) as again:
            assert await again.get(ENERGY) == VALUES[ENERGY]


@pytest.mark.parametrize("content", ["130100000000", "13060401020304", "13020000", "1302010600", "1313010600"])
async def test_compact_arrays_that_hang_the_library_do_not_hang_us(workers: EngineProcesses, content: str) -> None:
    meter = ShortNameMeter()
    async with await served(meter) as listener:
        session = await opened(listener.address, workers, base_names={(3, bytes(ENERGY.logical_name)): 0x4100})
        meter.spoil = lambda apdu: b"\x0c\x01\x00" + bytes.fromhex(content) if apdu[0] == 0x0C else apdu
        try:
            expected = decode(bytes.fromhex(content))
        except DlmsError as error:
            with pytest.raises(type(error)):
                await session.get(ENERGY)
        else:
            assert await session.get(ENERGY) == expected
        await session.close()


async def test_two_hundred_spoilt_answers(workers: EngineProcesses) -> None:
    """Each is a value or a typed error within the time-out; none disturbs the next session in the same process."""
    meter = ShortNameMeter()
    chance = random.Random(20240715)
    names = {(7, bytes(PROFILE.logical_name)): 0x6000}

    def spoilt(apdu: bytes) -> bytes:
        if apdu[0] != 0x0C:
            return apdu
        octets = bytearray(apdu)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(octets))
            match chance.randrange(4):
                case 0:
                    octets[place] ^= 1 << chance.randrange(8)
                case 1:
                    del octets[place:]
                case 2:
                    octets[place:place] = chance.randbytes(chance.randint(1, 8))
                case _:
                    octets[place] = chance.choice((0x00, 0x01, 0x02, 0x13, 0x7F, 0x80, 0x84, 0xFF))
            if not octets:
                octets = bytearray(b"\x0c")
        return bytes(octets)

    outcomes: set[str] = set()
    async with await served(meter) as listener:
        for _ in range(200):
            meter.spoil = spoilt
            session = await opened(listener.address, workers, base_names=names, response_timeout_s=1.0)
            try:
                await session.get(PROFILE)
                outcomes.add("value")
            except DlmsError as error:
                outcomes.add(error.code)
            await session.close()
        meter.spoil = lambda apdu: apdu
        async with await opened(listener.address, workers) as again:
            assert await again.get(PROFILE) == ROWS
    assert "MALFORMED_APDU" in outcomes
    assert "ENGINE_STOPPED" not in outcomes


async def test_more_blocks_than_allowed(workers: EngineProcesses) -> None:
    meter = ShortNameMeter(block=10)
    async with await served(meter) as listener:
        session = await opened(listener.address, workers, limits=AnswerLimits(max_blocks=5))
        with pytest.raises(LimitExceeded):
            await session.get(PROFILE)
        assert not session.usable
        await session.close()


async def test_blocks_without_end_are_not_waited_for_longer_than_the_exchange_may_last(
    workers: EngineProcesses,
) -> None:
    meter, numbers = ShortNameMeter(block=10), count(1)
    async with asyncio.timeout(30), await served(meter) as listener:
        session = await opened(listener.address, workers, exchange_timeout_s=1.0)
        meter.spoil = lambda _: bytes.fromhex("0C010200") + next(numbers).to_bytes(2, "big") + bytes.fromhex("0111")
        with pytest.raises(ResponseTimeout):
            await session.get(PROFILE)
        assert not session.usable
        await session.close()


async def test_an_error_within_blocks(workers: EngineProcesses) -> None:
    meter = ShortNameMeter()
    async with await served(meter) as listener, await opened(listener.address, workers) as session:
        await session.get(ENERGY)
        meter.spoil = lambda apdu: bytes.fromhex("0C010201000103010103") if apdu[0] == 0x0C else apdu
        with pytest.raises(AccessError) as refused:
            await session.get(PROFILE)
        assert refused.value.result is DataAccessResult.READ_WRITE_DENIED
        assert session.usable


async def test_a_meter_that_drops_a_request(workers: EngineProcesses) -> None:
    meter = ShortNameMeter()
    async with await served(meter) as listener:
        session = await opened(listener.address, workers, response_timeout_s=1.0)
        meter.spoil = lambda _: None
        with pytest.raises(ResponseTimeout):
            await session.get(ENERGY)
        assert not session.usable
        await session.close()


# Processes


@pytest.mark.parametrize("fate", ["stopped", "killed"])
async def test_a_process_that_hangs_or_dies_ends_one_session(workers: EngineProcesses, fate: str) -> None:
    meter = ShortNameMeter()
    async with await served(meter) as listener:
        other = await opened(listener.address, workers)
        session = await opened(listener.address, workers)
        session._config = replace(session._config, work_timeout_s=0.2)
        assert session._process is not None
        os.kill(session._process.pid, signal.SIGSTOP if fate == "stopped" else signal.SIGKILL)
        with pytest.raises(EngineStopped if fate == "stopped" else EngineDied):
            await session.get(ENERGY)
        assert not session.usable
        await session.close()
        assert await other.get(ENERGY) == VALUES[ENERGY]
        await other.close()
        async with await opened(listener.address, workers) as again:
            assert await again.get(ENERGY) == VALUES[ENERGY]


async def test_processes_are_kept_and_bounded() -> None:
    meter = ShortNameMeter()
    async with EngineProcesses(engine_program(), 1) as workers, await served(meter) as listener:
        first = await opened(listener.address, workers)
        assert first._process is not None
        pid = first._process.pid
        second = asyncio.ensure_future(opened(listener.address, workers))
        assert await first.get(ENERGY) == VALUES[ENERGY]
        assert not second.done()
        await first.close()
        session = await second
        assert session._process is not None
        assert session._process.pid == pid
        await session.close()


async def test_a_cancelled_request_ends_its_session_and_process(workers: EngineProcesses) -> None:
    meter = ShortNameMeter()
    async with await served(meter) as listener:
        session = await opened(listener.address, workers)
        meter.spoil = lambda _: None
        asked = asyncio.ensure_future(session.get(ENERGY))
        async with asyncio.timeout(5):
            while len(meter.requests) < 2:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.001)
        asked.cancel()
        await asyncio.wait([asked])
        assert asked.cancelled()
        assert not session.usable
        await session.close()
