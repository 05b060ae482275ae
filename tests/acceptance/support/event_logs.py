"""What the event logs of a simulated meter tell of September 2015: rows of every kind, of which features count some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from world import World

from meterstream.dlms.objects import load_profile

BEGIN = int(datetime(2015, 9, 1, tzinfo=UTC).timestamp())
LONG_AGO = int(datetime(2014, 2, 2, tzinfo=UTC).timestamp())
HOUR, DAY = 3600, 86_400
CHANNELS = range(4)
Row = tuple[int, ...]
"""Time in seconds, code, and what the log's further columns hold."""


def _hourly(codes: Iterable[int], first: int = 0, further: Sequence[Row] = ()) -> list[Row]:
    found = [(BEGIN + hour * HOUR, code) for hour, code in enumerate(codes, first)]
    return [(*row, *more) for row, more in zip(found, further, strict=True)] if further else list(found)


_AUXILIARY = [
    0xFFFF,
    *(0x1000 + 0x100 * channel + code for channel in CHANNELS for code in range(8)),
    *(0x8080 + 0x100 * channel + bit for channel in CHANNELS for bit in range(32)),
    *(0x80A0 + 0x100 * channel + code for channel in CHANNELS for code in range(2)),
]
LOGS: dict[str, list[Row]] = {
    "standard_event_log": _hourly([255, *range(1, 21)]),
    "fraud_detection_event_log": _hourly([255, *range(40, 48)]),
    "mbus_event_log": _hourly([*range(102, 108), *range(110, 118), *range(120, 128), *range(130, 138)], first=3),
    "communication_session_event_log": [(BEGIN + day * DAY, code, 1) for day, code in enumerate([255, *range(71, 77)])],
    "power_quality_event_log": _hourly([255, 25, 99, *range(77, 93)]),
    "auxiliary_event_log": [*_hourly(_AUXILIARY), (LONG_AGO, 0x85A1)],
    "power_quality_extended_event_log": _hourly(range(93, 99), further=[(one, 7 - one) for one in range(1, 7)]),
    "power_quality_thd_event_log": _hourly(range(51, 60), further=[(one,) for one in range(1, 10)]),
    "power_failure_log": [(BEGIN - day * DAY, duration) for day, duration in enumerate((180, 360, 540, 720))],
}
"""By role; the second column of power failures is how long they were, in seconds."""


def tell(world: World, device: str) -> None:
    """Write the rows into those of the logs that the meter has."""
    number = world.number_of(device)
    name, _, version = world.versions[device].partition(" ")
    known = load_profile(name, version).objects
    for role in LOGS.keys() & known.keys():
        room = {"type": "double-long-unsigned", "value": len(LOGS[role])}  # the log keeps these and no others
        world.fleet.control("PUT", f"/meters/{number}/attributes/7/{known[role].obis}/8", room)
        for time, code, *more in LOGS[role]:
            row = {"log": role, "code": code, "more": more, "time": time}
            world.fleet.control("POST", f"/meters/{number}/event", row)
