"""Profiles (class 7): buffers on demand, and columns, period and size that a client may choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meterstream.dlms.apdu import DataAccessResult, ReadResult, Selection
from meterstream.dlms.data import CaptureObject, Data
from meterstream.dlms.errors import DecodeError
from meterstream.dlms.objects import AttributeType
from meterstream.simulator.buffers import Cleared, decode_columns, entries_in_use, is_known_column, read_buffer
from meterstream.simulator.layout import BUFFER, CAPTURE_OBJECTS, ENTRIES_IN_USE, PROFILE_ENTRIES
from meterstream.simulator.objects.behaviour import Behaviour

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_DEFINABLE_ENTRIES: Final = 960
_DEFINABLE_COLUMNS_SMR5: Final = 14
_SHORTEST_PERIOD_S: Final = 60
_LAST_CHANNEL: Final = 2
_CELL_PARTS: Final = 7


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
        self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data, at: int
    ) -> DataAccessResult | None:
        if not _takes(meter, item, attribute, data):
            return DataAccessResult.OTHER_REASON
        result = meter.keep(item, attribute, data)
        if result is DataAccessResult.SUCCESS and not meter.model.buffers.refill:
            meter.state(Cleared).moments[item.logical_name] = meter.seconds(at)
        return result


def _takes(meter: SimulatedMeter, item: SimulatedObject, attribute: int, data: Data) -> bool:
    if attribute == PROFILE_ENTRIES:
        return isinstance(data.value, int) and 1 <= data.value <= _DEFINABLE_ENTRIES
    if attribute != CAPTURE_OBJECTS:
        return isinstance(data.value, int) and data.value >= _SHORTEST_PERIOD_S
    try:
        columns = decode_columns(data)
    except DecodeError:
        return False
    limited = meter.model.profile.version.startswith("5") and item.role == "definable_load_profile"
    if not columns or (limited and len(columns) > _DEFINABLE_COLUMNS_SMR5):
        return False
    return all(_is_selectable(meter, item, column) for column in columns)


def _is_selectable(meter: SimulatedMeter, item: SimulatedObject, column: CaptureObject) -> bool:
    """Tell whether a profile takes a column: an object the standard names, M-Bus devices of channel 1 and 2 only."""
    found = meter.model.profile.find(column.class_id, column.logical_name)
    if found is None or found[0].role not in item.definition.selectable or not is_known_column(meter.tree, column):
        return False
    definition, channel = found
    if channel is not None and channel > _LAST_CHANNEL:
        return False
    if not column.data_index:
        return True
    return definition.attributes[column.attribute].type is AttributeType.CELL_INFO and column.data_index <= _CELL_PARTS
