"""Bundles: every action has an element of its own in the bundle's namespace, and so has every answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any, Final

from lxml import etree

from meterstream.contracts.errors import ErrorRecord, error
from meterstream.contracts.operation import Operation, OperationResponse
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.ws_adapter.model.actions import ActionCodec
from meterstream.ws_adapter.model.failures import COMPONENT, broken
from meterstream.ws_adapter.soap.faults import fault_fields
from meterstream.ws_adapter.soap.forms import Form
from meterstream.ws_adapter.soap.schema import Element, type_of

ACTIONS: Final = "Actions"
RESPONSES: Final = "AllResponses"
FAULT: Final = "FaultResponse"
RESULT: Final = "Result"
RESULT_TEXT: Final = "resultString"
PARAMETERS: Final = "Parameters"
DEVICE_IN_TEXT: Final = "{device}"
EXECUTING: Final = "PROTOCOL_DLMS"
NOT_SUPPORTED: Final = 416
NO_DATA: Final = frozenset({RESULT, "exception", RESULT_TEXT})
"""Children of an answer that says no more than how it went."""


class BundleForm:
    """How a bundle's actions and answers are spelled.

    Raises: SchemaMismatch where contract and schema documents do not fit.
    """

    def __init__(
        self,
        request: Element,
        response: Element,
        catalogue: Mapping[str, Operation],
        codec: ActionCodec,
        zone: tzinfo,
    ) -> None:
        self._codec = codec
        self._actions_element = type_of(request).child(ACTIONS)
        self._responses_element = type_of(response).child(RESPONSES)
        actions, answers = type_of(self._actions_element), type_of(self._responses_element)
        self._fault = answers.child(FAULT)
        self._actions: dict[str, tuple[Operation, Form[Any]]] = {}
        self._answers: dict[str, tuple[Operation, Element, Form[Any]]] = {}
        self._texts: dict[str, tuple[str, str]] = {}
        for operation in catalogue.values():
            binding = operation.soap
            if binding is None or binding.bundle_action is None or binding.bundle_response is None:
                continue
            action = actions.child(binding.bundle_action)
            self._actions[action.name] = (operation, Form(operation.request, type_of(action), zone, bundle=True))
            answer = answers.child(binding.bundle_response)
            owner = type_of(answer)
            constants: dict[str, str] = {}
            if all(child.local in NO_DATA for child in owner.children):
                constants[RESULT] = "OK"
                if binding.result_text is not None:
                    self._texts[operation.name] = (owner.child(RESULT_TEXT).name, binding.result_text)
            form = Form(operation.response, owner, zone, bundle=True, constants=constants)
            self._answers[operation.name] = (operation, answer, form)

    def uncovered(self) -> dict[str, list[str]]:
        """By operation, elements of its action that the contract has no field for."""
        return {operation.name: form.uncovered() for operation, form in self._actions.values()}

    def read(self, element: etree._Element) -> BundleRequest:
        """The actions of a valid bundle.

        Raises: VALIDATION_ERROR naming action and rule, UNSUPPORTED_DEVICE_ACTION.
        """
        container = element.find(self._actions_element.name)
        if container is None:
            raise broken(ACTIONS, "is required")
        limit = max_actions()
        if len(container) > limit:
            raise broken(ACTIONS, f"at most {limit} actions")
        actions = []
        for number, child in enumerate(container):
            known = self._actions.get(str(child.tag))
            if known is None:
                local = etree.QName(child).localname
                raise error(
                    "UNSUPPORTED_DEVICE_ACTION",
                    f"{ACTIONS}[{number}]: {local} is not supported",
                    field=f"{ACTIONS}[{number}]",
                    rule="supported action",
                )
            operation, form = known
            actions.append(BundleAction(operation=operation.name, request=self._codec.encode(form.read(child))))
        return BundleRequest(actions=actions)

    def write(self, element: etree._Element, response: OperationResponse, device: str | None) -> None:
        """Spell one answer per action below the response's element."""
        container = etree.SubElement(element, self._responses_element.name)
        if not isinstance(response, BundleResponse):
            return
        for answer in response.answers:
            self._write_answer(container, answer, device)

    def _write_answer(self, container: etree._Element, answer: BundleAnswer, device: str | None) -> None:
        known = self._answers.get(answer.operation)
        if answer.response is None or known is None:
            failure = answer.error or unspoken(answer)
            self._write_fault(container, in_bundle(answer.operation, failure), device)
            return
        operation, declared, form = known
        record = self._codec.decode_as(answer.response, operation.response)
        element = etree.SubElement(container, declared.name)
        form.write(element, record)
        if (worded := self._texts.get(answer.operation)) is not None:
            name, text = worded
            etree.SubElement(element, name).text = text.replace(DEVICE_IN_TEXT, device or "")

    def _write_fault(self, container: etree._Element, failure: ErrorRecord, device: str | None) -> None:
        element = etree.SubElement(container, self._fault.name)
        fields = {RESULT: "NOT OK", **fault_fields(failure)}
        for child in type_of(self._fault).children:
            if child.local in fields:
                etree.SubElement(element, child.name).text = fields[child.local]
            elif child.local == PARAMETERS and device is not None:
                self._write_parameters(element, child, {"deviceIdentification": device})

    @staticmethod
    def _write_parameters(parent: etree._Element, declared: Element, parameters: Mapping[str, str]) -> None:
        group = etree.SubElement(parent, declared.name)
        (parameter,) = type_of(declared).children
        for key, value in parameters.items():
            element = etree.SubElement(group, parameter.name)
            for child in type_of(parameter).children:
                etree.SubElement(element, child.name).text = key if child.local == "Key" else value


def in_bundle(operation: str, failure: ErrorRecord) -> ErrorRecord:
    """A failure in the words that clients know from bundles.

    What the part that talks to meters has no number for, or does not support, names who met it and has no code.
    """
    if failure.component != EXECUTING or failure.number not in (None, NOT_SUPPORTED):
        return failure
    sentence = f"Error handling request with {operation}CommandExecutor: {failure.message}"
    return failure.model_copy(update={"number": None, "message": sentence})


def unspoken(answer: BundleAnswer) -> ErrorRecord:
    """The failure of an answer that says nothing, or that this release cannot spell."""
    message = "no answer" if answer.response is None else f"answers of {answer.operation} cannot be spelled here"
    return ErrorRecord(code="TECHNICAL_ERROR", message=message, component=COMPONENT)


def max_actions() -> int:
    """The contract's bound on actions."""
    metadata = BundleRequest.model_fields["actions"].metadata
    return next(int(item.max_length) for item in metadata if hasattr(item, "max_length"))
