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
    goes on with the first at once, and a new one has to stand with both before they count. Both are stored before the
    first is sent, and a repeat hands over only what the meter lacks. While keys of an earlier command are undecided,
    the first attempt finds out which ones the meter holds, and fails with KEYS_UNDECIDED for another to go on.

    `lls_password` and `master_key` are for those who want these replaced too, which SOAP cannot ask for: the password
    first, as attribute 7 of {15, 0.0.40.0.0.255}, then the master key as key 3, which wraps the others from then on.
    With a meter of security suite 1 a master key is agreed on first (method 3), which wraps the new one: that takes the
    `signature_public_key` of AddDevice.
    """

    authentication_key: Annotated[EncryptedKey, Field(repr=False), Soap("AuthenticationKey")]
    encryption_key: Annotated[EncryptedKey, Field(repr=False), Soap("EncryptionKey")]
    lls_password: Annotated[EncryptedKey | None, Field(repr=False)] = None
    master_key: Annotated[EncryptedKey | None, Field(repr=False)] = None


class ReplaceKeysResponse(OperationResponse):
    """The meter works with both new keys."""


OPERATION = Operation(
    name="ReplaceKeys",
    request=ReplaceKeysRequest,
    response=ReplaceKeysResponse,
    function="REPLACE_KEYS",
    summary="Give a meter a new authentication and encryption key.",
    repeatable=True,
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
