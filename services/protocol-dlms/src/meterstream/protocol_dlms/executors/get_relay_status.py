"""GetRelayStatus: output state, control state and control mode of a breaker or valve, read as one list."""

from __future__ import annotations

from meterstream.contracts.operations.get_relay_status import OPERATION, GetRelayStatusRequest, GetRelayStatusResponse
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.refusals import read_all
from meterstream.protocol_dlms.relays import relay_of, states


async def execute(request: GetRelayStatusRequest, context: Context) -> GetRelayStatusResponse:  # noqa: ARG001  # the step is for the device that it names
    """Read all three.

    Raises: AccessRefused, ILLEGAL_RESPONSE.
    """
    relay = relay_of(context.device)
    answers = await read_all(context.meter, relay.targets, "")
    output, state, mode = states(relay, answers)
    return GetRelayStatusResponse(output_state=output, control_state=state, control_mode=mode, read_at=context.now())


def foresees(request: GetRelayStatusRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """All three."""
    relay = relay_of(device)
    return relay.targets if relay.role in profile.objects else []


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
