"""Which M-Bus devices a request is for or names, and what is said of those that cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import Operation, OperationRequest, Target
from meterstream.contracts.records import DeviceState, MbusDevice
from meterstream.domain.model.registry import Device
from meterstream.domain.model.world import World


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stable code, and the rule that is broken."""

    code: str
    rule: str

    def __call__(self, field: str, device: str) -> PlatformError:
        return CODES[self.code](self.rule, field=field, rule=self.rule, device=device)


NO_GATEWAY: Final = Refusal("GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE", "the M-Bus device is coupled with no gateway")
NO_CHANNEL: Final = Refusal("NO_MBUS_DEVICE_CHANNEL_FOUND", "the M-Bus device is on no channel of its gateway")
OTHER_GATEWAY: Final = Refusal(
    "GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE", "the M-Bus device is behind another meter than the command's"
)


@dataclass(frozen=True, slots=True)
class Addressing:
    """What an operation says of an M-Bus device that cannot be reached.

    Attributes:
        mbus_only: the operation is for M-Bus devices alone; a meter with a connection of its own is none.
        channel_first: a missing channel counts before a missing gateway.
    """

    no_gateway: Refusal = NO_GATEWAY
    no_channel: Refusal = NO_CHANNEL
    other_gateway: Refusal = OTHER_GATEWAY
    mbus_only: bool = False
    channel_first: bool = False


ANY_DEVICE: Final = Addressing()
"""For meters and M-Bus devices alike: 220, 215, 221."""


def resolve(
    operation: Operation, request: OperationRequest, device: Device, world: World, addressing: Addressing
) -> Device | None:
    """The M-Bus device that the request is for or names, once nothing is in its way; None: it is for the meter itself.

    Raises: UNKNOWN_DEVICE (201), VALIDATION_ERROR (401), and what `addressing` says.
    """
    named = operation.named_device(request)
    field = "header.device_identification" if named is None else f"request.{operation.naming_field}"
    if operation.target is not Target.GATEWAY:
        return None if named is None else _known(named, field, world)
    subject = device if named in (None, device.identification) else _known(named, field, world)
    _check_reach(subject, device, field, addressing)
    return subject if subject.is_mbus else None


def to_header(device: Device, gateway: str) -> MbusDevice:
    """The M-Bus device as a request for `gateway` tells of it; its channel only where that is one of this gateway."""
    facts = device.mbus_facts
    return MbusDevice(
        device_identification=device.identification,
        channel=device.channel if device.is_behind(gateway) else None,
        primary_address=facts.primary_address,
        identification_number=facts.identification_number,
        manufacturer=facts.manufacturer,
        version=facts.version,
        device_type=facts.device_type,
        model_code=facts.model_code,
    )


def _known(named: str | None, field: str, world: World) -> Device:
    found = world.device(named)
    if found is None:
        rule = "a device of the registry"
        raise CODES["UNKNOWN_DEVICE"](f"{field}: there is no device {named}", field=field, rule=rule, device=named)
    if not found.is_mbus:
        rule = "must name an M-Bus device"
        raise CODES["VALIDATION_ERROR"](f"{field}: {rule}", field=field, rule=rule, device=named)
    return found


def _check_reach(subject: Device, device: Device, field: str, addressing: Addressing) -> None:
    """Nothing is in the way of a request for `subject` that goes through `device`, or through its gateway."""
    if not subject.is_mbus:
        if addressing.mbus_only:
            refusal = addressing.no_channel if addressing.channel_first else addressing.no_gateway
            raise refusal(field, subject.identification)
        return
    if device.is_mbus and subject is not device:
        rule = "must name the device of the command"
        raise CODES["VALIDATION_ERROR"](f"{field}: {rule}", field=field, rule=rule, device=subject.identification)
    missing = []
    if subject.gateway is None:
        missing.append(addressing.no_gateway)
    elif subject.gateway.state is not DeviceState.ACTIVE:
        missing.append(addressing.other_gateway)
    if subject.channel is None:
        missing.append(addressing.no_channel)
    if missing:
        raise missing[-1 if addressing.channel_first else 0](field, subject.identification)
    if not device.is_mbus and not subject.is_behind(device.identification):
        raise addressing.other_gateway(field, subject.identification)
