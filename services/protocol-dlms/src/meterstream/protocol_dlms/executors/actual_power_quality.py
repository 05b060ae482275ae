"""ActualPowerQuality: the clock and the registers of a data set, read as one list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.actual_power_quality import (
    OPERATION,
    ActualPowerQualityRequest,
    ActualPowerQualityResponse,
    PowerQualityObject,
)
from meterstream.contracts.records import ReadingRow
from meterstream.contracts.shared.profiles import CapturedValue
from meterstream.contracts.shared.units import Unit
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data
from meterstream.dlms.objects import CosemObject, MeterProfile, ScalerUnit, Source
from meterstream.protocol_dlms.executor import SCALER_UNIT, At, Context, Device, Executor
from meterstream.protocol_dlms.model.captured import NOTHING, reading_rows, registered
from meterstream.protocol_dlms.model.power_quality import actual_objects
from meterstream.protocol_dlms.model.quantities import read_moment, read_scaler_unit
from meterstream.protocol_dlms.model.registers import told

_CLOCK: Final = "clock"


async def execute(request: ActualPowerQualityRequest, context: Context) -> ActualPowerQualityResponse:
    """Read clock, values and those scalers that the meter's type does not lay down.

    A value that the meter refuses, or whose scaler it refuses, is absent.

    Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL; ILLEGAL_RESPONSE for a value that is no number.
    """
    meter = context.meter
    items = actual_objects(request.profile_type, meter.profile, polyphase=context.device.polyphase)
    if not items:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            f"No PQ objects found in profile {meter.profile.name} version {meter.profile.version}",
        )
    targets = _targets(items)
    answers = dict(zip(targets, await meter.get_list(targets), strict=True))
    clock = answers[At(_CLOCK)]
    moment = read_moment(clock, context.device.zone, _CLOCK) if isinstance(clock, Data) else None
    objects, values = [PowerQualityObject(name=_CLOCK.upper())], [CapturedValue(moment=moment)]
    for item in items:
        unit, value = _told(item, answers)
        objects.append(PowerQualityObject(name=item.role.upper(), unit=unit))
        values.append(value)
    return ActualPowerQualityResponse(objects=objects, values=values)


def _targets(items: list[CosemObject]) -> list[At]:
    scalers = [
        At(item.role, SCALER_UNIT) for item in items if _laid_down(item) is None and SCALER_UNIT in item.attributes
    ]
    return [At(_CLOCK), *(At(item.role) for item in items), *scalers]


def _laid_down(item: CosemObject) -> ScalerUnit | None:
    attribute = item.attributes.get(SCALER_UNIT)
    return attribute.scaler_unit if attribute is not None and attribute.source is Source.CONSTANT else None


def _told(item: CosemObject, answers: Mapping[At, Data | DataAccessResult]) -> tuple[Unit, CapturedValue]:
    value = answers[At(item.role)]
    if SCALER_UNIT not in item.attributes:
        return Unit.UNDEFINED, registered(value, None, item.role) if isinstance(value, Data) else NOTHING
    scaler_unit = _laid_down(item)
    if scaler_unit is None:
        answer = answers[At(item.role, SCALER_UNIT)]
        if isinstance(answer, DataAccessResult):
            return Unit.UNDEFINED, NOTHING
        scaler_unit = read_scaler_unit(answer, f"{item.role} scaler and unit")
    how = told(scaler_unit)
    return how.unit, registered(value, how, item.role) if isinstance(value, Data) else NOTHING


def foresees(request: ActualPowerQualityRequest, device: Device, profile: MeterProfile) -> list[At]:
    """All of it."""
    return _targets(actual_objects(request.profile_type, profile, polyphase=device.polyphase))


def readings(response: ActualPowerQualityResponse, profile: MeterProfile, device: Device) -> list[ReadingRow]:  # noqa: ARG001  # the port's signature
    """One row a register, at the time of the meter's clock; none where it does not tell the time."""
    clock, *values = response.values
    if clock.moment is None:
        return []
    named = [(told_object.name.lower(), told_object.unit) for told_object in response.objects[1:]]
    return reading_rows(
        (
            (role, str(profile.object(role).obis), unit, value)
            for (role, unit), value in zip(named, values, strict=True)
        ),
        clock.moment,
        [],
    )


EXECUTOR = Executor(OPERATION, execute, readings, foresees=foresees)
