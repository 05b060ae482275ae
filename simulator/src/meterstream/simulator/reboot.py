"""What a meter remembers and what it does not when its power goes and returns. Nothing written is ever forgotten."""

from __future__ import annotations

from typing import Final

from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.disconnector import is_closed
from meterstream.simulator.objects.push_setup import last_gasp
from meterstream.simulator.world.quality import log_power_failure
from meterstream.simulator.world.supply import is_connected, retouch, touch

_LOG: Final = "standard_event_log"
_POWER_FAILURE, _POWER_RETURNED, _CLOCK_INVALID = 1, 2, 6
_ALARM_CLOCK_INVALID: Final = (1, 0)
_ALARM_POWER_UP: Final = (1, 2)
_COUNTER_BLOCK: Final = 1000
_EPOCH_OF_CLOCK_MS: Final = 946_684_800_000
"""2000-01-01 00:00 UTC."""


def power_off(meter: SimulatedMeter, at: int) -> None:
    """The supply has gone: an event, the last gasp of a meter that can, and nothing is used until it returns."""
    meter.log(_LOG, _POWER_FAILURE, at)
    last_gasp(meter, at)
    touch(meter, at, connected=False)


def power_on(meter: SimulatedMeter, at: int, *, clock_lost: bool) -> None:
    """The supply has returned: an event and an alarm, and a clock that runs on or begins anew in the year 2000.

    A failure of three minutes or more is also in the power failure log.
    """
    gone = next((time for time, code, *_ in reversed(meter.events(_LOG)) if code == _POWER_FAILURE), None)
    duration = 0 if gone is None else meter.seconds(at) - gone
    if is_closed(meter) and not is_connected(meter, at // 1000):
        touch(meter, at, connected=True)
    if clock_lost:
        meter.clock_offset_ms = _EPOCH_OF_CLOCK_MS - at
        retouch(meter, at)
        meter.log(_LOG, _CLOCK_INVALID, at)
        _alarm(meter, _ALARM_CLOCK_INVALID, at)
    meter.log(_LOG, _POWER_RETURNED, at)
    log_power_failure(meter, duration, at)
    _alarm(meter, _ALARM_POWER_UP, at)


def restarted(meter: SimulatedMeter) -> None:
    """The program begins anew: its invocation counter goes on above the block it had reserved, never below."""
    meter.own_counter += _COUNTER_BLOCK - meter.own_counter % _COUNTER_BLOCK


def _alarm(meter: SimulatedMeter, alarm: tuple[int, int], at: int) -> None:
    register, bit = alarm
    if f"alarm_register_{register}" in meter.tree.by_role:
        meter.raise_alarm(register, bit, at)
