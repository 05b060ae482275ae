"""Every operation of the catalogue, through JSON, Avro and SOAP and back unchanged.

Requests and responses are made from the models alone; what a model's own rules refuse is replaced by its examples.
"""

from __future__ import annotations

import types
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from record_breakages import FUNCTIONS, WHOLE, facets, limit

from meterstream.contracts.base import Record
from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operation import Operation
from meterstream.contracts.operations.bundle import BundleRequest
from meterstream.contracts.shared.keys import SecretType
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.model.submission import Caller, Options, build_command
from meterstream.ws_adapter.soap.exchange import Exchange, Exchanges
from meterstream.ws_adapter.soap.forms import Form
from meterstream.ws_adapter.soap.schema import ComplexType, Element, schema_set, type_of
from meterstream.ws_adapter.soap.services import operations_by_input
from meterstream.ws_adapter.soap.validation import Validator

UTC_ZONE = ZoneInfo("UTC")
DEVICE = "E0000000000000001"
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
CODEC = Codec()
EVERY = load_operations()
EXCHANGES = Exchanges(EVERY, CODEC, UTC_ZONE)
VALIDATORS = {name: Validator(name) for name in ("smartmetering", "core")}
SERVED = {(served.service, served.name): served for served in operations_by_input().values()}
BUNDLES = next(operation for operation in EVERY.values() if issubclass(operation.request, BundleRequest))

Place = Literal["anywhere", "plain", "bundle"]
"""Which fields are filled: all of them, or those that have a spelling in SOAP, outside or inside a bundle."""

ATTEMPTS = 3
CONTENT = "cvc-complex-type.2.4"

few = settings(max_examples=5, deadline=None, database=None, suppress_health_check=list(HealthCheck))
letters = st.characters(exclude_categories=("Cs", "Cc", "Cn"), max_codepoint=0xFFFD)
moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(  # noqa: DTZ001  # made aware next
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)


# Values of the models

NOT_IN_SOAP: Final = (SecretType.LLS_PASSWORD,)
"""Words that the other faces have alone."""


def texts(rules: list[Any]) -> st.SearchStrategy[str]:
    shortest, longest = limit(rules, "min_length") or 0, limit(rules, "max_length")
    pattern = limit(rules, "pattern")
    if pattern is None:
        return st.text(letters, min_size=shortest, max_size=shortest + 20 if longest is None else min(longest, 60))
    anchored = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    found = st.from_regex(anchored, fullmatch=True, alphabet=letters).filter(bool if shortest else lambda _: True)
    return found.map(lambda text: (text * (shortest + 1) if len(text) < shortest else text)[:longest])


def numbers(rules: list[Any]) -> st.SearchStrategy[int]:
    least, above = limit(rules, "ge"), limit(rules, "gt")
    most, below = limit(rules, "le"), limit(rules, "lt")
    low = above + 1 if above is not None else -WHOLE if least is None else least
    high = below - 1 if below is not None else WHOLE - 1 if most is None else most
    return st.integers(int(low), int(high))


def values(annotation: Any, metadata: Any, place: Place, known: dict[type, list[Record]], one: bool) -> Any:
    """A strategy for one field's values; `one` asks for lists of one item."""
    rules = list(facets(metadata))
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return values(arguments[0], [*metadata, *arguments[1:]], place, known, one)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return st.none() | values(inner, metadata, place, known, one)
    if origin in (list, tuple):
        least = 1 if one else limit(rules, "min_length") or 0
        more = 1 if holds_records(*arguments[:1]) else 3
        most = 1 if one else min(limit(rules, "max_length") or 3, least + more)
        return st.lists(values(arguments[0], [], place, known, False), min_size=least, max_size=most)
    if origin is dict:
        return st.dictionaries(st.text(letters), values(arguments[1], [], place, known, False), max_size=2)
    if origin is Literal:
        return st.sampled_from(arguments)
    if issubclass(annotation, Record):
        return records(annotation, place, known)
    if issubclass(annotation, Enum):
        elsewhere = () if place == "anywhere" else NOT_IN_SOAP
        return st.sampled_from([value for value in annotation if value not in elsewhere])
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return numbers(rules)
    if annotation is str:
        return texts(rules)
    if annotation is bytes:
        least = limit(rules, "min_length") or 0
        return st.binary(min_size=least, max_size=min(limit(rules, "max_length") or least + 20, least + 20))
    if annotation is Decimal:
        return st.decimals(-(10**12), 10**12, allow_nan=False, allow_infinity=False, places=3)
    if annotation is datetime:
        return moments
    raise AssertionError(f"no values for {annotation!r}")


