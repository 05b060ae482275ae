"""Instances of the schema documents, made of the facts alone: the fullest valid element, and it with one rule broken.

Nothing here knows an operation: what a rule is, and how it is broken, follows from the facts of the element's type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from lxml import etree

from meterstream.ws_adapter.soap.facts import DocumentFacts, load_facts

NOWHERE = "urn:example:nowhere"
TEXT = (
    "E0000000000000001",
    "DEMO",
    "1",
    "12345678",
    "DEM",
    "10.0.0.1",
    "https://meters.example.org/",
    "demo meter 0001",
)
"""Texts to try until one keeps the rules of a type."""
OFFENCES = ("!", "_______________________", "a b", "é", "[urn:x]")
"""Texts to try until one breaks a pattern."""
WHOLE = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "integer": (None, None),
    "unsignedByte": (0, 2**8 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedInt": (0, 2**32 - 1),
}
CONTENT = "cvc-complex-type.2.4"


@dataclass(frozen=True)
class Simple:
    """A simple type with the facets of all types from which it descends."""

    primitive: str
    least: int | None = None
    most: int | None = None
    shortest: int = 0
    longest: int | None = None
    patterns: tuple[tuple[str, ...], ...] = ()
    enum: tuple[str, ...] = ()
    default: str | None = None

    def takes(self, text: str) -> bool:
        """Whether a text keeps length and patterns."""
        if not self.shortest <= len(text) <= (len(text) if self.longest is None else self.longest):
            return False
        return all(any(re.fullmatch(one, text) for one in alternatives) for alternatives in self.patterns)


@dataclass(frozen=True)
class Spot:
    """A place in an instance, by its indices from the root, and what the facts say of it."""

    path: tuple[int, ...]
    local: str
    simple: Simple | None
    optional: bool
    single: bool
    attributes: tuple[str, ...] = ()
    chosen: bool = False


@dataclass(frozen=True)
class Instance:
    """A valid element with every optional part once, and its places."""

    root: etree._Element
    spots: list[Spot] = field(default_factory=list)


@dataclass(frozen=True)
class Breakage:
    """An element that breaks one rule: the rule's code, and a name that the violation must tell."""

    label: str
    element: etree._Element
    code: str
    names: str


