"""What an operation is: its messages and its traits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from pydantic import create_model

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.envelope import CommandHeader, DlmsRequestHeader, DlmsResponseHeader, ResultStatus
from meterstream.contracts.errors import ErrorRecord
from meterstream.contracts.events import Event
from meterstream.contracts.soap import SoapBinding

NAMING_FIELDS: Final = ("device_identification", "mbus_device_identification")
"""Fields with which a request for a meter names another device than its command: an M-Bus device behind it."""


class OperationRequest(Record):
    """What is asked of a device or of the registry."""

    def busy_until(self) -> datetime | None:
        """The latest moment at which something of it is to be done; None: all of it when the command is due."""
        return None


class OperationResponse(Record):
    """What came of it."""


class Kind(StrEnum):
    """How a face waits for the operation."""

    ASYNCHRONOUS = "asynchronous"
    SYNCHRONOUS = "synchronous"


class Target(StrEnum):
    """Who carries the operation out."""

    METER = "meter"
    GATEWAY = "gateway"
    REGISTRY = "registry"


class OperationMessage(Record):
    """A record that belongs to one operation."""

    operation: ClassVar[Operation]


class Command(OperationMessage):
    """What a face or an upstream system asks; topics `commands`, `commands-urgent`, `upstream-commands`."""

    header: CommandHeader
    request: OperationRequest


class Result(OperationMessage):
    """The one final outcome of a command; topic `results`.

    `meter_ms` is the time the platform spent waiting for the meter in the deciding attempt.
    """

    header: CommandHeader
    status: ResultStatus
    attempt: int
    finished_at: Moment
    meter_ms: int | None = None
    response: OperationResponse | None = None
    error: ErrorRecord | None = None


class DlmsRequest(OperationMessage):
    """One attempt for protocol-dlms; topics `dlms-requests-high`, `-normal`, `-low`."""

    header: DlmsRequestHeader
    request: OperationRequest


class DlmsResponse(OperationMessage):
    """The outcome of one attempt; topic `dlms-responses`. Exactly one of `response` and `error` is set."""

    header: DlmsResponseHeader
    response: OperationResponse | None = None
    error: ErrorRecord | None = None


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation: its name is the same in file, classes, topics, metric labels and documents.

    Attributes:
        name: for example "SynchronizeTime".
        function: device function that an organisation must hold; also the notification type of the SOAP contract.
        repeatable: running it twice on the meter does no harm, so a crash may repeat it without a mark.
        bundle_action: may be an action of a Bundle.
        long: reports progress.
        admin_only: only an organisation that may administer the platform may ask for it.
        resources: where REST reads it too, below /v1, for example "devices" or "devices/{device_identification}": an
            operation on the registry that changes nothing; what is not in the path is in the query string.
        from_event: what it answers for an event, None for another kind of event: an operation that has this is no
            command; the faces answer it from the organisation's events, of which the request's `correlation_uid` names
            one.
        also_soap: its places in further services, where its fields are spelled the same.
        naming_field: with which a request for a meter may name a device behind it.
    """

    name: str
    request: type[OperationRequest]
    response: type[OperationResponse]
    function: str
    summary: str
    target: Target = Target.METER
    kind: Kind = Kind.ASYNCHRONOUS
    repeatable: bool = False
    bundle_action: bool = False
    long: bool = False
    needs_known_device: bool = True
    admin_only: bool = False
    resources: tuple[str, ...] = ()
    soap: SoapBinding | None = None
    also_soap: tuple[SoapBinding, ...] = ()
    from_event: Callable[[Event], OperationResponse | None] | None = None
    examples: tuple[OperationRequest, ...] = ()
    aliases: tuple[str, ...] = ()
    naming_field: str | None = field(init=False)
    command: type[Command] = field(init=False)
    result: type[Result] = field(init=False)
    dlms_request: type[DlmsRequest] = field(init=False)
    dlms_response: type[DlmsResponse] = field(init=False)

    def __post_init__(self) -> None:
        asked = self.request.model_fields if self.target is not Target.REGISTRY else {}
        naming_field = next((name for name in NAMING_FIELDS if name in asked), None)
        object.__setattr__(self, "naming_field", naming_field)
        optional: Any = self.response | None
        for attribute, base, fields in (
            ("command", Command, {"request": (self.request, ...)}),
            ("result", Result, {"response": (optional, None)}),
            ("dlms_request", DlmsRequest, {"request": (self.request, ...)}),
            ("dlms_response", DlmsResponse, {"response": (optional, None)}),
        ):
            definitions: dict[str, Any] = dict(fields)
            model = create_model(self.name + base.__name__, __base__=base, __module__=base.__module__, **definitions)
            model.operation = self  # type: ignore[attr-defined]  # a class variable of every operation message
            object.__setattr__(self, attribute, model)

    def named_device(self, request: OperationRequest) -> str | None:
        """The device that a request for a meter names beside its command's."""
        return None if self.naming_field is None else getattr(request, self.naming_field)

    @property
    def safe_name(self) -> str:
        """The name as file name: synchronize_time for SynchronizeTime."""
        letters = [
            ("_" if index and letter.isupper() else "") + letter.lower() for index, letter in enumerate(self.name)
        ]
        return "".join(letters)

    @property
    def soap_bindings(self) -> tuple[SoapBinding, ...]:
        """Every place in the SOAP contract; none where it has none."""
        return () if self.soap is None else (self.soap, *self.also_soap)

    def __repr__(self) -> str:
        return f"<Operation {self.name}>"
