"""UpdateDevice: what the registry keeps of a device for people. No contact with the meter."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from meterstream.contracts.base import Moment
from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.registry import Address, Alias, Ean, Recorded
from meterstream.contracts.soap import Soap, SoapBinding

_Degrees = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,3}(\.[0-9]{1,15})?$")]


class UpdateDeviceRequest(OperationRequest):
    """What is absent stays as it is; an address or a list of EANs replaces the one before.

    `latitude` and `longitude` are WGS 84 degrees as text.
    """

    alias: Annotated[Alias | None, Soap("UpdatedDevice/Alias")] = None
    address: Annotated[Address | None, Soap("UpdatedDevice/ContainerAddress")] = None
    latitude: Annotated[_Degrees | None, Soap("UpdatedDevice/GpsLatitude")] = None
    longitude: Annotated[_Degrees | None, Soap("UpdatedDevice/GpsLongitude")] = None
    activated: Annotated[bool | None, Soap("UpdatedDevice/Activated")] = None
    eans: Annotated[list[Ean] | None, Soap("UpdatedDevice/Eans")] = None
    technical_installation_date: Annotated[Moment | None, Soap("UpdatedDevice/TechnicalInstallationDate")] = None
    lifecycle_status: Annotated[DeviceLifecycleStatus | None, Soap("UpdatedDevice/DeviceLifecycleStatus")] = None

    @model_validator(mode="after")
    def _lies_on_earth(self) -> Self:
        if self.latitude is not None and abs(float(self.latitude)) > 90:
            raise ValueError("latitude must be from -90 to 90 degrees")
        if self.longitude is not None and abs(float(self.longitude)) > 180:
            raise ValueError("longitude must be from -180 to 180 degrees")
        return self


class UpdateDeviceResponse(Recorded):
    """When the registry took it over."""


OPERATION = Operation(
    name="UpdateDevice",
    request=UpdateDeviceRequest,
    response=UpdateDeviceResponse,
    function="UPDATE_DEVICE",
    summary="Change what the registry keeps of a device for people.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    soap=SoapBinding(
        service="CoreDeviceManagement",
        operation="UpdateDevice",
        not_for_meters=("UpdatedDevice/OutputSettings",),
    ),
    examples=(
        UpdateDeviceRequest(
            alias="Transformer house 12",
            address=Address(postal_code="6811 AB", city="Arnhem", street="Utrechtsestraat", number=68),
            latitude="51.98510",
            longitude="5.89873",
            eans=[Ean(code=871687120000000018, description="supply")],
        ),
        UpdateDeviceRequest(lifecycle_status=DeviceLifecycleStatus.IN_USE, activated=True),
    ),
)
