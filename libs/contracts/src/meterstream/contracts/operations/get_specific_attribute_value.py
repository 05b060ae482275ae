"""GetSpecificAttributeValue: any attribute of any COSEM object, as text."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from meterstream.contracts.base import ObisCode
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


def _octets(obis: str) -> str:
    if any(int(part) > 255 for part in obis.split(".")):
        raise ValueError("each of the six values is 0 to 255")
    return obis


class GetSpecificAttributeValueRequest(OperationRequest):
    """The attribute {class_id, obis, attribute}; the object need not belong to the meter's type."""

    class_id: Annotated[int, Field(ge=0, le=65535), Soap("ClassId")]
    attribute: Annotated[int, Field(ge=1, le=127), Soap("Attribute")]
    obis: Annotated[ObisCode, AfterValidator(_octets), Soap("ObisCode", shape="obis")]


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
