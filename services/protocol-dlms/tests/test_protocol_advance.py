"""How far long work is: when it is told, at which rate, and that domain gets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from worker_stage import READ, Make, MemoryCluster

from meterstream.contracts.envelope import Progress
from meterstream.contracts.operations import get_actual_meter_reads, update_firmware
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest
from meterstream.contracts.operations.update_firmware import UpdateFirmwareRequest, UpdateFirmwareResponse
from meterstream.protocol_dlms.executor import Context, Executor
from meterstream.protocol_dlms.executors import bundle
from meterstream.protocol_dlms.model.advance import Pace
from meterstream.runtime.codec import shared_codec

BEGAN = datetime(2026, 5, 1, tzinfo=UTC)


def told(*reports: tuple[int, int]) -> list[tuple[int, int | None, int | None] | None]:
    """What comes of reports (second, octets of 1000)."""
    pace = Pace()
    found = [pace.advance(done, 1000, BEGAN + timedelta(seconds=at)) for at, done in reports]
    return [None if one is None else (one.percent, one.per_second, one.seconds_left) for one in found]


def test_news_come_at_the_beginning_now_and_then_and_at_the_end() -> None:
    assert told((0, 0), (5, 50), (14, 140), (15, 150), (16, 160), (20, 1000)) == [
        (0, None, None),
        None,
        None,
        (15, 10, 85),
        None,
        (100, 50, 0),
    ]


def test_what_an_earlier_attempt_did_is_done_but_no_speed() -> None:
    assert told((0, 600), (20, 700)) == [(60, None, None), (70, 5, 60)]


class TestFromWorkerToDomain:
    @pytest.fixture
    def make_cluster(self) -> Make:
        async def make() -> MemoryCluster:
            return MemoryCluster()

        return make

    @pytest.fixture
    def carried_out(self) -> dict[str, Any]:
        async def long(_: UpdateFirmwareRequest, context: Context) -> UpdateFirmwareResponse:
            context.report(3, 4)
            return UpdateFirmwareResponse()

        async def short(_: Any, context: Context) -> Any:
            context.report(1, 2)
            return get_actual_meter_reads.GetActualMeterReadsResponse.model_construct()

        return {
            "UpdateFirmware": Executor(update_firmware.OPERATION, long),
            "GetActualMeterReads": Executor(get_actual_meter_reads.OPERATION, short),
        }

    async def test_long_operations_alone_tell_how_far_they_are(self, make_stage: Make, carried_out: Any) -> None:
        stage = await make_stage()
        await stage.publish(stage.bench.record())
        await stage.start_worker(carried_out)
        update = UpdateFirmwareRequest(firmware_identification="FW-1")
        gateway = stage.bench.gateway()
        await stage.producer.send([stage.request(update_firmware.OPERATION, update, gateway)])
        progress, response = await stage.responses(2)
        assert isinstance(progress, Progress)
        assert (progress.advance.done, progress.advance.total, progress.advance.percent) == (3, 4, 75)
        assert (progress.correlation_uid, progress.attempt) == (response.header.correlation_uid, 1)
        (answer,) = await stage.ask(stage.request(get_actual_meter_reads.OPERATION, READ, gateway))
        assert not isinstance(answer, Progress)

    async def test_in_a_bundle_they_tell_for_which_action(self, make_stage: Make, carried_out: Any) -> None:
        stage = await make_stage()
        await stage.publish(stage.bench.record())
        await stage.start_worker(carried_out | {"Bundle": bundle.EXECUTOR})
        update = UpdateFirmwareRequest(firmware_identification="FW-1")
        actions = [BundleAction(operation="UpdateFirmware", request=shared_codec().encode(update))] * 2
        request = stage.request(bundle.OPERATION, BundleRequest(actions=actions), stage.bench.gateway())
        await stage.producer.send([request])
        first, second, response = await stage.responses(3)
        assert [(told.advance.action, told.advance.percent) for told in (first, second)] == [(0, 75), (1, 75)]
        assert len(response.response.answers) == 2
