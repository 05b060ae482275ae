"""Octets of somebody who holds the keys: valid protection around wrong contents, in every form of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any, Final

from hostile.material import CLIENT_TITLE, SERVER_TITLE, Drawn
from hostile.scene import Scene
from hostile.side import Side
from hostile.structure import Envelope, envelopes_of, octets_of
from meterstream.dlms.apdu import (
    GeneralBlock,
    GeneralKeyCiphering,
    GeneralSigning,
    decode_aare,
    decode_aarq,
    decode_general_block,
    decode_general_key_ciphering,
    decode_general_signing,
    decode_rlre,
    decode_rlrq,
    tags,
)
from meterstream.dlms.errors import DecodeError, DlmsError
from meterstream.dlms.security import (
    AsymmetricKeys,
    Ciphering,
    ContentCipher,
    CounterKind,
    Protection,
    Protector,
    unprotect,
)
from meterstream.dlms.security.ciphers import service_specific
from meterstream.dlms.security.unprotect import sender_and_recipient

Change = Callable[[bytes], bytes]
_EXCEPTION: Final = bytes((tags.EXCEPTION_RESPONSE,))
_GENERAL_BLOCK: Final = bytes((tags.GENERAL_BLOCK_TRANSFER,))
_ACSE: Final[Mapping[int, Callable[[bytes], Any]]] = {
    tags.AARQ: decode_aarq,
    tags.AARE: decode_aare,
    tags.RLRQ: decode_rlrq,
    tags.RLRE: decode_rlre,
}


def reseal(scene: Scene, index: int, side: Side, change: Change, random: Random | None = None) -> bytes | None:
    """What goes to `side` at a step, with one protected content changed and protected again.

    None when nothing in it is protected. `random` chooses which; otherwise the first.
    """
    step = scene.steps[index]
    valid = step.answered if side is Side.CLIENT else step.asked
    envelopes = envelopes_of(valid)
    insider = _Insider(scene, side)
    if any(envelope.apdu[:1] == _GENERAL_BLOCK for envelope in envelopes):
        return _in_blocks(scene, index, side, lambda apdu: insider.reseal(apdu, change))
    order = list(range(len(envelopes)))
    if random is not None:
        random.shuffle(order)
    for place in order:
        resealed = insider.reseal(envelopes[place].apdu, change)
        if resealed is not None:
            envelopes[place] = envelopes[place]._replace(apdu=resealed)
            return octets_of(envelopes)
    return None


class _Insider:
    def __init__(self, scene: Scene, side: Side) -> None:
        keyring = scene.keyring
        answering = side is Side.CLIENT
        self._keys = scene.config.keys
        self._dedicated_key = scene.dedicated_key
        self._title = SERVER_TITLE if answering else CLIENT_TITLE
        self._other_title = CLIENT_TITLE if answering else SERVER_TITLE
        self._own: AsymmetricKeys = keyring.server if answering else keyring.client
        self._receiver: AsymmetricKeys = keyring.client if answering else keyring.server

    def reseal(self, apdu: bytes, change: Change) -> bytes | None:
        if not apdu:
            return None
        tag = apdu[0]
        if tag in _ACSE:
            return self._information(apdu, change)
        if tag == tags.GENERAL_SIGNING:
            signing = decode_general_signing(apdu)
            content = self.reseal(signing.content, change) or change(signing.content)
            unsigned = GeneralSigning(signing.header, content)
            signature = b"" if self._own.signing is None else self._own.signing.sign(unsigned.signed())
            return replace(unsigned, signature=signature).encode()
        return self._ciphered(apdu, change)

    def _information(self, apdu: bytes, change: Change) -> bytes | None:
        try:
            acse = _ACSE[apdu[0]](apdu)
        except DecodeError:  # a segment of it
            return None
        information = self.reseal(acse.user_information or b"", change)
        return None if information is None else replace(acse, user_information=information).encode()

    def _ciphered(self, apdu: bytes, change: Change) -> bytes | None:
        keys = self._keys
        if keys is None:
            return None
        try:
            opened = unprotect(
                apdu, keys, title=self._title, dedicated_key=self._dedicated_key, asymmetric=self._receiver,
                least=Protection.NONE,
            )  # fmt: skip
        except DlmsError:
            return None
        if opened.title is None or opened.counter is None:
            return None
        changed, form, counter = change(opened.plaintext), opened.form, opened.counter
        if form.ciphering is Ciphering.GENERAL:
            recipient = sender_and_recipient(apdu).recipient
            protector = Protector(
                keys, self._title, recipient, lambda: counter, _AnyNumber(), asymmetric=self._own,
                fresh=Drawn(b"insider"),
            )  # fmt: skip
            return protector.protect(changed, form)
        dedicated = form.ciphering.dedicated and self._dedicated_key is not None
        key = self._dedicated_key if dedicated and self._dedicated_key else keys.encryption_key
        cipher = ContentCipher(keys.suite, key, keys.authentication_key)
        content = cipher.seal(form.protection, self._title, counter, changed)
        if not form.ciphering.general:
            # A ciphered exception-response has its own tag.
            exception = changed[:1] == _EXCEPTION
            return service_specific(tags.EXCEPTION_RESPONSE if exception else apdu[0], content)
        title = decode_general_key_ciphering(apdu).system_title
        return GeneralKeyCiphering(form.ciphering.dedicated, title, content).encode()


def _in_blocks(scene: Scene, index: int, side: Side, change: Callable[[bytes], bytes | None]) -> bytes | None:
    """The whole APDU of the exchange, changed, in one burst of general blocks instead of the first of it."""
    steps = scene.steps
    blocks: dict[int, GeneralBlock] = {}
    shape: Envelope | None = None
    for number, step in enumerate(steps):
        if step.exchange != steps[index].exchange:
            continue
        for envelope in envelopes_of(step.answered if side is Side.CLIENT else step.asked):
            if envelope.apdu[:1] != _GENERAL_BLOCK:
                continue
            block = decode_general_block(envelope.apdu)
            if not block.data or block.number in blocks:
                continue
            if not blocks and number != index:
                return None
            shape = shape or envelope
            blocks[block.number] = block
    if shape is None:
        return None
    filled = [blocks[number] for number in sorted(blocks)]
    changed = change(b"".join(block.data for block in filled))
    if changed is None:
        return None
    first, size = filled[0], len(filled[0].data)
    pieces = [changed[start : start + size] for start in range(0, len(changed), size)] or [b""]
    envelopes = []
    for number, data in enumerate(pieces):
        last = number == len(pieces) - 1
        block = replace(first, last=last, streaming=not last, number=first.number + number, data=data)
        envelopes.append(shape._replace(apdu=block.encode()))
    return octets_of(envelopes)


class _AnyNumber:
    """Received counters: nothing is received here."""

    def check(self, kind: CounterKind, number: int) -> None: ...

    def accept(self, kind: CounterKind, number: int) -> None: ...
