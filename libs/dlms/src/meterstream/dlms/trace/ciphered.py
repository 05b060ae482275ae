"""Ciphered APDUs: what is readable of them and, with keys, what is inside (IEC 62056-5-3, 5.3.7 and 8.2)."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.data import encode_length
from meterstream.dlms.errors import DecipherError
from meterstream.dlms.security import SECURITY_CONTROL, TITLE_OCTETS, Suite0
from meterstream.dlms.trace.acse import title_text
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.session import Tracer

GENERAL_TAGS: Final = frozenset({0xDB, 0xDC})
_FROM_CLIENT: Final = frozenset(
    {tags.GLO_INITIATE_REQUEST, tags.GLO_GET_REQUEST, tags.GLO_SET_REQUEST, tags.GLO_ACTION_REQUEST}
)
_FROM_SERVER: Final = frozenset(
    {
        tags.GLO_INITIATE_RESPONSE,
        tags.GLO_GET_RESPONSE,
        tags.GLO_SET_RESPONSE,
        tags.GLO_ACTION_RESPONSE,
        tags.EXCEPTION_RESPONSE,
    }
)
_DEDICATED: Final = frozenset({0x41, 0x48, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD7})
_REQUESTS: Final = _FROM_CLIENT | {0x41, 0xD0, 0xD1, 0xD3}
_OTHER_GLOBAL: Final = frozenset({0xCA})
CIPHERED_TAGS: Final = _FROM_CLIENT | _FROM_SERVER | _DEDICATED | _OTHER_GLOBAL | GENERAL_TAGS

_AUTHENTICATED: Final = 0x10
_ENCRYPTED: Final = 0x20
_BROADCAST: Final = 0x40
_COMPRESSED: Final = 0x80
_SUITE: Final = 0x0F
_COUNTER_OCTETS: Final = 4
_TAG_OCTETS: Final = 12


def ciphered(tracer: Tracer, cursor: Cursor, tag: int, name: str) -> None:
    """A ciphered APDU after its tag. Raises: Broken."""
    if tag in _REQUESTS or (tag in GENERAL_TAGS and tracer.keys is None):
        tracer.answered()  # what is asked now may stay closed; an older request must not speak for it
    title: bytes | None = None
    if tag in GENERAL_TAGS:
        title = cursor.take(cursor.length("system title"), "system title")
        tracer.lines.add(f"system title {title_text(tracer, title)}" if title else "system title not sent")
    title = title or _title_of_sender(tracer, tag)
    length = cursor.length(name)
    complete = length <= cursor.left
    usable = title if complete and length == cursor.left and tag not in _DEDICATED | {0xDC} else None
    cursor.within(length, name, lambda content: _content(tracer, content, usable, _reason(tag, title)))
    cursor.end(name)


def _title_of_sender(tracer: Tracer, tag: int) -> bytes | None:
    if tag in _FROM_CLIENT:
        return tracer.context.client_title
    return tracer.context.server_title if tag in _FROM_SERVER else None


def _reason(tag: int, title: bytes | None) -> str:
    """Why an APDU whose title cannot be used stays closed."""
    if tag in _DEDICATED or tag == 0xDC:
        return "ciphered with a dedicated key"
    return "the system title of the sender is not known" if title is None else "it is not complete"


def control_text(control: int) -> str:
    """Security control by name (IEC 62056-5-3, 5.3.7)."""
    protection = {
        0: "not protected",
        _AUTHENTICATED: "authenticated",
        _ENCRYPTED: "encrypted",
        _AUTHENTICATED | _ENCRYPTED: "authenticated and encrypted",
    }[control & (_AUTHENTICATED | _ENCRYPTED)]
    key = "broadcast key" if control & _BROADCAST else "unicast key"
    compressed = ", compressed" if control & _COMPRESSED else ""
    return f"{control:02X}: {protection}, suite {control & _SUITE}, {key}{compressed}"


def _content(tracer: Tracer, cursor: Cursor, title: bytes | None, reason: str) -> None:
    add = tracer.lines.add
    control = cursor.octet("security control")
    add(f"security control {control_text(control)}")
    add(f"invocation counter {cursor.number(_COUNTER_OCTETS, 'invocation counter')}")
    tag_octets = _TAG_OCTETS if control & _AUTHENTICATED else 0
    if cursor.left < tag_octets:
        raise cursor.broken(f"the authentication tag takes {tag_octets} octets, {cursor.left} are there")
    sealed = cursor.window(cursor.left - tag_octets)
    add(f"{'ciphertext' if control & _ENCRYPTED else 'plaintext'}, {len(sealed.raw)} octets")
    if tag_octets:
        add(f"authentication tag {cursor.take(tag_octets, 'authentication tag').hex().upper()}")
    if tracer.keys is not None:
        _open(tracer, cursor, control, title, reason)


def _open(tracer: Tracer, content: Cursor, control: int, title: bytes | None, reason: str) -> None:
    if title is None or control != SECURITY_CONTROL or len(title) != TITLE_OCTETS:
        other = "a security control or a system title that is not opened here"
        tracer.lines.add(f"not opened: {reason if title is None else other}")
        return
    if tracer.keys is None:
        return
    # The cipher takes an APDU; its tag does not matter to it.
    apdu = b"\x00" + encode_length(len(content.raw)) + content.raw
    try:
        _, plaintext = Suite0(tracer.keys).unseal(apdu, title)
    except DecipherError as error:
        raise content.broken(f"not opened: {error}", 0, error.code) from None
    tracer.lines.add(f"opened, {len(plaintext)} octets")
    with tracer.lines.indented():
        tracer.body(tracer, Cursor(plaintext, opened=True))
