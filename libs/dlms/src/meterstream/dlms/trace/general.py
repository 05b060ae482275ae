"""general-ciphering and general-signing: header, key-info and what is inside (IEC 62056-5-3, 8.5)."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.apdu.general_ciphering import GeneralHeader
from meterstream.dlms.trace.acse import title_text
from meterstream.dlms.trace.ciphered import content_of, is_request
from meterstream.dlms.trace.cursor import Cursor
from meterstream.dlms.trace.moments import date_time_text
from meterstream.dlms.trace.session import Tracer

_TITLES: Final = {"originator": "originator", "recipient": "recipient"}
_KEY_IDS: Final = {0: "global unicast encryption key", 1: "global broadcast encryption key"}
_AGREEMENTS: Final = {b"\x01": "one-pass Diffie-Hellman C(1e, 1s)", b"\x02": "static unified model C(0e, 2s)"}


def general_ciphering(tracer: Tracer, cursor: Cursor) -> None:
    """After its tag. Raises: Broken."""
    if tracer.keys is None:
        tracer.answered()
    header, fields = _header(tracer, cursor)
    global_key = _key_info(tracer, cursor)
    length = cursor.length("ciphered content")
    whole = length == cursor.left
    title = header.originator if global_key and whole else None
    reason = "it is not complete" if not whole else "its key is none of the given ones"
    cursor.within(length, "ciphered content", lambda part: content_of(tracer, part, title, reason, fields))
    cursor.end("ciphered content")


def general_signing(tracer: Tracer, cursor: Cursor) -> None:
    """After its tag; the signature is told, not checked. Raises: Broken."""
    _header(tracer, cursor)
    length = cursor.length("content")
    tracer.lines.add(f"content, {length} octets")

    def inside(part: Cursor) -> None:
        if part.left and is_request(part.raw[0]):
            tracer.answered()
        with tracer.lines.indented():
            if part.left:
                tracer.body(tracer, part)

    cursor.within(length, "content", inside)
    signature = cursor.take(cursor.length("signature"), "signature")
    tracer.lines.add(f"signature({len(signature)}), not checked")
    cursor.end("signature")


def _header(tracer: Tracer, cursor: Cursor) -> tuple[GeneralHeader, bytes]:
    """The fields, and their octets as they are authenticated."""
    add, start = tracer.lines.add, cursor.position
    values: list[bytes] = []
    for name in GeneralHeader._fields:
        what = name.replace("_", "-")
        value = cursor.take(cursor.length(what), what)
        values.append(value)
        if name in _TITLES:
            add(f"{name} {title_text(tracer, value)}" if value else f"{name} not named")
        elif name == "date_time" and value:
            add(f"date-time {date_time_text(value) or tracer.lines.octets(value)}")
        elif value:
            add(f"{'transaction id' if name == 'transaction' else what} {tracer.lines.octets(value)}")
    return GeneralHeader(*values), cursor.raw[start : cursor.position]


def _key_info(tracer: Tracer, cursor: Cursor) -> bool:
    """Tells the key-info; whether it stands for the global unicast key."""
    add, start = tracer.lines.add, cursor.position
    present = cursor.octet("flag of key-info")
    if present > 1:
        raise cursor.broken("the flag of key-info is 00 or 01", start)
    if not present:
        add("no key-info")
        return True
    start = cursor.position
    choice = cursor.octet("key-info")
    if choice == 0:
        key_id = cursor.octet("key-id")
        add(f"identified key {key_id} ({_KEY_IDS.get(key_id, 'unknown')})")
        return key_id == 0
    if choice == 1:
        kek = cursor.octet("kek-id")
        data = cursor.take(cursor.length("key-ciphered-data"), "key-ciphered-data")
        add(f"wrapped key({len(data)}) masked, under key {kek}{' (master key)' if kek == 0 else ''}")
        return False
    if choice == 2:
        parameters = cursor.take(cursor.length("key-parameters"), "key-parameters")
        data = cursor.take(cursor.length("key-ciphered-data"), "key-ciphered-data")
        scheme = _AGREEMENTS.get(parameters, f"scheme {tracer.lines.octets(parameters)}")
        add(f"agreed key, {scheme}, {len(data)} octets of ephemeral key and signature")
        return False
    raise cursor.broken("key-info is an identified, wrapped or agreed key", start)