def spelling(info: FieldInfo, place: Place) -> str | None:
    """Where a field lies in SOAP; something for every field where that is no matter."""
    if place == "anywhere":
        return "anywhere"
    soap = next((item for item in info.metadata if isinstance(item, Soap)), None)
    if soap is None:
        return None
    return (soap.bundle or soap.path) if place == "bundle" else soap.path


def is_ruled(annotation: Any, metadata: Any) -> bool:
    """Whether a function checks the values, so that those made here would hardly pass."""
    if get_origin(annotation) is Annotated:
        return is_ruled(get_args(annotation)[0], [*metadata, *get_args(annotation)[1:]])
    if get_origin(annotation) in (Union, types.UnionType):
        return any(is_ruled(part, metadata) for part in get_args(annotation))
    intricate = annotation is str or (get_origin(annotation) is list and holds_records(*get_args(annotation)))
    return intricate and any(isinstance(rule, FUNCTIONS) for rule in facets(metadata))


def holds_records(annotation: Any) -> bool:
    """Whether a record is made of others, so that many would be made for one that passes."""
    if not (isinstance(annotation, type) and issubclass(annotation, Record)):
        return False
    fields = annotation.model_fields.values()
    return any(isinstance(info.annotation, type) and issubclass(info.annotation, Record) for info in fields)


@st.composite
def records(draw: Any, model: type[Record], place: Place, known: dict[type, list[Record]]) -> Any:
    """Instances of a model; where its rules refuse what is made, one of the known ones."""
    examples = known.get(model, [])
    fields = {name: info for name, info in model.model_fields.items() if spelling(info, place) is not None}
    for _ in range(ATTEMPTS):
        made = {}
        for name, info in fields.items():
            told = [value for example in examples if (value := getattr(example, name)) is not None]
            if is_ruled(info.annotation, info.metadata) and (told or not info.is_required()):
                strategy = st.sampled_from(told) if told else st.none()
            else:
                strategy = values(info.annotation, info.metadata, place, known, spelling(info, place) == ".")
            value = draw(strategy if info.is_required() else st.none() | strategy)
            absent = value is None or (value == [] and place != "anywhere")  # nothing tells them apart in XML
            if info.is_required() or not absent:
                made[name] = value
        try:
            return model.model_validate(made)
        except ValidationError:
            continue
    fitting = [found for example in examples if (found := placed(example, place)) is not None]
    assume(fitting)
    return draw(st.sampled_from(fitting))


def placed(example: Record, place: Place) -> Record | None:
    """An example without the fields that have no place; None where its rules want them."""
    try:
        return type(example).model_validate(_placed(example, place))
    except ValidationError:
        return None


def _placed(value: Any, place: Place, one: bool = False) -> Any:
    if isinstance(value, list):
        return [_placed(item, place) for item in (value[:1] if one else value)]
    if not isinstance(value, Record):
        return value
    return {
        name: _placed(getattr(value, name), place, spelled == ".")
        for name, info in type(value).model_fields.items()
        if (spelled := spelling(info, place)) is not None
    }


def examples_of(operation: Operation) -> dict[type, list[Record]]:
    """The records that the operation's examples are made of, by their model."""
    found: dict[type, list[Record]] = {}

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, Record):
            found.setdefault(type(value), []).append(value)
            for name in type(value).model_fields:
                walk(getattr(value, name))

    for example in operation.examples:
        walk(example)
    return found


# JSON and Avro


def command_of(operation: Operation, request: Any) -> Any:
    caller, options = Caller("DemoGridOrg", "operator", "Portal"), Options()
    return build_command(
        operation, request, caller, device=DEVICE, options=options, now=NOW, random=UUID(int=7), reply_partition=0
    )


BARE = next(operation for operation in EVERY.values() if not operation.request.model_fields)
HEADER = command_of(BARE, BARE.request()).header


@pytest.mark.parametrize("name", list(EVERY))
def test_a_request_survives_json_and_avro(name: str) -> None:
    operation = EVERY[name]

    @few
    @given(records(operation.request, "anywhere", examples_of(operation)))
    def check(request: Record) -> None:
        assert operation.request.model_validate_json(request.model_dump_json()) == request
        command = command_of(operation, request)
        assert CODEC.decode(CODEC.encode(command)) == command
        if operation.bundle_action:
            assert CODEC.decode(CODEC.encode(request)) == request

    check()


@pytest.mark.parametrize("name", list(EVERY))
def test_a_response_survives_json_and_avro(name: str) -> None:
    operation = EVERY[name]

    @few
    @given(records(operation.response, "anywhere", {}))
    def check(response: Record) -> None:
        assert operation.response.model_validate_json(response.model_dump_json()) == response
        result = operation.result(
            header=HEADER,
            status=ResultStatus.OK,
            attempt=1,
            finished_at=NOW,
            response=response,
        )
        assert CODEC.decode(CODEC.encode(result)) == result
        if operation.bundle_action:
            assert CODEC.decode(CODEC.encode(response)) == response

    check()


