"""Whether an attempt may start now, by its own limits and the gateway's record."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from meterstream.contracts.envelope import DlmsRequestHeader
from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import DeviceRecord, DeviceState, MbusDevice


class Gate(Enum):
    """START: now. WAIT: once the gateway's record has caught up."""

    START = "start"
    WAIT = "wait"


def check_expiry(header: DlmsRequestHeader, now: datetime) -> None:
    """Raises: MAX_SCHEDULE_TIME_EXCEEDED; nothing starts after `not_after`."""
    if now > header.not_after:
        raise error(
            "MAX_SCHEDULE_TIME_EXCEEDED",
            f"not started by {header.not_after.isoformat()}",
            not_after=header.not_after.isoformat(),
        )


def admit(header: DlmsRequestHeader, revision: int | None, record: DeviceRecord | None) -> Gate:
    """Compare an attempt with the gateway's record.

    Args:
        revision: the newest one seen of the record, None when there was never one.
        record: None when the gateway was removed, or was never there.
    Raises: DEVICE_REMOVED, GATEWAY_CHANGED.
    """
    if revision is None or revision < header.record_revision:
        return Gate.WAIT
    if record is None or record.state is DeviceState.REMOVED:
        raise error("DEVICE_REMOVED", f"{header.gateway} was removed", device=header.gateway, revision=revision)
    if not _belongs(header, record):
        raise _moved(header, header.device_identification, header.channel)
    for device in header.mbus_devices:
        if device.channel is not None and not _stands(device, record):
            raise _moved(header, device.device_identification, device.channel)
    return Gate.START


def behind(header: DlmsRequestHeader, revision: int | None) -> PlatformError:
    """The answer when the record did not catch up in time."""
    return error(
        "DEVICE_RECORD_BEHIND",
        f"the record of {header.gateway} is not at revision {header.record_revision} yet",
        needed=header.record_revision,
        seen="none" if revision is None else revision,
    )


def _belongs(header: DlmsRequestHeader, record: DeviceRecord) -> bool:
    if header.channel is None:
        return header.device_identification == record.device_identification
    return any(
        known.channel == header.channel
        and known.device_identification == header.device_identification
        and (header.mbus_identity is None or known.mbus_identity == header.mbus_identity)
        for known in record.channels
    )


def _stands(device: MbusDevice, record: DeviceRecord) -> bool:
    return any(
        known.channel == device.channel and known.device_identification == device.device_identification
        for known in record.channels
    )


def _moved(header: DlmsRequestHeader, device: str, channel: int | None) -> PlatformError:
    place = "itself" if channel is None else f"channel {channel}"
    return error(
        "GATEWAY_CHANGED",
        f"{device} is no longer on {header.gateway} ({place})",
        device=device,
        gateway=header.gateway,
        channel="" if channel is None else channel,
    )
