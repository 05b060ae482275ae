"""The keys that simulated meters and the gas meters behind them left the factory with, as a registry has them."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

from key_line import AUTHENTICATION, ENCRYPTION, MASTER, KeyPlatform

from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operations import set_key_on_g_meter
from meterstream.contracts.records import KeyKind, KeyState, MbusDevice
from meterstream.simulator.mbus import bus
from meterstream.simulator.mbus.keys import mbus_keys_for

DEFAULT: Final = KeyKind.G_METER_MASTER_KEY
USER: Final = KeyKind.G_METER_ENCRYPTION_KEY
FIRMWARE: Final = KeyKind.G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY
PORT: Final = KeyKind.G_METER_OPTICAL_PORT_KEY
GAS: Final = "G0001000000000017"
FACTORY: Final = {MASTER: "mk", AUTHENTICATION: "ak", ENCRYPTION: "ek"}
"""Ids of the keys of a meter."""


def hold_factory_keys(platform: KeyPlatform) -> None:
    """All three are ACTIVE and proven."""
    found = platform.bench.fleet.keys(platform.number)
    octets = {MASTER: found.master, AUTHENTICATION: found.authentication, ENCRYPTION: found.encryption}
    for kind, key_id in FACTORY.items():
        platform.registry.hold(kind, key_id, octets[kind], KeyState.ACTIVE)


def hold_new_keys(platform: KeyPlatform, kinds: Iterable[KeyKind], device: str | None = None) -> list[NewKey]:
    """A NEW key of each kind, to be handed over; its octets are those of `octets_of` its id."""
    found = []
    for kind in kinds:
        key_id = f"new {kind}"
        platform.registry.hold(kind, key_id, octets_of(key_id), KeyState.NEW)
        found.append(NewKey(device_identification=device or platform.gateway, kind=kind, key_id=key_id))
    return found


def octets_of(key_id: str) -> bytes:
    return sha256(key_id.encode()).digest()[:16]


def couple_gas_meter(platform: KeyPlatform) -> None:
    """The registry knows the gas meter on channel 1, its default key and that of its optical port."""
    number, letters = _identity(platform)
    platform.registry.mbus = MbusDevice(
        device_identification=GAS, channel=1, identification_number=f"{number:08d}", manufacturer=letters
    )
    keys = mbus_keys_for(platform.bench.fleet.settings.seed, number)
    platform.registry.hold(DEFAULT, "default", keys.default, KeyState.ACTIVE)
    platform.registry.hold(PORT, "p0", keys.optical_port, KeyState.ACTIVE)


def gas_meter(platform: KeyPlatform) -> Any:
    """The simulated device on channel 1 as it is now."""
    return bus.look(platform.bench.fleet.meter(platform.number), 1)


def set_key(kind: KeyKind, **more: Any) -> set_key_on_g_meter.SetKeyOnGMeterRequest:
    return set_key_on_g_meter.SetKeyOnGMeterRequest(mbus_device_identification=GAS, secret_type=kind.value, **more)


def _identity(platform: KeyPlatform) -> tuple[int, str]:
    found = gas_meter(platform)
    letters = "".join(chr(64 + (found.manufacturer >> shift & 31)) for shift in (10, 5, 0))
    return found.identification, letters
