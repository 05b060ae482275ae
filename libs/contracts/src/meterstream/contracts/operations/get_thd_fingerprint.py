"""GetThdFingerprint: total harmonic distortion of the currents, now and by harmonic."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.soap import Soap, SoapBinding


class GetThdFingerprintRequest(OperationRequest):
    """Read attribute 2 of {3, 1.0.31.7.124.255}, {1, 0.1.94.31.24.255} and {3, 1.0.31.36.124.255}, and their phases.

    SMR 5.2 and later; phases L2 and L3 on polyphase meters only.
    """


class ThdFingerprint(Record):
    """Per phase: distortion in %, its harmonics in %, and how often it went over the limit."""

    instantaneous_current_l1: Annotated[int, Soap("ThdInstantaneousCurrentL1")]
    instantaneous_current_l2: Annotated[int | None, Soap("ThdInstantaneousCurrentL2")] = None
    instantaneous_current_l3: Annotated[int | None, Soap("ThdInstantaneousCurrentL3")] = None
    fingerprint_l1: Annotated[list[int], Soap("ThdInstantaneousCurrentFingerprintL1/FingerprintValue")] = Field(
        default_factory=list
    )
    fingerprint_l2: Annotated[list[int] | None, Soap("ThdInstantaneousCurrentFingerprintL2/FingerprintValue")] = None
    fingerprint_l3: Annotated[list[int] | None, Soap("ThdInstantaneousCurrentFingerprintL3/FingerprintValue")] = None
    over_limit_counter_l1: Annotated[int, Soap("ThdCurrentOverLimitCounterL1")]
    over_limit_counter_l2: Annotated[int | None, Soap("ThdCurrentOverLimitCounterL2")] = None
    over_limit_counter_l3: Annotated[int | None, Soap("ThdCurrentOverLimitCounterL3")] = None


class GetThdFingerprintResponse(OperationResponse):
    """The fingerprint of the phases that the meter has."""

    fingerprint: Annotated[ThdFingerprint, Soap("ThdFingerprint")]


OPERATION = Operation(
    name="GetThdFingerprint",
    request=GetThdFingerprintRequest,
    response=GetThdFingerprintResponse,
    function="GET_THD_FINGERPRINT",
    summary="Read the harmonic distortion of the currents of a meter.",
    repeatable=True,
    bundle_action=True,
    soap=SoapBinding(
        service="SmartMeteringMonitoring",
        operation="GetThdFingerprint",
        bundle_action="GetThdFingerprintRequest",
        bundle_response="GetThdFingerprintResponse",
    ),
    examples=(GetThdFingerprintRequest(),),
)
