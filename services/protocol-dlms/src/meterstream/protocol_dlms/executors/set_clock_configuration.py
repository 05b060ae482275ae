"""SetClockConfiguration: time zone and daylight saving time of the clock, attributes 3, 5, 6 and 8."""

from __future__ import annotations

from meterstream.contracts.errors import error
from meterstream.contracts.operations.set_clock_configuration import (
    OPERATION,
    SetClockConfigurationRequest,
    SetClockConfigurationResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import boolean, long, octet_string
from meterstream.protocol_dlms.executor import At, Context, Executor


async def execute(request: SetClockConfigurationRequest, context: Context) -> SetClockConfigurationResponse:
    """Write all four in one list.

    Raises: DEVICE_REFUSED, with the result of each, where the meter does not take all of them.
    """
    items = [
        (At("clock", 3), long(request.time_zone_offset)),
        (At("clock", 5), octet_string(request.daylight_savings_begin)),
        (At("clock", 6), octet_string(request.daylight_savings_end)),
        (At("clock", 8), boolean(request.daylight_savings_enabled)),
    ]
    results = await context.meter.set_list(items)
    refused = {
        target: result
        for (target, _), result in zip(items, results, strict=True)
        if result is not DataAccessResult.SUCCESS
    }
    if refused:
        named = ", ".join(result.name for result in results)
        attributes = ", ".join(f"{target.role} attribute {target.attribute}" for target in refused)
        raise error(
            "DEVICE_REFUSED",
            f"Clock configuration was not set successfully for device {context.device.identification}. "
            f"ResultCode: [{named}]",
            result=next(iter(refused.values())).name,
            refused=attributes,
        )
    return SetClockConfigurationResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
