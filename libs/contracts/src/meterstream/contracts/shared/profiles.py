"""Contents of profiles: columns, rows and values (IEC 62056-6-2, profile generic, class 7)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from meterstream.contracts.base import ExactDecimal, Moment, ObisCode, Record
from meterstream.contracts.shared.cosem import AttributeIndex, ClassId, DataIndex, LogicalName
from meterstream.contracts.shared.units import Unit
from meterstream.contracts.soap import Soap


class PowerQualityProfileType(StrEnum):
    """Which columns: those that anyone may see, or those from which a household's habits can be told."""

    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"


class ColumnChoice(Record):
    """A column that a profile is asked for: {class_id, logical_name, attribute, data_index}."""

    class_id: Annotated[ClassId, Soap("ClassId")]
    logical_name: Annotated[LogicalName, Soap("LogicalName", shape="obis")]
    attribute: Annotated[AttributeIndex, Soap("AttributeIndex")]
    data_index: Annotated[DataIndex, Soap("DataIndex")] = 0


class CapturedColumn(Record):
    """A column as the meter captures it, and the unit of its values; UNDEFINED where they have none."""

    class_id: Annotated[int, Soap("ClassId")]
    logical_name: Annotated[ObisCode, Soap("LogicalName")]
    attribute: Annotated[int, Soap("AttributeIndex")]
    data_index: Annotated[int, Soap("DataIndex")] = 0
    unit: Annotated[Unit, Soap("unit")] = Unit.UNDEFINED


class CapturedValue(Record):
    """One value, in the field of its kind; none is set where the meter has null-data or refuses."""

    text: Annotated[str | None, Soap("StringValue")] = None
    moment: Annotated[Moment | None, Soap("DateValue")] = None
    number: Annotated[ExactDecimal | None, Soap("FloatValue")] = None
    integer: Annotated[Annotated[int, Field(ge=-(2**63), lt=2**63)] | None, Soap("LongValue")] = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if (self.text, self.moment, self.number, self.integer).count(None) < 3:
            raise ValueError("at most one of text, moment, number and integer")
        return self


class ClockStatusFlag(StrEnum):
    """What the clock of a row says of itself (IEC 62056-6-2, clock status: bits 0 to 3 and 7)."""

    INVALID_VALUE = "INVALID_VALUE"
    DOUBTFUL_VALUE = "DOUBTFUL_VALUE"
    DIFFERENT_CLOCK_BASE = "DIFFERENT_CLOCK_BASE"
    INVALID_CLOCK_STATUS = "INVALID_CLOCK_STATUS"
    DAYLIGHT_SAVING = "DAYLIGHT_SAVING"


class ProfileRow(Record):
    """The values of one capture, in the order of the columns, and the flags of its clock."""

    values: Annotated[list[CapturedValue], Soap("ProfileEntryValue")]
    clock_status: list[ClockStatusFlag] = Field(default_factory=list)


class ProfileGap(Record):
    """Captures are missing between two that follow each other in the answer."""

    after: Moment
    before: Moment
