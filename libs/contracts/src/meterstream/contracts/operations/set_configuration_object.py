"""SetConfigurationObject: changes configuration flags of a meter."""

from __future__ import annotations

from typing import Annotated

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.configuration_object import (
    ConfigurationFlag,
    ConfigurationFlagType,
    GprsOperationMode,
    RequestedConfiguration,
)
from meterstream.contracts.soap import Soap, SoapBinding


class SetConfigurationObjectRequest(OperationRequest):
    """Read the configuration object {1, 0.1.94.31.3.255, 2}, change what is named here, write it back.

    Not in DSMR 2.2. Without HLS_5_ON_P3_ENABLE a meter that has keys for HLS 5 only can no longer be reached.
    """

    configuration: Annotated[RequestedConfiguration, Soap("ConfigurationObject")]


class SetConfigurationObjectResponse(OperationResponse):
    """The meter has taken the configuration."""


OPERATION = Operation(
    name="SetConfigurationObject",
    request=SetConfigurationObjectRequest,
    response=SetConfigurationObjectResponse,
    function="SET_CONFIGURATION_OBJECT",
    summary="Change configuration flags of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetConfigurationObject",
        wrapper="SetConfigurationObjectRequestData",
        bundle_action="SetConfigurationObjectRequest",
        bundle_response="ActionResponse",
        result_text="Set configuration object was successful",
    ),
    examples=(
        SetConfigurationObjectRequest(
            configuration=RequestedConfiguration(
                gprs_operation_mode=GprsOperationMode.ALWAYS_ON,
                flags=[
                    ConfigurationFlag(flag=ConfigurationFlagType.DISCOVER_ON_OPEN_COVER, enabled=False),
                    ConfigurationFlag(flag=ConfigurationFlagType.DISCOVER_ON_POWER_ON, enabled=True),
                ],
            )
        ),
        SetConfigurationObjectRequest(
            configuration=RequestedConfiguration(
                flags=[ConfigurationFlag(flag=ConfigurationFlagType.PO_ENABLE, enabled=False)]
            )
        ),
    ),
)
