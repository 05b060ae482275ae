"""SetPushSetupUdp: an empty communication window {40, 0.3.25.9.0.255, 4}, which is always open."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.set_push_setup_udp import (
    OPERATION,
    SetPushSetupUdpRequest,
    SetPushSetupUdpResponse,
)
from meterstream.dlms.data import array
from meterstream.protocol_dlms.executor import At, Context, Executor
from meterstream.protocol_dlms.refusals import write_one

_WINDOW: Final = At("push_setup_udp", 4)


async def execute(request: SetPushSetupUdpRequest, context: Context) -> SetPushSetupUdpResponse:  # noqa: ARG001  # the request has no fields
    """Write it."""
    await write_one(context.meter, _WINDOW, array(), "AccessResultCode for set push setup udp was not SUCCESS: ")
    return SetPushSetupUdpResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
