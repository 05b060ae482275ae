"""Validation of a body against the schema documents, in the words of XML Schema's validation rules."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from meterstream.ws_adapter.soap.documents import rendered_documents
from meterstream.ws_adapter.soap.facts import XSD, load_facts
from meterstream.ws_adapter.soap.xsd import file_name

MOST_VIOLATIONS: Final = 50
LONGEST_TEXT: Final = 500

_PREFIX: Final = "SCHEMAV_CVC_"
_FACETS: Final = {
    name.upper(): name
    for name in (
        "length", "minLength", "maxLength", "pattern", "enumeration", "whiteSpace", "minInclusive", "maxInclusive",
        "minExclusive", "maxExclusive", "totalDigits", "fractionDigits",
    )
}  # fmt: skip
_CONTENT: Final = "cvc-complex-type.2.4"
_CLARK_NAME: Final = re.compile(r"\{[^}]*\}")
_HEX_VALUE: Final = re.compile(r"'[^']*'(?= is not a valid value of the (atomic|local atomic) type 'xs:hexBinary')")


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule; `text` starts with the rule's code."""

    text: str
    line: int


class Validator:
    """Validates elements of one schema set; every thread compiles its own schema, for they collect errors in it."""

    def __init__(self, schema_set: str) -> None:
        self._schema_set = schema_set
        self._local = threading.local()

    def violations(self, element: etree._Element) -> list[Violation]:
        """What is wrong with the element, in document order; at most `MOST_VIOLATIONS`."""
        schema = self._schema()
        if schema.validate(element):
            return []
        entries = [entry for entry in schema.error_log if entry.type_name][:MOST_VIOLATIONS]  # type: ignore[attr-defined]  # the stubs forget that it is iterable
        return [Violation(describe(entry.type_name, entry.message), entry.line) for entry in entries]

    def _schema(self) -> etree.XMLSchema:
        schema: etree.XMLSchema | None = getattr(self._local, "schema", None)
        if schema is None:
            schema = self._local.schema = compile_schema(self._schema_set)
        return schema


class _Documents(etree.Resolver):
    """Gives the rendered documents to the schema parser; nothing is read from files or the network."""

    def __init__(self, schema_set: str) -> None:
        super().__init__()
        self._schema_set = schema_set

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]  # noqa: ARG002  # lxml passes the context, its stubs do not
        document = rendered_documents()[f"{self._schema_set}/{system_url.rpartition('/')[2]}"]
        return self.resolve_string(document, context, base_url=system_url)


def compile_schema(schema_set: str) -> etree.XMLSchema:
    """All documents of a set as one schema."""
    root = etree.Element(f"{{{XSD}}}schema", nsmap={"xsd": XSD})
    for document in load_facts().of_set(schema_set).values():
        etree.SubElement(
            root,
            f"{{{XSD}}}import",
            {"namespace": document.namespace, "schemaLocation": file_name(document.prefix)},
        )
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(_Documents(schema_set))
    return etree.XMLSchema(etree.fromstring(etree.tostring(root), parser))


def describe(type_name: str, message: str) -> str:
    """A violation as text: the code of the validation rule, then libxml2's sentence.

    Values of binary fields are left out: they may be keys.
    """
    text = _CLARK_NAME.sub("", message).strip()
    text = _HEX_VALUE.sub("the value", text)
    if len(text) > LONGEST_TEXT:
        text = text[: LONGEST_TEXT - 1] + "…"
    return f"{rule_code(type_name)}: {text}"


def rule_code(type_name: str) -> str:
    """The code of XML Schema's validation rule for libxml2's error type: cvc-minLength-valid, cvc-complex-type.2.4."""
    if type_name == "SCHEMAV_ELEMENT_CONTENT":
        return _CONTENT
    if not type_name.startswith(_PREFIX):
        return "cvc-elt"
    words: list[str] = []
    numbers: list[str] = []
    for part in type_name.removeprefix(_PREFIX).split("_"):
        if part.isdigit():
            numbers.append(part)
        else:
            words.append(_FACETS.get(part, part.lower()))
    return ".".join(["-".join(["cvc", *words]), *numbers])
