"""An operation's messages on the SOAP face: request, acknowledgement, retrieval, response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from lxml import etree

from meterstream.contracts.errors import ErrorRecord
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse
from meterstream.contracts.operations.bundle import BundleRequest
from meterstream.contracts.soap import Soap, SoapBinding
from meterstream.ws_adapter.model.actions import ActionCodec
from meterstream.ws_adapter.model.failures import broken, missing
from meterstream.ws_adapter.soap.bundle import BundleForm
from meterstream.ws_adapter.soap.envelope import PlainFault
from meterstream.ws_adapter.soap.forms import Form
from meterstream.ws_adapter.soap.schema import ComplexType, Element, SchemaMismatch, SimpleType, schema_set, type_of
from meterstream.ws_adapter.soap.services import ServiceOperation, operations_by_input
from meterstream.ws_adapter.soap.text import read_date_time

LONGEST_DEVICE: Final = 40
_DEVICE_NAMES: Final = ("DeviceIdentification", "DeviceId")
_UID_NAMES: Final = ("CorrelationUid", "correlationUid")
_WRAPPED: Final = "AsyncResponse"
_RESULT: Final = "Result"
_DESCRIPTION: Final = "Description"
OK: Final = "OK"
NOT_OK: Final = "NOT OK"
NOT_FOUND: Final = "NOT FOUND"


@dataclass(frozen=True, eq=False)
class Asked:
    """What a valid request element asks; `due` is the moment of execution where the request has a place for it."""

    request: OperationRequest
    device: str | None
    due: datetime | None = None


class Exchange:
    """The messages of one operation in one service.

    Raises: SchemaMismatch where contract and schema documents do not fit.
    """

    def __init__(
        self,
        operation: Operation,
        binding: SoapBinding,
        request: ServiceOperation,
        retrieval: ServiceOperation | None,
        catalogue: Mapping[str, Operation],
        codec: ActionCodec,
        zone: tzinfo,
    ) -> None:
        self.operation = operation
        self.request = request
        self.retrieval = retrieval
        schemas = schema_set(request.schema_set)
        self._input = schemas.element(request.input)
        self._acknowledgement = schemas.element(request.output)
        self._output = self._acknowledgement if retrieval is None else schemas.element(retrieval.output)
        self._device_path = _tags(self._input, binding.device)
        self._wrapper = _tags(self._input, binding.wrapper or None)
        self._due_path = _tags(self._input, binding.due)
        self._refused = frozenset(binding.not_for_meters)
        self._zone = zone
        self._bundle: BundleForm | None = None
        self._fields: Form[Any] | None = None
        self._answer: Form[Any] | None = None
        if issubclass(operation.request, BundleRequest):
            self._bundle = BundleForm(self._input, self._output, catalogue, codec, zone)
        else:
            elsewhere = (binding.device, binding.due, *binding.passed_over)
            covered = () if binding.wrapper else [path for path in elsewhere if path is not None]
            owner = type_of(self._input)
            if binding.wrapper:
                owner = type_of(owner.child(binding.wrapper))
            self._fields = Form(operation.request, owner, zone, covered=covered)
            answer = type_of(self._output)
            self._answer = Form(operation.response, answer, zone, constants=self._constants(operation, answer))

    def uncovered(self) -> list[str]:
        """Elements of the request that the contract forgot; a request with one of them is refused."""
        missing = [] if self._fields is None else self._fields.uncovered()
        return [path for path in missing if path not in self._refused]

    def read(self, element: etree._Element) -> Asked:
        """What a valid request element asks.

        Raises: VALIDATION_ERROR, UNSUPPORTED_DEVICE_ACTION; PlainFault for a device identification that no
        device can have.
        """
        device = self._device(element)
        if self._bundle is not None:
            return Asked(self._bundle.read(element), device)
        assert self._fields is not None  # noqa: S101  # a form or a bundle
        inner = element.find(self._wrapper) if self._wrapper else element
        if inner is None:
            raise missing(self._wrapper)
        return Asked(self._fields.read(inner), device, self._due(element))

    def acknowledge(self, device: str | None, correlation_uid: str) -> etree._Element:
        """The acknowledgement with the two values that the retrieval takes."""
        element = new_element(self._acknowledgement)
        _acknowledge(element, type_of(self._acknowledgement), device, correlation_uid)
        return element

    def respond(self, response: OperationResponse, device: str | None, correlation_uid: str) -> etree._Element:
        """The response after a success; it names the command where the schema demands that of a direct answer."""
        element = new_element(self._output)
        if self.retrieval is None and type_of(self._output).has(_WRAPPED):
            _acknowledge(element, type_of(self._output), device, correlation_uid)
        if self._bundle is not None:
            self._bundle.write(element, response, device)
        elif self._answer is not None:
            self._answer.write(element, response)
        return element

    def respond_without_data(self, result: str, failure: ErrorRecord | None = None) -> etree._Element:
        """The response that says no more than `result`, and why in words where the schema has a place for it."""
        element = new_element(self._output)
        owner = type_of(self._output)
        if owner.has(_RESULT):
            etree.SubElement(element, owner.child(_RESULT).name).text = result
        described = None
        if failure is not None:
            described = failure.code if failure.message == failure.code else f"{failure.code}: {failure.message}"
        if owner.has(_DESCRIPTION) and (described is not None or owner.child(_DESCRIPTION).least):
            etree.SubElement(element, owner.child(_DESCRIPTION).name).text = described
        return element

    @staticmethod
    def _constants(operation: Operation, answer: ComplexType) -> dict[str, str]:
        """What an answer says that no field holds: how it went, and nothing where the schema demands some text."""
        held = {
            (item.path or "").partition("/")[0]
            for info in operation.response.model_fields.values()
            for item in info.metadata
            if isinstance(item, Soap)
        }
        constants = {
            child.local: ""
            for child in answer.children
            if isinstance(child.type, SimpleType) and child.type.primitive == "string"
            if child.least == child.most == 1 and child.local not in held
        }
        return {**constants, _RESULT: OK} if answer.has(_RESULT) else constants

    def _due(self, element: etree._Element) -> datetime | None:
        text = element.findtext(self._due_path) if self._due_path else None
        if text is None:
            return None
        try:
            return read_date_time(text, self._zone)
        except ValueError as problem:
            raise broken(self._due_path.rpartition("}")[2], f"cannot be read: {problem}") from None

    def _device(self, element: etree._Element) -> str | None:
        if not self._device_path:
            return None
        device = element.findtext(self._device_path)
        if device is None:
            raise missing("DeviceIdentification")
        if len(device) > LONGEST_DEVICE or " " in device:
            raise PlainFault(f"Device identification {device[:80]!r} is not 16 to 40 letters and digits")
        return device


class Exchanges:
    """The exchanges of all operations of a catalogue that have a place in the SOAP contract, by the body's element."""

    def __init__(self, catalogue: Mapping[str, Operation], codec: ActionCodec, zone: tzinfo) -> None:
        known = operations_by_input()
        named = {(found.service, found.name): found for found in known.values()}
        retrievals = {(found.service, found.result_of): found for found in known.values() if found.result_of}
        by_request: dict[tuple[str, str], Exchange] = {}
        for operation in catalogue.values():
            for binding in operation.soap_bindings:
                if binding.operation is None:
                    continue
                place = (binding.service, binding.operation)
                if place not in named:
                    raise SchemaMismatch(
                        f"{operation.name}: there is no operation {binding.operation} in {binding.service}"
                    )
                by_request[place] = Exchange(
                    operation, binding, named[place], retrievals.get(place), catalogue, codec, zone
                )
        self.every = tuple(by_request.values())
        self.of_operation = {exchange.operation.name: exchange for exchange in reversed(self.every)}
        self._by_request = by_request

    def find(self, asked: ServiceOperation) -> Exchange | None:
        """The exchange to which a service's operation belongs; None where the contract has none (yet)."""
        return self._by_request.get((asked.service, asked.result_of or asked.name))


