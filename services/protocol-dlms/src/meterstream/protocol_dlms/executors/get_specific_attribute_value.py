"""GetSpecificAttributeValue: one attribute of one object, whether the profile knows it or not."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_specific_attribute_value import (
    OPERATION,
    GetSpecificAttributeValueRequest,
    GetSpecificAttributeValueResponse,
)
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, Context, Device, Executor
from meterstream.protocol_dlms.model.cosem_text import to_text

_BUFFER: Final = (7, 2)
"""Class and attribute of the rows of profiles."""


async def execute(request: GetSpecificAttributeValueRequest, context: Context) -> GetSpecificAttributeValueResponse:
    """Read it; the text names the COSEM data type."""
    target = _target(request)
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


def _target(request: GetSpecificAttributeValueRequest) -> AttributeRef:
    return AttributeRef(request.class_id, LogicalName.parse(request.obis), request.attribute)


def foresees(
    request: GetSpecificAttributeValueRequest,
    device: Device,  # noqa: ARG001  # the port's signature
    profile: MeterProfile,  # noqa: ARG001  # the port's signature
) -> list[AttributeRef]:
    """The attribute, unless it is a buffer, which may be larger than everything else together."""
    target = _target(request)
    return [] if (target.class_id, target.attribute) == _BUFFER else [target]


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
