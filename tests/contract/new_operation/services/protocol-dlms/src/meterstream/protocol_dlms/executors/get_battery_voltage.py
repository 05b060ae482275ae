"""GetBatteryVoltage: the register of the battery's voltage, scaled."""

from __future__ import annotations

from decimal import Decimal

from meterstream.contracts.operations.get_battery_voltage import (
    OPERATION,
    GetBatteryVoltageRequest,
    GetBatteryVoltageResponse,
)
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.protocol_dlms.executor import VALUE, Context, Executor
from meterstream.protocol_dlms.model.quantities import read_integer

REGISTER = AttributeRef(3, LogicalName.parse("0.0.96.6.3.255"), VALUE)


async def execute(request: GetBatteryVoltageRequest, context: Context) -> GetBatteryVoltageResponse:
    """Millivolts in the meter are volts in the answer."""
    found = [read_integer(await context.meter.get(REGISTER), "battery voltage") or 0 for _ in range(request.samples)]
    return GetBatteryVoltageResponse(lowest=Decimal(min(found)).scaleb(-3), read_at=context.now())


EXECUTOR = Executor(OPERATION, execute)
