"""What one attempt came to, as messages: the response, the readings, and what later sessions need to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from meterstream.contracts.base import Record
from meterstream.contracts.envelope import Advance, DlmsRequestHeader, DlmsResponseHeader, Progress
from meterstream.contracts.errors import ErrorRecord, PlatformError, error
from meterstream.contracts.operation import DlmsRequest, Operation, OperationResponse
from meterstream.contracts.records import ProvenKeys, Quirks
from meterstream.contracts.topics import READINGS, Topic
from meterstream.protocol_dlms.failures import COMPONENT
from meterstream.protocol_dlms.identity import Identity
from meterstream.protocol_dlms.key_transfer import AttemptKeys
from meterstream.protocol_dlms.model.readings import StepRows, attempt_id, to_messages
from meterstream.protocol_dlms.views.sessions import TOPIC as DEVICE_SESSIONS
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import MessageTooLarge, PoisonMessage
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Outgoing, Sends

SERVICE: Final = "protocol-dlms"
RESPONSES: Final = "dlms-responses"
TRACEPARENT: Final = "traceparent"


_NONE: Final[Mapping[str, Topic]] = MappingProxyType({})


@dataclass(slots=True)
class Answer:
    """Outcome of one attempt: exactly one of `response` and `failure` is set.

    Attributes:
        retryable: another attempt may bring more; told by error and operation.
        proven: ids of the keys with which an association stood.
        title: the system title that an association told, where the record has another or none.
        changed: they are news for the next session.
        quirks: what the next session has to know of the meter.
        keys: what became of keys that were to be handed over.
        meter_s: seconds spent waiting for the meter.
    """

    response: OperationResponse | None = None
    failure: PlatformError | None = None
    retryable: bool = False
    proven: Sequence[str] = ()
    title: bytes | None = None
    changed: bool = False
    quirks: Quirks | None = None
    keys: AttemptKeys | None = None
    meter_s: float = 0.0
    rows: list[StepRows] = field(default_factory=list)


class Envelopes:
    """Turns answers into messages for Kafka.

    Args:
        own_readings: topics of readings by organisation, for those that have their own.
    """

    def __init__(self, codec: Codec, producer: Sends, own_readings: Mapping[str, Topic] = _NONE) -> None:
        self._codec = codec
        self._producer = producer
        self._own_readings = own_readings

    def of(self, request: DlmsRequest, answer: Answer, now: datetime, traceparent: bytes | None) -> list[Outgoing]:
        """Response, readings and what sessions learn of an attempt; a response that no topic takes becomes an error."""
        header = request.header
        try:
            messages = [self._response(request.operation, header, answer, now, traceparent)]
        except MessageTooLarge as large:
            too_large = error("RESULT_TOO_LARGE", f"the answer is too large: {large.reason}")
            answer.response, answer.failure, answer.retryable = None, too_large, False
            return [self._response(request.operation, header, answer, now, traceparent)]
        messages += self._readings(header, answer.rows, now, traceparent)
        if answer.changed:
            proven = ProvenKeys(gateway=header.gateway, key_ids=list(answer.proven), observed_at=now)
            messages.append(self._for_sessions(header, "proven", proven, now))
        if answer.quirks is not None:
            messages.append(self._for_sessions(header, "quirks", answer.quirks, now))
        return messages

    def progress(self, header: DlmsRequestHeader, advance: Advance, now: datetime) -> Outgoing:
        """How far an attempt is."""
        record = Progress(
            organisation=header.organisation,
            correlation_uid=header.correlation_uid,
            attempt=header.attempt,
            device_identification=header.device_identification,
            gateway=header.gateway,
            observed_at=now,
            advance=advance,
        )
        ce_id = f"{attempt_id(header)}|{advance.action or 0}|{advance.done}"
        return self._message(RESPONSES, header.gateway, record, ce_id, now, None)

    def dead(self, whose: Identity, poison: PoisonMessage, now: datetime, traceparent: bytes | None) -> Outgoing:
        """The failed response of a request that nobody can handle."""
        header = DlmsResponseHeader(
            organisation=whose.organisation,
            correlation_uid=whose.correlation_uid,
            attempt=whose.attempt,
            device_identification=whose.device_identification,
            gateway=whose.gateway,
            observed_at=now,
        )
        record = ErrorRecord(code=poison.code, message=poison.reason, component=COMPONENT)
        failed = whose.operation.dlms_response(header=header, error=record)
        return self._message(RESPONSES, whose.gateway, failed, attempt_id(whose), now, traceparent)

    def _response(
        self, operation: Operation, header: DlmsRequestHeader, answer: Answer, now: datetime, traceparent: bytes | None
    ) -> Outgoing:
        """Raises: MessageTooLarge."""
        response = operation.dlms_response(
            header=DlmsResponseHeader(
                organisation=header.organisation,
                correlation_uid=header.correlation_uid,
                attempt=header.attempt,
                device_identification=header.device_identification,
                gateway=header.gateway,
                observed_at=now,
                retryable=answer.retryable,
                meter_ms=round(answer.meter_s * 1000),
                proven_keys=list(answer.proven),
                key_facts=[] if answer.keys is None else answer.keys.facts,
                system_title=answer.title,
            ),
            response=answer.response,
            error=None if answer.failure is None else answer.failure.to_record(COMPONENT),
        )
        outgoing = self._message(RESPONSES, header.gateway, response, attempt_id(header), now, traceparent)
        self._producer.check_size(outgoing)
        return outgoing

    def _readings(
        self, header: DlmsRequestHeader, rows: list[StepRows], now: datetime, traceparent: bytes | None
    ) -> list[Outgoing]:
        own = self._own_readings.get(header.organisation)
        topic = READINGS if own is None else own.name
        return [
            self._message(topic, header.device_identification, found, found.reading_id, now, traceparent)
            for found in (to_messages(header, rows, now) if rows else ())
        ]

    def _for_sessions(self, header: DlmsRequestHeader, kind: str, record: Record, now: datetime) -> Outgoing:
        partition = self._producer.partition_of(DEVICE_SESSIONS, header.gateway.encode())
        key = f"{header.gateway}|{kind}"
        headers = ce_headers(type(record).__name__, SERVICE, f"{key}|{attempt_id(header)}", now)
        return Outgoing(DEVICE_SESSIONS, key.encode(), self._codec.encode(record), headers, partition)

    def _message(
        self, topic: str, key: str, record: Record, ce_id: str, now: datetime, traceparent: bytes | None
    ) -> Outgoing:
        headers = ce_headers(type(record).__name__, SERVICE, ce_id, now, traceparent)
        return Outgoing(topic, key.encode(), self._codec.encode(record), headers)
