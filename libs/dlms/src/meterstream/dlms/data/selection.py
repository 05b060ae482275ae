"""Access parameters of a profile generic buffer: selector 1 by range, selector 2 by entry (IEC 62056-6-2, 4.3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from meterstream.dlms.data.names import LogicalName
from meterstream.dlms.data.temporal import CosemDateTime
from meterstream.dlms.data.types import (
    Data,
    array,
    double_long_unsigned,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from meterstream.dlms.errors import DecodeError

BY_RANGE: Final = 1
BY_ENTRY: Final = 2


class CaptureObject(NamedTuple):
    """A column of a profile; data_index 0 takes the whole attribute."""

    class_id: int
    logical_name: bytes
    attribute: int
    data_index: int = 0

    def to_data(self) -> Data:
        return structure(
            long_unsigned(self.class_id),
            octet_string(self.logical_name),
            integer(self.attribute),
            long_unsigned(self.data_index),
        )

    @classmethod
    def from_data(cls, data: Data) -> CaptureObject:
        """From a capture object definition; integers of any width. Raises: DecodeError."""
        match data.value:
            case (
                Data(value=int(class_id)),
                Data(value=bytes(logical_name)),
                Data(value=int(attribute)),
                Data(value=int(data_index)),
            ) if len(logical_name) == 6:
                return cls(class_id, logical_name, attribute, data_index)
        raise DecodeError("a capture object is a structure of class id, logical name, attribute and data index")


CLOCK: Final = CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2)


class Selection(NamedTuple):
    """Access selector and its parameters, as a GET or SET carries them."""

    selector: int
    parameters: Data


def range_descriptor(
    from_: CosemDateTime,
    to: CosemDateTime,
    columns: Sequence[CaptureObject] = (),
    *,
    restricting: CaptureObject = CLOCK,
) -> Data:
    """Parameters of selector 1: rows whose `restricting` column lies in [from_, to]; no columns means all of them."""
    return structure(
        restricting.to_data(), from_.to_data(), to.to_data(), array(column.to_data() for column in columns)
    )


def entry_descriptor(from_entry: int, to_entry: int, from_column: int = 1, to_column: int = 0) -> Data:
    """Parameters of selector 2: entries and columns count from 1; `to` 0 means up to the last."""
    return structure(
        double_long_unsigned(from_entry),
        double_long_unsigned(to_entry),
        long_unsigned(from_column),
        long_unsigned(to_column),
    )
