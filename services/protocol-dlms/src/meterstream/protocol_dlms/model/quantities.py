"""COSEM values -> exact quantities of the contract, and the energy registers of an electricity meter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import Final

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import READING_SCALE, ReadingRow
from meterstream.contracts.types import AmrProfileStatusFlag, Quantity
from meterstream.dlms.data import INTEGER_TYPES, CosemDateTime, Data, DataType, Unit, scale
from meterstream.dlms.errors import DecodeError
from meterstream.dlms.objects import MeterProfile, ScalerUnit

KWH: Final = "KWH"
_KILO_SCALER: Final = -3
_FLAGS: Final = tuple(AmrProfileStatusFlag)
_SMALLEST_READING: Final = Decimal(1).scaleb(-READING_SCALE)

ENERGY_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "active_energy_import": "active_energy_import",
        "active_energy_import_rate_1": "active_energy_import_tariff_one",
        "active_energy_import_rate_2": "active_energy_import_tariff_two",
        "active_energy_export": "active_energy_export",
        "active_energy_export_rate_1": "active_energy_export_tariff_one",
        "active_energy_export_rate_2": "active_energy_export_tariff_two",
    }
)
"""Role of a register in the profile packs -> field of the contract; in the order in which meters are read."""


def unexpected(what: str, found: str) -> PlatformError:
    """The meter's value is of a kind that the object does not have. Never shows the value itself."""
    return error("ILLEGAL_RESPONSE", f"{what}: {found}", value=what)


def read_integer(data: Data, what: str) -> int | None:
    """A whole number of any integer type, as makes differ in the one they use; None where the meter has none.

    Raises: ILLEGAL_RESPONSE.
    """
    if data.type is DataType.NULL_DATA:
        return None
    if data.type not in INTEGER_TYPES or not isinstance(data.value, int):
        raise unexpected(what, f"expected a number, got {data.type.name}")
    return data.value


def read_whole(data: Data, what: str, most: int) -> int:
    """A number from 0 to `most`, of any integer type.

    Raises: ILLEGAL_RESPONSE, for null-data too.
    """
    number = read_integer(data, what)
    if number is None:
        raise unexpected(what, "expected a number, got NULL_DATA")
    if not 0 <= number <= most:
        raise unexpected(what, f"a number outside 0 to {most}")
    return number


def read_moment(data: Data, zone: tzinfo | None, what: str) -> datetime | None:
    """The moment of a date-time; `zone` counts where the meter names no deviation. None: null or not specified.

    Raises: ILLEGAL_RESPONSE.
    """
    if data.type is DataType.NULL_DATA:
        return None
    try:
        return CosemDateTime.from_data(data).to_datetime(zone)
    except DecodeError as failure:
        raise unexpected(what, str(failure)) from failure


def read_scaler_unit(data: Data, what: str) -> ScalerUnit:
    """Attribute 3 of a register: structure of scaler and unit.

    Raises: ILLEGAL_RESPONSE.
    Source: IEC 62056-6-2, Register (class_id 3).
    """
    match data.value:
        case (Data(value=int(scaler)), Data(value=int(unit))) if data.type is DataType.STRUCTURE:
            try:
                return ScalerUnit(scaler, Unit(unit) if unit else None)
            except ValueError:
                raise unexpected(what, f"unit {unit} is not defined") from None
    raise unexpected(what, "expected a structure of scaler and unit")


def to_energy(raw: int, scaler_unit: ScalerUnit, what: str) -> Quantity:
    """An energy in kWh without losing a digit: raw 10001 with scaler 0 Wh is 10.001 KWH.

    Raises: ILLEGAL_RESPONSE for a unit that is no energy, or a scaler beyond a signed octet.
    """
    try:
        return in_kwh(scale(raw, kwh_scaler(scaler_unit, what)))
    except DecodeError as failure:
        raise unexpected(what, str(failure)) from failure


def kwh_scaler(scaler_unit: ScalerUnit, what: str) -> int:
    """Power of ten from a raw value to kWh. Raises: ILLEGAL_RESPONSE for a unit that is no energy."""
    if scaler_unit.unit is not Unit.WATT_HOUR:
        unit = "UNDEFINED" if scaler_unit.unit is None else scaler_unit.unit.name
        raise unexpected(what, f"unit {unit} where an energy belongs")
    return scaler_unit.scaler + _KILO_SCALER


def in_kwh(amount: Decimal) -> Quantity:
    """A number of kWh; 12E+3 is written 12000."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent > 0:
        amount = Decimal(int(amount))
    return Quantity(value=amount, unit=KWH)


def energy_rows(
    values: Mapping[str, Quantity | None], profile: MeterProfile, captured_at: datetime, status: list[str]
) -> list[ReadingRow]:
    """Rows for analytics out of the energy fields of one answer; `values` by field of the contract."""
    return [
        ReadingRow(
            quantity=field,
            logical_name=str(profile.object(role).obis),
            value=reading_value(quantity.value),
            unit=quantity.unit,
            captured_at=captured_at,
            status=status,
        )
        for role, field in ENERGY_FIELDS.items()
        if (quantity := values.get(field)) is not None
    ]


def profile_status(data: Data) -> list[AmrProfileStatusFlag] | None:
    """Flags of the set bits of a profile's status, lowest first; None for null-data.

    Bits beyond the octet have no name and are left out. Raises: ILLEGAL_RESPONSE.
    """
    bits = read_integer(data, "AMR profile status")
    return None if bits is None else [flag for position, flag in enumerate(_FLAGS) if bits >> position & 1]


def reading_value(value: Decimal) -> Decimal:
    """As precise as rows for analytics are."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -READING_SCALE:
        return value
    return value.quantize(_SMALLEST_READING, ROUND_HALF_EVEN)
