"""Bundle: several operations on one meter, one after another in one association."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.errors import ErrorRecord
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import SoapBinding


class BundleAction(Record):
    """One action: `request` is the encoded `<Operation>Request` (Avro single-object encoding)."""

    operation: str
    request: bytes


class BundleAnswer(Record):
    """What came of one action: the encoded `<Operation>Response`, or the error."""

    operation: str
    response: bytes | None = None
    error: ErrorRecord | None = None
    retryable: bool = False


class BundleRequest(OperationRequest):
    """Actions in the order of their execution; repeats are allowed."""

    actions: Annotated[list[BundleAction], Field(min_length=1, max_length=1000)]


class BundleResponse(OperationResponse):
    """One answer per action, in the order of the actions."""

    answers: list[BundleAnswer]


OPERATION = Operation(
    name="Bundle",
    request=BundleRequest,
    response=BundleResponse,
    function="HANDLE_BUNDLED_ACTIONS",
    summary="Carry out several operations on one meter in one association.",
    soap=SoapBinding(service="SmartMeteringBundle", operation="Bundle"),
)
