"""SetKeyOnGMeter: hands a key to an M-Bus device."""

from __future__ import annotations

from meterstream.contracts.operations.set_key_on_g_meter import (
    OPERATION,
    SetKeyOnGMeterRequest,
    SetKeyOnGMeterResponse,
)
from meterstream.contracts.records import KeyKind
from meterstream.protocol_dlms.executor import Context, Executor
from meterstream.protocol_dlms.executors._mbus_keys import USER, close_optical_port, send_key, set_user_key


async def execute(request: SetKeyOnGMeterRequest, context: Context) -> SetKeyOnGMeterResponse:
    """Return once the gateway has taken the key."""
    kind = KeyKind(request.secret_type)
    if kind is USER:
        await set_user_key(context.device, context)
    elif kind is KeyKind.G_METER_OPTICAL_PORT_KEY and request.close_optical_port:
        await close_optical_port(kind, context.device, context)
    else:
        await send_key(kind, context.device, context)
    return SetKeyOnGMeterResponse()


EXECUTOR = Executor(OPERATION, execute, writes=True)
