"""FindMessageLogs: the frames that were kept of a meter's sessions, page by page."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.soap import Soap, SoapBinding


class FindMessageLogsRequest(OperationRequest):
    """A page of the message log of the device, the first is 0; newest first."""

    page: Annotated[int, Field(ge=0, le=10_000_000), Soap("Page")] = 0


class MessageLogEntry(Record):
    """One frame: to the platform (`incoming`) or to the meter, in words and as hexadecimal text; never a key in clear.

    `valid` is whether the frame could be read.
    """

    timestamp: Annotated[Moment, Soap("Timestamp")]
    organisation: Annotated[str, Soap("OrganisationIdentification")]
    device_identification: Annotated[str, Soap("DeviceIdentification")]
    decoded_message: Annotated[str, Soap("DecodedMessage")]
    encoded_message: Annotated[str, Soap("EncodedMessage")]
    incoming: Annotated[bool, Soap("Incoming")]
    valid: Annotated[bool, Soap("Valid")]


class FindMessageLogsResponse(OperationResponse):
    """The page, and how many there are."""

    total_pages: Annotated[int, Soap("MessageLogPage/TotalPages")]
    entries: Annotated[list[MessageLogEntry], Soap("MessageLogPage/MessageLogs")] = Field(default_factory=list)


OPERATION = Operation(
    name="FindMessageLogs",
    request=FindMessageLogsRequest,
    response=FindMessageLogsResponse,
    function="GET_MESSAGES",
    summary="List the frames that were kept of a meter's sessions.",
    target=Target.REGISTRY,
    repeatable=True,
    resources=("devices/{device_identification}/message-logs",),
    soap=SoapBinding(service="SmartMeteringManagement", operation="FindMessageLogs"),
    examples=(FindMessageLogsRequest(page=0),),
)
