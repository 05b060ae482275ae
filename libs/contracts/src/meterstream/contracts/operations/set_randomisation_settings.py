"""SetRandomisationSettings: how meters spread their registration after a power failure."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


class SetRandomisationSettingsRequest(OperationRequest):
    """Write the flag DIRECT_ATTACH_AT_POWER_ON into the configuration object, then {1, 0.1.94.31.12.255, 2}.

    `direct_attach` 1: register with the network at once after a power failure; the other values are not written.
    0: wait a random time that start window, multiplication factor and number of retries determine.
    Not in DSMR 2.2, direct attach not in DSMR 4.2.2.
    """

    direct_attach: Annotated[int, Field(ge=0, le=1), Soap("directAttach")]
    randomisation_start_window: Annotated[int, Field(ge=1, le=65535), Soap("randomisationStartWindow")]
    multiplication_factor: Annotated[int, Field(ge=1, le=7), Soap("multiplicationFactor")]
    number_of_retries: Annotated[int, Field(ge=1, le=31), Soap("numberOfRetries")]


class SetRandomisationSettingsResponse(OperationResponse):
    """The meter has taken the settings."""


OPERATION = Operation(
    name="SetRandomisationSettings",
    request=SetRandomisationSettingsRequest,
    response=SetRandomisationSettingsResponse,
    function="SET_RANDOMISATION_SETTINGS",
    summary="Set how a meter delays its registration with the network.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="SetRandomisationSettings",
        wrapper="SetRandomisationSettingsData",
        bundle_action="SetRandomisationSettingsRequest",
        bundle_response="ActionResponse",
        result_text="Set Randomisation Settings was successful.",
    ),
    examples=(
        SetRandomisationSettingsRequest(
            direct_attach=0, randomisation_start_window=10, multiplication_factor=2, number_of_retries=1
        ),
        SetRandomisationSettingsRequest(
            direct_attach=1, randomisation_start_window=1, multiplication_factor=1, number_of_retries=1
        ),
    ),
)
