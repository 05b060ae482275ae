"""Handing over the keys of an electricity meter, and the password of its association (IEC 62056-6-2).

Keys: {64, 0.0.43.0.0.255} method 2, global_key_transfer; under suite 1 the master key after method 3, key_agreement.
Password: {15, 0.0.40.0.0.255} attribute 7, secret.
"""

from __future__ import annotations

from typing import Final

from meterstream.contracts.records import KeyKind
from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.data import Data, array, enum, structure
from meterstream.protocol_dlms.executor import AccessRefused, At, Call, Context

_TRANSFER: Final = Call("security_setup", 2)
_AGREE: Final = Call("security_setup", 3)
_SECRET: Final = At("association_ln", 7)
_MASTER: Final = KeyKind.E_METER_MASTER_KEY
_PASSWORD: Final = KeyKind.LLS_PASSWORD
_KEY_IDS: Final = {
    _MASTER: 3,
    KeyKind.E_METER_AUTHENTICATION_KEY: 2,
    KeyKind.E_METER_ENCRYPTION_KEY_UNICAST: 0,
}
"""In their order: the encryption key starts a new series of counters, so the association ends with it."""
_ALWAYS: Final = (KeyKind.E_METER_AUTHENTICATION_KEY, KeyKind.E_METER_ENCRYPTION_KEY_UNICAST)


async def replace_keys(context: Context) -> None:
    """Hand over the new keys, each in a request of its own, as far as the meter does not have them yet.

    The password goes first, then the master key, which wraps those after it.

    Raises: KEYS_UNDECIDED where the attempt is there to find out what became of an earlier one.
    """
    keys, device = context.keys, context.device.identification
    if not all(keys.is_new(device, kind) for kind in _ALWAYS):
        await _probe(context)
    missing = [kind for kind in (_PASSWORD, *_KEY_IDS) if keys.is_new(device, kind) and not keys.in_force(device, kind)]
    for kind in missing:
        await _hand_over(kind, context)
    if set(missing) - {_MASTER}:
        await keys.prove()


async def _probe(context: Context) -> None:
    """Whether a meter holds a master key shows in what it takes under it: that key itself changes nothing.

    Raises: KEYS_UNDECIDED.
    """
    keys, device = context.keys, context.device.identification
    by_itself = keys.undecided_master(device)
    if by_itself is not None:
        try:
            await _call(_MASTER, by_itself, context)
        except AccessRefused as refusal:
            if _is_clear(refusal):
                keys.probed_master(device, taken=False)
        else:
            keys.probed_master(device, taken=True)
    keys.probe(device)


async def _hand_over(kind: KeyKind, context: Context) -> None:
    keys, device = context.keys, context.device.identification
    agrees = kind is _MASTER and keys.agrees(device)
    if agrees:  # where that is refused the meter holds what it did: the new key too, if an earlier attempt brought it
        await _agree(context)
    try:
        if kind is _PASSWORD:
            await context.meter.ready()
            keys.sending(device, kind)
            await context.meter.set(_SECRET, keys.plain(device, kind))
        else:
            await _transfer(kind, context, agreed=agrees)
    except AccessRefused as refusal:
        if kind is not _MASTER or _is_clear(refusal):
            keys.refused(device, kind)
        _name(refusal, kind)
        raise
    keys.accepted(device, kind)


def _name(refusal: AccessRefused, kind: KeyKind) -> None:
    """In the words that clients know, with the key it is about."""
    refusal.message = f"AccessResultCode for replace keys was not SUCCESS: {refusal.result.name}"
    refusal.details["key"] = kind.value


async def _transfer(kind: KeyKind, context: Context, *, agreed: bool) -> None:
    """Args: agreed, whether the master key that it goes under was agreed on just now.

    Raises: AccessRefused; see Keys.agreement and Keys.agreed.
    """
    keys, device = context.keys, context.device.identification
    try:
        await _transfer_wrapped(kind, context)
    except AccessRefused as refusal:
        if not (_is_clear(refusal) and keys.can_agree(device)):
            raise
        await _restore_master(context, agreed=agreed)
        if agreed:
            raise
        await _transfer_wrapped(kind, context)


async def _agree(context: Context) -> None:
    """From its answer on the meter holds a master key that outlives the association in the meter alone.

    Raises: AccessRefused; see Keys.agreement and Keys.agreed.
    """
    keys, device = context.keys, context.device.identification
    offer = keys.agreement(device)
    await context.meter.ready()
    try:
        answer = await context.meter.action(_AGREE, array([structure(enum(_KEY_IDS[_MASTER]), offer)]))
    except AccessRefused as refusal:
        _name(refusal, _MASTER)
        raise
    keys.agreed(device, answer)


async def _restore_master(context: Context, *, agreed: bool) -> None:
    """Give a meter its ACTIVE master key again: what it holds is one agreed on, which a lost answer left it with, or
    which it has not let go for the new one.

    Raises: AccessRefused, unless an agreement stands: then the refusal before it says what there is to say.
    """
    keys, device = context.keys, context.device.identification
    try:
        if not agreed:
            await _agree(context)
        await context.meter.ready()
        await _call(_MASTER, keys.active_master(device), context)
    except AccessRefused:
        if not agreed:
            raise
    else:
        keys.restored_master(device)


async def _transfer_wrapped(kind: KeyKind, context: Context) -> None:
    """Under one master key after another, where it is in doubt which one the meter holds: others it cannot unwrap.

    Raises: AccessRefused.
    """
    keys, device = context.keys, context.device.identification
    forms = keys.wrapped(device, kind)
    for place, wrapped in enumerate(forms):
        await context.meter.ready()
        keys.sending(device, kind)
        try:
            await _call(kind, wrapped, context)
        except AccessRefused as refusal:
            if place == len(forms) - 1 or not _is_clear(refusal):
                raise
        else:
            keys.unwrapped(device, place)
            return


def _is_clear(refusal: AccessRefused) -> bool:
    """Whether the meter would say the same again. What it says for the time being tells nothing about its keys."""
    return refusal.result is not ActionResult.TEMPORARY_FAILURE


async def _call(kind: KeyKind, wrapped: Data, context: Context) -> None:
    await context.meter.action(_TRANSFER, array([structure(enum(_KEY_IDS[kind]), wrapped)]))
