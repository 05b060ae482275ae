"""What reaches an M-Bus device through its meter: keys, and what the meter then knows and logs about them.

The meter only says that it took a command. Whether the device took the key shows in the auxiliary event log, in its
status, and at the next reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.keys import KeyKind, NewKey, open_cbc, open_gcm
from meterstream.simulator.mbus.state import MbusChannel

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter

KEY_EXCHANGE: Final = b"\xfd\x19"
VALVE: Final = b"\xfd\x1f"

NO_KEY, KEY_SET, KEY_TRANSFERRED, KEY_SET_AND_TRANSFERRED = range(4)


def set_user_key(meter: SimulatedMeter, channel: int, key: bytes, at: int) -> None:
    """Give the meter the user key of a device, in plain octets; none: it expects plain telegrams."""
    found = mbus.touch(meter, channel)
    if key:
        found.meter_key = _kept(meter, channel, key)
        transferred = found.key_status in (KEY_TRANSFERRED, KEY_SET_AND_TRANSFERRED)
        found.key_status = KEY_SET_AND_TRANSFERRED if transferred else KEY_SET
    else:
        found.meter_key = None
        found.key_status = NO_KEY
    mbus.expect_reading(meter, channel, at)


def transfer_key(meter: SimulatedMeter, channel: int, sealed: bytes, at: int) -> None:
    """Send a device a new key, wrapped with the default key; which one it is stands in the envelope."""
    taken = _send(meter, channel, sealed, at)
    if taken is None:
        return
    found = mbus.touch(meter, channel)
    if taken.kind is KeyKind.FIRMWARE:
        found.firmware_key = taken.key
    elif taken.kind is KeyKind.OPTICAL_PORT:
        _enable_optical_port(meter, channel, taken.key, at)
    else:
        found.device_key = _kept(meter, channel, taken.key)
        is_set = found.key_status in (KEY_SET, KEY_SET_AND_TRANSFERRED)
        found.key_status = KEY_SET_AND_TRANSFERRED if is_set else KEY_TRANSFERRED
        mbus.expect_reading(meter, channel, at)


def _enable_optical_port(meter: SimulatedMeter, channel: int, key: bytes, at: int) -> None:
    """Open the optical port under a key; sixteen zeros close it."""
    found = mbus.touch(meter, channel)
    found.optical_port_key = key
    found.status &= ~(1 << mbus.OPTICAL_PORT_ENABLED)
    if any(key):
        found.status |= 1 << mbus.OPTICAL_PORT_ENABLED
        mbus.log_auxiliary(meter, channel, mbus.STATUS_BIT + mbus.OPTICAL_PORT_ENABLED, at)


def firmware_key(meter: SimulatedMeter, channel: int) -> bytes:
    """Give the firmware update authentication key of a device."""
    held = mbus.look(meter, channel).firmware_key
    return mbus.factory_keys(meter, channel).firmware if held is None else held


def _send(meter: SimulatedMeter, channel: int, sealed: bytes, at: int) -> NewKey | None:
    """Let a device open an envelope, and report what it says; None: it did not hear, or refused."""
    found = mbus.touch(meter, channel)
    mbus.log_auxiliary(meter, channel, mbus.KEY_SENT, at)
    if not found.present:
        return None
    opened = _open(meter, channel, found, sealed)
    accepted = isinstance(opened, NewKey)
    bit = mbus.NEW_KEY_ACCEPTED if accepted else mbus.NEW_KEY_REJECTED
    found.status |= 1 << bit
    mbus.log_auxiliary(meter, channel, mbus.STATUS_BIT + bit, at)
    if not isinstance(opened, NewKey):
        return None
    found.key_counter = opened.counter
    mbus.log_auxiliary(meter, channel, mbus.KEY_ACKNOWLEDGED, at)
    return opened


def _open(meter: SimulatedMeter, channel: int, found: MbusChannel, sealed: bytes) -> NewKey | object:
    default = mbus.factory_keys(meter, channel).default
    if mbus.is_smr5(meter):
        return open_gcm(default, found.identity, sealed, found.key_counter)
    return open_cbc(default, sealed)


def _kept(meter: SimulatedMeter, channel: int, key: bytes) -> bytes | None:
    """Keep a user key; None stands for the one from the factory."""
    return None if key == mbus.factory_keys(meter, channel).user else key
