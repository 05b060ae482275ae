"""One suite for the Meter port: the twin in memory, and the real one over a session with a simulated meter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from meterstream.contracts.errors import PlatformError
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import AttributeRef, Data, DataType, double_long_unsigned
from meterstream.dlms.objects import load_profile
from meterstream.protocol_dlms.executor import AccessRefused, At, Call, Meter
from meterstream.protocol_dlms.twin import MemoryMeter
from meterstream.simulator.settings import FleetSettings

Make = Callable[..., Any]
UNKNOWN = AttributeRef(1, bytes((9, 9, 9, 9, 9, 9)), 2)
FILTER = At("alarm_filter_1")


class MeterContract:
    """What executors rely on."""

    async def test_gets_by_role_and_by_reference(self, meter: Meter) -> None:
        by_role = await meter.get(At("active_energy_import"))
        by_reference = await meter.get(meter.profile.ref("active_energy_import", 2))
        assert by_role.type is by_reference.type is DataType.DOUBLE_LONG_UNSIGNED

    async def test_a_refusal_names_result_and_target_and_the_association_stands(self, meter: Meter) -> None:
        with pytest.raises(AccessRefused) as caught:
            await meter.get(UNKNOWN)
        assert caught.value.result is DataAccessResult.OBJECT_UNDEFINED
        assert caught.value.code.name == "DEVICE_REFUSED"
        assert caught.value.details["target"] == "1/9.9.9.9.9.9/2"
        assert meter.alive
        await meter.get(At("clock"))

    async def test_a_list_has_a_value_or_a_result_for_each(self, meter: Meter) -> None:
        clock, unknown, energy = await meter.get_list([At("clock"), UNKNOWN, At("active_energy_import")])
        assert isinstance(clock, Data)
        assert unknown is DataAccessResult.OBJECT_UNDEFINED
        assert isinstance(energy, Data)
        assert await meter.get_list([]) == []

    async def test_what_is_set_is_read(self, meter: Meter) -> None:
        await meter.ready()
        await meter.set(FILTER, double_long_unsigned(3))
        assert await meter.get(FILTER) == double_long_unsigned(3)

    async def test_a_refused_set_is_told(self, meter: Meter) -> None:
        with pytest.raises(AccessRefused):
            await meter.set(UNKNOWN, double_long_unsigned(3))
        assert meter.alive

    async def test_a_list_of_writes_has_a_result_for_each(self, meter: Meter) -> None:
        written = await meter.set_list([(FILTER, double_long_unsigned(5)), (UNKNOWN, double_long_unsigned(5))])
        assert written == [DataAccessResult.SUCCESS, DataAccessResult.OBJECT_UNDEFINED]
        assert await meter.get(FILTER) == double_long_unsigned(5)
        assert await meter.set_list([]) == []

    async def test_what_the_protocol_lacks_is_416_before_anything_is_sent(self, meter: Meter) -> None:
        for ask in (meter.get(At("no_such_role")), meter.action(Call("no_such_role", 1))):
            with pytest.raises(PlatformError) as caught:
                await ask
            assert caught.value.code.number == 416
        with pytest.raises(PlatformError) as caught:
            await meter.get(At("mbus_client_setup", 5, channel=9))
        assert caught.value.code.name == "GATEWAY_CHANGED"
        assert meter.alive

    async def test_a_refused_method_has_an_action_result(self, meter: Meter) -> None:
        with pytest.raises(AccessRefused) as caught:
            await meter.action(Call("image_transfer", 3))
        assert isinstance(caught.value.result, ActionResult)
        assert caught.value.message.startswith("MethodResultCode: ")


class TestInMemory(MeterContract):
    @pytest.fixture
    def meter(self) -> MemoryMeter:
        profile = load_profile("SMR", "5.0.0")
        meter = MemoryMeter(profile)
        meter.put(At("clock"), double_long_unsigned(0))
        meter.put(At("active_energy_import"), double_long_unsigned(1))
        meter.put(FILTER, double_long_unsigned(0))
        meter.methods[profile.object("image_transfer").method(3)] = ActionResult.OTHER_REASON
        return meter


@pytest.mark.parametrize("with_list_max", [1, 16], ids=["single", "with-list"])
class TestOverASession(MeterContract):
    @pytest.fixture
    async def meter(self, make_bench: Make, with_list_max: int) -> AsyncIterator[Meter]:
        bench = await make_bench(FleetSettings())
        meter = await bench.associations.open(bench.visit(bench.record(with_list_max=with_list_max)))
        yield meter
        await bench.associations.close(meter)
        assert bench.fleet.stats.repeated_nonces == 0
