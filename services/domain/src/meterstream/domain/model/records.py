"""Records of devices and organisations as other services read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterstream.contracts.operations.add_device import NewDevice
from meterstream.contracts.records import (
    Connection,
    DeviceRecord,
    DeviceState,
    MbusChannel,
    SealedKey,
    SecurityLevel,
)

CHALLENGE_LENGTH: Final = 64
"""Octets of our HLS challenge where AddDevice names none; the longest there is (IEC 62056-5-3)."""


@dataclass(frozen=True, slots=True)
class DeviceContent:
    """A device's row as its record needs it."""

    identification: str
    organisation: str
    state: DeviceState
    description: NewDevice
    time_zone: str | None
    revision: int
    debug: bool = False
    use_short_names: bool = False
    use_hdlc: bool = False
    system_title: bytes | None = None


def security_level(device: NewDevice) -> SecurityLevel:
    """The highest level that is switched on wins."""
    levels = (
        (device.hls5_active, SecurityLevel.HLS5),
        (device.hls4_active, SecurityLevel.HLS4),
        (device.hls3_active, SecurityLevel.HLS3),
        (device.lls1_active, SecurityLevel.LLS1),
    )
    return next((level for is_active, level in levels if is_active), SecurityLevel.NONE)


def device_record(
    content: DeviceContent,
    recipient: str,
    ephemeral_public: bytes,
    keys: list[SealedKey],
    channels: list[MbusChannel],
) -> DeviceRecord:
    """The record of a device with a connection; of a removed one nothing but the fact."""
    device = content.description
    if content.state is DeviceState.REMOVED:
        return DeviceRecord(
            device_identification=content.identification,
            revision=content.revision,
            state=DeviceState.REMOVED,
            organisation=content.organisation,
            device_type=device.device_type,
            protocol_name=device.protocol_name,
            protocol_version=device.protocol_version,
            connection=Connection(),
            security_level=SecurityLevel.NONE,
        )
    return DeviceRecord(
        device_identification=content.identification,
        revision=content.revision,
        state=DeviceState.ACTIVE,
        organisation=content.organisation,
        device_type=device.device_type,
        protocol_name=device.protocol_name,
        protocol_version=device.protocol_version,
        connection=Connection(
            address=device.network_address,
            port=device.port,
            logical_id=device.logical_id,
            dynamic=not device.ip_address_is_static,
            base_station=device.base_station,
            cell=device.cell,
            icc_id=device.icc_id,
            provider=device.communication_provider,
        ),
        security_level=security_level(device),
        challenge_length=device.challenge_length or CHALLENGE_LENGTH,
        with_list_max=device.with_list_max or 0,
        selective_access=device.selective_access_supported,
        polyphase=device.polyphase,
        use_hdlc=content.use_hdlc,
        use_short_names=content.use_short_names,
        debug=content.debug,
        time_zone=content.time_zone,
        communication_method=device.communication_method,
        system_title=content.system_title,
        protocol_variant=device.protocol_variant,
        recipient=recipient,
        ephemeral_public=ephemeral_public,
        keys=keys,
        channels=channels,
        signature_public_key=device.signature_public_key,
    )
