"""What a household has used and fed in up to a moment: a function of meter number and time, nothing is stored.

All in whole numbers and cumulative, so a register never falls and any two readings differ by exactly what the
interval between them used. The curve repeats weekly in the meter's standard time (no daylight saving), which
keeps days of 23 and 25 hours continuous.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

EPOCH: Final = 1_419_807_600
"""Installation of every meter: Monday 2014-12-29 00:00 +01:00, in seconds since 1970 (UTC)."""

_HOUR: Final = 3600
_WEEK_HOURS: Final = 168
_MILLI_HOURS: Final = 1000 * _HOUR
_WEEK: Final = _WEEK_HOURS * _HOUR
_MASK: Final = (1 << 64) - 1

# Share of the day per hour of standard time; the mean is 20, so a meter's factor is a twentieth of its mean power.
_WORKDAY: Final = (9, 8, 8, 8, 8, 9, 15, 24, 22, 17, 15, 16, 18, 17, 16, 17, 22, 36, 42, 40, 36, 32, 26, 19)
_WEEKEND: Final = (12, 10, 9, 8, 8, 9, 11, 16, 22, 26, 26, 27, 28, 26, 24, 24, 27, 34, 36, 34, 30, 28, 24, 21)
_SUN: Final = (0, 0, 0, 0, 0, 0, 2, 8, 20, 36, 52, 64, 68, 66, 56, 42, 24, 10, 2, 0, 0, 0, 0, 0)
_HEATING: Final = (8, 6, 6, 6, 6, 10, 30, 45, 40, 28, 20, 18, 18, 16, 16, 18, 24, 36, 40, 38, 32, 26, 18, 12)
_LOW_HOURS: Final = frozenset((23, 0, 1, 2, 3, 4, 5, 6))
_WORKDAYS: Final = 5


class _Shape:
    """Weights per hour of the week and their running sum in weight-seconds."""

    __slots__ = ("_before", "_weights", "total")

    def __init__(self, weights: tuple[int, ...]) -> None:
        self._weights = weights
        self._before = tuple(accumulate((weight * _HOUR for weight in weights), initial=0))
        self.total = self._before[-1]

    def used(self, time: int) -> int:
        """Sum up weight-seconds from EPOCH to `time`."""
        if time <= EPOCH:
            return 0
        weeks, rest = divmod(time - EPOCH, _WEEK)
        hour, seconds = divmod(rest, _HOUR)
        return weeks * self.total + self._before[hour] + self._weights[hour] * seconds

    def weight(self, time: int) -> int:
        return self._weights[(time - EPOCH) % _WEEK // _HOUR]


def _week(workday: tuple[int, ...], weekend: tuple[int, ...], *, low: bool | None = None) -> _Shape:
    """Build a week; `low` keeps only the hours of one tariff: nights and weekends are low."""
    weights = []
    for day in range(7):
        for hour, weight in enumerate(workday if day < _WORKDAYS else weekend):
            is_low = day >= _WORKDAYS or hour in _LOW_HOURS
            weights.append(weight if low is None or low is is_low else 0)
    return _Shape(tuple(weights))


_IMPORT: Final = (_week(_WORKDAY, _WEEKEND, low=True), _week(_WORKDAY, _WEEKEND, low=False))
_EXPORT: Final = (_week(_SUN, _SUN, low=True), _week(_SUN, _SUN, low=False))
_GAS: Final = _week(_HEATING, _HEATING)


def factory_units(time: int) -> tuple[int, int, int, int]:
    """Count weight-seconds up to a time under the factory's tariffs: import low, normal, export low, normal."""
    return _IMPORT[0].used(time), _IMPORT[1].used(time), _EXPORT[0].used(time), _EXPORT[1].used(time)


def used_units(time: int) -> tuple[int, int]:
    """Count weight-seconds of import and export up to a time, whatever the tariff."""
    return _IMPORT[0].used(time) + _IMPORT[1].used(time), _EXPORT[0].used(time) + _EXPORT[1].used(time)


def mixed(number: int, salt: int) -> int:
    """Spread meter numbers evenly over 64 bits (SplitMix64), the same on every machine."""
    value = (number * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


@dataclass(frozen=True, slots=True)
class Household:
    """Habits of the household behind one meter; factors in mW (gas: ml per hour) per unit of weight."""

    import_factor: int
    export_factor: int
    gas_factor: int

    def imported(self, rate: int, time: int) -> int:
        """Register of a tariff (1 low, 2 normal) in Wh, under the factory's tariffs."""
        return self.import_energy(_IMPORT[rate - 1].used(time))

    def exported(self, rate: int, time: int) -> int:
        """Register of a tariff (1 low, 2 normal) in Wh, under the factory's tariffs."""
        return self.export_energy(_EXPORT[rate - 1].used(time))

    def import_energy(self, units: int) -> int:
        """Turn weight-seconds into Wh."""
        return units * self.import_factor // _MILLI_HOURS

    def export_energy(self, units: int) -> int:
        """Turn weight-seconds into Wh."""
        return units * self.export_factor // _MILLI_HOURS

    def import_power(self, time: int) -> int:
        """Power drawn, in W."""
        return sum(shape.weight(time) for shape in _IMPORT) * self.import_factor // 1000

    def export_power(self, time: int) -> int:
        """Power fed in, in W."""
        return sum(shape.weight(time) for shape in _EXPORT) * self.export_factor // 1000

    def gas(self, time: int) -> int:
        """Gas meter in litres."""
        return _GAS.used(time) * self.gas_factor // _MILLI_HOURS


@lru_cache(maxsize=256)
def household(number: int) -> Household:
    """Tell the habits of a meter: 1,000 to 4,400 kWh a year, solar panels on a third of the roofs."""
    spread = mixed(number, 1)
    has_panels = (spread >> 32) % 3 == 0
    return Household(
        import_factor=6_000 + spread % 20_000,
        export_factor=5_000 + (spread >> 16) % 25_000 if has_panels else 0,
        gas_factor=4_000 + (spread >> 40) % 12_000,
    )
