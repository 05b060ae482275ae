"""Reads merged across the actions of a bundle: what is asked together, and what is never served from memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from wire import asked, profile

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest, BundleResponse
from meterstream.contracts.operations.get_actual_meter_reads import GetActualMeterReadsRequest
from meterstream.contracts.operations.get_administrative_status import GetAdministrativeStatusRequest
from meterstream.contracts.operations.get_configuration_object import GetConfigurationObjectRequest
from meterstream.contracts.operations.get_firmware_version import GetFirmwareVersionRequest
from meterstream.contracts.operations.set_administrative_status import SetAdministrativeStatusRequest
from meterstream.contracts.operations.set_configuration_object import SetConfigurationObjectRequest
from meterstream.contracts.shared.administrative import AdministrativeStatus
from meterstream.contracts.shared.configuration_object import (
    ConfigurationFlag,
    ConfigurationFlagType,
    RequestedConfiguration,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data, bit_string, double_long_unsigned, enum, integer, octet_string
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import AccessRefused, At, Call, Device, load_executors
from meterstream.protocol_dlms.executors import bundle
from meterstream.protocol_dlms.foreseen import ForeseenMeter
from meterstream.protocol_dlms.marks import Marks
from meterstream.protocol_dlms.steps import Steps
from meterstream.protocol_dlms.twin import MemoryMeter
from meterstream.protocol_dlms.views.sessions import SessionTable
from meterstream.runtime.codec import shared_codec

METER = "E0001000000000001"
NOW = datetime(2025, 3, 11, 12, tzinfo=UTC)
STATUS, CONFIGURATION, FIRMWARE = At("administrative_in_out"), At("configuration_object"), At("p1_port_version")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


class ListsRefused(MemoryMeter):
    """Answers no list of more than `most`."""

    most = 2

    async def get_list(self, targets: Sequence[Any]) -> list[Data | DataAccessResult]:
        if len(targets) > self.most:
            self.exchanges += 1
            raise error("EXCEPTION_RESPONSE", "service not supported")
        return await super().get_list(targets)


def make_meter(kind: type[MemoryMeter] = MemoryMeter) -> MemoryMeter:
    meter = kind(profile("SMR 5.0.0"))
    meter.put(STATUS, enum(1))
    meter.put(CONFIGURATION, bit_string("0" * 16))
    meter.put(FIRMWARE, octet_string(b"1"))
    meter.put(At("clock"), octet_string(bytes.fromhex("07E8070F010A1E0000FF8880")))
    meter.put(At("active_energy_import"), double_long_unsigned(10_001))
    meter.put(At("active_firmware_identifier"), octet_string(b"V1"))
    return meter


@pytest.fixture
def meter() -> MemoryMeter:
    return make_meter()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def foreseen(meter: MemoryMeter, clock: Clock) -> ForeseenMeter:
    found = ForeseenMeter(meter, clock)
    found.plan([STATUS, CONFIGURATION, At("no_such_role"), FIRMWARE])
    return found


class TestForeseenMeter:
    async def test_nothing_is_asked_before_somebody_reads(self, foreseen: ForeseenMeter, meter: MemoryMeter) -> None:
        assert meter.exchanges == 0
        assert await foreseen.get(STATUS) == enum(1)
        foreseen.next_action()
        assert await foreseen.get_list([CONFIGURATION, FIRMWARE]) == [bit_string("0" * 16), octet_string(b"1")]
        assert meter.exchanges == 1

    async def test_what_nobody_foresaw_comes_along(self, foreseen: ForeseenMeter, meter: MemoryMeter) -> None:
        clock, status = await foreseen.get_list([At("clock"), STATUS])
        assert (clock, status) == (meter.values[meter.profile.ref("clock", 2)], enum(1))
        assert len(meter.asked) == 4
        assert meter.exchanges == 1

    async def test_reads_that_were_not_foreseen_go_to_the_meter(
        self, foreseen: ForeseenMeter, meter: MemoryMeter
    ) -> None:
        await foreseen.get(At("clock"))
        await foreseen.get_list([At("clock"), At("clock")])
        assert asked(meter) == ["get 8/0.0.1.0.0.255/2"] * 3
        assert await foreseen.get_list([]) == []

    async def test_who_looks_again_sees_the_meter(self, foreseen: ForeseenMeter, meter: MemoryMeter) -> None:
        assert await foreseen.get(STATUS) == enum(1)
        meter.put(STATUS, enum(2))
        assert await foreseen.get(STATUS) == enum(2)
        foreseen.next_action()
        assert await foreseen.get(CONFIGURATION) == bit_string("0" * 16)
        assert meter.exchanges == 2

    @pytest.mark.parametrize("way", ["set", "set_list", "action"])
    async def test_no_value_outlives_a_write(self, foreseen: ForeseenMeter, meter: MemoryMeter, way: str) -> None:
        await foreseen.get(STATUS)
        meter.put(CONFIGURATION, bit_string("1" * 16))
        match way:
            case "set":
                await foreseen.set(STATUS, enum(2))
            case "set_list":
                await foreseen.set_list([(STATUS, enum(2))])
            case _:
                await foreseen.action(Call("activity_calendar", 1), integer(0))
        assert await foreseen.get(CONFIGURATION) == bit_string("1" * 16)

    async def test_no_value_grows_old(self, foreseen: ForeseenMeter, meter: MemoryMeter, clock: Clock) -> None:
        await foreseen.get(STATUS)
        meter.put(CONFIGURATION, bit_string("1" * 16))
        clock.now += timedelta(seconds=61)
        assert await foreseen.get(CONFIGURATION) == bit_string("1" * 16)

    async def test_refusals_are_told_to_who_asked(self, foreseen: ForeseenMeter, meter: MemoryMeter) -> None:
        meter.put(CONFIGURATION, DataAccessResult.READ_WRITE_DENIED)
        assert await foreseen.get(STATUS) == enum(1)
        with pytest.raises(AccessRefused, match="READ_WRITE_DENIED") as caught:
            await foreseen.get(CONFIGURATION)
        assert caught.value.details["target"] == "1/0.1.94.31.3.255/2"
        assert meter.exchanges == 1

    async def test_a_meter_that_cannot_answer_all_together_is_asked_for_the_own_reads(self, clock: Clock) -> None:
        meter = make_meter(ListsRefused)
        foreseen = ForeseenMeter(meter, clock)
        foreseen.plan([STATUS, CONFIGURATION, FIRMWARE])
        assert await foreseen.get(STATUS) == enum(1)
        assert await foreseen.get(CONFIGURATION) == bit_string("0" * 16)
        assert meter.exchanges == 3
        with pytest.raises(PlatformError, match="service not supported"):
            await foreseen.get_list([STATUS, CONFIGURATION, FIRMWARE])


class TestBundles:
    @pytest.fixture
    def run(self, broker: Any, header: Any, guard: Any, meter: MemoryMeter, clock: Clock) -> Any:
        codec = shared_codec()

        async def carry_out(*actions: tuple[str, OperationRequest]) -> BundleResponse:
            marks = Marks(broker, SessionTable("process"), codec, clock)
            steps = Steps(header(METER), Device(METER), guard, marks, load_executors(executors), codec, clock)
            request = BundleRequest(
                actions=[BundleAction(operation=name, request=codec.encode(one)) for name, one in actions]
            )
            response = await steps.carry_out(bundle.EXECUTOR, request, meter)
            assert isinstance(response, BundleResponse)
            return response

        return carry_out

    READS = (
        ("GetAdministrativeStatus", GetAdministrativeStatusRequest()),
        ("GetActualMeterReads", GetActualMeterReadsRequest()),
        ("GetConfigurationObject", GetConfigurationObjectRequest()),
        ("GetFirmwareVersion", GetFirmwareVersionRequest()),
        ("GetActualMeterReads", GetActualMeterReadsRequest()),
    )

    async def test_reads_in_a_row_take_one_exchange(self, run: Any, meter: MemoryMeter) -> None:
        response = await run(*self.READS)
        assert [answer.error for answer in response.answers] == [None] * 5
        assert meter.exchanges == 1
        assert len(set(asked(meter))) == len(asked(meter)) == 13

    async def test_a_write_ends_a_row_and_reads_with_it(self, run: Any, meter: MemoryMeter) -> None:
        flags = [ConfigurationFlag(flag=ConfigurationFlagType.PO_ENABLE, enabled=True)]
        change = SetConfigurationObjectRequest(configuration=RequestedConfiguration(flags=flags))
        response = await run(
            *self.READS[:3],
            ("SetConfigurationObject", change),
            ("GetConfigurationObject", GetConfigurationObjectRequest()),
            ("SetAdministrativeStatus", SetAdministrativeStatusRequest(status=AdministrativeStatus.ON)),
            ("GetAdministrativeStatus", GetAdministrativeStatusRequest()),
        )
        assert [answer.error for answer in response.answers] == [None] * 7
        # all reads, the configuration, it read again, the status, it read again
        assert meter.exchanges == 5
        codec = shared_codec()
        before, after = (codec.decode(response.answers[place].response) for place in (2, 4))
        assert next(one.enabled for one in before.configuration.flags) is False
        assert next(one.enabled for one in after.configuration.flags) is True
        assert codec.decode(response.answers[6].response).status is AdministrativeStatus.ON

    async def test_errors_stay_with_their_actions(self, run: Any, meter: MemoryMeter) -> None:
        meter.put(CONFIGURATION, DataAccessResult.READ_WRITE_DENIED)
        meter.put(STATUS, octet_string(b"on"))
        response = await run(*self.READS)
        codes = [None if answer.error is None else answer.error.code for answer in response.answers]
        assert codes == ["ILLEGAL_RESPONSE", None, "DEVICE_REFUSED", None, None]
        assert response.answers[2].error.message == (
            "Non-successful result received retrieving configuration object: READ_WRITE_DENIED"
        )
        assert meter.exchanges == 1

    async def test_a_refused_write_is_told_in_the_words_of_bundles(self, run: Any, meter: MemoryMeter) -> None:
        meter.put(STATUS, DataAccessResult.TYPE_UNMATCHED)
        response = await run(
            ("SetAdministrativeStatus", SetAdministrativeStatusRequest(status=AdministrativeStatus.ON)),
        )
        assert response.answers[0].error.message == "AccessResultCode: TYPE_UNMATCHED"
