"""SetPushSetupAlarm: where a meter sends its alarms, and with which values."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.cosem import AttributeIndex, ClassId, DataIndex, LogicalName
from meterstream.contracts.shared.push import PushHost, PushPort
from meterstream.contracts.soap import Soap, SoapBinding


class PushObject(Record):
    """A value that the meter pushes: {class_id, logical_name, attribute, data_index}."""

    class_id: Annotated[ClassId, Soap("ClassId")]
    logical_name: Annotated[LogicalName, Soap("LogicalName", shape="obis")]
    attribute: Annotated[AttributeIndex, Soap("AttributeIndex")]
    data_index: Annotated[DataIndex, Soap("DataIndex")] = 0


class SetPushSetupAlarmRequest(OperationRequest):
    """Write destination (TCP, host:port) and push object list, {40, 0.1.25.9.0.255} attributes 3 and 2.

    What is absent stays as it is; each push object must be readable before the list is written. Not in DSMR 2.2.
    """

    host: Annotated[PushHost | None, Soap("PushSetupAlarm/Host")] = None
    port: Annotated[PushPort | None, Soap("PushSetupAlarm/Port")] = None
    push_objects: Annotated[list[PushObject], Soap("PushSetupAlarm/PushObjectList")] = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_something_to_set(self) -> Self:
        if (self.host is None) != (self.port is None):
            raise ValueError("host and port go together")
        if self.host is None and not self.push_objects:
            raise ValueError("needs host and port, push_objects, or both")
        return self


class SetPushSetupAlarmResponse(OperationResponse):
    """The meter has taken what was given."""


OPERATION = Operation(
    name="SetPushSetupAlarm",
    request=SetPushSetupAlarmRequest,
    response=SetPushSetupAlarmResponse,
    function="SET_PUSH_SETUP_ALARM",
    summary="Set where a meter sends its alarms, and with which values.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetPushSetupAlarm",
        wrapper="SetPushSetupAlarmRequestData",
        bundle_action="SetPushSetupAlarmRequest",
        bundle_response="ActionResponse",
        result_text="Setting push setup alarm was successful",
    ),
    examples=(
        SetPushSetupAlarmRequest(host="push.example.org", port=9598),
        SetPushSetupAlarmRequest(
            push_objects=[
                PushObject(class_id=1, logical_name="0.0.96.1.1.255", attribute=2),
                PushObject(class_id=40, logical_name="0.1.25.9.0.255", attribute=1),
                PushObject(class_id=1, logical_name="0.0.97.98.0.255", attribute=2),
            ]
        ),
    ),
)
