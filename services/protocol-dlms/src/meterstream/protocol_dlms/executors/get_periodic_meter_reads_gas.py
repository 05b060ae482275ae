"""GetPeriodicMeterReadsGas: rows of the interval, daily or monthly profile that a gateway keeps of a gas meter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_periodic_meter_reads_gas import (
    OPERATION,
    GetPeriodicMeterReadsGasRequest,
    GetPeriodicMeterReadsGasResponse,
    PeriodicMeterReadingGas,
)
from meterstream.contracts.records import ReadingRow
from meterstream.contracts.shared.periods import PeriodType
from meterstream.dlms.data import Data, NullData, ProfileColumn
from meterstream.dlms.objects import Column, MeterProfile, ScalerUnit
from meterstream.protocol_dlms.executor import SCALER_UNIT, VALUE, At, Context, Device, Executor
from meterstream.protocol_dlms.mbus import channel_of
from meterstream.protocol_dlms.model.buffer_reading import Period, ProfilePlan
from meterstream.protocol_dlms.model.gas import FIELD, MASTER_VALUE, amounts_in, in_unit, known_scaler, reading
from meterstream.protocol_dlms.model.load_profile import MONTHLY, Row, moment_of
from meterstream.protocol_dlms.model.quantities import profile_status, read_scaler_unit
from meterstream.protocol_dlms.model.registers import Told
from meterstream.protocol_dlms.profiles import read_rows
from meterstream.protocol_dlms.refusals import told_as

_PROFILES: Final[Mapping[PeriodType, tuple[str, ...]]] = MappingProxyType(
    {
        PeriodType.INTERVAL: ("interval_values_g",),
        PeriodType.DAILY: ("daily_values_g", "daily_values_combined"),
        PeriodType.MONTHLY: ("monthly_values_g", "monthly_values_combined"),
    }
)
"""Roles that hold the values of a period; before SMR 5 those of a day and a month lie with the gateway's own."""

_CAPTURE_TIME: Final = 5
_CLOCK: Final = "clock"
_STATUS: Final = "amr_profile_status"


async def execute(request: GetPeriodicMeterReadsGasRequest, context: Context) -> GetPeriodicMeterReadsGasResponse:
    """Read the range; scaler and unit too, unless the model of the gas meter tells them.

    Times that the gateway leaves out are computed. A capture time that is open is absent: nothing was captured, and
    the status of the row says so.

    Raises: AccessRefused, ILLEGAL_RESPONSE, LIMIT_EXCEEDED; OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL.
    """
    meter, zone = context.meter, context.device.zone
    role = _role(request.period_type, meter.profile)
    channel = channel_of(context, "Meter for gas reads should have a channel configured.")
    own = channel if meter.profile.object(role).obis.has_channel else None
    columns = meter.profile.columns(role, own)
    amounts = amounts_in(await _scaler_unit(context, channel), f"{MASTER_VALUE} channel {channel}")
    plan = ProfilePlan(
        name=f"{role} channel {channel}",
        columns=tuple(_profile_column(column, channel, amounts) for column in columns),
        wanted=tuple(place for place, column in enumerate(columns) if _counts(column, channel)),
        period_s=meter.profile.object(role).capture_period_s or MONTHLY,
        entries=meter.profile.object(role).entries,
        choose=context.device.selective_access_periodic_reads,
    )
    found = await read_rows(context, At(role, channel=own), plan, Period(request.begin_date, request.end_date))
    chosen = [columns[place] for place in plan.wanted]
    return GetPeriodicMeterReadsGasResponse(
        period_type=request.period_type, meter_reads=[_reading(row, chosen, amounts, zone) for row in found.rows]
    )


def _role(period: PeriodType, profile: MeterProfile) -> str:
    """Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL."""
    role = next((role for role in _PROFILES[period] if role in profile.objects), None)
    if role is None:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            f"No address found for {period}_VALUES_G in protocol {profile}",
        )
    return role


async def _scaler_unit(context: Context, channel: int) -> ScalerUnit:
    known = known_scaler(context.meter.profile, context.device)
    if known is not None:
        return known
    with told_as("Could not get all scaler units from meter: "):
        answer = await context.meter.get(At(MASTER_VALUE, SCALER_UNIT, channel))
    return read_scaler_unit(answer, f"{MASTER_VALUE} channel {channel} scaler and unit")


def _counts(column: Column, channel: int) -> bool:
    return column.role == _CLOCK or column.role.startswith(_STATUS) or _is_own(column, channel)


def _is_own(column: Column, channel: int) -> bool:
    return column.role == MASTER_VALUE and column.channel == channel


def _profile_column(column: Column, channel: int, amounts: Told) -> ProfileColumn:
    capture = column.capture_object()
    if column.role == _CLOCK:
        return ProfileColumn(capture)
    if _is_own(column, channel) and column.attribute == VALUE:
        return ProfileColumn(capture, amounts.scaler, NullData.ABSENT)
    continued = _is_own(column, channel) and column.attribute == _CAPTURE_TIME
    return ProfileColumn(capture, null_data=NullData.CONTINUED if continued else NullData.ABSENT)


def _reading(row: Row, columns: Sequence[Column], amounts: Told, zone: tzinfo | None) -> PeriodicMeterReadingGas:
    found: dict[str, Any] = {}
    for column, cell in zip(columns, row.cells, strict=True):
        if isinstance(cell, Decimal):
            found[FIELD] = in_unit(cell, amounts)
        elif column.attribute == _CAPTURE_TIME:
            found["capture_time"] = moment_of(cell, zone)
        elif isinstance(cell, Data):
            found["status"] = profile_status(cell)
    return PeriodicMeterReadingGas(log_time=row.captured_at, **found)


def readings(response: GetPeriodicMeterReadsGasResponse, profile: MeterProfile, device: Device) -> list[ReadingRow]:
    """One row a value, at the time of its row in the profile."""
    if device.channel is None:
        return []
    ref = profile.ref(MASTER_VALUE, VALUE, device.channel)
    return [
        reading(read.consumption, ref, read.log_time, [flag.value for flag in read.status or ()])
        for read in response.meter_reads
        if read.consumption is not None
    ]


def foresees(request: GetPeriodicMeterReadsGasRequest, device: Device, profile: MeterProfile) -> list[At]:
    """Scaler and unit, where the model of the gas meter does not tell them."""
    supported = any(role in profile.objects for role in _PROFILES[request.period_type])
    if not supported or device.channel is None or known_scaler(profile, device) is not None:
        return []
    return [At(MASTER_VALUE, SCALER_UNIT, device.channel)]


EXECUTOR = Executor(OPERATION, execute, readings, foresees=foresees)
