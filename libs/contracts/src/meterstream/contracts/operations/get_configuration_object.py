"""GetConfigurationObject: the configuration flags of a meter."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.configuration_object import Configuration
from meterstream.contracts.soap import Soap, SoapBinding


class GetConfigurationObjectRequest(OperationRequest):
    """Read the configuration object {1, 0.1.94.31.3.255, 2}; not in DSMR 2.2."""


class GetConfigurationObjectResponse(OperationResponse):
    """The configuration that the meter holds."""

    configuration: Annotated[Configuration, Soap("ConfigurationObject")]


OPERATION = Operation(
    name="GetConfigurationObject",
    request=GetConfigurationObjectRequest,
    response=GetConfigurationObjectResponse,
    function="GET_CONFIGURATION_OBJECT",
    summary="Read the configuration flags of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="GetConfigurationObject",
        bundle_action="GetConfigurationObjectRequest",
        bundle_response="GetConfigurationObjectResponse",
    ),
    examples=(GetConfigurationObjectRequest(),),
)
