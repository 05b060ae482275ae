"""GetAllAttributeValues: every attribute of every object in the meter's object list, as one text."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


class GetAllAttributeValuesRequest(OperationRequest):
    """Read the object list {15, 0.0.40.0.0.255, 2}, then all attributes it names; takes minutes in one association."""


class GetAllAttributeValuesResponse(OperationResponse):
    """JSON text: a list of objects with class, version, OBIS and attributes; one that was refused has no value."""

    values: Annotated[str, Soap("Output", bundle="resultString")]


OPERATION = Operation(
    name="GetAllAttributeValues",
    request=GetAllAttributeValuesRequest,
    response=GetAllAttributeValuesResponse,
    function="GET_ALL_ATTRIBUTE_VALUES",
    summary="Read every attribute of every object of a meter.",
    repeatable=True,
    bundle_action=True,
    long=True,
    soap=SoapBinding(
        service="SmartMeteringAdhoc",
        operation="GetAllAttributeValues",
        bundle_action="GetAllAttributeValuesRequest",
        bundle_response="ActionResponse",
    ),
    examples=(GetAllAttributeValuesRequest(),),
    aliases=("RetrieveAllAttributeValues",),
)
