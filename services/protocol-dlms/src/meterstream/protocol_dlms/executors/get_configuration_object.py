"""GetConfigurationObject: GPRS mode and flags of {1, 0.1.94.31.3.255, 2}."""

from __future__ import annotations

from meterstream.contracts.operations.get_configuration_object import (
    OPERATION,
    GetConfigurationObjectRequest,
    GetConfigurationObjectResponse,
)
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.executors._configuration_object import CONFIGURATION, layout_of, read_configuration


async def execute(request: GetConfigurationObjectRequest, context: Context) -> GetConfigurationObjectResponse:  # noqa: ARG001  # the request has no fields
    """Every flag of the protocol version, set or not."""
    layout = layout_of(context.meter)
    held = await read_configuration(context.meter, layout)
    return GetConfigurationObjectResponse(configuration=layout.configuration(held))


def foresees(request: GetConfigurationObjectRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The object itself."""
    return [CONFIGURATION]


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
