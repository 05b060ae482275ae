"""What a client asks and what it is answered survive SOAP → contract → Avro → contract → SOAP unchanged.

Parametrised over the catalogue; no operation is named here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from soap_instances import builder_of
from soap_messages import DEVICE, ORGANISATION, SOMEDAY, Spelling, canonical, envelope

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.errors import InvalidRequest, PlatformError
from meterstream.contracts.operation import Operation, OperationRequest
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest
from meterstream.contracts.records import OrganisationRecord
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.model.organisations import Organisations
from meterstream.ws_adapter.model.submission import Caller, Options, build_command
from meterstream.ws_adapter.soap.envelope import PlainFault
from meterstream.ws_adapter.soap.exchange import Exchange, Exchanges
from meterstream.ws_adapter.soap.receive import Receiver
from meterstream.ws_adapter.soap.validation import Validator

PLACES = [
    (operation, binding)
    for operation in load_operations().values()
    for binding in operation.soap_bindings
    if binding.operation is not None
]
IDS = [f"{binding.service}.{binding.operation}" for _, binding in PLACES]
EXAMPLES = [(place, index) for place in PLACES for index in range(len(place[0].examples))]
VALIDATORS = {name: Validator(name) for name in ("smartmetering", "core")}


@pytest.fixture(scope="module")
def exchanges(codec: Codec) -> Exchanges:
    return Exchanges(load_operations(), codec, ZoneInfo("UTC"))


@pytest.fixture(scope="module")
def receiver(exchanges: Exchanges) -> Receiver:
    organisations = Organisations()
    organisations.apply(
        ORGANISATION, OrganisationRecord(organisation=ORGANISATION, revision=1, name=ORGANISATION, enabled=True)
    )
    return Receiver(exchanges, organisations)


@pytest.fixture(scope="module")
def exchange_at(exchanges: Exchanges) -> Callable[[SoapBinding], Exchange]:
    by_place = {(found.request.service, found.request.name): found for found in exchanges.every}
    return lambda binding: by_place[binding.service, str(binding.operation)]


def through_avro(codec: Codec, operation: Operation, request: OperationRequest) -> OperationRequest:
    """The request of a command that went over Kafka."""
    command = build_command(
        operation,
        request,
        Caller(ORGANISATION, "operator", "Portal"),
        device=DEVICE,
        options=Options(),
        now=datetime(2025, 3, 14, tzinfo=UTC),
        random=UUID(int=1),
        reply_partition=0,
    )
    return codec.decode_as(codec.encode(command), operation.command).request


@pytest.mark.parametrize(
    ("place", "index"), EXAMPLES, ids=[f"{binding.service}.{binding.operation}-{n}" for (_, binding), n in EXAMPLES]
)
def test_an_example_asked_over_soap_is_that_example(
    place: tuple[Operation, SoapBinding],
    index: int,
    codec: Codec,
    receiver: Receiver,
    exchange_at: Callable[[SoapBinding], Exchange],
) -> None:
    operation, binding = place
    exchange = exchange_at(binding)
    spelling = Spelling(operation, binding, exchange, codec)
    example = operation.examples[index]
    asked = spelling.ask(example, DEVICE)
    assert VALIDATORS[exchange.request.schema_set].violations(asked) == []
    received = receiver.receive(envelope(etree.tostring(asked).decode()), ORGANISATION)
    assert received.asked is not None
    assert received.exchange is exchange
    assert received.asked.device == (DEVICE if binding.device is not None else None)
    assert received.asked.due == (SOMEDAY if binding.due is not None else None)
    again = spelling.ask(through_avro(codec, operation, received.asked.request), received.asked.device)
    assert canonical(again) == canonical(asked)


@pytest.mark.parametrize("place", PLACES, ids=IDS)
def test_the_fullest_request_comes_back_unchanged(
    place: tuple[Operation, SoapBinding],
    codec: Codec,
    receiver: Receiver,
    exchange_at: Callable[[SoapBinding], Exchange],
) -> None:
    """Or it is refused by a rule beyond the schema, for it has every optional part at once."""
    operation, binding = place
    exchange = exchange_at(binding)
    full = builder_of(exchange.request.schema_set).full(exchange.request.input).root
    try:
        received = receiver.receive(envelope(etree.tostring(full).decode()), ORGANISATION)
    except (PlatformError, PlainFault):  # which name field and rule: test_soap_invalid
        return
    assert received.asked is not None
    request = through_avro(codec, operation, received.asked.request)
    again = Spelling(operation, binding, exchange, codec).ask(request, received.asked.device, received.asked.due)
    for child in full.iterchildren():  # read over: it changes nothing that is done
        if etree.QName(child).localname in binding.passed_over and again.find(child.tag) is None:
            full.remove(child)
    assert canonical(again) == canonical(full)


def as_action(example: OperationRequest) -> OperationRequest:
    """The example with the fields that requests have inside bundles only: which device an action is for."""
    inside = {
        name: DEVICE
        for name, info in type(example).model_fields.items()
        for item in info.metadata
        if isinstance(item, Soap) and item.path is None and getattr(example, name) is None
    }
    return example.model_copy(update=inside)


def is_for_soap(example: OperationRequest) -> bool:
    """Whether it asks for nothing that only the other faces have."""
    return all(
        getattr(example, name) == info.get_default(call_default_factory=True)
        for name, info in type(example).model_fields.items()
        if not any(isinstance(item, Soap) for item in info.metadata)
    )


def has_a_place(spelling: Spelling, action: BundleAction) -> bool:
    """Some lists have one place only inside a bundle."""
    try:
        spelling.ask(BundleRequest(actions=[action]), DEVICE)
    except InvalidRequest as refusal:
        return refusal.details["rule"] != "holds exactly one here"
    return True


def test_every_action_in_one_bundle_comes_back(
    codec: Codec, receiver: Receiver, exchange_at: Callable[[SoapBinding], Exchange]
) -> None:
    ((bundle, place),) = [found for found in PLACES if issubclass(found[0].request, BundleRequest)]
    exchange = exchange_at(place)
    spelling = Spelling(bundle, place, exchange, codec)
    actions = [
        BundleAction(operation=operation.name, request=codec.encode(as_action(example)))
        for operation in load_operations().values()
        if operation.soap is not None and operation.soap.bundle_action is not None
        for example in operation.examples
        if is_for_soap(example)
    ]
    actions = [action for action in actions if has_a_place(spelling, action)]
    assert {action.operation for action in actions} == {
        name for name, known in load_operations().items() if known.soap is not None and known.soap.bundle_action
    }
    asked = spelling.ask(BundleRequest(actions=actions), DEVICE)
    assert VALIDATORS[exchange.request.schema_set].violations(asked) == []
    received = receiver.receive(envelope(etree.tostring(asked).decode()), ORGANISATION)
    assert received.asked is not None
    assert through_avro(codec, bundle, received.asked.request) == BundleRequest(actions=actions)
