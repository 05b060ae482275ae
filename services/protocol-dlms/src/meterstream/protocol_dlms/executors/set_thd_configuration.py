"""SetThdConfiguration: the five limits from which on a meter reports total harmonic distortion."""

from __future__ import annotations

from meterstream.contracts.errors import error
from meterstream.contracts.operations.set_thd_configuration import (
    OPERATION,
    SetThdConfigurationRequest,
    SetThdConfigurationResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import double_long_unsigned, long_unsigned
from meterstream.protocol_dlms.executor import At, Context, Executor


async def execute(request: SetThdConfigurationRequest, context: Context) -> SetThdConfigurationResponse:
    """Write all five in one list.

    Raises: DEVICE_REFUSED, with the result of each, where the meter does not take all of them.
    """
    items = [
        (At("thd_value_threshold"), long_unsigned(request.value_threshold)),
        (At("thd_value_hysteresis"), long_unsigned(request.value_hysteresis)),
        (At("thd_min_duration_normal_to_over"), double_long_unsigned(request.min_duration_normal_to_over)),
        (At("thd_min_duration_over_to_normal"), double_long_unsigned(request.min_duration_over_to_normal)),
        (At("thd_time_threshold"), double_long_unsigned(request.time_threshold)),
    ]
    results = await context.meter.set_list(items)
    refused = [
        target.role
        for (target, _), result in zip(items, results, strict=True)
        if result is not DataAccessResult.SUCCESS
    ]
    if refused:
        named = ", ".join(result.name for result in results)
        raise error("DEVICE_REFUSED", f"THD configuration resulted in: [{named}]", refused=", ".join(refused))
    return SetThdConfigurationResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
