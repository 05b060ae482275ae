"""Handing over keys of M-Bus devices through the M-Bus client {72, 0.x.24.1.0.255} (IEC 62056-6-2; DSMR P2, SMR 5)."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.records import KeyKind
from meterstream.dlms.data import Data, array, octet_string, structure
from meterstream.protocol_dlms.executor import AccessRefused, Call, Context, Device

USER: Final = KeyKind.G_METER_ENCRYPTION_KEY
_CLIENT: Final = "mbus_client_setup"
_DATA_SEND, _SET_ENCRYPTION_KEY, _TRANSFER_KEY = 6, 7, 8
_METHODS: Final = {_DATA_SEND: "DATA_SEND", _SET_ENCRYPTION_KEY: "SET_ENCRYPTION_KEY", _TRANSFER_KEY: "TRANSFER_KEY"}
_VARIABLE_LENGTH: Final = b"\x0d"
_KEY_EXCHANGE: Final = b"\xfd\x19"
_COUNTED_FROM: Final = 5
"""Major version of SMR from which keys travel under AES-GCM with a key change counter."""
_UNCOUNTED: Final = ("DSMR", "4.2.2")


async def set_user_key(device: Device, context: Context) -> None:
    """Give an M-Bus device its user key, then the E-meter the same: in this order a repeat mends whatever broke."""
    keys, meter, name = context.keys, context.meter, device.identification
    counted = is_counted(USER, context)
    enveloped = await keys.enveloped(name, USER, counted=counted)
    plain = keys.plain(name, USER)
    await meter.ready()
    keys.sending(name, USER)
    try:
        await _call(_TRANSFER_KEY, enveloped, device, context)
    except AccessRefused:
        keys.refused(name, USER)
        raise
    await _call(_SET_ENCRYPTION_KEY, plain, device, context)
    keys.accepted(name, USER)


async def send_key(kind: KeyKind, device: Device, context: Context) -> None:
    """Give an M-Bus device its firmware update authentication key, or that of its optical port."""
    keys, name = context.keys, device.identification
    enveloped = await keys.enveloped(name, kind, counted=is_counted(kind, context))
    await context.meter.ready()
    keys.sending(name, kind)
    try:
        await _call(_DATA_SEND, _telegram(enveloped), device, context)
    except AccessRefused:
        keys.refused(name, kind)
        raise
    keys.accepted(name, kind)


async def close_optical_port(kind: KeyKind, device: Device, context: Context) -> None:
    """Close the optical port of an M-Bus device: it has no key from then on."""
    counted = is_counted(kind, context)
    enveloped = await context.keys.enveloped(device.identification, kind, counted=counted, closing=True)
    await _call(_DATA_SEND, _telegram(enveloped), device, context)
    context.keys.retire(device.identification, kind)


def is_counted(kind: KeyKind, context: Context) -> bool:
    """Whether the gateway's version takes keys under a key change counter, or a user key without.

    Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL.
    """
    name, version = context.meter.profile.name, context.meter.profile.version
    if name == "SMR" and int(version.partition(".")[0]) >= _COUNTED_FROM:
        return True
    if kind is USER and (name, version) == _UNCOUNTED:
        return False
    raise error(
        "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
        f"Unsupported combination of protocol {name} {version} and key type {kind} in request to set key on g-meter",
        key=kind.value,
    )


def _telegram(enveloped: Data) -> Data:
    return array([structure(octet_string(_VARIABLE_LENGTH), octet_string(_KEY_EXCHANGE), enveloped)])


async def _call(method: int, data: Data, device: Device, context: Context) -> None:
    """Raises: AccessRefused that names the method."""
    try:
        await context.meter.action(Call(_CLIENT, method, device.channel), data)
    except AccessRefused as refusal:
        refusal.message = f"Error while executing {_METHODS[method]}. Reason = {refusal.result.name}"
        raise
