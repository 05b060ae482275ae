"""The valve or breaker of an M-Bus device: disconnect control (class 70) of a channel (Blue Book 4.5.8)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult
from meterstream.dlms.data import Data, DataType, boolean, enum
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.state import VALVE_CLOSED, VALVE_OPEN, VALVE_READY
from meterstream.simulator.objects.behaviour import Behaviour

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_OUTPUT_STATE, _CONTROL_STATE, _CONTROL_MODE = 2, 3, 4
_DISCONNECT, _RECONNECT = 1, 2
_NEVER: Final = 0
_AT_ONCE: Final = frozenset((2, 4))
_USUAL_MODE: Final = 5
_LAST_MODE: Final = 6


class MbusValve(Behaviour):
    """Control modes 0 to 6, 5 unless written.

    Remote disconnection closes the valve. Remote reconnection opens it at once in modes 2 and 4, otherwise it makes
    it ready to be opened by hand (`open_by_hand`). In mode 0, and without a device that hears, nothing moves.
    """

    methods: ClassVar[Mapping[int, str]] = MappingProxyType(
        {_DISCONNECT: "remote_disconnect", _RECONNECT: "remote_reconnect"}
    )

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, _at: int) -> ReadResult | None:
        state = mbus.look(meter, item.channel or 0).valve
        if attribute == _OUTPUT_STATE:
            return boolean(state == VALVE_OPEN)
        if attribute == _CONTROL_STATE:
            return enum(state)
        return enum(_USUAL_MODE) if attribute == _CONTROL_MODE else None

    def write(
        self, _meter: SimulatedMeter, _item: SimulatedObject, _attribute: int, data: Data, _at: int
    ) -> DataAccessResult | None:
        valid = isinstance(data.value, int) and data.value <= _LAST_MODE
        return None if valid else DataAccessResult.OTHER_REASON

    def invoke(
        self, meter: SimulatedMeter, item: SimulatedObject, method: int, data: Data | None, at: int
    ) -> tuple[ActionResult, Data | None]:
        if data is None or data.type is not DataType.INTEGER:
            return ActionResult.TYPE_UNMATCHED, None
        channel = item.channel or 0
        found = mbus.look(meter, channel)
        written = meter.written(item, _CONTROL_MODE)
        mode = _USUAL_MODE if written is None else written.value
        if mode == _NEVER:
            return ActionResult.OTHER_REASON, None
        if not (found.polled and found.present):
            return ActionResult.TEMPORARY_FAILURE, None
        if method == _DISCONNECT:
            move_valve(meter, channel, VALVE_CLOSED, at)
        elif found.valve != VALVE_OPEN:
            move_valve(meter, channel, VALVE_OPEN if mode in _AT_ONCE else VALVE_READY, at)
        return ActionResult.SUCCESS, None


def move_valve(meter: SimulatedMeter, channel: int, state: int, at: int) -> None:
    """Bring a valve into a control state; nothing is measured while it is not open."""
    found = mbus.touch(meter, channel)
    found.valve = state
    span = found.span
    if span is None:
        return
    if state == VALVE_OPEN:
        span.open_valve(at)
    else:
        span.close_valve(at)


def open_by_hand(meter: SimulatedMeter, channel: int, at: int) -> bool:
    """Press the button of a device; its valve opens when it is ready for that."""
    if mbus.look(meter, channel).valve != VALVE_READY:
        return False
    move_valve(meter, channel, VALVE_OPEN, at)
    return True
