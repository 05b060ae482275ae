"""GetAssociationLnObjects: the object list {15, 0.0.40.0.0.255, 2}."""

from __future__ import annotations

from meterstream.contracts.operations.get_association_ln_objects import (
    OPERATION,
    GetAssociationLnObjectsRequest,
    GetAssociationLnObjectsResponse,
)
from meterstream.dlms.data import AttributeRef
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import Context, Device, Executor
from meterstream.protocol_dlms.model.association_list import OBJECT_LIST, association_object, read_object_list


async def execute(request: GetAssociationLnObjectsRequest, context: Context) -> GetAssociationLnObjectsResponse:  # noqa: ARG001  # the request has no fields
    """Read it; the objects in the meter's order.

    Raises: DEVICE_REFUSED, ILLEGAL_RESPONSE.
    """
    view = read_object_list(await context.meter.get(OBJECT_LIST), context.meter.profile)
    return GetAssociationLnObjectsResponse(objects=[association_object(item) for item in view.objects])


def foresees(
    request: GetAssociationLnObjectsRequest,  # noqa: ARG001  # the port's signature
    device: Device,  # noqa: ARG001  # the port's signature
    profile: MeterProfile,  # noqa: ARG001  # the port's signature
) -> list[AttributeRef]:
    """The list."""
    return [OBJECT_LIST]


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
