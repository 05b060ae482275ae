"""SetRelayStatus: opens or closes the breaker of a meter, or the valve of an M-Bus meter."""

from __future__ import annotations

from enum import StrEnum

from meterstream.contracts.base import DeviceIdentification, Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.relays import RelayState


class RelayAction(StrEnum):
    """Method 1 remote_disconnect or method 2 remote_reconnect of the disconnect control (class 70)."""

    DISCONNECT = "DISCONNECT"
    RECONNECT = "RECONNECT"


class SetRelayStatusRequest(OperationRequest):
    """Invoke the method, then read states 2 and 3 of the disconnect control that belongs to the device.

    An electricity meter's breaker is 0.0.96.3.10.255, the valve of an M-Bus meter on channel x 0.x.24.4.0.255 of
    its gateway. Inside a bundle for its gateway `device_identification` names the M-Bus meter; elsewhere the command
    does. Switching is never repeated unasked: a lost answer is told as OUTCOME_UNKNOWN.
    """

    action: RelayAction
    device_identification: DeviceIdentification | None = None


class SetRelayStatusResponse(OperationResponse):
    """What the disconnect control says after the switching; READY_FOR_RECONNECTION waits for a button at the meter."""

    output_state: bool
    control_state: RelayState
    read_at: Moment


OPERATION = Operation(
    name="SetRelayStatus",
    request=SetRelayStatusRequest,
    response=SetRelayStatusResponse,
    function="SET_RELAY_STATUS",
    summary="Disconnect or reconnect a meter's breaker or valve.",
    target=Target.GATEWAY,
    bundle_action=True,
    examples=(
        SetRelayStatusRequest(action=RelayAction.DISCONNECT),
        SetRelayStatusRequest(action=RelayAction.RECONNECT),
    ),
)
