"""Renders schema documents (W3C XML Schema 1.0) from the facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from meterstream.ws_adapter.soap.facts import XSD, DocumentFacts, Facts

_GROUPS: Final = ("sequence", "choice")
_FACETS: Final = ("length", "minLength", "maxLength", "minInclusive", "maxInclusive")


def file_name(prefix: str) -> str:
    """The file of a schema document, next to the others of its set."""
    return f"{prefix}.xsd"


def render_xsd(document: DocumentFacts, facts: Facts) -> bytes:
    """The schema document."""
    used = dict.fromkeys([document.prefix, *document.imports])
    root = etree.Element(
        _xsd("schema"),
        {
            "targetNamespace": document.namespace,
            "elementFormDefault": "qualified",
            "attributeFormDefault": "unqualified",
        },
        nsmap={"xsd": XSD, **{prefix: facts.prefixes[prefix] for prefix in used}},
    )
    for prefix in document.imports:
        etree.SubElement(
            root, _xsd("import"), {"namespace": facts.prefixes[prefix], "schemaLocation": file_name(prefix)}
        )
    for name, element in document.elements.items():
        _element(root, {"name": name}, element)
    for name, complex_type in document.complex_types.items():
        _complex(root, complex_type, name)
    for name, simple_type in document.simple_types.items():
        _simple(root, simple_type, name)
    return to_bytes(root)


def to_bytes(root: etree._Element) -> bytes:
    """A document as it is kept in a file."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _xsd(name: str) -> str:
    return f"{{{XSD}}}{name}"


def _occurrence(particle: Mapping[str, Any]) -> dict[str, str]:
    names = {"min": "minOccurs", "max": "maxOccurs"}
    return {names[key]: str(particle[key]) for key in names if key in particle}


def _element(parent: etree._Element, attributes: dict[str, str], facts: Mapping[str, Any]) -> None:
    if "type" in facts:
        attributes["type"] = facts["type"]
    if "default" in facts:
        attributes["default"] = facts["default"]
    if facts.get("nillable"):
        attributes["nillable"] = "true"
    element = etree.SubElement(parent, _xsd("element"), attributes)
    if "complex" in facts:
        _complex(element, facts["complex"])
    if "simple" in facts:
        _simple(element, facts["simple"])
    for unique in facts.get("unique", ()):
        constraint = etree.SubElement(element, _xsd("unique"), {"name": unique["name"]})
        etree.SubElement(constraint, _xsd("selector"), {"xpath": unique["select"]})
        etree.SubElement(constraint, _xsd("field"), {"xpath": unique["field"]})


def _complex(parent: etree._Element, facts: Mapping[str, Any], name: str | None = None) -> None:
    attributes = {} if name is None else {"name": name}
    if facts.get("abstract"):
        attributes["abstract"] = "true"
    content = etree.SubElement(parent, _xsd("complexType"), attributes)
    if "extends" in facts:
        kind = "simpleContent" if facts.get("simple_content") else "complexContent"
        content = etree.SubElement(etree.SubElement(content, _xsd(kind)), _xsd("extension"), {"base": facts["extends"]})
    if not facts.get("simple_content"):
        _group(content, facts)
    for attribute in facts.get("attributes", ()):
        etree.SubElement(content, _xsd("attribute"), {key: attribute[key] for key in ("name", "type", "use")})


def _group(parent: etree._Element, facts: Mapping[str, Any]) -> None:
    kind = next((kind for kind in _GROUPS if kind in facts), None)
    if kind is None:
        return
    group = etree.SubElement(parent, _xsd(kind), _occurrence(facts))
    for particle in facts[kind]:
        if "ref" in particle:
            etree.SubElement(group, _xsd("element"), {"ref": particle["ref"], **_occurrence(particle)})
        elif "element" in particle:
            _element(group, {"name": particle["element"], **_occurrence(particle)}, particle)
        else:
            _group(group, particle)


def _simple(parent: etree._Element, facts: Mapping[str, Any], name: str | None = None) -> None:
    simple = etree.SubElement(parent, _xsd("simpleType"), {} if name is None else {"name": name})
    restriction = etree.SubElement(simple, _xsd("restriction"), {"base": facts["base"]})
    for facet in _FACETS:
        if facet in facts:
            etree.SubElement(restriction, _xsd(facet), {"value": str(facts[facet])})
    for pattern in facts.get("pattern", ()):
        etree.SubElement(restriction, _xsd("pattern"), {"value": pattern})
    for value in facts.get("enum", ()):
        etree.SubElement(restriction, _xsd("enumeration"), {"value": str(value)})