# SOAP


def sort_children(element: etree._Element, owner: ComplexType) -> None:
    order = {child.name: index for index, child in enumerate(owner.children)}
    element[:] = sorted(element, key=lambda child: order[str(child.tag)])


def descend(element: etree._Element, declared: Element, path: str) -> etree._Element:
    """The element of a path, made where it is not there yet, each in the order of the schema."""
    for local in path.split("/") if path else ():
        owner = type_of(declared)
        declared = owner.child(local)
        found = element.find(declared.name)
        if found is None:
            found = etree.SubElement(element, declared.name)
            sort_children(element, owner)
        element = found
    return element


def lacks(element: etree._Element, declared: Element) -> bool:
    """Whether something that the schema demands is not there; alternatives of a choice count as demanded."""
    if not isinstance(declared.type, ComplexType):
        return False
    children = {child.name: child for child in declared.type.children}
    if any(child.least and element.find(name) is None for name, child in children.items()):
        return True
    return any(lacks(child, children[str(child.tag)]) for child in element)


def check_against_schema(element: etree._Element, declared: Element, schemas: str) -> None:
    """What the contract takes the schema takes too, but that the contract may demand less."""
    violations = [violation.text for violation in VALIDATORS[schemas].violations(element)]
    assert [text for text in violations if not (text.startswith(CONTENT) and lacks(element, declared))] == []


def parsed(element: etree._Element) -> etree._Element:
    return etree.fromstring(etree.tostring(element))


def exchange_at(binding: SoapBinding) -> Exchange:
    found = EXCHANGES.find(SERVED[binding.service, str(binding.operation)])
    assert found is not None
    return found


def spelled(operation: Operation, binding: SoapBinding, request: Any) -> tuple[etree._Element, Element]:
    """The request's element as a client sends it, and its declaration."""
    served = SERVED[binding.service, str(binding.operation)]
    declared = schema_set(served.schema_set).element(served.input)
    root = etree.Element(declared.name)
    inner = descend(root, declared, binding.wrapper)
    owner = type_of(type_of(declared).child(binding.wrapper)) if binding.wrapper else type_of(declared)
    Form(operation.request, owner, UTC_ZONE).write(inner, request)
    if binding.device is not None:
        descend(root, declared, binding.device).text = DEVICE
        sort_children(root, type_of(declared))
    return root, declared


PLAIN = [
    pytest.param(operation, binding, id=f"{operation.name}-{binding.service}")
    for operation in EVERY.values()
    for binding in operation.soap_bindings
    if binding.operation is not None and operation is not BUNDLES
]


@pytest.mark.parametrize(("operation", "binding"), PLAIN)
def test_a_request_survives_soap(operation: Operation, binding: SoapBinding) -> None:
    exchange = exchange_at(binding)

    @few
    @given(records(operation.request, "plain", examples_of(operation)))
    def check(request: Record) -> None:
        element, declared = spelled(operation, binding, request)
        check_against_schema(element, declared, exchange.request.schema_set)
        asked = exchange.read(parsed(element))
        assert asked.request == request
        assert asked.device == (None if binding.device is None else DEVICE)
        command = CODEC.decode(CODEC.encode(command_of(operation, asked.request)))
        again, _ = spelled(operation, binding, command.request)  # type: ignore[attr-defined]  # of a command
        assert etree.tostring(again, method="c14n") == etree.tostring(element, method="c14n")

    check()


BUNDLED = [
    pytest.param(operation, operation.soap, id=operation.name)
    for operation in EVERY.values()
    if operation.soap is not None and operation.soap.bundle_action is not None
]


@pytest.mark.parametrize(("operation", "binding"), BUNDLED)
def test_an_action_of_a_bundle_survives_soap(operation: Operation, binding: SoapBinding) -> None:
    place = BUNDLES.soap
    assert place is not None
    exchange = exchange_at(place)
    served = SERVED[place.service, str(place.operation)]
    declared = schema_set(served.schema_set).element(served.input)
    actions = type_of(declared).child("Actions")
    action = type_of(actions).child(str(binding.bundle_action))
    form: Form[Any] = Form(operation.request, type_of(action), UTC_ZONE, bundle=True)

    @few
    @given(records(operation.request, "bundle", examples_of(operation)))
    def check(request: Record) -> None:
        root = etree.Element(declared.name)
        descend(root, declared, str(place.device)).text = DEVICE
        container = etree.SubElement(root, actions.name)
        form.write(etree.SubElement(container, action.name), request)
        check_against_schema(root, declared, served.schema_set)
        asked = exchange.read(parsed(root))
        assert isinstance(asked.request, BundleRequest)
        (found,) = asked.request.actions
        assert found.operation == operation.name
        assert CODEC.decode(found.request) == request

    check()
