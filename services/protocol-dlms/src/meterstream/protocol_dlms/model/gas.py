"""Consumption that gas, water, heat and electricity meters on M-Bus tell through their gateway."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from meterstream.contracts.records import ReadingRow
from meterstream.contracts.types import Quantity
from meterstream.dlms.data import AttributeRef, Unit, scale
from meterstream.dlms.errors import DecodeError
from meterstream.dlms.objects import MeterProfile, ScalerUnit
from meterstream.protocol_dlms.executor import Device
from meterstream.protocol_dlms.model.quantities import reading_value, unexpected
from meterstream.protocol_dlms.model.registers import Told, plain, told

MASTER_VALUE: Final = "mbus_master_value"
FIELD: Final = "consumption"
"""Of the contract."""

_GAS: Final = 3
"""Device type of EN 13757-3."""

_UNITS: Final = frozenset({Unit.CUBIC_METRE, Unit.CUBIC_METRE_CORRECTED, Unit.LITRE, Unit.WATT_HOUR, Unit.JOULE})


def known_scaler(profile: MeterProfile, device: Device) -> ScalerUnit | None:
    """Scaler and unit by the model of a gas meter; None: the gateway has to be asked, attribute 3."""
    mbus = device.mbus
    if mbus is None or not mbus.model_code or mbus.device_type not in (None, _GAS):
        return None
    return profile.gas_scaler(mbus.model_code)


def amounts_in(scaler_unit: ScalerUnit, what: str) -> Told:
    """How raw values are told: m3 for volumes whether corrected or not, kWh, J.

    Raises: ILLEGAL_RESPONSE for a unit in which nothing is consumed.
    """
    if scaler_unit.unit not in _UNITS:
        name = "UNDEFINED" if scaler_unit.unit is None else scaler_unit.unit.name
        raise unexpected(what, f"unit {name} where a consumption belongs")
    return told(scaler_unit)


def consumption(raw: int, amounts: Told, what: str) -> Quantity:
    """Raw 300001 with scaler -3 m3 is 300.001 M3. Raises: ILLEGAL_RESPONSE for a scaler beyond a signed octet."""
    try:
        return in_unit(scale(raw, amounts.scaler), amounts)
    except DecodeError as failure:
        raise unexpected(what, str(failure)) from failure


def reading(amount: Quantity, ref: AttributeRef, captured_at: datetime, status: Sequence[str] = ()) -> ReadingRow:
    """A consumption for analytics; `ref` is where the gateway keeps it."""
    return ReadingRow(
        quantity=FIELD,
        logical_name=str(ref.logical_name),
        value=reading_value(amount.value),
        unit=amount.unit,
        captured_at=captured_at,
        status=list(status),
    )


def in_unit(amount: Decimal, amounts: Told) -> Quantity:
    """An amount that is scaled already."""
    return Quantity(value=plain(amount), unit=amounts.unit.value)
