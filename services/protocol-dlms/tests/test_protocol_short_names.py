"""Meters with short names through associations and executors; meters with HDLC and logical names without any engine."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from e650_meter import EVENT_REGISTER, EVENTS, FIRMWARE, LOAD_PROFILE_1, PASSWORD, e650, serve
from engine_stage import engine_program
from short_name_meter import ShortNameMeter

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.get_profile_generic_data import GetProfileGenericDataRequest
from meterstream.contracts.records import Connection, DeviceRecord, KeyKind, SecurityLevel
from meterstream.contracts.shared.units import Unit
from meterstream.dlms.data import AttributeRef, DataType, LogicalName, double_long_unsigned, octet_string
from meterstream.protocol_dlms.associations import Associations
from meterstream.protocol_dlms.engine import EngineProcesses, ListingCache
from meterstream.protocol_dlms.engine.settings import EngineSettings
from meterstream.protocol_dlms.executor import AccessRefused, At, Context, Device
from meterstream.protocol_dlms.executors import get_profile_generic_data
from meterstream.protocol_dlms.keyring import KeyRing
from meterstream.protocol_dlms.limits import ConnectionLimits
from meterstream.protocol_dlms.meter import LiveMeter
from meterstream.protocol_dlms.settings import SessionSettings
from meterstream.protocol_dlms.short_names import ShortNames, short_names
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.sealing import Opener
from meterstream.simulator.settings import FleetSettings, LineFraming

Make = Callable[..., Any]
EVENTS_OF_METER = AttributeRef(EVENT_REGISTER[0], LogicalName.parse(EVENT_REGISTER[1]), 18)
PROFILE_COLUMNS = AttributeRef(LOAD_PROFILE_1[0], LogicalName.parse(LOAD_PROFILE_1[1]), 3)
QUICK = {"response_timeout_s": 5, "connect_timeout_s": 5, "counter_read_pause_s": 0, "candidate_pause_s": 0}


class Stage:
    """Associations with an engine, and a meter with short names."""

    def __init__(self, bench: Any, engine: ShortNames | None, settings: SessionSettings) -> None:
        self.bench = bench
        self.engine = engine
        self.limits = ConnectionLimits(settings.max_sessions, settings.connects_per_s)
        opener = KeyRing(Opener(bench.private_key))
        self.associations = Associations(
            settings, opener, bench.reserver, self.limits, bench.metrics, short_names=engine
        )

    def record(self, port: int, **changes: Any) -> DeviceRecord:
        """As AddDevice and SetDeviceCommunicationSettings leave it: no key but the password."""
        fields = {
            "protocol_name": "LG",
            "protocol_version": "E650",
            "connection": Connection(address="127.0.0.1", port=port),
            "security_level": SecurityLevel.LLS1,
            "use_hdlc": True,
            "use_short_names": True,
        }
        bare = self.bench.record(keys=[])
        return self.bench.sealed_key(bare, "pw-e650", KeyKind.LLS_PASSWORD, PASSWORD).model_copy(  # type: ignore[no-any-return]
            update=fields | changes
        )

    async def open(self, record: DeviceRecord) -> LiveMeter:
        return await self.associations.open(self.bench.visit(record))


@pytest.fixture
async def make_stage_of_engine(make_bench: Make) -> AsyncIterator[Make]:
    engines: list[ShortNames] = []

    async def make(engine_settings: EngineSettings | None = None, **changes: Any) -> Stage:
        settings = SessionSettings.model_validate(QUICK | changes)
        engine = short_names(engine_settings or EngineSettings(processes=2), settings, ListingCache())
        assert engine is not None
        engines.append(engine)
        return Stage(await make_bench(FleetSettings(meters=1)), engine, settings)

    yield make
    for engine in engines:
        await engine.close()


async def test_an_e650_is_read_over_hdlc(make_stage_of_engine: Make) -> None:
    stage, meter = await make_stage_of_engine(), e650()
    async with await serve(meter) as listener:
        opened = await stage.open(stage.record(listener.address[1]))
        assert await opened.get(EVENTS_OF_METER) == double_long_unsigned(EVENTS)
        assert await opened.get(At("active_firmware_identifier")) == octet_string(b"H90")
        assert (await opened.get(At("clock"))).type is DataType.OCTET_STRING
        assert opened.key_ids == ("pw-e650",)
        with pytest.raises(AccessRefused):
            await opened.get(AttributeRef(3, LogicalName.parse("9.9.9.9.9.9"), 2))
        assert opened.alive
        await opened.set(At("clock", 3), (await opened.get(At("clock", 3))))
        assert opened.meter_s > 0
        await stage.associations.close(opened)
        assert not opened.alive
    assert stage.limits.open == 0


async def test_the_load_profile_of_a_day_has_every_row_and_unit(make_stage_of_engine: Make) -> None:
    stage, meter = await make_stage_of_engine(), e650()
    async with await serve(meter) as listener:
        opened = await stage.open(stage.record(listener.address[1]))
        request = GetProfileGenericDataRequest(
            obis="1.0.99.1.0.255",
            begin_date=datetime(2015, 9, 6, 23, 59, tzinfo=UTC),
            end_date=datetime(2015, 9, 8, 0, 1, tzinfo=UTC),
        )
        context = Context(opened, Device("E650"), lambda: datetime(2025, 1, 1, tzinfo=UTC))
        response = await get_profile_generic_data.execute(request, context)
        await stage.associations.close(opened)
    assert len(response.rows) == 289
    assert [column.unit for column in response.columns] == [
        Unit.UNDEFINED,
        Unit.UNDEFINED,
        *[Unit.W] * 2,
        *[Unit.VAR] * 2,
        *[Unit.COUNT] * 3,
    ]
    assert response.capture_period == 300
    assert not response.gaps


async def test_the_object_list_is_read_once_a_firmware(make_stage_of_engine: Make) -> None:
    stage, meter = await make_stage_of_engine(), e650()
    async with await serve(meter) as listener:
        record = stage.record(listener.address[1])
        for _ in range(3):
            opened = await stage.open(record)
            assert await opened.get(EVENTS_OF_METER) == double_long_unsigned(EVENTS)
            await stage.associations.close(opened)
        assert meter.lists_read == 1
        _new_firmware(meter)
        opened = await stage.open(record)
        assert await opened.get(EVENTS_OF_METER) == double_long_unsigned(EVENTS)
        await stage.associations.close(opened)
        assert meter.lists_read == 2


def _new_firmware(meter: ShortNameMeter) -> None:
    """Every base name moves, and where the event register was lies another one."""
    meter.values[AttributeRef(FIRMWARE[0], LogicalName.parse(FIRMWARE[1]), 2)] = octet_string(b"H91")
    names = list(meter.bases)
    moved = [*names[7:], *names[:7]]
    meter.bases = dict(zip(moved, meter.bases.values(), strict=True))


async def test_a_wrong_password_is_an_authentication_error(make_stage_of_engine: Make) -> None:
    stage, meter = await make_stage_of_engine(), e650()
    meter.password = b"another"
    async with await serve(meter) as listener:
        with pytest.raises(PlatformError) as refused:
            await stage.open(stage.record(listener.address[1]))
    assert refused.value.code.name == "AUTHENTICATION_ERROR"
    assert repr(PASSWORD) not in repr(refused.value.to_record())
    assert stage.limits.open == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"security_level": SecurityLevel.HLS5}, "short names with HLS5 is not offered"),
        ({"keys": []}, "LLS_PASSWORD"),
        ({"connection": Connection(address="127.0.0.1", port=4059, logical_id=16383 + 1)}, "HDLC address"),
    ],
)
async def test_what_cannot_be_is_told_before_any_traffic(make_stage_of_engine: Make, changes: Any, words: str) -> None:
    stage = await make_stage_of_engine()
    with pytest.raises(PlatformError, match=words) as refused:
        await stage.open(stage.record(4059, **changes))
    assert not refused.value.retryable
    assert stage.limits.open == 0


async def test_without_the_engine_the_answer_names_what_to_install(make_bench: Make) -> None:
    settings = SessionSettings.model_validate(QUICK)
    stage = Stage(await make_bench(FleetSettings(meters=1)), None, settings)
    with pytest.raises(PlatformError) as refused:
        await stage.open(stage.record(4059))
    assert refused.value.code.name == "UNSUPPORTED_COMMUNICATION_SETTING"
    assert "install meterstream-gurux" in refused.value.message
    assert "METERSTREAM_ENGINE__PROGRAM" in refused.value.message


# Lines and processes that fail


@pytest.mark.parametrize(
    ("octets", "codes"),
    [
        (b"", {"RESPONSE_TIMEOUT"}),
        (b"\x00" * 5000, {"RESPONSE_TIMEOUT", "ILLEGAL_RESPONSE", "LIMIT_EXCEEDED"}),
        (bytes(range(256)) * 40, {"RESPONSE_TIMEOUT", "ILLEGAL_RESPONSE", "LIMIT_EXCEEDED"}),
        (b"\x7e" * 3000, {"RESPONSE_TIMEOUT", "ILLEGAL_RESPONSE", "LIMIT_EXCEEDED"}),
    ],
    ids=["silence", "zeros", "octets", "flags"],
)
async def test_a_line_that_hangs_or_says_nonsense_ends_one_session(
    make_stage_of_engine: Make, octets: bytes, codes: set[str]
) -> None:
    stage = await make_stage_of_engine(response_timeout_s=0.3)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(octets)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server, await serve(e650()) as listener:
        with pytest.raises(PlatformError) as failed:
            async with asyncio.timeout(30):
                await stage.open(stage.record(server.sockets[0].getsockname()[1]))
        assert failed.value.code.name in codes
        assert failed.value.retryable
        opened = await stage.open(stage.record(listener.address[1]))  # the others go on
        await stage.associations.close(opened)
    assert stage.limits.open == 0


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_process_that_dies_or_hangs_ends_one_session(make_stage_of_engine: Make, sent: signal.Signals) -> None:
    stage = await make_stage_of_engine(EngineSettings(processes=2, work_timeout_s=0.5))
    async with await serve(e650()) as listener:
        record = stage.record(listener.address[1])
        other, struck = await stage.open(record), await stage.open(record)
        os.kill(struck._session._process.pid, sent)
        with pytest.raises(PlatformError) as failed:
            await struck.get(EVENTS_OF_METER)
        assert failed.value.code.name == ("TECHNICAL_ERROR" if sent is signal.SIGKILL else "ILLEGAL_RESPONSE")
        assert failed.value.details["cause"] == ("ENGINE_DIED" if sent is signal.SIGKILL else "ENGINE_STOPPED")
        assert failed.value.retryable
        assert not struck.alive
        await stage.associations.close(struck)
        assert await other.get(EVENTS_OF_METER) == double_long_unsigned(EVENTS)
        stage.associations.abort(other)
        again = await stage.open(record)
        assert await again.get(EVENTS_OF_METER) == double_long_unsigned(EVENTS)
        await stage.associations.close(again)
    assert stage.limits.open == 0


async def test_an_attempt_that_takes_too_long_ends(make_stage_of_engine: Make) -> None:
    stage, meter = await make_stage_of_engine(response_timeout_s=20), e650()
    async with await serve(meter) as listener:
        opened = await stage.open(stage.record(listener.address[1]))
        await opened.get(EVENTS_OF_METER)
        meter.spoil = lambda _: None
        opened.limit(0.2)
        with pytest.raises(PlatformError) as failed:
            await opened.get(PROFILE_COLUMNS)
        assert failed.value.code.name == "RESPONSE_TIMEOUT"
        await stage.associations.close(opened)


async def test_who_finds_all_processes_in_use_is_told_so(make_stage_of_engine: Make) -> None:
    stage = await make_stage_of_engine(EngineSettings(processes=1, process_wait_s=0.2))
    async with await serve(e650()) as listener:
        record = stage.record(listener.address[1])
        first = await stage.open(record)
        with pytest.raises(PlatformError) as busy:
            await stage.open(record)
        assert busy.value.code.name == "NOT_READY"
        assert stage.limits.open == 1
        stage.associations.abort(first)  # also gives its process back
        await stage.associations.close(await stage.open(record))


@pytest.mark.parametrize("says", ["exit 3", "echo nonsense; cat", "echo '{\"protocol\": 99}'; cat"])
async def test_a_program_that_is_no_engine_is_told_as_such(make_bench: Make, tmp_path: Path, says: str) -> None:
    program = tmp_path / "engine"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)
    settings = SessionSettings.model_validate(QUICK)
    engine = ShortNames(EngineSettings(), settings, EngineProcesses(program, 1), ListingCache())
    stage = Stage(await make_bench(FleetSettings(meters=1)), engine, settings)
    for _ in range(2):
        with pytest.raises(PlatformError, match=str(program)) as failed:
            await stage.open(stage.record(4059))
        assert failed.value.details["cause"] == "ENGINE_UNUSABLE"


async def test_a_program_that_was_named_must_be_there(tmp_path: Path) -> None:
    sessions = SessionSettings()
    with pytest.raises(ConfigurationError, match="METERSTREAM_ENGINE__PROGRAM"):
        short_names(EngineSettings(program=tmp_path / "missing"), sessions, ListingCache())
    assert short_names(EngineSettings(program=engine_program()), sessions, ListingCache()) is not None


# HDLC and logical names, by our own core


@pytest.mark.parametrize("logical_device", [1, 127, 128, 200])
@pytest.mark.parametrize("level", [SecurityLevel.HLS5, SecurityLevel.NONE])
async def test_hdlc_with_logical_names_needs_no_engine(
    make_bench: Make, logical_device: int, level: SecurityLevel
) -> None:
    bench = await make_bench(FleetSettings(meters=200, framing=LineFraming.HDLC))
    record = bench.record(logical_device, security_level=level, use_hdlc=True)
    meter = await bench.associations.open(bench.visit(record))
    assert (await meter.get(At("clock"))).type is DataType.OCTET_STRING
    await bench.associations.close(meter)
    assert bench.fleet.stats.repeated_nonces == 0


async def test_a_meter_with_the_wrapper_does_not_answer_hdlc(make_bench: Make) -> None:
    bench = await make_bench(response_timeout_s=0.5)
    with pytest.raises(PlatformError) as failed:
        await bench.associations.open(bench.visit(bench.record(use_hdlc=True)))
    assert failed.value.retryable
    assert "UseHdlc:true" in failed.value.message
