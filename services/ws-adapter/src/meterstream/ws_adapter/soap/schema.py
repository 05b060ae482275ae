"""The schema documents as conversion needs them: which children a type has, in which order and namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from meterstream.ws_adapter.soap.facts import DocumentFacts, Facts, load_facts

_GROUPS: Final = ("sequence", "choice")


class SchemaMismatch(Exception):
    """The contract names something that the schema documents do not have."""


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A type that is text; `primitive` is the built-in type from which it descends (`string`, `dateTime` …)."""

    primitive: str


@dataclass(frozen=True, eq=False)
class ComplexType:
    """A type with children (base content first) or with text and attributes. Facts are resolved when asked for."""

    name: str
    schemas: SchemaSet
    facts: Mapping[str, Any]
    document: DocumentFacts

    @property
    def children(self) -> tuple[Element, ...]:
        """Child elements in the order of the schema; those of choices one after another."""
        return self.schemas.children_of(self)

    @property
    def text(self) -> SimpleType | None:
        """The type of the text where the content is simple."""
        return self.schemas.simple(self.facts["extends"]) if self.facts.get("simple_content") else None

    @property
    def stand_in(self) -> Element | None:
        """The text that may stand empty where one of several elements is demanded and there is a value for none."""
        if self.facts.get("min", 1) == 0 or "choice" not in self.facts or "extends" in self.facts:
            return None
        return next((child for child in self.children if child.type == SimpleType("string")), None)

    def child(self, local: str) -> Element:
        """The child of a local name.

        Raises: SchemaMismatch.
        """
        for child in self.children:
            if child.local == local:
                return child
        raise SchemaMismatch(f"{self.name} has no child {local}")

    def has(self, local: str) -> bool:
        """Whether there is a child of that local name."""
        return any(child.local == local for child in self.children)

    def attribute(self, name: str) -> SimpleType:
        """The type of an attribute.

        Raises: SchemaMismatch.
        """
        for attribute in self.facts.get("attributes", ()):
            if attribute["name"] == name:
                return self.schemas.simple(attribute["type"])
        raise SchemaMismatch(f"{self.name} has no attribute {name}")


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """An element as a type or a document declares it. `most` is None where there is no upper bound."""

    name: str
    local: str
    type: SimpleType | ComplexType
    least: int = 1
    most: int | None = 1
    default: str | None = None


class SchemaSet:
    """The documents of one set, with names resolved."""

    def __init__(self, facts: Facts, schema_set: str) -> None:
        self._facts = facts
        self._documents = facts.of_set(schema_set)
        self._children: dict[ComplexType, tuple[Element, ...]] = {}
        self._elements: dict[str, Element] = {}
        self._named: dict[str, ComplexType] = {}

    def element(self, name: str) -> Element:
        """The global element `prefix:local`.

        Raises: SchemaMismatch.
        """
        found = self._elements.get(name)
        if found is None:
            document, local = self._place(name)
            if local not in document.elements:
                raise SchemaMismatch(f"there is no element {name}")
            found = self._elements[name] = self._element(local, document.elements[local], document)
        return found

    def simple(self, name: str) -> SimpleType:
        """The simple type `prefix:local`, a built-in one included.

        Raises: SchemaMismatch.
        """
        if name.startswith("xsd:"):
            return SimpleType(name.removeprefix("xsd:"))
        document, local = self._place(name)
        if local not in document.simple_types:
            raise SchemaMismatch(f"there is no simple type {name}")
        return self.simple(document.simple_types[local]["base"])

    def children_of(self, owner: ComplexType) -> tuple[Element, ...]:
        """Children of a complex type, inherited ones first."""
        found = self._children.get(owner)
        if found is None:
            base = owner.facts.get("extends")
            inherited = () if base is None or owner.text else self._complex_named(base).children
            found = self._children[owner] = (*inherited, *self._particles(owner.facts, owner.document))
        return found

    def prefixes_of(self, document: DocumentFacts) -> Mapping[str, str]:
        """Namespaces of a document and of those that it imports, by their usual prefixes: one of each namespace."""
        usual = {namespace: prefix for prefix, namespace in reversed(list(self._facts.prefixes.items()))}
        named = (self._facts.prefixes[prefix] for prefix in (document.prefix, *document.imports))
        return {usual[namespace]: namespace for namespace in named}

    def _place(self, name: str) -> tuple[DocumentFacts, str]:
        prefix, _, local = name.partition(":")
        document = self._documents.get(prefix)
        if document is None:
            raise SchemaMismatch(f"there is no schema document {prefix}")
        return document, local

    def _complex_named(self, name: str) -> ComplexType:
        found = self._named.get(name)
        if found is None:
            document, local = self._place(name)
            if local not in document.complex_types:
                raise SchemaMismatch(f"there is no complex type {name}")
            found = self._named[name] = ComplexType(name, self, document.complex_types[local], document)
        return found

    def _particles(
        self, facts: Mapping[str, Any], document: DocumentFacts, repeated: bool = False
    ) -> Iterator[Element]:
        kind = next((kind for kind in _GROUPS if kind in facts), None)
        if kind is None:
            return
        repeated = repeated or facts.get("max", 1) != 1
        for particle in facts[kind]:
            if "ref" in particle:
                yield self.element(particle["ref"])
            elif "element" in particle:
                yield self._element(particle["element"], particle, document, repeated)
            else:
                yield from self._particles(particle, document, repeated)

    def _element(
        self, local: str, facts: Mapping[str, Any], document: DocumentFacts, repeated: bool = False
    ) -> Element:
        most = None if repeated or facts.get("max") == "unbounded" else facts.get("max", 1)
        name = f"{{{document.namespace}}}{local}"
        return Element(name, local, self._type(local, facts, document), facts.get("min", 1), most, facts.get("default"))

    def _type(self, local: str, facts: Mapping[str, Any], document: DocumentFacts) -> SimpleType | ComplexType:
        if "complex" in facts:
            return ComplexType(local, self, facts["complex"], document)
        if "simple" in facts:
            return self.simple(facts["simple"]["base"])
        named: str = facts["type"]
        if named.startswith("xsd:"):
            return self.simple(named)
        place, name = self._place(named)
        return self._complex_named(named) if name in place.complex_types else self.simple(named)


def type_of(element: Element) -> ComplexType:
    """The element's complex type.

    Raises: SchemaMismatch.
    """
    if not isinstance(element.type, ComplexType):
        raise SchemaMismatch(f"{element.local} has no elements")
    return element.type


@cache
def schema_set(name: str) -> SchemaSet:
    """The set of that name, resolved once per process."""
    return SchemaSet(load_facts(), name)