def retrieved_uid(element: etree._Element) -> str:
    """The correlation uid of a retrieval or deletion.

    Raises: VALIDATION_ERROR.
    """
    for child in element.iterdescendants(etree.Element):
        if etree.QName(child).localname in _UID_NAMES:
            return (child.text or "").strip()
    raise broken("CorrelationUid", "is required")


def _acknowledge(element: etree._Element, owner: ComplexType, device: str | None, correlation_uid: str) -> None:
    """Device and correlation uid, in the element itself or one level below, as the service has it."""
    for child in owner.children:
        if child.local == _WRAPPED:
            _acknowledge(etree.SubElement(element, child.name), type_of(child), device, correlation_uid)
        elif child.local in _DEVICE_NAMES:
            etree.SubElement(element, child.name).text = device or ""
        elif child.local in _UID_NAMES:
            etree.SubElement(element, child.name).text = correlation_uid


def new_element(declared: Element) -> etree._Element:
    """A global element with the prefixes of its document and of those that it imports."""
    owner = type_of(declared)
    return etree.Element(declared.name, nsmap=dict(owner.schemas.prefixes_of(owner.document)))


def _tags(root: Element, path: str | None) -> str:
    """A path of local names as lxml finds it."""
    tags = []
    for local in path.split("/") if path else ():
        root = type_of(root).child(local)
        tags.append(root.name)
    return "/".join(tags)
