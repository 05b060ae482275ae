"""GetProfileGenericData: rows of any profile of a meter, all columns or some."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from meterstream.contracts.base import Moment
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.cosem import LogicalName
from meterstream.contracts.shared.periods import in_order
from meterstream.contracts.shared.profiles import CapturedColumn, ColumnChoice, ProfileGap, ProfileRow

CLOCK = "0.0.1.0.0.255"
RANGE_RULE = "either begin_date and end_date, or from_entry with or without to_entry"

Entry = Annotated[int, Field(ge=1, le=0xFFFF_FFFF)]
"""The number of a row in a buffer."""


class GetProfileGenericDataRequest(OperationRequest):
    """Read capture objects {7, obis, 3}, then the buffer {7, obis, 2}, by time or by number.

    Rows are those captured from `begin_date` to `end_date`, both included; or those from `from_entry` to `to_entry`,
    both included and counted from 1 in the order of the meter's buffer, where no `to_entry` means up to the last.
    `selected_values` are the columns that the meter is asked for, all of them where there is none; the clock comes
    always and is not named among them. The profile need not belong to the meter's type.
    """

    obis: LogicalName
    begin_date: Moment | None = None
    end_date: Moment | None = None
    from_entry: Entry | None = None
    to_entry: Entry | None = None
    selected_values: Annotated[list[ColumnChoice], Field(max_length=1000)] = Field(default_factory=list)

    _in_order = in_order("begin_date", "end_date")

    @model_validator(mode="after")
    def _by_time_or_by_number(self) -> Self:
        dates, entries = (self.begin_date, self.end_date), (self.from_entry, self.to_entry)
        by_time = None not in dates and entries == (None, None)
        if not by_time and (self.from_entry is None or dates != (None, None)):
            raise ValueError(RANGE_RULE)
        if self.from_entry is not None and self.to_entry is not None and self.from_entry > self.to_entry:
            raise ValueError("from_entry must not be after to_entry")
        return self

    @model_validator(mode="after")
    def _selects_no_clock(self) -> Self:
        if any(column.class_id == 8 and column.logical_name == CLOCK for column in self.selected_values):
            raise ValueError("selected_values must not name the clock, which comes always")
        return self


class GetProfileGenericDataResponse(OperationResponse):
    """The columns as the meter has them, and its rows in its order.

    `capture_period` is seconds between rows, 0 where rows come on an event or once a month. `undated_rows` counts rows
    that the meter sent without anything that tells when they were captured; they are not among the rows.
    """

    obis: LogicalName
    columns: list[CapturedColumn]
    rows: list[ProfileRow] = Field(default_factory=list)
    capture_period: int | None = None
    gaps: list[ProfileGap] = Field(default_factory=list)
    undated_rows: int = 0


OPERATION = Operation(
    name="GetProfileGenericData",
    request=GetProfileGenericDataRequest,
    response=GetProfileGenericDataResponse,
    function="GET_PROFILE_GENERIC_DATA",
    summary="Read rows of any profile of a meter.",
    repeatable=True,
    bundle_action=True,
    examples=(
        GetProfileGenericDataRequest(
            obis="1.0.99.1.0.255",
            begin_date=datetime(2025, 3, 13, tzinfo=UTC),
            end_date=datetime(2025, 3, 14, tzinfo=UTC),
        ),
        GetProfileGenericDataRequest(
            obis="0.1.24.3.0.255",
            begin_date=datetime(2025, 3, 13, tzinfo=UTC),
            end_date=datetime(2025, 3, 14, tzinfo=UTC),
            selected_values=[ColumnChoice(class_id=4, logical_name="0.1.24.2.2.255", attribute=2)],
        ),
        GetProfileGenericDataRequest(obis="0.0.99.98.0.255", from_entry=1, to_entry=10),
    ),
)