class Builder:
    """Builds instances of one schema set."""

    def __init__(self, schema_set: str) -> None:
        self._facts = load_facts()
        self._documents = self._facts.of_set(schema_set)

    def full(self, name: str) -> Instance:
        """The fullest valid instance of the global element `prefix:local`; one branch of a choice that is made once."""
        document, local = self._place(name)
        root = etree.Element(f"{{{document.namespace}}}{local}", nsmap={document.prefix: document.namespace})
        instance = Instance(root)
        self._fill(instance, root, (), local, document.elements[local], document, optional=False, single=True)
        return instance

    def _place(self, name: str) -> tuple[DocumentFacts, str]:
        prefix, _, local = name.partition(":")
        return self._documents[prefix], local

    def _fill(
        self,
        instance: Instance,
        element: etree._Element,
        path: tuple[int, ...],
        local: str,
        facts: Mapping[str, Any],
        document: DocumentFacts,
        *,
        optional: bool,
        single: bool,
        chosen: bool = False,
    ) -> None:
        spot = Spot(path, local, None, optional, single, chosen=chosen)
        complex_type = self._complex_of(facts, document)
        if complex_type is None:
            simple = self._simple(facts["simple"]) if "simple" in facts else self.simple(facts["type"])
            element.text = valid_text(simple)
            if simple.primitive == "dateTime":  # each later than those before it
                element.text = (
                    f"2025-03-{len(instance.spots) // 24 % 28 + 1:02}T{len(instance.spots) % 24:02}:00:00.000Z"
                )
            instance.spots.append(replace(spot, simple=replace(simple, default=facts.get("default"))))
            return
        type_facts, owner = complex_type
        if type_facts.get("simple_content"):
            simple = self.simple(type_facts["extends"])
            element.text = valid_text(simple)
            for attribute in type_facts["attributes"]:
                element.set(attribute["name"], valid_text(self.simple(attribute["type"])))
            required = tuple(one["name"] for one in type_facts["attributes"] if one.get("use") == "required")
            instance.spots.append(replace(spot, simple=simple, attributes=required))
            return
        instance.spots.append(spot)
        self._content(instance, element, path, type_facts, owner)

    def _content(
        self,
        instance: Instance,
        element: etree._Element,
        path: tuple[int, ...],
        facts: Mapping[str, Any],
        document: DocumentFacts,
    ) -> None:
        if "extends" in facts:
            base, local = self._place(facts["extends"])
            self._content(instance, element, path, base.complex_types[local], base)
        self._group(instance, element, path, facts, document, optional=False, single=True)

    def _group(
        self,
        instance: Instance,
        element: etree._Element,
        path: tuple[int, ...],
        facts: Mapping[str, Any],
        document: DocumentFacts,
        *,
        optional: bool,
        single: bool,
    ) -> None:
        kind = next((kind for kind in ("sequence", "choice") if kind in facts), None)
        if kind is None:
            return
        single = single and facts.get("max", 1) == 1
        choice = kind == "choice"
        for particle in facts[kind][:1] if choice and single else facts[kind]:
            loose = optional or choice or particle.get("min", 1) == 0
            alone = single and particle.get("max", 1) == 1
            if "ref" in particle:
                owner, local = self._place(particle["ref"])
                declared = owner.elements[local]
            elif "element" in particle:
                owner, local, declared = document, particle["element"], particle
            else:
                self._group(instance, element, path, particle, document, optional=loose, single=single)
                continue
            child = etree.SubElement(element, f"{{{owner.namespace}}}{local}", nsmap={owner.prefix: owner.namespace})
            below = (*path, len(element) - 1)
            self._fill(instance, child, below, local, declared, owner, optional=loose, single=alone, chosen=choice)

    def _complex_of(
        self, facts: Mapping[str, Any], document: DocumentFacts
    ) -> tuple[Mapping[str, Any], DocumentFacts] | None:
        if "complex" in facts:
            return facts["complex"], document
        named = facts.get("type", "xsd:string")
        if "simple" in facts or named.startswith("xsd:"):
            return None
        owner, local = self._place(named)
        return (owner.complex_types[local], owner) if local in owner.complex_types else None

    def simple(self, name: str) -> Simple:
        """The simple type of that name."""
        if name.startswith("xsd:"):
            least, most = WHOLE.get(name[4:], (None, None))
            return Simple(name[4:], least, most)
        document, local = self._place(name)
        return self._simple(document.simple_types[local])

    def _simple(self, facts: Mapping[str, Any]) -> Simple:
        found = self.simple(facts["base"])
        fixed = facts.get("length")
        lows = [found.shortest, facts.get("minLength", 0), fixed or 0]
        highs = [high for high in (found.longest, facts.get("maxLength"), fixed) if high is not None]
        return replace(
            found,
            least=facts.get("minInclusive", found.least),
            most=facts.get("maxInclusive", found.most),
            shortest=max(lows),
            longest=min(highs) if highs else None,
            patterns=(*found.patterns, tuple(facts["pattern"])) if "pattern" in facts else found.patterns,
            enum=tuple(str(value) for value in facts["enum"]) if "enum" in facts else found.enum,
        )


@cache
def builder_of(schema_set: str) -> Builder:
    """The builder of a schema set."""
    return Builder(schema_set)


def valid_text(simple: Simple) -> str:
    """A text of this type."""
    if simple.enum:
        return simple.enum[0]
    if simple.primitive in WHOLE or simple.primitive == "decimal":
        return str(1 if simple.least is None or simple.least <= 1 else simple.least)
    match simple.primitive:
        case "boolean":
            return "true"
        case "dateTime":
            return "2025-03-14T10:15:00.000Z"
        case "hexBinary":
            return "00" * (simple.longest or max(simple.shortest, 1))
        case "base64Binary":
            return "AAAA"
    candidates = (*TEXT, "x" * simple.shortest, "1" * (simple.longest or 1))
    return next(text for text in candidates if simple.takes(text))


def at(root: etree._Element, path: tuple[int, ...]) -> etree._Element:
    """The element at indices from the root."""
    for index in path:
        root = root[index]
    return root


def breakages(instance: Instance) -> Iterator[Breakage]:
    """The instance with each of its rules broken once."""
    for spot in instance.spots:
        yield from _broken_structure(instance, spot)
        if spot.simple is not None:
            for label, text, code in wrong_texts(spot.simple):
                yield _with(instance, spot, label, code, lambda element, text=text: _set_text(element, text))


def _set_text(element: etree._Element, text: str) -> None:
    element.text = text


