"""SetPushSetupLastGasp: the UDP destination {40, 0.3.25.9.0.255, 3} of a meter's last gasp."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.set_push_setup_last_gasp import (
    OPERATION,
    SetPushSetupLastGaspRequest,
    SetPushSetupLastGaspResponse,
)
from meterstream.protocol_dlms.executor import At, Context, Executor
from meterstream.protocol_dlms.model.push_setup import MessageType, Transport, destination
from meterstream.protocol_dlms.refusals import write_one

_DESTINATION: Final = At("push_setup_udp", 3)


async def execute(request: SetPushSetupLastGaspRequest, context: Context) -> SetPushSetupLastGaspResponse:
    """Write it."""
    value = destination(request.host, request.port, Transport.UDP, MessageType.A_XDR)
    await write_one(
        context.meter, _DESTINATION, value, "AccessResultCode for set push setup last gasp was not SUCCESS: "
    )
    return SetPushSetupLastGaspResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
