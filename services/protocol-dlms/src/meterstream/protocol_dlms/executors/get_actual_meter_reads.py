"""GetActualMeterReads: clock and energy registers, read as one list."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_actual_meter_reads import (
    OPERATION,
    GetActualMeterReadsRequest,
    GetActualMeterReadsResponse,
)
from meterstream.contracts.records import ReadingRow
from meterstream.contracts.types import Quantity
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data
from meterstream.dlms.objects import MeterProfile, ScalerUnit, Source
from meterstream.protocol_dlms.executor import SCALER_UNIT, At, Context, Device, Executor, Meter
from meterstream.protocol_dlms.model.quantities import (
    ENERGY_FIELDS,
    energy_rows,
    read_integer,
    read_moment,
    read_scaler_unit,
    to_energy,
    unexpected,
)

_TIME: Final = "Actual Energy Reads Time"


async def execute(request: GetActualMeterReadsRequest, context: Context) -> GetActualMeterReadsResponse:  # noqa: ARG001  # the request has no fields
    """Read all in one association.

    A register that the meter refuses, or that its type does not have, is absent from the answer.
    """
    meter = context.meter
    clock_at, *registers_at = _targets(meter.profile)
    clock, *registers = await meter.get_list([clock_at, *registers_at])
    if isinstance(clock, DataAccessResult):
        raise error(
            "DEVICE_REFUSED", f"No success retrieving {_TIME}: AccessResultCode = {clock.name}", result=clock.name
        )
    log_time = read_moment(clock, context.device.zone, _TIME)
    if log_time is None:
        raise unexpected(_TIME, f"Unexpected null/unspecified value for {_TIME}")
    values: dict[str, Quantity] = {}
    for (role, *_), answer in zip(registers_at, registers, strict=True):
        if isinstance(answer, Data) and (raw := read_integer(answer, role)) is not None:
            values[ENERGY_FIELDS[role]] = to_energy(raw, await _scaler_unit(meter, role), role)
    return GetActualMeterReadsResponse(log_time=log_time, **values)


def _targets(profile: MeterProfile) -> list[At]:
    """The clock, then the energy registers that the protocol version has."""
    return [At("clock"), *(At(role) for role in ENERGY_FIELDS if role in profile.objects)]


async def _scaler_unit(meter: Meter, role: str) -> ScalerUnit:
    """As the standard lays it down; read only where a profile leaves it to the meter."""
    attribute = meter.profile.object(role).attributes[SCALER_UNIT]
    if attribute.source is Source.CONSTANT and attribute.scaler_unit is not None:
        return attribute.scaler_unit
    return read_scaler_unit(await meter.get(At(role, SCALER_UNIT)), f"{role} scaler and unit")


def readings(response: GetActualMeterReadsResponse, profile: MeterProfile, device: Device) -> list[ReadingRow]:  # noqa: ARG001  # the port's signature
    """One row a register."""
    values = {field: getattr(response, field) for field in ENERGY_FIELDS.values()}
    return energy_rows(values, profile, response.log_time, [])


def foresees(request: GetActualMeterReadsRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """Clock and registers."""
    return _targets(profile)


EXECUTOR = Executor(OPERATION, execute, readings, foresees=foresees)
