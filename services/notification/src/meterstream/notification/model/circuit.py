"""A circuit breaker per lane: an endpoint that does not answer costs one attempt now and then, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

IDLE_PAUSES: Final = 12


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """Opens after `failures` failed attempts in a row; pauses grow by `multiplier` up to `max_pause_s` (seconds)."""

    failures: int = 3
    first_pause_s: float = 15.0
    multiplier: float = 4.0
    max_pause_s: float = 600.0


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    openings: int = 0
    open_until_s: float = 0.0
    in_flight: int = 0
    touched_s: float = 0.0


class Circuits:
    """Room per lane, from failures, pauses and what is under way. Moments are seconds of a monotonic clock.

    A lane that works has room for `per_lane` attempts at a time; one whose last attempt failed for one (so that many
    dying receivers cannot fill the process); an open one for none until its pause is over, then for one that decides.
    """

    def __init__(self, policy: CircuitPolicy, per_lane: int) -> None:
        self._policy = policy
        self._per_lane = per_lane
        self._lanes: dict[UUID, _Circuit] = {}

    def room(self, lane: UUID, now_s: float) -> int:
        """How many attempts may begin now."""
        circuit = self._lanes.get(lane)
        if circuit is None:
            return self._per_lane
        if circuit.open_until_s > now_s:
            return 0
        return max(0, (1 if circuit.failures else self._per_lane) - circuit.in_flight)

    def exceptions(self, now_s: float) -> dict[UUID, int]:
        """Every lane whose room differs from that of an idle lane in order, with its room.

        Lanes that have had no attempt for long are forgotten: their number is the clients' choice.
        """
        forgotten_s = now_s - IDLE_PAUSES * self._policy.max_pause_s
        for lane, circuit in list(self._lanes.items()):
            if not circuit.in_flight and circuit.touched_s < forgotten_s:
                del self._lanes[lane]
        return {lane: self.room(lane, now_s) for lane in self._lanes}

    def next_opening_s(self, now_s: float) -> float | None:
        """When the first pause of a lane ends."""
        return min((one.open_until_s for one in self._lanes.values() if one.open_until_s > now_s), default=None)

    def open_lanes(self, now_s: float) -> int:
        """How many lanes pause."""
        return sum(one.open_until_s > now_s for one in self._lanes.values())

    def begin(self, lane: UUID, now_s: float) -> None:
        """An attempt begins."""
        circuit = self._lanes.setdefault(lane, _Circuit())
        circuit.in_flight += 1
        circuit.touched_s = now_s

    def succeeded(self, lane: UUID) -> None:
        """An attempt was answered well: the lane is in order."""
        circuit = self._end(lane)
        circuit.failures, circuit.openings, circuit.open_until_s = 0, 0, 0.0
        self._forget(lane)

    def failed(self, lane: UUID, now_s: float) -> None:
        """An attempt failed by the receiver's fault. While the circuit is open, attempts from before tell no more."""
        circuit = self._end(lane)
        if circuit.open_until_s > now_s:
            return
        circuit.failures += 1
        if circuit.failures >= self._policy.failures:
            pause_s = self._policy.first_pause_s * self._policy.multiplier ** min(circuit.openings, 32)
            circuit.open_until_s = now_s + min(pause_s, self._policy.max_pause_s)
            circuit.openings += 1

    def ended(self, lane: UUID) -> None:
        """An attempt ended without telling anything about the receiver."""
        self._end(lane)
        self._forget(lane)

    def _end(self, lane: UUID) -> _Circuit:
        circuit = self._lanes[lane]
        circuit.in_flight -= 1
        return circuit

    def _forget(self, lane: UUID) -> None:
        circuit = self._lanes[lane]
        if not circuit.in_flight and not circuit.failures:
            del self._lanes[lane]
