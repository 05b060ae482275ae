"""Conversion between elements and contract models, driven by the models' annotations and the schema facts.

A form is compiled once per model and type: which child element holds which field, in the order of the schema.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Annotated, Any, Final, Generic, TypeVar, Union, get_args, get_origin

from lxml import etree
from pydantic import BaseModel, ValidationError

from meterstream.contracts.base import Record
from meterstream.contracts.errors import error
from meterstream.contracts.soap import Soap
from meterstream.ws_adapter.model.failures import broken
from meterstream.ws_adapter.soap.schema import ComplexType, Element, SchemaMismatch, SimpleType, type_of
from meterstream.ws_adapter.soap.text import clean, reader_of, write, writer_of

M = TypeVar("M", bound=Record)

NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
OBIS: Final = ("a", "b", "c", "d", "e", "f")
OWN_TEXT: Final = "."
_FIELD_NAME: Final = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")
"""A field of the contract in the sentence of a rule."""


@dataclass(eq=False)
class Node:
    """A child element: it holds one field, or (`nodes`) the elements of several."""

    element: Element
    holds: str | None = None
    many: bool = False
    leaf: Leaf | None = None
    form: Form[Any] | None = None
    nodes: list[Node] = field(default_factory=list)
    constant: str | None = None
    absent: str | None = None

    def sort(self) -> None:
        """Bring the elements below into the order of the schema."""
        if self.nodes and isinstance(self.element.type, ComplexType):
            order = {child.name: index for index, child in enumerate(self.element.type.children)}
            self.nodes.sort(key=lambda node: order[node.element.name])
            for node in self.nodes:
                node.sort()


@dataclass(frozen=True, slots=True)
class Leaf:
    """How one value is read from an element, and written into a new one."""

    read: Callable[[etree._Element], Any]
    write: Callable[[etree._Element, Any], None]


@dataclass(frozen=True, slots=True, eq=False)
class Inlined:
    """A model whose fields lie directly in the element of the model that holds it."""

    holds: str
    many: bool
    form: Form[Any]


class Form(Generic[M]):
    """How `model` is spelled below an element of type `owner`.

    Args:
        bundle: take the spelling inside a bundle where it differs.
        covered: paths of elements that are handled elsewhere (the device, for example).
        constants: text of children that no field holds, written always.

    Raises: SchemaMismatch where an annotation names what the schema does not have.
    """

    def __init__(
        self,
        model: type[M],
        owner: ComplexType,
        zone: tzinfo,
        *,
        bundle: bool = False,
        covered: Iterable[str] = (),
        constants: Mapping[str, str] | None = None,
    ) -> None:
        self.model = model
        self.owner = owner
        self._zone = zone
        self._bundle = bundle
        self._covered = frozenset(covered)
        self._attributes: list[tuple[str, str, Callable[[str], Any]]] = []
        self._text: tuple[str, Callable[[str], Any]] | None = None
        self._inlined: Inlined | None = None
        self._stand_in = owner.stand_in
        self._paths: dict[str, tuple[str, ...]] = {}
        self._root = Node(Element("", "", owner))
        for name, info in model.model_fields.items():
            soap = next((item for item in info.metadata if isinstance(item, Soap)), None)
            if soap is not None:
                self._place(name, soap, info.annotation)
        for local, text in (constants or {}).items():
            self._root.nodes.append(Node(owner.child(local), constant=text))
        if self._inlined is not None and (self._root.nodes or self._attributes or self._text):
            raise SchemaMismatch(f"{model.__name__}.{self._inlined.holds} is not the only content of {owner.name}")
        self._root.sort()
        self._by_tag = {node.element.name: node for node in self._root.nodes if node.constant is None}

    def uncovered(self) -> list[str]:
        """Children of the type that nothing here reads."""
        if self._inlined is not None:
            return self._inlined.form.uncovered()
        missing = [child.local for child in self.owner.children if not self._knows(child)]
        for node in self._root.nodes:
            if node.form is not None:
                missing += [f"{node.element.local}/{path}" for path in node.form.uncovered()]
        return missing

    def read(self, element: etree._Element) -> M:
        """The model that a valid element spells.

        Raises: VALIDATION_ERROR naming element and rule.
        """
        try:
            return self.model.model_validate(self.fields(element))
        except ValidationError as problem:
            raise self._problem(problem) from None

    def fields(self, element: etree._Element) -> dict[str, Any]:
        """The model's fields by name, not yet checked."""
        if self._inlined is not None:
            inner = self._inlined.form.fields(element)
            return {self._inlined.holds: [inner] if self._inlined.many else inner}
        found: dict[str, Any] = {}
        if self._text is not None:
            found[self._text[0]] = self._text[1](element.text or "")
        for name, attribute, read in self._attributes:
            if (value := element.get(attribute)) is not None:
                found[name] = read(value)
        self._collect(element, self._by_tag, found)
        return found

    def write(self, element: etree._Element, record: M) -> None:
        """Spell the model below `element`.

        Raises: VALIDATION_ERROR where the element holds one of a list that has more.
        """
        if self._inlined is not None:
            self._write_inlined(element, self._inlined, getattr(record, self._inlined.holds))
            return
        if self._text is not None:
            element.text = write(getattr(record, self._text[0]))
        for name, attribute, _ in self._attributes:
            if (value := getattr(record, name)) is not None:
                element.set(attribute, write(value))
        self._write_nodes(element, self._root.nodes, record)
        if self._stand_in is not None and len(element) == 0:
            etree.SubElement(element, self._stand_in.name)

    def _knows(self, child: Element) -> bool:
        return child.local in self._covered or any(node.element is child for node in self._root.nodes)

    def _place(self, name: str, soap: Soap, annotation: Any) -> None:
        path = (soap.bundle or soap.path) if self._bundle else soap.path
        if path is None:
            return
        many, item = _item_of(annotation)
        if path == OWN_TEXT and isinstance(item, type) and issubclass(item, Record):
            form: Form[Any] = Form(item, self.owner, self._zone, bundle=self._bundle, covered=self._covered)
            self._inlined = Inlined(name, many, form)
            return
        if path == OWN_TEXT or path.startswith("@"):
            self._place_text(name, path)
            return
        locals_ = tuple(path.split("/"))
        self._paths[name] = locals_
        node = self._root
        for local in locals_:
            node = _below(node, local)
        node.holds = name
        node.many = many
        node.absent = soap.absent
        if soap.shape == "obis":
            node.leaf = _obis_leaf(node.element)
        elif isinstance(item, type) and issubclass(item, BaseModel):
            if not isinstance(node.element.type, ComplexType):
                raise SchemaMismatch(f"{node.element.local} holds text, {self.model.__name__}.{name} is a model")
            inside = "/".join(locals_) + "/"
            covered = [path.removeprefix(inside) for path in self._covered if path.startswith(inside)]
            node.form = Form(item, node.element.type, self._zone, bundle=self._bundle, covered=covered)
        elif isinstance(node.element.type, SimpleType):
            primitive = node.element.type.primitive
            node.leaf = _text_leaf(reader_of(primitive, self._zone), writer_of(primitive), node.element.default or "")
        else:
            raise SchemaMismatch(f"{node.element.local} holds elements, {self.model.__name__}.{name} is a value")

    def _place_text(self, name: str, path: str) -> None:
        if path == OWN_TEXT:
            if self.owner.text is None:
                raise SchemaMismatch(f"{self.owner.name} has no text of its own")
            self._text = (name, reader_of(self.owner.text.primitive, self._zone))
        else:
            attribute = path.removeprefix("@")
            read = reader_of(self.owner.attribute(attribute).primitive, self._zone)
            self._attributes.append((name, attribute, read))

    def _collect(self, element: etree._Element, by_tag: Mapping[str, Node], found: dict[str, Any]) -> None:
        for child in element:
            node = by_tag.get(str(child.tag))
            if node is None:
                self._pass_over(child)
                continue
            if child.get(NIL) in ("true", "1"):
                continue
            if node.holds is None:
                self._open_group(node, found)
                self._collect(child, {below.element.name: below for below in node.nodes}, found)
                continue
            value = self._value(child, node)
            if node.many:
                found.setdefault(node.holds, []).append(value)
            else:
                found[node.holds] = value

    def _pass_over(self, child: etree._Element) -> None:
        local = etree.QName(child).localname
        if local not in self._covered:
            raise broken(local, "is not supported")

    @staticmethod
    def _open_group(node: Node, found: dict[str, Any]) -> None:
        """An element that holds nothing but a repeated one, and none of it, means an empty list, not an absent one."""
        for below in node.nodes:
            if below.many and len(type_of(node.element).children) == 1 and below.holds is not None:
                found.setdefault(below.holds, [])

    def _value(self, element: etree._Element, node: Node) -> Any:
        if node.form is not None:
            return node.form.fields(element)
        assert node.leaf is not None  # noqa: S101  # a node of a field has a form or a leaf
        try:
            return node.leaf.read(element)
        except (ValueError, ArithmeticError) as problem:
            raise broken(node.element.local, f"cannot be read: {problem}") from None

    def _write_nodes(self, parent: etree._Element, nodes: list[Node], record: Record) -> None:
        for node in nodes:
            if node.constant is not None:
                etree.SubElement(parent, node.element.name).text = node.constant
            elif node.holds is None:
                if any(_has_value(below, record) for below in node.nodes):
                    self._write_nodes(etree.SubElement(parent, node.element.name), node.nodes, record)
            else:
                value = getattr(record, node.holds)
                if value is None:
                    if node.absent is not None:
                        etree.SubElement(parent, node.element.name).text = node.absent
                    continue
                for item in value if node.many else (value,):
                    child = etree.SubElement(parent, node.element.name)
                    if node.form is not None:
                        node.form.write(child, item)
                    elif node.leaf is not None:
                        node.leaf.write(child, item)

    @staticmethod
    def _write_inlined(element: etree._Element, inlined: Inlined, value: Any) -> None:
        if inlined.many and len(value) != 1:
            raise broken(inlined.holds, "holds exactly one here")
        inlined.form.write(element, value[0] if inlined.many else value)

    def _problem(self, problem: ValidationError) -> Exception:
        problems = problem.errors(include_url=False, include_context=False, include_input=False)
        spelled = "/".join(self.spelling(problems[0]["loc"])) or self.owner.name.rpartition(":")[2]
        elements = self._elements()
        rule = _FIELD_NAME.sub(
            lambda name: elements.get(name[0], name[0]), problems[0]["msg"].removeprefix("Value error, ")
        )
        return error("VALIDATION_ERROR", f"{spelled}: {rule}", field=spelled, rule=rule)

    def _elements(self) -> dict[str, str]:
        """The element of every field's name, here and below; where a name occurs twice, of the upper one."""
        found: dict[str, str] = {}
        for node in _all(self._root.nodes):
            if node.form is not None:
                found.update(node.form._elements())
        if self._inlined is not None:
            found.update(self._inlined.form._elements())
        return {**found, **{name: path[-1] for name, path in self._paths.items()}}

    def spelling(self, location: tuple[int | str, ...]) -> list[str]:
        """The elements of a field's location in the model."""
        if not location:
            return []
        head, *rest = location
        if self._inlined is not None and self._inlined.holds == head:
            return self._inlined.form.spelling(tuple(part for part in rest if not isinstance(part, int)))
        spelled = list(self._paths.get(str(head), (str(head),)))
        node = next((node for node in _all(self._root.nodes) if node.holds == head), None)
        if node is None or node.form is None:
            return spelled
        return [*spelled, *node.form.spelling(tuple(part for part in rest if not isinstance(part, int)))]


