"""Ciphered APDUs: what is readable of them and, with keys, what is inside (IEC 62056-5-3, 5.3.7 and 8.2)."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.apdu import tags
from meterstream.dlms.errors import DecipherError
from meterstream.dlms.security import TITLE_OCTETS, ContentCipher, SecurityControl, SecurityKeys
from meterstream.dlms.trace.acse import title_text
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.session import Tracer

GENERAL_TAGS: Final = frozenset({tags.GENERAL_GLO_CIPHERING, tags.GENERAL_DED_CIPHERING})
_FROM_CLIENT: Final = frozenset(
    {tags.GLO_INITIATE_REQUEST, tags.GLO_GET_REQUEST, tags.GLO_SET_REQUEST, tags.GLO_ACTION_REQUEST}
)
_FROM_SERVER: Final = frozenset(
    {
        tags.GLO_INITIATE_RESPONSE,
        tags.GLO_GET_RESPONSE,
        tags.GLO_SET_RESPONSE,
        tags.GLO_ACTION_RESPONSE,
        tags.GLO_CONFIRMED_SERVICE_ERROR,
        tags.GLO_EVENT_NOTIFICATION_REQUEST,
        tags.EXCEPTION_RESPONSE,
    }
)
_DED_INITIATE: Final = frozenset({0x41, 0x48})
_DEDICATED_FROM_CLIENT: Final = frozenset({0x41, tags.DED_GET_REQUEST, tags.DED_SET_REQUEST, tags.DED_ACTION_REQUEST})
_DEDICATED: Final = frozenset(tags.PLAIN_OF_DED) | _DED_INITIATE
_REQUESTS: Final = _FROM_CLIENT | _DEDICATED_FROM_CLIENT
CIPHERED_TAGS: Final = _FROM_CLIENT | _FROM_SERVER | _DEDICATED | GENERAL_TAGS

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
    key = tracer.context.dedicated_key if is_dedicated(tag) else None
    usable = title if complete and length == cursor.left and (key is not None or not is_dedicated(tag)) else None
    reason = _reason(tag, title, key)
    cursor.within(length, name, lambda content: content_of(tracer, content, usable, reason, dedicated_key=key))
    cursor.end(name)


def _title_of_sender(tracer: Tracer, tag: int) -> bytes | None:
    if tag in _REQUESTS:
        return tracer.context.client_title
    return tracer.context.server_title if tag in _FROM_SERVER | _DEDICATED else None


def is_request(tag: int) -> bool:
    """Whether a ciphered APDU is a request of a client."""
    return tag in _REQUESTS


def is_dedicated(tag: int) -> bool:
    return tag in _DEDICATED or tag == tags.GENERAL_DED_CIPHERING


def _reason(tag: int, title: bytes | None, key: bytes | None) -> str:
    """Why an APDU whose title cannot be used stays closed."""
    if is_dedicated(tag) and key is None:
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


def content_of(
    tracer: Tracer,
    cursor: Cursor,
    title: bytes | None,
    reason: str,
    associated: bytes = b"",
    dedicated_key: bytes | None = None,
) -> None:
    """ciphered-content; with keys and a title it is opened, without a title `reason` tells why not. Raises: Broken.

    Args:
        associated: what is authenticated with it.
    """
    add = tracer.lines.add
    control = cursor.octet("security control")
    add(f"security control {control_text(control)}")
    add(f"invocation counter {cursor.number(_COUNTER_OCTETS, 'invocation counter')}")
    tag_octets = _TAG_OCTETS if control & _AUTHENTICATED else 0
    if cursor.left < tag_octets:
        raise cursor.broken(f"the authentication tag takes {tag_octets} octets, {cursor.left} are there")
    sealed = cursor.window(cursor.left - tag_octets)
    encrypted = control & _ENCRYPTED
    add(f"{'ciphertext' if encrypted else 'plaintext'}, {len(sealed.raw)} octets")
    if tag_octets:
        add(f"authentication tag {cursor.take(tag_octets, 'authentication tag').hex().upper()}")
    if tracer.keys is None:
        return
    if title is None:
        add(f"not opened: {reason}")
        return
    cipher = _cipher(tracer.keys, control, dedicated_key)
    if cipher is None or len(title) != TITLE_OCTETS:
        add("not opened: a security control or a system title that is not opened here")
        return
    _open(tracer, cursor, cipher, title, associated)


def _cipher(keys: SecurityKeys, control: int, dedicated_key: bytes | None) -> ContentCipher | None:
    """The cipher that a security control asks for, if its key is there."""
    try:
        suite, protection, broadcast = SecurityControl.parse(control)
    except DecipherError:
        return None
    key = dedicated_key or (keys.broadcast_key if broadcast else keys.encryption_key)
    # Suites 0 and 1 cipher alike: keys given for one open the other.
    if suite.key_octets != keys.suite.key_octets or not protection or key is None or len(key) != suite.key_octets:
        return None
    return ContentCipher(suite, key, keys.authentication_key)


def _open(tracer: Tracer, content: Cursor, cipher: ContentCipher, title: bytes, associated: bytes) -> None:
    broadcast = bool(content.raw[0] & _BROADCAST)
    try:
        opened = cipher.open(content.raw, title, associated=associated, broadcast=broadcast)
    except DecipherError as error:
        raise content.broken(f"not opened: {error}", 0, error.code) from None
    unsure = "" if content.raw[0] & _AUTHENTICATED else ", nothing tells whether they are genuine"
    tracer.lines.add(f"opened, {len(opened.plaintext)} octets{unsure}")
    with tracer.lines.indented():
        tracer.body(tracer, Cursor(opened.plaintext, opened=True))
