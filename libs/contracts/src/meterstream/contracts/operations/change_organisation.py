"""ChangeOrganisation: name, rights and domains of an organisation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import OrganisationIdentification
from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.organisations import (
    OrganisationName,
    OrganisationPrefix,
    PlatformDomain,
    PlatformFunctionGroup,
)
from meterstream.contracts.shared.registry import Recorded


class ChangeOrganisationRequest(OperationRequest):
    """What is absent stays as it is; the identification cannot change."""

    organisation: OrganisationIdentification
    name: OrganisationName | None = None
    prefix: OrganisationPrefix | None = None
    function_group: PlatformFunctionGroup | None = None
    domains: Annotated[list[PlatformDomain], Field(min_length=1, max_length=3)] | None = None


class ChangeOrganisationResponse(Recorded):
    """When it was changed."""


OPERATION = Operation(
    name="ChangeOrganisation",
    request=ChangeOrganisationRequest,
    response=ChangeOrganisationResponse,
    function="CHANGE_ORGANISATION",
    summary="Change an organisation.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    admin_only=True,
    examples=(ChangeOrganisationRequest(organisation="DemoGridOrg", name="Demo grid operator"),),
)
