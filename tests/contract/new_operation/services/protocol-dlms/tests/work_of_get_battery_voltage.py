"""GetBatteryVoltage against the meter in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from meterstream.contracts.errors import PlatformError
from meterstream.dlms.data import AttributeRef, LogicalName, long_unsigned
from meterstream.dlms.objects import load_profile
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import Context, Device, load_executors
from meterstream.protocol_dlms.twin import MemoryMeter

NOW = datetime(2026, 3, 14, 10, 15, tzinfo=UTC)
REGISTER = AttributeRef(3, LogicalName.parse("0.0.96.6.3.255"), 2)


async def test_the_lowest_of_the_samples() -> None:
    executor = load_executors(executors)["GetBatteryVoltage"]
    values = iter((3530, 3512, 3540))
    meter = MemoryMeter(load_profile("SMR", "5.0.0"), {REGISTER: lambda _: long_unsigned(next(values))})
    context = Context(meter, Device("E0000000000000001"), lambda: NOW)
    response = await executor.execute(executor.operation.request(samples=3), context)
    assert response == executor.operation.response(lowest=Decimal("3.512"), read_at=NOW)


async def test_a_meter_without_battery_says_so() -> None:
    executor = load_executors(executors)["GetBatteryVoltage"]
    context = Context(MemoryMeter(load_profile("SMR", "5.0.0")), Device("E0000000000000001"), lambda: NOW)
    with pytest.raises(PlatformError, match="OBJECT_UNDEFINED"):
        await executor.execute(executor.operation.request(), context)
