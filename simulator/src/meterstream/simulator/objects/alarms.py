"""Alarm registers and filters 1 to 3: bits that events set, clients clear, and filters let through to a push."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data, double_long_unsigned, integer
from meterstream.simulator.objects.behaviour import Behaviour

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_VALUE: Final = 2
_BITS: Final = 32
_ALL_BITS: Final = (1 << _BITS) - 1
_LOG: Final = "standard_event_log"
_CLEARED: Final = {"alarm_register_1": 11, "alarm_register_2": 24, "error_object": 10}
_PUSH_SETUPS: Final = {1: "push_setup_alarm", 2: "push_setup_alarm", 3: "push_setup_udp"}
_PUSH: Final = 1


class AlarmRegister(Behaviour):
    """Alarm registers and error object. Writing clears: a bit written 0 is cleared, no client can set one.

    Clearing is an event where there is a code for it.
    """

    def write(
        self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data, at: int
    ) -> DataAccessResult | None:
        left = number(meter, item) & (data.value if isinstance(data.value, int) else 0)
        if item.role in _CLEARED:
            meter.log(_LOG, _CLEARED[item.role], at)
        return meter.keep(item, attribute, double_long_unsigned(left))


def number(meter: SimulatedMeter, item: SimulatedObject) -> int:
    """Tell the bits of a register or filter."""
    written = meter.written(item, _VALUE)
    value = (item.attributes[_VALUE].read(meter, 0) if written is None else written).value
    return value if isinstance(value, int) else 0


def register_of(meter: SimulatedMeter, register: int) -> SimulatedObject:
    """Find alarm register 1, 2 or 3.

    Raises:
        LookupError: the meter's protocol has no such register.
    """
    item = meter.tree.by_role.get(f"alarm_register_{register}")
    if item is None:
        raise LookupError(f"{meter.model.profile} has no alarm register {register}")
    return item


def filter_lets(meter: SimulatedMeter, register: int, bit: int) -> bool:
    """Tell whether the filter of a register lets a bit through."""
    item = meter.tree.by_role.get(f"alarm_filter_{register}")
    return item is not None and bool(number(meter, item) >> bit & 1)


def raise_alarm(meter: SimulatedMeter, register: int, bit: int, at: int) -> None:
    """Set a bit, and push where the filter lets it through: registers 1 and 2 to the alarm destination, 3 by UDP.

    Raises:
        LookupError: the meter's protocol has no such register.
        ValueError: no such bit.
    """
    if not 0 <= bit < _BITS:
        raise ValueError(f"bit {bit} of an alarm register is outside 0 to {_BITS - 1}")
    item = register_of(meter, register)
    held = number(meter, item) & _ALL_BITS  # an override may be any number
    meter.keep(item, _VALUE, double_long_unsigned(held | 1 << bit))
    if filter_lets(meter, register, bit):
        _push(meter, _PUSH_SETUPS[register], at)


def _push(meter: SimulatedMeter, role: str, at: int) -> None:
    """Run method push of a push setup, as the alarm monitor's script does (Blue Book, classes 21 and 40)."""
    setup = meter.tree.by_role.get(role)
    if setup is not None and _PUSH in setup.behaviour.methods:
        setup.behaviour.invoke(meter, setup, _PUSH, integer(0), at)
