"""What a SOAP request asks, checked in the order of the contract; pure, so that large ones can run in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.operation import Kind
from meterstream.ws_adapter.model.organisations import Organisations
from meterstream.ws_adapter.model.submission import Caller, Options
from meterstream.ws_adapter.soap.envelope import Envelope, PlainFault, parse_envelope
from meterstream.ws_adapter.soap.exchange import Asked, Exchange, Exchanges, retrieved_uid
from meterstream.ws_adapter.soap.headers import check_mandatory, in_words_of_headers, read_options
from meterstream.ws_adapter.soap.services import ServiceOperation, operations_by_input
from meterstream.ws_adapter.soap.validation import Validator, Violation


class UnknownBody(Exception):
    """No service knows the element in the body."""


class NotUnderstood(Exception):
    """A header must be understood and is not."""


class InvalidBody(Exception):
    """The body breaks the schema."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__(violations[0].text)
        self.violations = violations


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """A request that passed the checks of the face.

    `asked` and `options` are those of a request or synchronous operation, `correlation_uid` that of a retrieval of a
    request's result or of a deletion. `exchange` is None for what the contract has no operation of.
    """

    operation: ServiceOperation
    exchange: Exchange | None
    caller: Caller
    asked: Asked | None = None
    options: Options | None = None
    correlation_uid: str | None = None


class Receiver:
    """Turns bytes into requests."""

    def __init__(self, exchanges: Exchanges, organisations: Organisations) -> None:
        self._exchanges = exchanges
        self._organisations = organisations
        self._validators = {name: Validator(name) for name in ("smartmetering", "core")}

    def receive(self, raw: bytes, certificate_name: str) -> Received:
        """What the envelope in `raw` asks.

        Raises: MalformedEnvelope, UnknownBody, NotUnderstood, PlainFault, InvalidBody; VALIDATION_ERROR,
        UNSUPPORTED_DEVICE_ACTION, UNKNOWN_ORGANISATION, DISABLED_ORGANISATION.
        """
        envelope = parse_envelope(raw)
        operation = operations_by_input().get(str(envelope.body.tag))
        if operation is None:
            raise UnknownBody(str(envelope.body.tag))
        if envelope.must_understand:
            raise NotUnderstood
        check_mandatory(envelope.headers)
        caller = self._caller(envelope.headers, certificate_name)
        violations = self._validators[operation.schema_set].violations(envelope.body)
        if violations:
            raise InvalidBody(violations)
        try:
            received = self._read(envelope, operation, caller)
        except PlatformError as failure:
            raise in_words_of_headers(failure) from None
        self._organisations.admit(caller.organisation)
        return received

    def _caller(self, headers: Mapping[str, str], certificate_name: str) -> Caller:
        organisation = headers["OrganisationIdentification"]
        if not self._organisations.certifies(certificate_name, organisation):
            raise PlainFault(f"Client certificate is untrusted or invalid for organisation [{organisation}]")
        return Caller(organisation, headers["UserName"], headers["ApplicationName"])

    def _read(self, envelope: Envelope, operation: ServiceOperation, caller: Caller) -> Received:
        exchange = self._exchanges.find(operation)
        if operation.kind == "retrieval" and not _asks(operation, exchange):
            return Received(operation, exchange, caller, correlation_uid=retrieved_uid(envelope.body))
        if exchange is None:
            if operation.kind == "synchronous" and (operation.service, operation.name) == DELETE:
                return Received(operation, None, caller, correlation_uid=retrieved_uid(envelope.body))
            raise error(
                "UNSUPPORTED_DEVICE_ACTION",
                f"{operation.name} is not supported",
                field="Body",
                rule="supported operation",
            )
        asked = exchange.read(envelope.body)
        options = read_options(envelope.headers, operation)
        if asked.due is not None:
            options = replace(options, schedule_time=asked.due)
        return Received(operation, exchange, caller, asked=asked, options=options)


def _asks(retrieval: ServiceOperation, exchange: Exchange | None) -> bool:
    """Whether a retrieval without a request before it is a synchronous operation of the contract."""
    return retrieval.result_of is None and exchange is not None and exchange.operation.kind is Kind.SYNCHRONOUS


DELETE = ("SmartMeteringCommon", "DeleteResponseData")
"""The one operation of the contract that this service answers from its own store."""