def wrong_texts(simple: Simple) -> Iterator[tuple[str, str, str]]:
    """Texts that this type does not take: what they break, the text, the code of the rule."""
    number = simple.primitive in WHOLE or simple.primitive == "decimal"
    if number or simple.primitive in ("boolean", "dateTime", "hexBinary", "base64Binary"):
        wrong_type = "cvc-datatype-valid.1.2.1"
        yield "another type", "no number, no time!", wrong_type
        if simple.default is None and (simple.shortest or simple.primitive not in ("hexBinary", "base64Binary")):
            yield "empty", "", "cvc-"
        if simple.primitive != "base64Binary":  # libxml2 looks no further than the first characters
            yield "huge", "9" * 5_000 + "!", wrong_type
    if simple.primitive in WHOLE:
        bound = WHOLE[simple.primitive]
        for label, limit, step, own in (("least", simple.least, -1, bound[0]), ("most", simple.most, 1, bound[1])):
            if limit is not None:
                facet = "cvc-minInclusive-valid" if step < 0 else "cvc-maxInclusive-valid"
                yield f"beyond the {label}", str(limit + step), "cvc-datatype-valid" if limit == own else facet
    elif simple.primitive == "decimal" and simple.least is not None:
        yield "beyond the least", str(simple.least - 1), "cvc-minInclusive-valid"
        yield "beyond the most", f"{simple.most}.1", "cvc-maxInclusive-valid"
    if simple.enum:
        yield "none of the enumeration", "NONE_OF_THEM", "cvc-enumeration-valid"
    unit = "00" if simple.primitive == "hexBinary" else valid_text(simple)[:1] or "x"
    if simple.shortest:
        code = "cvc-length-valid" if simple.shortest == simple.longest else "cvc-minLength-valid"
        yield "too short", unit * (simple.shortest - 1), code
    if simple.longest is not None:
        code = "cvc-length-valid" if simple.shortest == simple.longest else "cvc-maxLength-valid"
        yield "too long", unit * (simple.longest + 1), code
        yield "huge", unit * 100_000, code
    if simple.patterns:
        offence = next((text for text in OFFENCES if not _keeps_patterns(simple, text)), None)
        assert offence is not None, simple
        yield "against the pattern", offence, "cvc-pattern-valid"


def _keeps_patterns(simple: Simple, text: str) -> bool:
    return replace(simple, shortest=0, longest=None).takes(text)


def _broken_structure(instance: Instance, spot: Spot) -> Iterator[Breakage]:
    if spot.path and not spot.optional:
        yield _with(instance, spot, "missing", CONTENT, _remove)
    if spot.path and spot.single:
        yield _with(instance, spot, "twice", CONTENT, lambda element: element.addnext(deepcopy(element)))
    yield replace(
        _with(instance, spot, "unknown attribute", "cvc-", lambda element: element.set("unknown", "1")),
        names="unknown",
    )
    for name in spot.attributes:
        missing = _with(
            instance, spot, "attribute missing", "cvc-complex-type.4", lambda element, name=name: _drop(element, name)
        )
        yield replace(missing, names=name)
    code, names = (CONTENT, "Unknown") if len(at(instance.root, spot.path)) else ("cvc-", spot.local)
    unknown = _with(instance, spot, "unknown part", code, lambda element: _nest(element, 1))
    yield replace(unknown, names=names)
    deep = _with(instance, spot, "deep", code, lambda element: _nest(element, 200))
    yield replace(deep, names=names)


def _drop(element: etree._Element, name: str) -> None:
    del element.attrib[name]


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _nest(element: etree._Element, levels: int) -> None:
    for _ in range(levels):
        element = etree.SubElement(element, f"{{{NOWHERE}}}Unknown")


def _with(instance: Instance, spot: Spot, label: str, code: str, spoil: Callable[[etree._Element], object]) -> Breakage:
    root = deepcopy(instance.root)
    spoil(at(root, spot.path))
    return Breakage(f"{spot.local} {label}", root, code, spot.local)


def daring_texts(simple: Simple) -> Iterator[str]:
    """Texts that the type takes and that a careless reader stumbles over."""
    if simple.default is not None:
        yield ""
    if simple.enum:
        yield from simple.enum
        return
    match simple.primitive:
        case "boolean":
            yield from ("1", "0", " false\n")
        case "dateTime":
            yield from ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-14:00", "2025-03-14T24:00:00Z")
            yield from ("12025-03-14T10:15:00Z", "-0044-03-15T12:00:00Z", "2024-02-29T23:59:59+14:00 ")
        case "decimal":
            yield from (f"+0{'0' * 5_000}1.{'0' * 5_000}", "-0" if simple.least is None else ".5", " 1. ")
        case "hexBinary" | "base64Binary":
            if simple.takes(""):
                yield ""
            if simple.longest is None:
                yield "00" * 50_000
        case "anyURI" | "string" | "normalizedString":
            texts = ("", " ", "\u202e\U0001f600", "x" * 100_000, "\t\n", "A" * (simple.longest or 1))
            yield from (text for text in texts if simple.takes(text))
        case _:
            yield from ("+1", "-0" if simple.least is None or simple.least <= 0 else " 1 ")
            if simple.most is None:
                yield "9" * 5_000
            for limit in (simple.least, simple.most):
                if limit is not None:
                    yield str(limit)
