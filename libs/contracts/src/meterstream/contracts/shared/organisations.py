"""Organisations as the registry shows them (dman: Organisation)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from meterstream.contracts.base import OrganisationIdentification, Record
from meterstream.contracts.soap import Soap


class PlatformFunctionGroup(StrEnum):
    """ADMIN administers the platform; USER works with its own devices."""

    ADMIN = "ADMIN"
    USER = "USER"


class PlatformDomain(StrEnum):
    """Which services an organisation uses; the metering services belong to COMMON."""

    COMMON = "COMMON"
    PUBLIC_LIGHTING = "PUBLIC_LIGHTING"
    TARIFF_SWITCHING = "TARIFF_SWITCHING"


OrganisationName = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""A name for people."""

OrganisationPrefix = Annotated[str, StringConstraints(max_length=3, pattern=r"^[a-zA-Z]*$")]
"""Up to three letters with which the incumbent marks an organisation's devices; nothing here depends on them."""


class OrganisationEntry(Record):
    """An organisation, without its endpoints and certificates."""

    organisation: Annotated[OrganisationIdentification, Soap("OrganisationIdentification")]
    name: Annotated[OrganisationName, Soap("Name")]
    prefix: Annotated[OrganisationPrefix, Soap("Prefix")] = ""
    function_group: Annotated[PlatformFunctionGroup, Soap("FunctionGroup")] = PlatformFunctionGroup.USER
    enabled: Annotated[bool, Soap("Enabled")] = True
    domains: Annotated[Annotated[list[PlatformDomain], Field(min_length=1, max_length=3)], Soap("Domains")]
