"""GetSpecificAttributeValue: any attribute of any COSEM object, as text."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.cosem import ClassId, LogicalName
from meterstream.contracts.soap import Soap, SoapBinding


class GetSpecificAttributeValueRequest(OperationRequest):
    """The attribute {class_id, obis, attribute}; the object need not belong to the meter's type."""

    class_id: Annotated[ClassId, Soap("ClassId")]
    attribute: Annotated[int, Field(ge=1, le=127), Soap("Attribute")]
    obis: Annotated[LogicalName, Soap("ObisCode", shape="obis")]


class GetSpecificAttributeValueResponse(OperationResponse):
    """The value in the text form of the SOAP contract, which names the COSEM data type."""

    value: Annotated[str, Soap("AttributeValueData", bundle="resultString")]


OPERATION = Operation(
    name="GetSpecificAttributeValue",
    request=GetSpecificAttributeValueRequest,
    response=GetSpecificAttributeValueResponse,
    function="GET_SPECIFIC_ATTRIBUTE_VALUE",
    summary="Read one attribute of one COSEM object.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringAdhoc",
        operation="GetSpecificAttributeValue",
        bundle_action="GetSpecificAttributeValueRequest",
        bundle_response="ActionResponse",
    ),
    examples=(GetSpecificAttributeValueRequest(class_id=8, attribute=2, obis="0.0.1.0.0.255"),),
)
