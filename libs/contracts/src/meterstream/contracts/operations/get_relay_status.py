"""GetRelayStatus: whether the breaker of a meter, or the valve of an M-Bus meter, is closed."""

from __future__ import annotations

from meterstream.contracts.base import DeviceIdentification, Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.relays import RelayState


class GetRelayStatusRequest(OperationRequest):
    """Read attributes 2, 3 and 4 of the disconnect control (class 70) that belongs to the device.

    An electricity meter's breaker is 0.0.96.3.10.255, the valve of an M-Bus meter on channel x 0.x.24.4.0.255 of
    its gateway. Inside a bundle for its gateway `device_identification` names the M-Bus meter; elsewhere the command
    does.
    """

    device_identification: DeviceIdentification | None = None


class GetRelayStatusResponse(OperationResponse):
    """What the disconnect control says, and when it was read.

    `output_state` is whether the device supplies now; `control_mode` is the number 0 to 6 of the mode, which says
    who may switch (IEC 62056-6-2, disconnect control).
    """

    output_state: bool
    control_state: RelayState
    control_mode: int
    read_at: Moment


OPERATION = Operation(
    name="GetRelayStatus",
    request=GetRelayStatusRequest,
    response=GetRelayStatusResponse,
    function="GET_RELAY_STATUS",
    summary="Read the state of a meter's breaker or valve.",
    target=Target.GATEWAY,
    repeatable=True,
    bundle_action=True,
    examples=(GetRelayStatusRequest(), GetRelayStatusRequest(device_identification="G0001000000000017")),
)
