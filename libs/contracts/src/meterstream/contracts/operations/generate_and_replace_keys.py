"""GenerateAndReplaceKeys: gives an electricity meter keys that the platform makes."""

from __future__ import annotations

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import SoapBinding


class GenerateAndReplaceKeysRequest(OperationRequest):
    """Make an authentication and a global unicast encryption key and hand them over as ReplaceKeys does.

    `lls_password`, `master_key`: make and replace these too.
    """

    lls_password: bool = False
    master_key: bool = False


class GenerateAndReplaceKeysResponse(OperationResponse):
    """The meter works with both new keys, which GetKeys tells."""


OPERATION = Operation(
    name="GenerateAndReplaceKeys",
    request=GenerateAndReplaceKeysRequest,
    response=GenerateAndReplaceKeysResponse,
    function="GENERATE_AND_REPLACE_KEYS",
    summary="Give a meter an authentication and encryption key that the platform makes.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="GenerateAndReplaceKeys",
        bundle_action="GenerateAndReplaceKeysRequest",
        bundle_response="ActionResponse",
        result_text="Replace keys for device {device} was successful",
    ),
    examples=(GenerateAndReplaceKeysRequest(),),
)
