"""Rows of a meter's billing profiles: which profile and which time."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import model_validator

from meterstream.contracts.base import Moment
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.soap import Soap


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

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.begin_date > self.end_date:
            raise ValueError("begin_date must not be after end_date")
        return self
