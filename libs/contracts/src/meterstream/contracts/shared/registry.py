"""What the registry keeps of a device beside the way to its meter: address, contracts, who may do what."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from meterstream.contracts.base import Moment, OrganisationIdentification, Record
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.soap import Soap


class FunctionGroup(StrEnum):
    """What an organisation may do with a device: a group of device functions (dman: DeviceFunctionGroup)."""

    OWNER = "OWNER"
    INSTALLATION = "INSTALLATION"
    AD_HOC = "AD_HOC"
    MANAGEMENT = "MANAGEMENT"
    FIRMWARE = "FIRMWARE"
    SCHEDULING = "SCHEDULING"
    TARIFF_SCHEDULING = "TARIFF_SCHEDULING"
    CONFIGURATION = "CONFIGURATION"
    MONITORING = "MONITORING"
    METADATA_MANAGEMENT = "METADATA_MANAGEMENT"


class Authorisation(Record):
    """One function group that an organisation holds for a device."""

    function_group: Annotated[FunctionGroup, Soap("functionGroup")]
    organisation: Annotated[OrganisationIdentification, Soap("organisation")]


_Text = Annotated[str, StringConstraints(max_length=255)]

Alias = Annotated[str, StringConstraints(max_length=255)]
"""What people call a device."""


class Address(Record):
    """Where a device hangs (corecommon: Address)."""

    postal_code: Annotated[_Text | None, Soap("PostalCode")] = None
    city: Annotated[_Text | None, Soap("City")] = None
    street: Annotated[_Text | None, Soap("Street")] = None
    number: Annotated[Annotated[int, Field(ge=0, le=2147483647)] | None, Soap("Number")] = None
    number_addition: Annotated[_Text | None, Soap("NumberAddition")] = None
    municipality: Annotated[_Text | None, Soap("Municipality")] = None


class Ean(Record):
    """The EAN of a connection to the grid: 18 digits, the first of them not zero."""

    code: Annotated[Annotated[int, Field(ge=100000000000000000, le=999999999999999999)], Soap("code")]
    description: Annotated[_Text | None, Soap("description")] = None


class Recorded(OperationResponse):
    """The registry holds what was asked, from this moment on."""

    recorded_at: Moment
