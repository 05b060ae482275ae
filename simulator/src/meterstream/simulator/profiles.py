"""Profiles (class 7): buffers on demand, and columns, period and size that a client may choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meterstream.dlms.apdu import DataAccessResult, ReadResult, Selection
from meterstream.dlms.data import Data
from meterstream.dlms.errors import DecodeError
from meterstream.simulator.behaviour import Behaviour
from meterstream.simulator.buffers import decode_columns, entries_in_use, is_known_column, read_buffer
from meterstream.simulator.layout import BUFFER, CAPTURE_OBJECTS, ENTRIES_IN_USE, PROFILE_ENTRIES

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_DEFINABLE_ENTRIES: Final = 960
_DEFINABLE_COLUMNS_SMR5: Final = 14
_SHORTEST_PERIOD_S: Final = 60


class ProfileBehaviour(Behaviour):
    """Buffer (2) and entries in use (7) are made up; capture objects, period and entries are checked."""

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, at: int) -> ReadResult | None:
        if attribute == BUFFER:
            return read_buffer(meter, item, at, None, meter.model.buffers)
        if attribute == ENTRIES_IN_USE:
            return Data(item.attributes[attribute].type, entries_in_use(meter, item, at))
        return None

    def select(
        self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, selection: Selection, at: int
    ) -> ReadResult:
        if attribute != BUFFER:
            return DataAccessResult.OTHER_REASON
        return read_buffer(meter, item, at, selection, meter.model.buffers)

    def write(
        self,
        meter: SimulatedMeter,
        item: SimulatedObject,
        attribute: int,
        data: Data,
        _at: int,
    ) -> DataAccessResult | None:
        return None if _takes(meter, item, attribute, data) else DataAccessResult.OTHER_REASON


def _takes(meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data) -> bool:
    if attribute == PROFILE_ENTRIES:
        return isinstance(data.value, int) and 1 <= data.value <= _DEFINABLE_ENTRIES
    if attribute != CAPTURE_OBJECTS:
        return isinstance(data.value, int) and data.value >= _SHORTEST_PERIOD_S
    try:
        columns = decode_columns(data)
    except DecodeError:
        return False
    selectable = item.definition.selectable
    profile = meter.model.profile
    for column in columns:
        found = profile.find(column.class_id, column.logical_name)
        if found is None or found[0].role not in selectable or not is_known_column(meter.tree, column):
            return False
    limited = profile.version.startswith("5") and item.role == "definable_load_profile"
    return bool(columns) and not (limited and len(columns) > _DEFINABLE_COLUMNS_SMR5)
