"""GetPeriodicMeterReads: rows of the interval, daily or monthly profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_periodic_meter_reads import (
    OPERATION,
    GetPeriodicMeterReadsRequest,
    GetPeriodicMeterReadsResponse,
    PeriodicMeterReading,
)
from meterstream.contracts.records import ReadingRow
from meterstream.contracts.shared.periods import PeriodType
from meterstream.contracts.types import AmrProfileStatusFlag, Quantity
from meterstream.dlms.data import Data, NullData, ProfileColumn
from meterstream.dlms.objects import Column, MeterProfile, ScalerUnit
from meterstream.protocol_dlms.executor import SCALER_UNIT, At, Context, Device, Executor, Meter
from meterstream.protocol_dlms.model.buffer_reading import Period, ProfilePlan
from meterstream.protocol_dlms.model.load_profile import MONTHLY, Row
from meterstream.protocol_dlms.model.quantities import (
    ENERGY_FIELDS,
    energy_rows,
    in_kwh,
    kwh_scaler,
    profile_status,
    read_scaler_unit,
)
from meterstream.protocol_dlms.profiles import read_rows
from meterstream.protocol_dlms.refusals import read_all

_PROFILES: Final[Mapping[PeriodType, tuple[str, ...]]] = MappingProxyType(
    {
        PeriodType.INTERVAL: ("interval_values_e",),
        PeriodType.DAILY: ("daily_values_e", "daily_values_combined"),
        PeriodType.MONTHLY: ("monthly_values_e", "monthly_values_combined"),
    }
)
"""Roles that hold the values of a period; before SMR 5 one profile holds those of the M-Bus devices as well."""

_CLOCK_CLASS: Final = 8


async def execute(request: GetPeriodicMeterReadsRequest, context: Context) -> GetPeriodicMeterReadsResponse:
    """Read scaler and unit of each register, then the range; compute the times that the meter leaves out."""
    meter = context.meter
    role = _role(request.period_type, meter.profile)
    columns = meter.profile.columns(role)
    scalers = await _read_scalers([column for column in columns if column.channel is None], meter)
    plan = ProfilePlan(
        name=role,
        columns=tuple(_profile_column(column, scalers) for column in columns),
        wanted=tuple(place for place, column in enumerate(columns) if column.channel is None),
        period_s=meter.profile.object(role).capture_period_s or MONTHLY,
        entries=meter.profile.object(role).entries,
        choose=context.device.selective_access_periodic_reads,
    )
    found = await read_rows(context, At(role), plan, Period(request.begin_date, request.end_date))
    chosen = [columns[place] for place in plan.wanted]
    return GetPeriodicMeterReadsResponse(
        period_type=request.period_type, meter_reads=[_reading(row, chosen) for row in found.rows]
    )


def _role(period: PeriodType, profile: MeterProfile) -> str:
    """Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL."""
    role = next((role for role in _PROFILES[period] if role in profile.objects), None)
    if role is None:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            f"No address found for {period}_VALUES in protocol {profile}",
        )
    return role


async def _read_scalers(columns: Sequence[Column], meter: Meter) -> dict[str, ScalerUnit]:
    """Scaler and unit of every register column, as this meter has them.

    Raises: PlatformError when one of them cannot be read: a value without scaler is worth nothing.
    """
    roles = [column.role for column in columns if column.role in ENERGY_FIELDS]
    answers = await read_all(
        meter, [At(role, SCALER_UNIT) for role in roles], [f"scaler and unit of {role}" for role in roles]
    )
    return {
        role: read_scaler_unit(answer, f"{role} scaler and unit") for role, answer in zip(roles, answers, strict=True)
    }


def _profile_column(column: Column, scalers: Mapping[str, ScalerUnit]) -> ProfileColumn:
    """Raises: ILLEGAL_RESPONSE for a register that counts no energy."""
    capture = column.capture_object()
    if column.role in scalers:
        return ProfileColumn(capture, kwh_scaler(scalers[column.role], column.role), NullData.ABSENT)
    return ProfileColumn(capture, null_data=None if capture.class_id == _CLOCK_CLASS else NullData.ABSENT)


def _reading(row: Row, columns: Sequence[Column]) -> PeriodicMeterReading:
    values: dict[str, Quantity] = {}
    status: list[AmrProfileStatusFlag] | None = None
    for column, cell in zip(columns, row.cells, strict=True):
        if isinstance(cell, Decimal):
            values[ENERGY_FIELDS[column.role]] = in_kwh(cell)
        elif isinstance(cell, Data) and column.role.startswith("amr_profile_status"):
            status = profile_status(cell)
    return PeriodicMeterReading(log_time=row.captured_at, status=status, **values)


def readings(response: GetPeriodicMeterReadsResponse, profile: MeterProfile, device: Device) -> list[ReadingRow]:  # noqa: ARG001  # the port's signature
    """One row a register and capture time."""
    rows: list[ReadingRow] = []
    for read in response.meter_reads:
        values = {field: getattr(read, field) for field in ENERGY_FIELDS.values()}
        rows += energy_rows(values, profile, read.log_time, [flag.value for flag in read.status or ()])
    return rows


def foresees(request: GetPeriodicMeterReadsRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """Scaler and unit of the registers of the profile."""
    columns = profile.columns(_role(request.period_type, profile))
    return [At(column.role, SCALER_UNIT) for column in columns if column.role in ENERGY_FIELDS]


EXECUTOR = Executor(OPERATION, execute, readings, foresees=foresees)
