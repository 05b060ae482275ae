"""What the meters of a fleet differ in by number: phases, and how well their clocks run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterstream.simulator.world.curve import mixed

_SINGLE_PHASE_SALT, _DRIFT_SALT = 6, 7
_MILLION: Final = 1_000_000
_MOST_PPM: Final = 10_000


@dataclass(frozen=True, slots=True)
class Traits:
    """Which meters it is, and how much, follows from their numbers alone.

    Attributes:
        single_phase: share (0 to 1) of the meters that have one phase, and no objects of the others.
        clock_drift_ppm: clocks run fast or slow by up to so many millionths, each meter's always by the same.
    """

    single_phase: float = 0.0
    clock_drift_ppm: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: naming field and rule.
        """
        if not 0 <= self.single_phase <= 1:
            raise ValueError(f"single_phase is {self.single_phase}, expected 0 to 1")
        if not 0 <= self.clock_drift_ppm <= _MOST_PPM:
            raise ValueError(f"clock_drift_ppm is {self.clock_drift_ppm}, expected 0 to {_MOST_PPM}")

    def is_single_phase(self, number: int) -> bool:
        """Tell whether a meter has one phase only."""
        return mixed(number, _SINGLE_PHASE_SALT) % _MILLION < self.single_phase * _MILLION

    def drift_ppm(self, number: int) -> int:
        """Tell how many millionths a meter's clock runs fast, or slow where negative."""
        if not self.clock_drift_ppm:
            return 0
        return mixed(number, _DRIFT_SALT) % (2 * self.clock_drift_ppm + 1) - self.clock_drift_ppm
