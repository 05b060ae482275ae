"""SetConfigurationObject: changes flags and GPRS mode of {1, 0.1.94.31.3.255, 2}, and keeps everything else."""

from __future__ import annotations

from meterstream.contracts.operations.set_configuration_object import (
    OPERATION,
    SetConfigurationObjectRequest,
    SetConfigurationObjectResponse,
)
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.executors._configuration_object import CONFIGURATION, layout_of, read_configuration
from meterstream.protocol_dlms.refusals import write_one


async def execute(request: SetConfigurationObjectRequest, context: Context) -> SetConfigurationObjectResponse:
    """Read, change what is named, write; a meter that already holds all of it is not written to.

    A GPRS mode for a protocol version without one is passed over, as is a flag to clear that it does not have.
    """
    meter, wanted = context.meter, request.configuration
    layout = layout_of(meter)
    flags = wanted.flags or []
    layout.check(flags)
    held = await read_configuration(meter, layout)
    value = layout.changed(held, flags, wanted.gprs_operation_mode)
    if layout.read(value) != held:
        await write_one(meter, CONFIGURATION, value, "Set configuration object reported result is: ")
    return SetConfigurationObjectResponse()


def foresees(request: SetConfigurationObjectRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """What it holds now."""
    return [CONFIGURATION]


EXECUTOR = Executor(OPERATION, execute, foresees=foresees, writes=True)
