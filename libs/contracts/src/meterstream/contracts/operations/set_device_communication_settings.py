"""SetDeviceCommunicationSettings: how the platform talks to a meter. No contact with the meter."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from meterstream.contracts.operation import Operation, OperationRequest, Target
from meterstream.contracts.shared.revisions import RevisedDevice
from meterstream.contracts.soap import Soap, SoapBinding


class SetDeviceCommunicationSettingsRequest(OperationRequest):
    """Replace all seven settings at once; an absent flag becomes false. They hold from the next session on.

    `challenge_length`: octets of the challenge in HLS. Outside 8 to 64 (IEC 62056-5-3) the next session fails with
    CHALLENGE_LENGTH_OUT_OF_RANGE (213), which is when clients know to expect it. `with_list_max`: attributes per
    request. `selective_access_supported`: whether profiles may be asked for some of their columns.
    """

    challenge_length: Annotated[int, Field(ge=0, le=255), Soap("ChallengeLength")]
    with_list_max: Annotated[int, Field(ge=1, le=200), Soap("WithListMax")]
    selective_access_supported: Annotated[bool, Soap("SelectiveAccessSupported")] = False
    ip_address_is_static: Annotated[bool, Soap("IpAddressIsStatic")] = False
    use_short_names: Annotated[bool, Soap("UseSn")] = False
    use_hdlc: Annotated[bool, Soap("UseHdlc")] = False
    polyphase: Annotated[bool, Soap("Polyphase")] = False


class SetDeviceCommunicationSettingsResponse(RevisedDevice):
    """The revision of the device's record that the platform works with from now on."""


OPERATION = Operation(
    name="SetDeviceCommunicationSettings",
    request=SetDeviceCommunicationSettingsRequest,
    response=SetDeviceCommunicationSettingsResponse,
    function="SET_DEVICE_COMMUNICATION_SETTINGS",
    summary="Set how the platform talks to a meter.",
    target=Target.REGISTRY,
    repeatable=True,
    soap=SoapBinding(
        service="SmartMeteringManagement",
        operation="SetDeviceCommunicationSettings",
        wrapper="SetDeviceCommunicationSettingsData",
    ),
    examples=(
        SetDeviceCommunicationSettingsRequest(
            challenge_length=16, with_list_max=32, selective_access_supported=True, ip_address_is_static=True
        ),
    ),
)
