"""Units and scalers of registers (IEC 62056-6-2, 4.3.2 and table of units)."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact
from enum import IntEnum
from typing import Final

from meterstream.dlms.errors import DecodeError

# Twice the digits of the largest COSEM number: no product with a power of ten is ever rounded, and the trap says so.
EXACT: Final = Context(prec=40, Emin=-999_999, Emax=999_999, traps=[Inexact])
exact_product: Final = EXACT.multiply
"""exact_product(power_of_ten(scaler), raw): scale() without its check, for whole columns."""

_POWERS: Final = [Decimal((0, (1,), exponent)) for exponent in range(-128, 128)]


def power_of_ten(scaler: int) -> Decimal:
    """10**scaler. Raises: DecodeError when `scaler` does not fit a signed octet."""
    if not -128 <= scaler <= 127:
        raise DecodeError(f"scaler {scaler} does not fit a signed octet")
    return _POWERS[scaler + 128]


def scale(raw: int, scaler: int) -> Decimal:
    """raw x 10**scaler, exact: scale(1234, -1) == Decimal("123.4").

    Args:
        raw: unscaled value of any integer type, -2**63 .. 2**64 - 1.
        scaler: -128 .. 127.
    Raises: DecodeError when `scaler` does not fit a signed octet.
    """
    return exact_product(power_of_ten(scaler), raw)


class Unit(IntEnum):
    """Unit code of scaler_unit."""

    YEAR = 1
    MONTH = 2
    WEEK = 3
    DAY = 4
    HOUR = 5
    MINUTE = 6
    SECOND = 7
    DEGREE = 8
    DEGREE_CELSIUS = 9
    CURRENCY = 10
    METRE = 11
    METRE_PER_SECOND = 12
    CUBIC_METRE = 13
    CUBIC_METRE_CORRECTED = 14
    CUBIC_METRE_PER_HOUR = 15
    CUBIC_METRE_PER_HOUR_CORRECTED = 16
    CUBIC_METRE_PER_DAY = 17
    CUBIC_METRE_PER_DAY_CORRECTED = 18
    LITRE = 19
    KILOGRAM = 20
    NEWTON = 21
    NEWTON_METRE = 22
    PASCAL = 23
    BAR = 24
    JOULE = 25
    JOULE_PER_HOUR = 26
    WATT = 27
    VOLT_AMPERE = 28
    VAR = 29
    WATT_HOUR = 30
    VOLT_AMPERE_HOUR = 31
    VAR_HOUR = 32
    AMPERE = 33
    COULOMB = 34
    VOLT = 35
    VOLT_PER_METRE = 36
    FARAD = 37
    OHM = 38
    OHM_METRE = 39
    WEBER = 40
    TESLA = 41
    AMPERE_PER_METRE = 42
    HENRY = 43
    HERTZ = 44
    PULSE_PER_WATT_HOUR = 45
    PULSE_PER_VAR_HOUR = 46
    PULSE_PER_VOLT_AMPERE_HOUR = 47
    VOLT_SQUARED_HOUR = 48
    AMPERE_SQUARED_HOUR = 49
    KILOGRAM_PER_SECOND = 50
    SIEMENS = 51
    KELVIN = 52
    PULSE_PER_VOLT_SQUARED_HOUR = 53
    PULSE_PER_AMPERE_SQUARED_HOUR = 54
    PULSE_PER_CUBIC_METRE = 55
    PERCENT = 56
    AMPERE_HOUR = 57
    WATT_HOUR_PER_CUBIC_METRE = 60
    JOULE_PER_CUBIC_METRE = 61
    MOLE_PERCENT = 62
    GRAM_PER_CUBIC_METRE = 63
    PASCAL_SECOND = 64
    JOULE_PER_KILOGRAM = 65
    GRAM_PER_SQUARE_CENTIMETRE = 66
    ATMOSPHERE = 67
    DBM = 70
    DB_MICROVOLT = 71
    DB = 72
    OTHER = 254
    COUNT = 255
