"""Registers: where scaler and unit of a value are, and what the value is in the units of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple

from meterstream.contracts.shared.units import Unit as ToldUnit
from meterstream.dlms.data import AttributeRef, CaptureObject, Unit
from meterstream.dlms.objects import MeterProfile, ScalerUnit, Source
from meterstream.protocol_dlms.model.quantities import in_kwh

_KILO_SCALER: Final = -3

_SCALER_ATTRIBUTES: Final[Mapping[tuple[int, int], int]] = MappingProxyType(
    {(3, 2): 3, (3, 11): 3, (4, 2): 3, (5, 2): 4, (5, 3): 4}
)
"""(class, attribute of a value) -> attribute of its scaler and unit: register, extended register, demand register.

Registers end with attribute 3 (Blue Book, 4.3.2); attribute 11 is an average in meters of Landis+Gyr.
"""

_UNITS: Final[Mapping[Unit, ToldUnit]] = MappingProxyType(
    {
        Unit.YEAR: ToldUnit.Y,
        Unit.MONTH: ToldUnit.MO,
        Unit.WEEK: ToldUnit.WK,
        Unit.DAY: ToldUnit.D,
        Unit.HOUR: ToldUnit.H,
        Unit.MINUTE: ToldUnit.MIN,
        Unit.SECOND: ToldUnit.SD,
        Unit.DEGREE: ToldUnit.DEGREE,
        Unit.DEGREE_CELSIUS: ToldUnit.DEGREE_CELCIUS,
        Unit.CURRENCY: ToldUnit.CURRENCY,
        Unit.METRE: ToldUnit.M,
        Unit.METRE_PER_SECOND: ToldUnit.METER_PER_SECOND,
        Unit.CUBIC_METRE: ToldUnit.M3,
        Unit.CUBIC_METRE_CORRECTED: ToldUnit.M3,
        Unit.CUBIC_METRE_PER_HOUR: ToldUnit.M3_FLUX,
        Unit.CUBIC_METRE_PER_HOUR_CORRECTED: ToldUnit.M3_FLUX_CORR,
        Unit.CUBIC_METRE_PER_DAY: ToldUnit.VOLUME_FLUX,
        Unit.CUBIC_METRE_PER_DAY_CORRECTED: ToldUnit.VOLUME_FLUX_CORR,
        Unit.LITRE: ToldUnit.L,
        Unit.KILOGRAM: ToldUnit.KILOGRAM,
        Unit.NEWTON: ToldUnit.NEWTON,
        Unit.NEWTON_METRE: ToldUnit.NEWTON_METER,
        Unit.PASCAL: ToldUnit.PASCAL,
        Unit.BAR: ToldUnit.BAR,
        Unit.JOULE: ToldUnit.J,
        Unit.JOULE_PER_HOUR: ToldUnit.JOULE_PER_HOUR,
        Unit.WATT: ToldUnit.W,
        Unit.VOLT_AMPERE: ToldUnit.VOLT_AMPERE,
        Unit.VAR: ToldUnit.VAR,
        Unit.WATT_HOUR: ToldUnit.KWH,
        Unit.VOLT_AMPERE_HOUR: ToldUnit.VOLT_AMP_HOUR,
        Unit.VAR_HOUR: ToldUnit.VAR_HOUR,
        Unit.AMPERE: ToldUnit.AMP,
        Unit.COULOMB: ToldUnit.COULOMB,
        Unit.VOLT: ToldUnit.V,
        Unit.VOLT_PER_METRE: ToldUnit.VOLT_PER_METER,
        Unit.FARAD: ToldUnit.FARAD,
        Unit.OHM: ToldUnit.O,
        Unit.OHM_METRE: ToldUnit.RESTISTIVITY,
        Unit.WEBER: ToldUnit.WEBER,
        Unit.TESLA: ToldUnit.TESLA,
        Unit.AMPERE_PER_METRE: ToldUnit.AMP_PER_METER,
        Unit.HENRY: ToldUnit.HENRY,
        Unit.HERTZ: ToldUnit.HERTZ,
        Unit.PULSE_PER_WATT_HOUR: ToldUnit.ACTIVE_ENERGY,
        Unit.PULSE_PER_VAR_HOUR: ToldUnit.REACTIVE_ENERGY,
        Unit.PULSE_PER_VOLT_AMPERE_HOUR: ToldUnit.APPARENT_ENERGY,
        Unit.VOLT_SQUARED_HOUR: ToldUnit.VOLT_SQUARED_HOURS,
        Unit.AMPERE_SQUARED_HOUR: ToldUnit.AMP_SQUARED_HOURS,
        Unit.KILOGRAM_PER_SECOND: ToldUnit.KG_PER_SECOND,
        Unit.SIEMENS: ToldUnit.SIEMENS,
        Unit.KELVIN: ToldUnit.KELVIN,
        Unit.PULSE_PER_VOLT_SQUARED_HOUR: ToldUnit.VOLT_PULSE_VALUE,
        Unit.PULSE_PER_AMPERE_SQUARED_HOUR: ToldUnit.AMP_PULSE_VALUE,
        Unit.PULSE_PER_CUBIC_METRE: ToldUnit.VOLUME,
        Unit.PERCENT: ToldUnit.PERCENTAGE,
        Unit.AMPERE_HOUR: ToldUnit.AMP_HOUR,
        Unit.WATT_HOUR_PER_CUBIC_METRE: ToldUnit.ENGERY,
        Unit.JOULE_PER_CUBIC_METRE: ToldUnit.WOBBE,
        Unit.MOLE_PERCENT: ToldUnit.MOLE_PERCENT,
        Unit.GRAM_PER_CUBIC_METRE: ToldUnit.MASS_DENSITY,
        Unit.PASCAL_SECOND: ToldUnit.PASCAL_SECOND,
        Unit.JOULE_PER_KILOGRAM: ToldUnit.JOULE_KG,
        Unit.DBM: ToldUnit.DB_MILLIWAT,
        Unit.DB_MICROVOLT: ToldUnit.DB_MICROVOLT,
        Unit.DB: ToldUnit.DB,
        Unit.COUNT: ToldUnit.COUNT,
    }
)


class Told(NamedTuple):
    """How a register's value is told: raw x 10**scaler, in `unit`."""

    scaler: int
    unit: ToldUnit


