"""GetSpecificAttributeValue: one attribute of one object, whether the profile knows it or not."""

from __future__ import annotations

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_specific_attribute_value import (
    OPERATION,
    GetSpecificAttributeValueRequest,
    GetSpecificAttributeValueResponse,
)
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.protocol_dlms.executor import AccessRefused, Context, Executor
from meterstream.protocol_dlms.model.cosem_text import to_text


async def execute(request: GetSpecificAttributeValueRequest, context: Context) -> GetSpecificAttributeValueResponse:
    """Read it; the text names the COSEM data type."""
    target = AttributeRef(request.class_id, LogicalName.parse(request.obis), request.attribute)
    try:
        value = await context.meter.get(target)
    except AccessRefused as refusal:
        place = f"{{ {request.class_id}, {request.obis}, {request.attribute} }}"
        result = f"{refusal.result.name}({int(refusal.result)})"
        raise error(
            "ERROR_RETRIEVING_ATTRIBUTE_VALUE",
            f"Retrieving attribute value for {place}. Result: resultCode({int(refusal.result)}), with data: null",
            result=result,
            target=str(target),
        ) from refusal
    return GetSpecificAttributeValueResponse(value=to_text(value))


EXECUTOR = Executor(OPERATION, execute)
