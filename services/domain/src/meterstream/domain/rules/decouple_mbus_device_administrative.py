"""DecoupleMbusDeviceAdministrative: the registry forgets behind which gateway an M-Bus device is."""

from __future__ import annotations

from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.decouple_mbus_device_administrative import (
    OPERATION,
    DecoupleMbusDeviceAdministrativeResponse,
)
from meterstream.domain.model.coupling import forget_place
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import device_of, needs_kin


def decouple_mbus_device_administrative(turn: RegistryTurn) -> OperationResponse:
    """Clear gateway and channel; the former gateway's record loses the channel. Nothing where there was none.

    Raises: UNKNOWN_DEVICE (201), VALIDATION_ERROR (401) for a device that is its own gateway.
    """
    device = device_of(turn)
    if not device.is_mbus:
        field, rule = "header.device_identification", "must name an M-Bus device"
        raise CODES["VALIDATION_ERROR"](f"{field}: {rule}", field=field, rule=rule)
    if device.gateway is not None:
        forget_place(turn.world, device, turn.now)
    return DecoupleMbusDeviceAdministrativeResponse()


RULE = RegistryRule(OPERATION, decouple_mbus_device_administrative, needs_kin)