def scaler_attribute(class_id: int, attribute: int) -> int | None:
    """The attribute with scaler and unit of an attribute; None: it is no value of a register."""
    return _SCALER_ATTRIBUTES.get((class_id, attribute))


def scaler_of(column: CaptureObject) -> AttributeRef | None:
    """Where scaler and unit of a column are; None: it is no value of a register."""
    attribute = scaler_attribute(column.class_id, column.attribute)
    if attribute is None or column.data_index:
        return None
    return AttributeRef(column.class_id, column.logical_name, attribute)


def laid_down(profile: MeterProfile, ref: AttributeRef) -> ScalerUnit | None:
    """Scaler and unit where the companion standard fixes them; None: they have to be read."""
    known = profile.find(ref.class_id, ref.logical_name)
    attribute = known[0].attributes.get(ref.attribute) if known is not None else None
    return attribute.scaler_unit if attribute is not None and attribute.source is Source.CONSTANT else None


def told(scaler_unit: ScalerUnit) -> Told:
    """Energy is told in kWh; a unit without a name in the contract is UNDEFINED."""
    if scaler_unit.unit is None:
        return Told(scaler_unit.scaler, ToldUnit.UNDEFINED)
    kilo = _KILO_SCALER if scaler_unit.unit is Unit.WATT_HOUR else 0
    return Told(scaler_unit.scaler + kilo, _UNITS.get(scaler_unit.unit, ToldUnit.UNDEFINED))


def plain(amount: Decimal) -> Decimal:
    """The same number without an exponent: 12E+3 is written 12000."""
    return in_kwh(amount).value