def _below(node: Node, local: str) -> Node:
    """The node of a child, made where it is not there yet."""
    for found in node.nodes:
        if found.element.local == local:
            return found
    if not isinstance(node.element.type, ComplexType):
        raise SchemaMismatch(f"{node.element.local} has no children")
    made = Node(node.element.type.child(local))
    node.nodes.append(made)
    return made


def _all(nodes: Iterable[Node]) -> Iterable[Node]:
    for node in nodes:
        yield node
        yield from _all(node.nodes)


def _has_value(node: Node, record: Record) -> bool:
    if node.holds is not None:
        return getattr(record, node.holds) is not None
    return any(_has_value(below, record) for below in node.nodes)


def _item_of(annotation: Any) -> tuple[bool, Any]:
    """Whether a field is a list, and the type of one value."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, types.UnionType):
            annotation = next(part for part in get_args(annotation) if part is not type(None))
        elif origin in (list, tuple):
            return True, _item_of(get_args(annotation)[0])[1]
        else:
            return False, annotation


def _text_leaf(read: Callable[[str], Any], write: Callable[[Any], str], default: str) -> Leaf:
    """`default` is what the schema lets an empty element stand for (XML Schema part 1, clause 3.3.1)."""

    def read_element(element: etree._Element) -> Any:
        return read(element.text or default)

    def write_element(element: etree._Element, value: Any) -> None:
        text = write(value)
        try:
            element.text = text
        except ValueError:  # a meter's text may hold what XML does not have
            element.text = clean(text)

    return Leaf(read_element, write_element)


def _obis_leaf(owner: Element) -> Leaf:
    if not isinstance(owner.type, ComplexType):
        raise SchemaMismatch(f"{owner.local} has no elements a to f")
    names = [owner.type.child(local).name for local in OBIS]

    def read_element(element: etree._Element) -> str:
        return ".".join(str(int(element.findtext(name) or "")) for name in names)

    def write_element(element: etree._Element, value: str) -> None:
        for name, part in zip(names, value.split("."), strict=True):
            etree.SubElement(element, name).text = part

    return Leaf(read_element, write_element)
