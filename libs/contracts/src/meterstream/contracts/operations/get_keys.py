"""GetKeys: a device's active keys, encrypted for the calling application. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.keys import SecretType
from meterstream.contracts.soap import Soap, SoapBinding


class GetKeysRequest(OperationRequest):
    """Which kinds of keys; the application must have registered a public key."""

    secret_types: Annotated[list[SecretType], Field(min_length=1, max_length=4), Soap("secretTypes")]


class ActiveKey(Record):
    """A key, encrypted with the application's RSA public key (OAEP, SHA-1, MGF1 over SHA-1).

    No octets where the device has no active key of that kind.
    """

    secret_type: Annotated[SecretType, Soap("secretType")]
    secret_value: Annotated[bytes, Field(max_length=1024, repr=False), Soap("secretValue")]


class GetKeysResponse(OperationResponse):
    """One entry per kind that was asked for, in that order."""

    keys: Annotated[list[ActiveKey], Soap("GetKeysResponseData")]


OPERATION = Operation(
    name="GetKeys",
    request=GetKeysRequest,
    response=GetKeysResponse,
    function="GET_KEYS",
    summary="Get active keys of a device, encrypted for the calling application.",
    target=Target.REGISTRY,
    repeatable=True,
    soap=SoapBinding(service="SmartMeteringConfiguration", operation="GetKeys", wrapper="GetKeysData"),
    examples=(
        GetKeysRequest(secret_types=[SecretType.E_METER_AUTHENTICATION_KEY, SecretType.E_METER_ENCRYPTION_KEY_UNICAST]),
    ),
)
