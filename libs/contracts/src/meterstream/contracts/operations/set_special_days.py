"""SetSpecialDays: the table of days that have a day profile of their own."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.date_time import CosemDate
from meterstream.contracts.soap import Soap, SoapBinding


class SpecialDay(Record):
    """A date, wildcards included, and the day profile that holds on it."""

    date: Annotated[CosemDate, Soap("specialDayDate")]
    day_id: Annotated[int, Field(ge=0, le=255), Soap("dayId")]


class SetSpecialDaysRequest(OperationRequest):
    """Replace the whole special days table {11, 0.0.11.0.0.255, 2}; its entries are numbered in this order."""

    special_days: Annotated[list[SpecialDay], Field(min_length=1, max_length=30), Soap("SpecialDays")]


class SetSpecialDaysResponse(OperationResponse):
    """The meter has taken the table."""


OPERATION = Operation(
    name="SetSpecialDays",
    request=SetSpecialDaysRequest,
    response=SetSpecialDaysResponse,
    function="SET_SPECIAL_DAYS",
    summary="Replace the special days table of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetSpecialDays",
        wrapper="SpecialDaysRequestData",
        bundle_action="SetSpecialDaysRequest",
        bundle_response="ActionResponse",
        result_text="Set special days was successful",
    ),
    examples=(
        SetSpecialDaysRequest(
            special_days=[
                SpecialDay(date=bytes.fromhex("07EB0C19FF"), day_id=2),
                SpecialDay(date=bytes.fromhex("FFFF0101FF"), day_id=3),
            ]
        ),
    ),
)
