"""Disconnect control (class 70): the switch between grid and household, and who may move it (Blue Book 4.5.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult
from meterstream.dlms.data import Data, DataType, boolean, enum
from meterstream.simulator.objects.behaviour import Behaviour
from meterstream.simulator.world.supply import is_connected, touch

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_OUTPUT_STATE, _CONTROL_STATE, _CONTROL_MODE = 2, 3, 4
_DISCONNECT, _RECONNECT = 1, 2
DISCONNECTED, CONNECTED, READY = 0, 1, 2
_NEVER: Final = 0
_AT_ONCE: Final = frozenset((2, 4))
_USUAL_MODE: Final = 4


@dataclass(slots=True)
class Switch:
    """Control state, where it is not the one it left the factory with."""

    state: int = CONNECTED


class Disconnector(Behaviour):
    """Control modes 0 to 6.

    Remote disconnection works in modes 1 to 6. Remote reconnection closes the switch at once in modes 2 and 4; in
    modes 1, 3, 5 and 6 it only makes it ready for the customer, who closes it by hand (`reconnect_by_hand`). Mode 0:
    always connected.
    """

    methods: ClassVar[Mapping[int, str]] = MappingProxyType(
        {_DISCONNECT: "remote_disconnect", _RECONNECT: "remote_reconnect"}
    )

    def read(self, meter: SimulatedMeter, _item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
        if attribute == _OUTPUT_STATE:
            return boolean(is_connected(meter, at // 1000))
        if attribute == _CONTROL_STATE:
            switch = meter.peek(Switch)
            return enum(CONNECTED if switch is None else switch.state)
        return None

    def write(
        self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data, at: int
    ) -> DataAccessResult | None:
        if attribute != _CONTROL_MODE or not isinstance(data.value, int) or not 0 <= data.value <= 6:
            return DataAccessResult.OTHER_REASON
        if data.value == _NEVER:
            _move(meter, CONNECTED, at)
        return meter.keep(item, attribute, data)

    def invoke(
        self, meter: SimulatedMeter, item: SimulatedObject, method: int, data: Data | None, at: int
    ) -> tuple[ActionResult, Data | None]:
        if data is None or data.type is not DataType.INTEGER:
            return ActionResult.TYPE_UNMATCHED, None
        mode = control_mode(meter, item)
        if mode == _NEVER:
            return ActionResult.OTHER_REASON, None
        if method == _DISCONNECT:
            _move(meter, DISCONNECTED, at)
        elif mode in _AT_ONCE:
            _move(meter, CONNECTED, at)
        elif not is_connected(meter, at // 1000):
            _move(meter, READY, at)
        return ActionResult.SUCCESS, None


def control_mode(meter: SimulatedMeter, item: SimulatedObject) -> int:
    """Tell the control mode: 4 unless it was written."""
    written = meter.written(item, _CONTROL_MODE)
    return written.value if written is not None and isinstance(written.value, int) else _USUAL_MODE


def is_closed(meter: SimulatedMeter) -> bool:
    """Tell whether the switch is closed, so that current flows where there is any."""
    switch = meter.peek(Switch)
    return switch is None or switch.state == CONNECTED


def reconnect_by_hand(meter: SimulatedMeter, at: int) -> bool:
    """Press the button on a meter; it reconnects when it is ready for that."""
    switch = meter.peek(Switch)
    if switch is None or switch.state != READY:
        return False
    _move(meter, CONNECTED, at)
    return True


def _move(meter: SimulatedMeter, state: int, at: int) -> None:
    if meter.peek(Switch) is None and state == CONNECTED:
        return
    meter.state(Switch).state = state
    connected = state == CONNECTED
    if is_connected(meter, at // 1000) is not connected:
        touch(meter, at, connected=connected)
