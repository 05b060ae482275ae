"""GetActualMeterReadsGas: value and capture time of the M-Bus master value of a channel, read as one list."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.get_actual_meter_reads_gas import (
    OPERATION,
    GetActualMeterReadsGasRequest,
    GetActualMeterReadsGasResponse,
)
from meterstream.contracts.records import ReadingRow
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import SCALER_UNIT, VALUE, At, Context, Device, Executor
from meterstream.protocol_dlms.mbus import channel_of
from meterstream.protocol_dlms.model.gas import MASTER_VALUE, amounts_in, consumption, known_scaler, reading
from meterstream.protocol_dlms.model.quantities import (
    read_integer,
    read_moment,
    read_scaler_unit,
    unexpected,
)
from meterstream.protocol_dlms.refusals import read_all

_FIVE_MINUTES: Final = "mbus_master_value_5min"
_CAPTURE_TIME: Final = 5
_TIME: Final = "M-Bus Capture Time"


async def execute(request: GetActualMeterReadsGasRequest, context: Context) -> GetActualMeterReadsGasResponse:  # noqa: ARG001  # the step is for the device that it names
    """Read them; scaler and unit too, unless the model of the gas meter tells them.

    Raises: AccessRefused, ILLEGAL_RESPONSE.
    """
    meter = context.meter
    channel = channel_of(context, "Meter for gas reads should have a channel configured.")
    targets = _targets(meter.profile, context.device, channel)
    answers = await read_all(meter, targets, "")
    what = f"{targets[0].role} channel {channel}"
    scaler_unit = known_scaler(meter.profile, context.device) or read_scaler_unit(
        answers[-1], f"{what} scaler and unit"
    )
    raw = read_integer(answers[0], what)
    captured = read_moment(answers[1], context.device.zone, _TIME)
    if captured is None:
        raise unexpected(_TIME, f"Unexpected null/unspecified value for {_TIME}")
    return GetActualMeterReadsGasResponse(
        log_time=context.now(),
        consumption=None if raw is None else consumption(raw, amounts_in(scaler_unit, what), what),
        capture_time=captured,
    )


def _targets(profile: MeterProfile, device: Device, channel: int) -> list[At]:
    role = _role(profile)
    unknown = known_scaler(profile, device) is None
    return [At(role, attribute, channel) for attribute in (VALUE, _CAPTURE_TIME, *((SCALER_UNIT,) if unknown else ()))]


def _role(profile: MeterProfile) -> str:
    """SMR 5 has a value every five minutes beside the hourly one; DSMR has the hourly one under that name."""
    return _FIVE_MINUTES if _FIVE_MINUTES in profile.objects else MASTER_VALUE


def readings(response: GetActualMeterReadsGasResponse, profile: MeterProfile, device: Device) -> list[ReadingRow]:
    """The value, as it was captured."""
    if response.consumption is None or device.channel is None:
        return []
    ref = profile.ref(_role(profile), VALUE, device.channel)
    return [reading(response.consumption, ref, response.capture_time)]


def foresees(request: GetActualMeterReadsGasRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """All of it."""
    known = device.channel is not None and _role(profile) in profile.objects
    return _targets(profile, device, device.channel) if known and device.channel is not None else []


EXECUTOR = Executor(OPERATION, execute, readings, foresees=foresees)
