"""SetDeviceAlias: what people call a device. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Kind, Operation, OperationRequest, Target
from meterstream.contracts.shared.registry import Alias, Recorded
from meterstream.contracts.soap import Soap, SoapBinding


class SetDeviceAliasRequest(OperationRequest):
    """The new alias; empty takes it away."""

    alias: Annotated[Alias, Soap("DeviceAlias")]


class SetDeviceAliasResponse(Recorded):
    """When the alias was set."""


OPERATION = Operation(
    name="SetDeviceAlias",
    request=SetDeviceAliasRequest,
    response=SetDeviceAliasResponse,
    function="SET_DEVICE_ALIASES",
    summary="Give a device an alias.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    soap=SoapBinding(
        service="CoreDeviceManagement", operation="SetDeviceAlias", not_for_meters=("DeviceOutputSettings",)
    ),
    examples=(SetDeviceAliasRequest(alias="Transformer house 12"),),
)
