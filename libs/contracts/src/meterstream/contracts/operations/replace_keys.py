"""ReplaceKeys: gives an electricity meter the caller's authentication and encryption key."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.shared.keys import EncryptedKey
from meterstream.contracts.soap import Soap, SoapBinding


class ReplaceKeysRequest(OperationRequest):
    """Hand over both keys, wrapped with the master key (RFC 3394), with method 2 of {64, 0.0.43.0.0.255}.

    First the authentication key, then the global unicast encryption key, each in an ACTION of its own; the association
    goes on with each new key at once. Not repeated by itself where it is unknown whether a key has arrived.
    """

    authentication_key: Annotated[EncryptedKey, Field(repr=False), Soap("AuthenticationKey")]
    encryption_key: Annotated[EncryptedKey, Field(repr=False), Soap("EncryptionKey")]


class ReplaceKeysResponse(OperationResponse):
    """The meter works with both new keys."""


OPERATION = Operation(
    name="ReplaceKeys",
    request=ReplaceKeysRequest,
    response=ReplaceKeysResponse,
    function="REPLACE_KEYS",
    summary="Give a meter a new authentication and encryption key.",
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringConfiguration",
        operation="ReplaceKeys",
        wrapper="SetKeysRequestData",
        bundle_action="SetKeysRequest",
        bundle_response="ActionResponse",
        result_text="Replace keys for device {device} was successful",
    ),
    examples=(ReplaceKeysRequest(authentication_key=bytes(256), encryption_key=bytes(256)),),
)
