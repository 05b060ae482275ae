"""Periods of time, and rows of a meter's billing profiles: which profile and which time."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import model_validator

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.soap import Soap

R = TypeVar("R", bound=Record)


def in_order(begin: str, end: str, *, empty: bool = True) -> Any:
    """A model's rule that the moment in field `begin` is not after the one in `end`, or before it if not `empty`."""

    def check(record: R) -> R:
        first, last = getattr(record, begin), getattr(record, end)
        if first is not None and last is not None and (first > last or (first == last and not empty)):
            raise ValueError(f"{begin} must {'not be after' if empty else 'be before'} {end}")
        return record

    return model_validator(mode="after")(check)


class PeriodType(StrEnum):
    """Which profile: every interval (15 minutes, gas every hour), every day, every month."""

    INTERVAL = "INTERVAL"
    DAILY = "DAILY"
    MONTHLY = "MONTHLY"


class PeriodicReadsRequest(OperationRequest):
    """Rows with a capture time from `begin_date` to `end_date`, both included."""

    period_type: Annotated[PeriodType, Soap("PeriodType")]
    begin_date: Annotated[Moment, Soap("BeginDate")]
    end_date: Annotated[Moment, Soap("EndDate")]

    _in_order = in_order("begin_date", "end_date")
