"""Captured and registered values as the contract tells them, and as rows for analytics."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

from meterstream.contracts.records import READING_SCALE, ReadingRow
from meterstream.contracts.shared.profiles import CapturedValue
from meterstream.contracts.shared.units import Unit
from meterstream.dlms.data import Data, DataType, scale
from meterstream.dlms.errors import DecodeError
from meterstream.protocol_dlms.model.quantities import read_integer, reading_value, unexpected
from meterstream.protocol_dlms.model.registers import Told, plain

NOTHING: Final = CapturedValue()
_LARGEST: Final = 2**63
_MOST_IN_ROWS: Final = Decimal(10) ** (38 - READING_SCALE)
"""What rows for analytics cannot hold is in the answer alone."""


def registered(data: Data, told: Told | None, what: str) -> CapturedValue:
    """The value of a register; of a data object, which has no scaler, where `told` is None.

    Raises: ILLEGAL_RESPONSE for what is no number.
    """
    if isinstance(data.value, float) and data.type in (DataType.FLOAT32, DataType.FLOAT64):
        amount = Decimal(repr(data.value))
        if not amount.is_finite():
            raise unexpected(what, "expected a number, got one that is none")
        return scaled(amount.scaleb(told.scaler if told else 0), told, what)
    number = read_integer(data, what)
    if number is None:
        return NOTHING
    if told is None:
        return whole(number, what)
    try:
        return scaled(scale(number, told.scaler), told, what)
    except DecodeError as failure:
        raise unexpected(what, str(failure)) from failure


def scaled(amount: Decimal, told: Told | None, what: str) -> CapturedValue:
    """A number in its unit; counts are whole numbers where they are."""
    amount = plain(amount)
    if told is not None and told.unit is Unit.COUNT and amount == amount.to_integral_value():
        return whole(int(amount), what)
    return CapturedValue(number=amount)


def whole(number: int, what: str) -> CapturedValue:
    """Raises: ILLEGAL_RESPONSE beyond 64 bits."""
    if not -_LARGEST <= number < _LARGEST:
        raise unexpected(what, "a number beyond 64 bits")
    return CapturedValue(integer=number)


def reading_rows(
    values: Iterable[tuple[str, str, Unit, CapturedValue]], captured_at: datetime, status: list[str]
) -> list[ReadingRow]:
    """Rows for analytics of one capture: the numbers among `values` of (quantity, logical name, unit, value)."""
    rows: list[ReadingRow] = []
    for quantity, logical_name, unit, value in values:
        number = value.number if value.integer is None else Decimal(value.integer)
        if number is not None and abs(number) < _MOST_IN_ROWS:
            rows.append(
                ReadingRow(
                    quantity=quantity,
                    logical_name=logical_name,
                    value=reading_value(number),
                    unit=unit.value,
                    captured_at=captured_at,
                    status=status,
                )
            )
    return rows
