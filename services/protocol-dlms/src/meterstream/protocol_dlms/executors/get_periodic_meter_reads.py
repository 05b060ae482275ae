"""GetPeriodicMeterReads: rows of the interval, daily or monthly profile."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

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
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import (
    BY_RANGE,
    CaptureObject,
    CosemDateTime,
    Data,
    NullData,
    ProfileColumn,
    Selection,
    range_descriptor,
)
from meterstream.dlms.objects import Column, MeterProfile, ScalerUnit
from meterstream.protocol_dlms.executor import SCALER_UNIT, AccessRefused, At, Context, Device, Executor, Meter
from meterstream.protocol_dlms.model.load_profile import (
    MONTHLY,
    Row,
    capture_after,
    dated_rows,
    row_width,
    typed_rows,
)
from meterstream.protocol_dlms.model.quantities import (
    ENERGY_FIELDS,
    energy_rows,
    in_kwh,
    kwh_scaler,
    read_integer,
    read_scaler_unit,
    unexpected,
)

log = logging.getLogger(__name__)

_PROFILES: Final[Mapping[PeriodType, tuple[str, ...]]] = MappingProxyType(
    {
        PeriodType.INTERVAL: ("interval_values_e",),
        PeriodType.DAILY: ("daily_values_e", "daily_values_combined"),
        PeriodType.MONTHLY: ("monthly_values_e", "monthly_values_combined"),
    }
)
"""Roles that hold the values of a period; before SMR 5 one profile holds those of the M-Bus devices as well."""

_SELECTION_REFUSED: Final = frozenset({DataAccessResult.OTHER_REASON, DataAccessResult.TYPE_UNMATCHED})
_CLOCK_CLASS: Final = 8
_FLAGS: Final = tuple(AmrProfileStatusFlag)


class _Plan(NamedTuple):
    """A profile: where it lies, the columns that it has, those that count here, and seconds between its rows."""

    role: str
    all_columns: tuple[Column, ...]
    wanted: tuple[Column, ...]
    period_s: int


async def execute(request: GetPeriodicMeterReadsRequest, context: Context) -> GetPeriodicMeterReadsResponse:
    """Read the range, then scaler and unit of each register; compute the times that the meter leaves out."""
    plan = _plan(request.period_type, context.meter.profile)
    columns, buffer = await _read_buffer(plan, request, context)
    scalers = await _read_scalers(plan.wanted, context.meter)
    zone = context.device.zone
    table = typed_rows(
        buffer, [_profile_column(column, scalers) for column in columns], capture_after(plan.period_s, zone), plan.role
    )
    found = dated_rows(table, zone, request.begin_date, request.end_date)
    if found.undated:
        log.warning("%d rows of %s have no capture time", found.undated, plan.role)
    return GetPeriodicMeterReadsResponse(
        period_type=request.period_type,
        meter_reads=[_reading(row, columns) for row in found.rows],
    )


def _plan(period: PeriodType, profile: MeterProfile) -> _Plan:
    """Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL."""
    role = next((role for role in _PROFILES[period] if role in profile.objects), None)
    if role is None:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            f"No address found for {period}_VALUES in protocol {profile}",
        )
    columns = profile.columns(role)
    wanted = tuple(column for column in columns if column.channel is None)
    return _Plan(role, columns, wanted, profile.object(role).capture_period_s or MONTHLY)


async def _read_buffer(
    plan: _Plan, request: GetPeriodicMeterReadsRequest, context: Context
) -> tuple[tuple[Column, ...], Data]:
    """The buffer, and what its columns are.

    Asks for less and less selection where the meter refuses it or does not keep to it: by range and column, by range,
    the whole buffer. What comes back is filtered anyway.
    """
    for selected in _selections(plan, request, context):
        try:
            buffer = await context.meter.get(At(plan.role), selected)
        except AccessRefused as refusal:
            if selected is None or refusal.result not in _SELECTION_REFUSED:
                raise
            continue
        width = row_width(buffer)
        for columns in (plan.wanted, plan.all_columns):
            if width is None or width == len(columns):
                return columns, buffer
    raise unexpected(plan.role, f"rows have neither {len(plan.wanted)} nor {len(plan.all_columns)} columns")


def _selections(plan: _Plan, request: GetPeriodicMeterReadsRequest, context: Context) -> Sequence[Selection | None]:
    zone = context.device.zone or UTC
    # One period more at the end: for some makes the upper limit does not belong to the range.
    # Local time with its deviation: some makes compare the fields without a look at the deviation.
    begin, last = (
        CosemDateTime.from_datetime(moment.astimezone(zone)) for moment in (request.begin_date, request.end_date)
    )
    end = capture_after(plan.period_s, zone)(last)

    def by_range(columns: Sequence[CaptureObject]) -> Selection:
        return Selection(BY_RANGE, range_descriptor(begin, end, columns))

    picks = len(plan.wanted) < len(plan.all_columns) and context.device.selective_access_periodic_reads
    by_column = [by_range([column.capture_object() for column in plan.wanted])] if picks else []
    return [*by_column, by_range([]), None]


async def _read_scalers(columns: Sequence[Column], meter: Meter) -> dict[str, ScalerUnit]:
    """Scaler and unit of every register column, as this meter has them.

    Raises: PlatformError when one of them cannot be read: a value without scaler is worth nothing.
    """
    roles = [column.role for column in columns if column.role in ENERGY_FIELDS]
    answers = await meter.get_list([At(role, SCALER_UNIT) for role in roles])
    scalers: dict[str, ScalerUnit] = {}
    for role, answer in zip(roles, answers, strict=True):
        if isinstance(answer, DataAccessResult):
            raise error(
                "DEVICE_REFUSED",
                f"No success retrieving scaler and unit of {role}: AccessResultCode = {answer.name}",
                result=answer.name,
            )
        scalers[role] = read_scaler_unit(answer, f"{role} scaler and unit")
    return scalers


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
            status = _status(cell)
    return PeriodicMeterReading(log_time=row.captured_at, status=status, **values)


def _status(cell: Data) -> list[AmrProfileStatusFlag] | None:
    """Flags of the set bits, lowest first; bits beyond the octet have no name and are left out."""
    bits = read_integer(cell, "AMR profile status")
    return None if bits is None else [flag for position, flag in enumerate(_FLAGS) if bits >> position & 1]


def readings(response: GetPeriodicMeterReadsResponse, profile: MeterProfile, device: Device) -> list[ReadingRow]:  # noqa: ARG001  # the port's signature
    """One row a register and capture time."""
    rows: list[ReadingRow] = []
    for read in response.meter_reads:
        values = {field: getattr(read, field) for field in ENERGY_FIELDS.values()}
        rows += energy_rows(values, profile, read.log_time, [flag.value for flag in read.status or ()])
    return rows


EXECUTOR = Executor(OPERATION, execute, readings)
