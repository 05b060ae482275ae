"""Which behaviour objects have: by role, otherwise by class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meterstream.simulator.alarms import AlarmRegister
from meterstream.simulator.behaviour import PLAIN, Behaviour
from meterstream.simulator.clock import ClockBehaviour
from meterstream.simulator.profiles import ProfileBehaviour

BEHAVIOURS: Final[Mapping[int | str, Behaviour]] = MappingProxyType(
    {
        7: ProfileBehaviour(),
        8: ClockBehaviour(),
        **{f"alarm_register_{number}": AlarmRegister() for number in (1, 2, 3)},
    }
)


def behaviour_of(role: str, class_id: int) -> Behaviour:
    """Find the behaviour of an object; a plain one where neither its role nor its class has any."""
    return BEHAVIOURS.get(role) or BEHAVIOURS.get(class_id) or PLAIN
