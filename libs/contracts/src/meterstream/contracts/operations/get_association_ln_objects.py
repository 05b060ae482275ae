"""GetAssociationLnObjects: the object list of the association, with access rights."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


class AttributeAccessMode(StrEnum):
    """What the client may do with an attribute (Blue Book, class 15, access_mode; bit masks of version 3 and later
    are told in the same words)."""

    NO_ACCESS = "NO_ACCESS"
    READ_ONLY = "READ_ONLY"
    WRITE_ONLY = "WRITE_ONLY"
    READ_AND_WRITE = "READ_AND_WRITE"
    AUTHENTICATED_READ_ONLY = "AUTHENTICATED_READ_ONLY"
    AUTHENTICATED_WRITE_ONLY = "AUTHENTICATED_WRITE_ONLY"
    AUTHENTICATED_READ_AND_WRITE = "AUTHENTICATED_READ_AND_WRITE"


class MethodAccessMode(StrEnum):
    """Whether the client may invoke a method (Blue Book, class 15)."""

    NO_ACCESS = "NO_ACCESS"
    ACCESS = "ACCESS"
    AUTHENTICATED_ACCESS = "AUTHENTICATED_ACCESS"


class AttributeAccess(Record):
    """Rights on one attribute, and the selectors with which it can be read in part."""

    attribute: Annotated[int, Soap("AttributeId")]
    mode: Annotated[AttributeAccessMode, Soap("AccessMode")]
    selectors: Annotated[list[int], Soap("AccessSelectors/AccessSelector")] = Field(default_factory=list)


class MethodAccess(Record):
    """The right to one method."""

    method: Annotated[int, Soap("MethodId")]
    mode: Annotated[MethodAccessMode, Soap("AccessMode")]


class AccessRights(Record):
    """Rights on all attributes and methods of an object."""

    attributes: Annotated[list[AttributeAccess], Soap("AttributeAccess/AttributeAccessItem")]
    methods: Annotated[list[MethodAccess], Soap("MethodAccess/MethodAccessItem")]


class AssociationObject(Record):
    """An object the client sees: class, version of the class, logical name (6 octets), rights."""

    class_id: Annotated[int, Soap("ClassId")]
    version: Annotated[int, Soap("Version")]
    logical_name: Annotated[bytes, Field(min_length=6, max_length=6), Soap("LogicalName")]
    access_rights: Annotated[AccessRights, Soap("AccessRights")]


class GetAssociationLnObjectsRequest(OperationRequest):
    """Read the object list {15, 0.0.40.0.0.255, 2}."""


class GetAssociationLnObjectsResponse(OperationResponse):
    """The objects in the meter's order."""

    objects: Annotated[list[AssociationObject], Soap("AssociationLnList/AssociationLnListElement")]


OPERATION = Operation(
    name="GetAssociationLnObjects",
    request=GetAssociationLnObjectsRequest,
    response=GetAssociationLnObjectsResponse,
    function="GET_ASSOCIATION_LN_OBJECTS",
    summary="Read the object list of the association with a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringAdhoc",
        operation="GetAssociationLnObjects",
        bundle_action="GetAssociationLnObjectsRequest",
        bundle_response="AssociationLnObjectsResponse",
    ),
    examples=(GetAssociationLnObjectsRequest(),),
)
