"""Handing over keys of an electricity meter: {64, 0.0.43.0.0.255} method 2, global_key_transfer (IEC 62056-6-2)."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.records import KeyKind
from meterstream.dlms.data import array, enum, structure
from meterstream.protocol_dlms.executor import AccessRefused, Call, Context

_TRANSFER: Final = Call("security_setup", 2)
_KEY_IDS: Final = {KeyKind.E_METER_AUTHENTICATION_KEY: 2, KeyKind.E_METER_ENCRYPTION_KEY_UNICAST: 0}
"""In their order: the encryption key starts a new series of counters, so the association ends with it."""


async def replace_keys(context: Context) -> None:
    """Hand over both new keys, each in an ACTION of its own, as far as the association does not stand with them yet.

    Raises: KEYS_UNDECIDED where the attempt is there to find out what became of an earlier one.
    """
    keys, device = context.keys, context.device.identification
    if not all(keys.is_new(device, kind) for kind in _KEY_IDS):
        keys.probe(device)
    missing = [kind for kind in _KEY_IDS if not keys.in_force(device, kind)]
    for kind in missing:
        await _hand_over(kind, context)
    if missing:
        await keys.prove()


async def _hand_over(kind: KeyKind, context: Context) -> None:
    keys, device = context.keys, context.device.identification
    transfer = array([structure(enum(_KEY_IDS[kind]), keys.wrapped(device, kind))])
    await context.meter.ready()
    keys.sending(device, kind)
    try:
        await context.meter.action(_TRANSFER, transfer)
    except AccessRefused as refusal:
        keys.refused(device, kind)
        refusal.message = f"AccessResultCode for replace keys was not SUCCESS: {refusal.result.name}"
        refusal.details["key"] = kind.value
        raise
    keys.accepted(device, kind)
