"""SOAP messages of the tests: envelopes with the mandatory headers, and requests as a client spells them."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from soap_instances import builder_of

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.operations.bundle import BundleRequest
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.runtime.codec import Codec
from meterstream.ws_adapter.soap.exchange import Exchange, new_element
from meterstream.ws_adapter.soap.forms import Form
from meterstream.ws_adapter.soap.schema import Element, schema_set, type_of
from meterstream.ws_adapter.soap.text import write_date_time

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
COMMON = "http://www.opensmartgridplatform.org/schemas/common/2014/10"
ORGANISATION = "DemoGridOrg"
DEVICE = "E0000000000000001"
SOMEDAY = datetime(2099, 1, 1, tzinfo=UTC)
SOME: dict[Any, object] = {datetime: SOMEDAY, int: 1, str: "some", bool: True}
WORDS = ("Result", "Description", "exception", "resultString")
"""Elements of a response that say how it went; no field holds them."""
MANDATORY = {"OrganisationIdentification": ORGANISATION, "UserName": "operator", "ApplicationName": "Portal"}


def envelope(body: str, headers: dict[str, str] | None = None, **more: str) -> bytes:
    """A body with the mandatory headers and more, or with `headers` alone."""
    wanted = {**MANDATORY, **more} if headers is None else headers
    spelled = "".join(f'<h:{name} xmlns:h="{COMMON}">{escape(value)}</h:{name}>' for name, value in wanted.items())
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{spelled}</s:Header><s:Body>{body}</s:Body></s:Envelope>'.encode()


class Spelling:
    """Writes an operation's requests as a client does, and reads its responses; the inverse of the face."""

    def __init__(self, operation: Operation, binding: SoapBinding, exchange: Exchange, codec: Codec) -> None:
        self._operation = operation
        self._binding = binding
        self._codec = codec
        schemas = schema_set(exchange.request.schema_set)
        self._input = schemas.element(exchange.request.input)
        asked = exchange.request if exchange.retrieval is None else exchange.retrieval
        self._output = schemas.element(asked.output)
        self._full = builder_of(exchange.request.schema_set).full(exchange.request.input).root

    def ask(self, request: OperationRequest, device: str | None, due: datetime | None = None) -> etree._Element:
        """The element that asks for `request`."""
        root = new_element(self._input)
        inner, owner = root, type_of(self._input)
        if self._binding.wrapper:
            inner = _put(root, self._input, self._binding.wrapper)
            owner = type_of(owner.child(self._binding.wrapper))
        if isinstance(request, BundleRequest):
            self._ask_actions(_put(inner, self._input, "Actions"), owner.child("Actions"), request)
        else:
            Form(self._operation.request, owner, UTC, covered=self._elsewhere()).write(inner, request)
        if self._binding.device is not None:
            _put(root, self._input, self._binding.device).text = device
        if self._binding.due is not None:
            _put(root, self._input, self._binding.due).text = write_date_time(due or SOMEDAY)
        for path in self._binding.passed_over:
            self._put_demanded(root, path)
        return root

    def answer(self, element: etree._Element) -> OperationResponse:
        """The response that an element of the retrieval spells; what has no place there takes some value."""
        model = self._operation.response
        form: Form[Any] = Form(model, type_of(self._output), UTC, covered=WORDS)
        unspelled = {
            name: SOME[info.annotation]
            for name, info in model.model_fields.items()
            if info.is_required() and not any(isinstance(item, Soap) for item in info.metadata)
        }
        return model.model_validate({**unspelled, **form.fields(element)})

    def _elsewhere(self) -> list[str]:
        found = (self._binding.device, self._binding.due, *self._binding.passed_over)
        return [] if self._binding.wrapper else [path for path in found if path is not None]

    def _ask_actions(self, container: etree._Element, declared: Element, request: BundleRequest) -> None:
        for action in request.actions:
            operation = load_operations()[action.operation]
            assert operation.soap is not None
            child = type_of(declared).child(str(operation.soap.bundle_action))
            element = etree.SubElement(container, child.name)
            form = Form(operation.request, type_of(child), UTC, bundle=True)
            form.write(element, self._codec.decode_as(action.request, operation.request))

    def _put_demanded(self, root: etree._Element, path: str) -> None:
        """An element that the contract passes over, where the schema demands it."""
        local = path.rpartition("/")[2]
        if "/" not in path and type_of(self._input).child(local).least:
            filled = next(child for child in self._full if etree.QName(child).localname == local)
            place = _put(root, self._input, path)
            place.getparent().replace(place, deepcopy(filled))  # type: ignore[union-attr]  # it has just been put there


def _put(root: etree._Element, declared: Element, path: str) -> etree._Element:
    """The element at a path below `root`, made in its place where it is not there."""
    for local in path.split("/"):
        order = [child.name for child in type_of(declared).children]
        declared = type_of(declared).child(local)
        found = root.find(declared.name)
        if found is None:
            found = etree.Element(declared.name)
            before = sum(order.index(str(child.tag)) < order.index(declared.name) for child in root)
            root.insert(before, found)
        root = found
    return root


def canonical(element: etree._Element) -> str:
    """Canonical form without the white space between elements."""
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    root = etree.fromstring(etree.tostring(element, with_tail=False), parser)
    return etree.tostring(root, method="c14n", exclusive=True, with_comments=False).decode()
