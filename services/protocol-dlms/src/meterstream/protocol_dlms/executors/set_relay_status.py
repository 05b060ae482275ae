"""SetRelayStatus: switches a breaker or valve, then reads what it says."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operations.set_relay_status import (
    OPERATION,
    RelayAction,
    SetRelayStatusRequest,
    SetRelayStatusResponse,
)
from meterstream.contracts.shared.relays import RelayState
from meterstream.dlms.data import integer
from meterstream.protocol_dlms.executor import AccessRefused, Call, Context, Executor
from meterstream.protocol_dlms.refusals import read_all
from meterstream.protocol_dlms.relays import relay_of, states

_METHODS: Final = {RelayAction.DISCONNECT: 1, RelayAction.RECONNECT: 2}
_REACHED: Final = {
    RelayAction.DISCONNECT: frozenset({RelayState.DISCONNECTED}),
    RelayAction.RECONNECT: frozenset({RelayState.CONNECTED, RelayState.READY_FOR_RECONNECTION}),
}
"""The states after a switching that took effect."""


async def execute(request: SetRelayStatusRequest, context: Context) -> SetRelayStatusResponse:
    """Switch, read.

    Raises: AccessRefused when the meter does not switch; OUTCOME_UNKNOWN when it did, and does not tell its state.
    """
    relay = relay_of(context.device)
    await context.meter.action(Call(relay.role, _METHODS[request.action], relay.channel), integer(0))
    try:
        return await _read(context)
    except PlatformError as unread:
        if not context.meter.alive:
            raise  # another association can tell
        raise error(
            "OUTCOME_UNKNOWN",
            f"the meter took {request.action}, but does not tell its state: {unread.message}",
            cause=unread.code.name,
        ) from unread


async def verify(request: SetRelayStatusRequest, context: Context) -> SetRelayStatusResponse | None:
    """Whether breaker or valve is where the switching was to bring it."""
    try:
        response = await _read(context)
    except AccessRefused:
        return None
    return response if response.control_state in _REACHED[request.action] else None


async def _read(context: Context) -> SetRelayStatusResponse:
    relay = relay_of(context.device)
    output, state, _ = states(relay, await read_all(context.meter, relay.targets, ""))
    return SetRelayStatusResponse(output_state=output, control_state=state, read_at=context.now())


EXECUTOR = Executor(OPERATION, execute, verify=verify, writes=True)
