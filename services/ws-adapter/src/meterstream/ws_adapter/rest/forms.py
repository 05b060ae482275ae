"""How operations are spelled in JSON: the models of bodies and answers, and the way from and to the contract."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, create_model, model_validator

from meterstream.contracts.base import CorrelationUid, DeviceIdentification, Moment, Record
from meterstream.contracts.envelope import DEFAULT_PRIORITY, Advance, Priority, ResultStatus, State
from meterstream.contracts.errors import ErrorRecord, error
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Result
from meterstream.contracts.operations.bundle import BundleAction, BundleRequest, BundleResponse
from meterstream.ws_adapter.model.actions import ActionCodec
from meterstream.ws_adapter.model.failures import COMPONENT, broken, from_validation
from meterstream.ws_adapter.model.submission import Options, names_device


class SubmissionBody(Record):
    """What may be said about any command."""

    correlation_uid: CorrelationUid | None = Field(
        None, description="the caller's own name for the command; the same one again answers with the same command"
    )
    priority: Priority = Field(DEFAULT_PRIORITY, description="0 lowest to 9 highest")
    schedule_time: Moment | None = Field(None, description="earliest moment of execution")
    expires_at: Moment | None = Field(None, description="latest moment of execution; a day after it is due if absent")
    bypass_retry: bool = Field(False, description="the first failure is final")
    response_url: Annotated[str, Field(max_length=2000, pattern=r"^https?://.+")] | None = Field(
        None, description="where the notification goes instead of the configured address"
    )

    @model_validator(mode="after")
    def _expires_after_it_is_due(self) -> Self:
        if self.expires_at and self.schedule_time and self.expires_at <= self.schedule_time:
            raise ValueError("expires_at must be after schedule_time")
        return self


class UploadView(Record):
    """What arrived of a field that was sent as octets."""

    octets: int
    sha256: str


class CommandView(Record):
    """A command and how far it is."""

    correlation_uid: str
    operation: str
    device_identification: str | None
    state: State | ResultStatus | Literal["submitted"] = Field(
        description="submitted: accepted, not heard of since; a status of the result once final"
    )
    final: bool
    priority: int | None = None
    attempt: int | None = None
    created_at: Moment | None = None
    changed_at: Moment | None = None
    due_at: Moment | None = None
    expires_at: Moment | None = None
    error: ErrorRecord | None = Field(None, description="why it failed, or why it waits for another attempt")
    advance: Advance | None = Field(None, description="how far an attempt is that takes long, while it runs")
    uploads: dict[str, UploadView] | None = Field(
        None, description="what arrived of a submission in parts, by field; in the answer to it alone"
    )


class ResultView(Record):
    """The final outcome of a command."""

    status: ResultStatus
    attempt: int
    finished_at: Moment
    meter_ms: int | None = None
    error: ErrorRecord | None = None


@dataclass(frozen=True, eq=False)
class Form:
    """One operation in JSON.

    `body` is what is posted, `line` the same with the operation's name, `view` what a command and its result look
    like, `result` the result alone.
    """

    operation: Operation
    body: type[SubmissionBody]
    line: type[SubmissionBody]
    view: type[CommandView]
    result: type[ResultView]
    codec: ActionCodec
    catalogue: Mapping[str, Operation]

    def read(self, raw: bytes, now: datetime) -> tuple[OperationRequest, str | None, Options]:
        """Request, device and options of a posted body.

        Raises: UNREADABLE_MESSAGE, VALIDATION_ERROR naming field and rule.
        """
        return self._read(self.body, raw or b"{}", now)

    def read_line(self, raw: bytes, now: datetime) -> tuple[OperationRequest, str | None, Options]:
        """The same of a line that names its operation.

        Raises: as `read`.
        """
        return self._read(self.line, raw, now)

    def _read(
        self, model: type[SubmissionBody], raw: bytes, now: datetime
    ) -> tuple[OperationRequest, str | None, Options]:
        try:
            body = model.model_validate_json(raw, strict=True)
        except ValidationError as problem:
            raise _problem(problem, self.catalogue) from None
        if body.expires_at is not None and body.expires_at <= now:
            raise broken("expires_at", "must be in the future")
        options = Options(
            correlation_uid=body.correlation_uid,
            priority=body.priority,
            schedule_time=body.schedule_time,
            expires_at=body.expires_at,
            bypass_retry=body.bypass_retry,
            response_url=body.response_url,
        )
        device: str | None = getattr(body, "device_identification", None)
        return self._request(body.request), device, options  # type: ignore[attr-defined]  # every form adds it

    def _request(self, posted: Record) -> OperationRequest:
        if isinstance(posted, OperationRequest):
            return posted
        actions = [
            BundleAction(operation=self.catalogue[action.operation].name, request=self.codec.encode(action.request))
            for action in posted.actions  # type: ignore[attr-defined]  # the only other model, see `_bundle_models`
        ]
        return BundleRequest(actions=actions)

    def response_json(self, response: OperationResponse) -> dict[str, Any]:
        """The response as JSON values."""
        if not isinstance(response, BundleResponse):
            return response.model_dump(mode="json")
        return {"answers": [self._answer_json(**dict(answer)) for answer in response.answers]}

    def _answer_json(
        self, operation: str, response: bytes | None, error: ErrorRecord | None, retryable: bool
    ) -> dict[str, Any]:
        known = self.catalogue.get(operation)
        if response is not None and known is None:
            error = ErrorRecord(code="UNKNOWN_OPERATION", message=f"{operation} is not known here", component=COMPONENT)
        decoded = None if response is None or known is None else self.codec.decode_as(response, known.response)
        return {
            "operation": operation,
            "response": None if decoded is None else decoded.model_dump(mode="json"),
            "error": None if error is None else error.model_dump(mode="json"),
            "retryable": retryable,
        }

    def result_json(self, result: Result) -> dict[str, Any]:
        """A result as JSON values."""
        return {
            "status": result.status.value,
            "attempt": result.attempt,
            "finished_at": result.finished_at.isoformat(),
            "meter_ms": result.meter_ms,
            "error": None if result.error is None else result.error.model_dump(mode="json"),
            "response": None if result.response is None else self.response_json(result.response),
        }


class Forms:
    """The forms of all operations, found by any spelling of the name."""

    def __init__(self, catalogue: Mapping[str, Operation], codec: ActionCodec) -> None:
        named = {name: operation for operation in catalogue.values() for name in (operation.name, *operation.aliases)}
        self.by_name: dict[str, Form] = {
            operation.name: _form(operation, codec, named) for operation in catalogue.values()
        }
        self._by_spelling = {spelling(name): self.by_name[operation.name] for name, operation in named.items()}

    def find(self, name: str) -> Form:
        """The form of an operation: SynchronizeTime, synchronize-time, synchronize_time, or an alias.

        Raises: UNKNOWN_OPERATION.
        """
        found = self._by_spelling.get(spelling(name))
        if found is None:
            raise error(
                "UNKNOWN_OPERATION", f"operation: there is no operation {name!r}", field="operation", rule="known name"
            )
        return found


def spelling(name: str) -> str:
    """What all spellings of a name have in common."""
    return name.replace("-", "").replace("_", "").casefold()


def _names(*names: str) -> Any:
    """The type whose only values are these names."""
    return Literal[names]


def _form(operation: Operation, codec: ActionCodec, catalogue: Mapping[str, Operation]) -> Form:
    request: type[Record] = operation.request
    response: type[Record] = operation.response
    if issubclass(operation.request, BundleRequest):
        request, response = _bundle_models(catalogue)
    fields: dict[str, Any] = {"request": (request, _without_words(request))}
    if names_device(operation):
        fields["device_identification"] = (DeviceIdentification, ...)
    body = create_model(
        f"{operation.name}Submission",
        __base__=SubmissionBody,
        __doc__=f"{operation.summary} Body of the submission.",
        **fields,
    )
    line = create_model(f"{operation.name}Line", __base__=body, operation=(str, ...))
    optional: Any = response | None
    result = create_model(f"{operation.name}ResultView", __base__=ResultView, response=(optional, None))
    optional = result | None
    view = create_model(
        f"{operation.name}View",
        __base__=CommandView,
        __doc__=f"A command {operation.name} and how far it is.",
        operation=(_names(operation.name), ...),
        result=(optional, None),
    )
    return Form(operation, body, line, view, result, codec, catalogue)


def _without_words(request: type[Record]) -> Any:
    """The request where the caller gives none: without any field if its rules allow that, else it is required."""
    try:
        return request()
    except ValidationError:
        return ...


def _bundle_models(catalogue: Mapping[str, Operation]) -> tuple[type[Record], type[Record]]:
    actions: list[Any] = []
    answers: list[Any] = []
    bundled = sorted({operation.name: operation for operation in catalogue.values() if operation.bundle_action}.items())
    for name, operation in bundled:
        names = tuple(other for other, known in catalogue.items() if known is operation)
        request: Any = operation.request
        actions.append(
            create_model(
                f"{name}Action",
                __base__=Record,
                __doc__=operation.summary,
                operation=(_names(*names), ...),
                request=(request, _without_words(request)),
            )
        )
        response: Any = operation.response | None
        answers.append(
            create_model(
                f"{name}Answer",
                __base__=Record,
                operation=(_names(name), ...),
                response=(response, None),
                error=(ErrorRecord | None, None),
                retryable=(bool, False),
            )
        )
    action: Any = Annotated[functools.reduce(operator.or_, actions), Field(discriminator="operation")]
    answer: Any = Annotated[functools.reduce(operator.or_, answers), Field(discriminator="operation")]
    limits = BundleRequest.model_fields["actions"].metadata
    listed: Any = Annotated[(list[action], *limits)]
    posted: Any = create_model(
        "BundleActions", __base__=Record, __doc__="Actions in the order of execution.", actions=(listed, ...)
    )
    answered: Any = create_model(
        "BundleAnswers", __base__=Record, __doc__="One answer per action, in their order.", answers=(list[answer], ...)
    )
    return posted, answered


def _problem(problem: ValidationError, catalogue: Mapping[str, Operation]) -> Exception:
    first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return error("UNREADABLE_MESSAGE", f"body: {first['msg']}", field="body", rule="JSON")
    return from_validation(problem, skip=frozenset(catalogue))
