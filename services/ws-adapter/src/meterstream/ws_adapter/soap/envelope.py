"""SOAP 1.1 envelopes: hostile bytes in, one body element and its headers out; elements in, bytes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_ENVELOPE: Final = f"{{{SOAP}}}Envelope"
_HEADER: Final = f"{{{SOAP}}}Header"
_BODY: Final = f"{{{SOAP}}}Body"
_MUST_UNDERSTAND: Final = f"{{{SOAP}}}mustUnderstand"
_DOCTYPES: Final = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
MOST_HEADERS: Final = 64


class MalformedEnvelope(Exception):
    """The bytes are no SOAP 1.1 envelope with one body element."""


class PlainFault(Exception):
    """A SOAP fault `Server` without detail."""


@dataclass(frozen=True, slots=True, eq=False)
class Envelope:
    """Headers by local name, in whatever namespace, the first of a name; and the element in the body."""

    headers: Mapping[str, str]
    body: etree._Element
    must_understand: bool


def parse_envelope(raw: bytes) -> Envelope:
    """The envelope in `raw`.

    Nothing is fetched, no entity is expanded, a document type is refused, and libxml2's own bounds hold: 256 levels,
    10 MB of text in one node.

    Raises: MalformedEnvelope.
    """
    if any(doctype in raw for doctype in _DOCTYPES):
        raise MalformedEnvelope("a document type declaration is not allowed")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        ns_clean=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as problem:
        raise MalformedEnvelope(f"not well-formed: {_first_line(problem)}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise MalformedEnvelope("a document type declaration is not allowed")
    if root.tag != _ENVELOPE:
        raise MalformedEnvelope(f"{etree.QName(root).localname} is no SOAP 1.1 envelope")
    return _open(root)


def _open(root: etree._Element) -> Envelope:
    bodies = root.findall(_BODY)
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise MalformedEnvelope("the envelope needs one body with one element")
    headers: dict[str, str] = {}
    must_understand = False
    header = root.find(_HEADER)
    if header is not None:
        if len(header) > MOST_HEADERS:
            raise MalformedEnvelope(f"more than {MOST_HEADERS} headers")
        for child in header:
            headers.setdefault(etree.QName(child).localname, (child.text or "").strip())
            must_understand = must_understand or child.get(_MUST_UNDERSTAND) in ("1", "true")
    return Envelope(headers, bodies[0][0], must_understand)


def _first_line(problem: Exception) -> str:
    lines = str(problem).splitlines()
    return lines[0][:200] if lines else type(problem).__name__


def to_envelope(element: etree._Element) -> bytes:
    """The element in an envelope without headers."""
    root = etree.Element(_ENVELOPE, nsmap={"soapenv": SOAP})
    etree.SubElement(root, _BODY).append(element)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
