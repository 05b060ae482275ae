"""FindScheduledTasks: commands that wait for their time or for another attempt."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from meterstream.contracts.base import DeviceIdentification, Moment, Record
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.soap import Soap, SoapBinding


class TaskStatus(StrEnum):
    """NEW waits for its time, RETRY for another attempt; the others are of finished tasks (dman: StatusGroup)."""

    NEW = "NEW"
    PENDING = "PENDING"
    COMPLETE = "COMPLETE"
    FAILED = "FAILED"
    RETRY = "RETRY"


class FindScheduledTasksRequest(OperationRequest):
    """Tasks of one device, for whoever owns it; without a device those of all, for administrators only."""

    device_identification: Annotated[DeviceIdentification | None, Soap("DeviceIdentification")] = None


class ScheduledTask(Record):
    """A command that waits; `correlation_uid` cancels it, and is told to the organisation that asked for it only."""

    correlation_uid: str | None = None
    created_at: Annotated[Moment | None, Soap("CreationTime")] = None
    modified_at: Annotated[Moment | None, Soap("ModificationTime")] = None
    domain: Annotated[str, Soap("Domain")] = "SMART_METERING"
    domain_version: Annotated[str, Soap("DomainVersion")] = "1.0"
    organisation: Annotated[str, Soap("OrganisationIdentification")]
    device_identification: Annotated[str | None, Soap("DeviceIdentification")] = None
    operation: str
    function: Annotated[str, Soap("MessageType")]
    due_at: Annotated[Moment | None, Soap("ScheduledTime")] = None
    status: Annotated[TaskStatus, Soap("Status")]
    error: Annotated[str | None, Soap("ErrorLog")] = None


class FindScheduledTasksResponse(OperationResponse):
    """The tasks by the time at which they are due; at most 1000, `complete` tells whether these are all."""

    tasks: Annotated[list[ScheduledTask], Soap("ScheduledTask")]
    complete: bool = True


OPERATION = Operation(
    name="FindScheduledTasks",
    request=FindScheduledTasksRequest,
    response=FindScheduledTasksResponse,
    function="FIND_SCHEDULED_TASKS",
    summary="List commands that wait for their time or for another attempt.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    soap=SoapBinding(service="CoreDeviceManagement", operation="FindScheduledTasks", device=None),
    examples=(FindScheduledTasksRequest(device_identification="E0000000000000001"), FindScheduledTasksRequest()),
)
