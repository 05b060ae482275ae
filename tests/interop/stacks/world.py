"""The objects that every meter of these tests serves, whoever wrote it, and what they hold."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult, Selection
from meterstream.dlms.data import (
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    DataType,
    LogicalName,
    MethodRef,
    array,
    boolean,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)

Plain = int | float | str | bytes | bool | list["Plain"] | None
"""A value without its COSEM type, which every library names in its own way; arrays and structures are lists."""


def ref(class_id: int, obis: str, attribute: int) -> AttributeRef:
    return AttributeRef(class_id, bytes(LogicalName.parse(obis)), attribute)


def method(class_id: int, obis: str, number: int) -> MethodRef:
    return MethodRef(class_id, bytes(LogicalName.parse(obis)), number)


CLOCK: Final = ref(8, "0.0.1.0.0.255", 2)
DEVICE_NAME: Final = ref(1, "0.0.42.0.0.255", 2)
ENERGY: Final = ref(3, "1.0.1.8.0.255", 2)
ENERGY_UNIT: Final = ref(3, "1.0.1.8.0.255", 3)
ENERGY_BACK: Final = ref(3, "1.0.2.8.0.255", 2)
UNKNOWN: Final = ref(3, "1.0.99.8.0.255", 2)
FILTER: Final = ref(1, "0.0.97.98.10.255", 2)
MESSAGE: Final = ref(1, "0.0.96.13.0.255", 2)
PROFILE: Final = ref(7, "1.0.99.1.0.255", 2)
PROFILE_COLUMNS: Final = ref(7, "1.0.99.1.0.255", 3)
OBJECT_LIST: Final = ref(15, "0.0.40.0.0.255", 2)
SECURITY_SUITE: Final = ref(64, "0.0.43.0.0.255", 3)
CONTROL_STATE: Final = ref(70, "0.0.96.3.10.255", 3)
IMAGE_BLOCK: Final = method(18, "0.0.44.0.0.255", 2)
FIRST_MISSING_BLOCK: Final = ref(18, "0.0.44.0.0.255", 4)
DISCONNECT: Final = method(70, "0.0.96.3.10.255", 1)
RECONNECT: Final = method(70, "0.0.96.3.10.255", 2)
REPLY_TO_HLS: Final = method(15, "0.0.40.0.0.255", 1)

NAME: Final = b"MSTINTEROP000001"
ENERGY_WH: Final = 18_422_107
ENERGY_BACK_WH: Final = 3_100_250
SCALER_UNIT: Final = [0, 30]
NOW: Final = datetime(2024, 7, 15, 10, 30, tzinfo=timezone(timedelta(hours=2)))
DISCONNECTED, CONNECTED = 0, 1

ROWS: Final = 96
FIRST: Final = datetime(2024, 7, 1, tzinfo=UTC)
PERIOD: Final = timedelta(minutes=15)
LONG_TEXT: Final = bytes(range(1, 256)) * 4
"""1,020 octets: more than the small APDU sizes of these tests."""

CLOCK_COLUMN: Final = CaptureObject(8, CLOCK.logical_name, 2)
ENERGY_COLUMN: Final = CaptureObject(3, ENERGY.logical_name, 2)
COLUMNS: Final = [[8, CLOCK.logical_name, 2, 0], [3, ENERGY.logical_name, 2, 0]]


def moment(row: int) -> datetime:
    return FIRST + row * PERIOD


def energy(row: int) -> int:
    return 10_000 + 31 * row


def date_time(at: datetime) -> bytes:
    return CosemDateTime.from_datetime(at).to_bytes()


def rows(numbers: Iterable[int]) -> Plain:
    """Rows of the profile as every client gives them."""
    return [[date_time(moment(number)), energy(number)] for number in numbers]


def row_data(row: int) -> Data:
    return structure(octet_string(date_time(moment(row))), double_long_unsigned(energy(row)))


def plain(data: Data) -> Plain:
    """A value of this library without its type."""
    value = data.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return str(value) if data.type is DataType.BIT_STRING else value


def initial_values() -> dict[AttributeRef, Data]:
    return {
        CLOCK: octet_string(date_time(NOW)),
        DEVICE_NAME: octet_string(NAME),
        ENERGY: double_long_unsigned(ENERGY_WH),
        ENERGY_UNIT: structure(integer(0), enum(30)),
        ENERGY_BACK: double_long_unsigned(ENERGY_BACK_WH),
        FILTER: double_long_unsigned(0),
        MESSAGE: octet_string(LONG_TEXT),
        PROFILE: array(row_data(row) for row in range(ROWS)),
        PROFILE_COLUMNS: array((CLOCK_COLUMN.to_data(), ENERGY_COLUMN.to_data())),
        SECURITY_SUITE: enum(0),
        CONTROL_STATE: enum(CONNECTED),
        ref(70, "0.0.96.3.10.255", 2): boolean(True),
        FIRST_MISSING_BLOCK: double_long_unsigned(0),
    }


WRITABLE: Final = (CLOCK, FILTER, MESSAGE)


def object_list() -> Data:
    """Association view: class, version, logical name, no access rights."""
    objects = {(item.class_id, item.logical_name) for item in initial_values()} | {(15, OBJECT_LIST.logical_name)}
    rights = structure(array(), array())
    return array(
        structure(long_unsigned(class_id), unsigned(0), octet_string(name), rights)
        for class_id, name in sorted(objects)
    )


@dataclass
class World:
    """The objects behind our own meter role; one meter, however many connections."""

    values: dict[AttributeRef, Data] = field(default_factory=initial_values)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:
        if ref == OBJECT_LIST:
            return object_list()
        found = self.values.get(ref)
        if found is None:
            return DataAccessResult.OBJECT_UNDEFINED
        return found if selection is None else selected(found, selection)

    def set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult:
        if ref not in self.values:
            return DataAccessResult.OBJECT_UNDEFINED
        if ref not in WRITABLE:
            return DataAccessResult.READ_WRITE_DENIED
        if data.type is not self.values[ref].type:
            return DataAccessResult.TYPE_UNMATCHED
        with self.lock:
            self.values[ref] = data
        return DataAccessResult.SUCCESS

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        if ref == IMAGE_BLOCK and data is not None:
            return self._take_block(data), None
        if ref not in (DISCONNECT, RECONNECT):
            return ActionResult.OBJECT_UNDEFINED, None
        with self.lock:
            self.values[CONTROL_STATE] = enum(DISCONNECTED if ref == DISCONNECT else CONNECTED)
        return ActionResult.SUCCESS, None

    def _take_block(self, data: Data) -> ActionResult:
        """image_block_transfer: blocks of LONG_TEXT, from any number on."""
        match data.value:
            case (Data(value=int(number)), Data(value=bytes(octets))) if octets == LONG_TEXT:
                with self.lock:
                    self.values[FIRST_MISSING_BLOCK] = double_long_unsigned(number + 1)
                return ActionResult.SUCCESS
        return ActionResult.TYPE_UNMATCHED


def selected(buffer: Data, selection: Selection) -> ReadResult:
    """Rows by range of the clock or by entry, all columns (IEC 62056-6-2, 4.3.6)."""
    rows = buffer.value
    assert isinstance(rows, tuple)
    parts = selection.parameters.value
    if selection.selector == 1 and isinstance(parts, tuple):
        restricting, from_, to, columns = parts
        if CaptureObject.from_data(restricting) != CLOCK_COLUMN or columns.value:
            return DataAccessResult.OTHER_REASON
        first, last = (CosemDateTime.from_data(part).to_datetime(UTC) for part in (from_, to))
        assert first is not None
        assert last is not None
        return array(row for number, row in enumerate(rows) if first <= moment(number) <= last)
    if selection.selector == 2 and isinstance(parts, tuple):
        begin, end, *_ = (part.value for part in parts)
        assert isinstance(begin, int)
        assert isinstance(end, int)
        return array(rows[begin - 1 : end or None])
    return DataAccessResult.TYPE_UNMATCHED
