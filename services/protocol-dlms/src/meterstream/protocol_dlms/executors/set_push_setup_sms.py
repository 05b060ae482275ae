"""SetPushSetupSms: the TCP destination {40, 0.2.25.9.0.255, 3} that a meter calls after a wake-up SMS."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.set_push_setup_sms import (
    OPERATION,
    SetPushSetupSmsRequest,
    SetPushSetupSmsResponse,
)
from meterstream.protocol_dlms.executor import At, Context, Executor
from meterstream.protocol_dlms.model.push_setup import Transport, destination, message_type
from meterstream.protocol_dlms.refusals import write_one

_DESTINATION: Final = At("push_setup_sms", 3)


async def execute(request: SetPushSetupSmsRequest, context: Context) -> SetPushSetupSmsResponse:
    """Write it."""
    value = destination(request.host, request.port, Transport.TCP, message_type(context.meter.profile))
    await write_one(context.meter, _DESTINATION, value, "AccessResultCode for set push setup sms was not SUCCESS: ")
    return SetPushSetupSmsResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
