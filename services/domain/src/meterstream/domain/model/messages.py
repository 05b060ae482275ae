"""The messages that follow from a stored command: the same row gives the same bytes, however often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meterstream.contracts.envelope import (
    CommandHeader,
    CommandState,
    DlmsRequestHeader,
    DlmsResponseHeader,
    Progress,
    Reply,
    ResultStatus,
    State,
    Verdict,
)
from meterstream.contracts.errors import CODES, ErrorRecord
from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operation import Command, DlmsResponse, Operation, OperationResponse, Result
from meterstream.contracts.operations.bundle import BundleRequest, BundleResponse
from meterstream.contracts.topics import TOPICS, lane_of
from meterstream.domain.model.bundles import answers_of, next_request, pending
from meterstream.domain.model.stored import Stage, StoredCommand
from meterstream.runtime.codec import Codec

COMPONENT: Final = "DOMAIN"
RESULT_LIMIT: Final = TOPICS["results"].max_message_bytes
ENVELOPE_BYTES: Final = 64 * 1024
"""What headers and framing may add to a value."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a command ended, for the metrics; `code` is "" where there is no error."""

    operation: str
    status: ResultStatus
    code: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to be produced.

    Attributes:
        partition: named only on `replies`; else the key decides.
        gateway: the device whose record must lie on `devices` before this message does.
        ending: of a result.
    """

    topic: str
    key: str | None
    value: bytes
    record: str
    ce_id: str
    moment: datetime
    partition: int | None = None
    gateway: str | None = None
    ending: Ending | None = None
    traceparent: bytes | None = None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a result says."""

    status: ResultStatus
    response: OperationResponse | None = None
    error: ErrorRecord | None = None
    meter_ms: int | None = None


def key_of(header: CommandHeader) -> str:
    """The key of everything about a command: its device, the organisation where there is none."""
    return header.device_identification or header.organisation


class Composer:
    """Builds the messages. Holds nothing but the codec."""

    def __init__(self, codec: Codec, *, result_limit: int = RESULT_LIMIT) -> None:
        self.codec = codec
        self._result_limit = result_limit - ENVELOPE_BYTES

    def command_of(self, row: StoredCommand) -> Command:
        """The command of a row, as it was submitted."""
        return self.codec.decode_as(row.command, Command)

    def answer_of(self, row: StoredCommand) -> DlmsResponse | None:
        """What the attempts so far brought."""
        return None if row.answer is None else self.codec.decode_as(row.answer, DlmsResponse)

    def answers_so_far(
        self, row: StoredCommand, operation: Operation, response: BundleResponse, moment: datetime
    ) -> bytes:
        """The answers to a bundle's actions before its next attempt, encoded as an attempt's response."""
        device = row.device_identification or ""
        header = DlmsResponseHeader(
            organisation=row.organisation,
            correlation_uid=row.correlation_uid,
            attempt=row.attempt,
            device_identification=device,
            gateway=row.gateway or device,
            observed_at=moment,
        )
        return self.codec.encode(operation.dlms_response(header=header, response=response))

    def result_value(
        self, operation: Operation, header: CommandHeader, attempt: int, moment: datetime, conclusion: Conclusion
    ) -> bytes:
        """The encoded result; one that no topic takes becomes the error `RESULT_TOO_LARGE`."""
        value = self.codec.encode(_result(operation, header, attempt, moment, conclusion))
        if len(value) <= self._result_limit:
            return value
        error = CODES["RESULT_TOO_LARGE"](
            f"the result has {len(value)} bytes, the limit is {self._result_limit}", size=len(value)
        )
        smaller = Conclusion(ResultStatus.FAILED, error=error.to_record(COMPONENT), meter_ms=conclusion.meter_ms)
        return self.codec.encode(_result(operation, header, attempt, moment, smaller))

    def result(
        self, header: CommandHeader, operation: str, value: bytes, conclusion: Conclusion, moment: datetime
    ) -> Publication:
        """A result on its way."""
        code = conclusion.error.code if conclusion.error else ""
        return Publication(
            topic="results",
            key=key_of(header),
            value=value,
            record=f"{operation}Result",
            ce_id=f"{header.organisation}|{header.correlation_uid}|result",
            moment=moment,
            ending=Ending(operation, conclusion.status, code, (moment - header.created_at).total_seconds()),
        )

    def stored_result(self, row: StoredCommand) -> Publication:
        """The result that domain decided by itself, as it was stored with the row."""
        if row.result is None:
            raise ValueError("the row holds no result")
        known = self.codec.decode_as(row.result, Result)
        conclusion = Conclusion(known.status, error=known.error)
        return self.result(known.header, row.operation, row.result, conclusion, row.changed_at)

    def follow_up(self, row: StoredCommand, command: Command) -> list[Publication]:
        """What the row's stage says to the world; a result that came by a message is made from that message."""
        match row.stage:
            case Stage.QUEUED:
                return [self.state(row, command, State.QUEUED), self.request(row, command)]
            case Stage.SCHEDULED:
                return [self.state(row, command, State.SCHEDULED)]
            case Stage.WAITING:
                return [self.state(row, command, State.WAITING_FOR_RETRY, self._why_waiting(row))]
            case Stage.FINAL:
                return [] if row.result is None else [self.stored_result(row)]

    def state(
        self, row: StoredCommand, command: Command, state: State, error: ErrorRecord | None = None
    ) -> Publication:
        """Tells where the command stands."""
        record = CommandState(
            header=command.header,
            operation=row.operation,
            state=state,
            attempt=row.attempt,
            changed_at=row.changed_at,
            due_at=row.due_at,
            error=error,
        )
        return Publication(
            topic="command-states",
            key=key_of(command.header),
            value=self.codec.encode(record),
            record="CommandState",
            ce_id=f"{row.organisation}|{row.correlation_uid}|{row.attempt}|{state}",
            moment=row.changed_at,
        )

    def running(self, row: StoredCommand, command: Command, progress: Progress) -> Publication:
        """Tells how far the command's attempt is."""
        advance = progress.advance
        if isinstance(command.request, BundleRequest) and advance.action is not None:
            places = pending(answers_of(self.answer_of(row)), len(command.request.actions))
            if advance.action < len(places):
                advance = advance.model_copy(update={"action": places[advance.action]})
        record = CommandState(
            header=command.header,
            operation=row.operation,
            state=State.RUNNING,
            attempt=row.attempt,
            changed_at=progress.observed_at,
            advance=advance,
        )
        place = "" if advance.action is None else f"{advance.action}|"
        return Publication(
            topic="command-states",
            key=key_of(command.header),
            value=self.codec.encode(record),
            record="CommandState",
            ce_id=f"{row.organisation}|{row.correlation_uid}|{row.attempt}|{State.RUNNING}|{place}{advance.done}",
            moment=progress.observed_at,
        )

    def request(self, row: StoredCommand, command: Command) -> Publication:
        """The attempt for protocol-dlms; a repeated bundle holds only the actions that are still to be done."""
        if row.gateway is None or row.not_after is None:
            raise ValueError("the row is in no lane")
        request, new_keys = command.request, row.attachments.new_keys
        if isinstance(request, BundleRequest):
            before = answers_of(self.answer_of(row))
            new_keys = _renumbered(new_keys, pending(before, len(request.actions)))
            request = next_request(request, before)
        header = DlmsRequestHeader(
            organisation=row.organisation,
            correlation_uid=row.correlation_uid,
            attempt=row.attempt,
            device_identification=row.device_identification or row.gateway,
            gateway=row.gateway,
            channel=row.channel,
            mbus_identity=row.mbus_identity,
            record_revision=row.record_revision,
            priority=command.header.priority,
            published_at=row.changed_at,
            not_after=row.not_after,
            mbus_devices=row.attachments.mbus_devices,
            images=row.attachments.images,
            new_keys=new_keys,
        )
        operation = command.operation
        return Publication(
            topic=lane_of(header.priority),
            key=row.gateway,
            value=self.codec.encode(operation.dlms_request(header=header, request=request)),
            record=operation.dlms_request.__name__,
            ce_id=f"{row.organisation}|{row.correlation_uid}|{row.attempt}",
            moment=row.changed_at,
            gateway=row.gateway,
        )

    def reply(
        self,
        partition: int,
        submission_id: str,
        row: StoredCommand,
    ) -> Publication:
        """The row's present state as the answer to one submission."""
        error = None
        match row.stage:
            case Stage.QUEUED | Stage.WAITING:
                verdict = Verdict.QUEUED
            case Stage.SCHEDULED:
                verdict = Verdict.SCHEDULED
            case Stage.FINAL if row.status is ResultStatus.REJECTED:
                verdict = Verdict.REJECTED
                error = None if row.result is None else self.codec.decode_as(row.result, Result).error
            case Stage.FINAL:
                verdict = Verdict.COMPLETED
        record = Reply(
            submission_id=submission_id,
            organisation=row.organisation,
            correlation_uid=row.correlation_uid,
            operation=row.operation,
            verdict=verdict,
            error=error,
            result=row.result,
        )
        return self.replied(partition, record, row.changed_at)

    def replied(self, partition: int, record: Reply, moment: datetime) -> Publication:
        """A reply on its way to the replica that waits."""
        return Publication(
            topic="replies",
            key=None,
            value=self.codec.encode(record),
            record="Reply",
            ce_id=f"{record.submission_id}|reply",
            moment=moment,
            partition=partition,
        )

    def _why_waiting(self, row: StoredCommand) -> ErrorRecord | None:
        answer = self.answer_of(row)
        return None if answer is None else answer.error


def _renumbered(keys: Sequence[NewKey], places: Sequence[int]) -> list[NewKey]:
    """The keys by the places of their actions in the attempt; those of actions that are done stay behind."""
    return [key.model_copy(update={"step": places.index(key.step)}) for key in keys if key.step in places]


def _result(
    operation: Operation, header: CommandHeader, attempt: int, moment: datetime, conclusion: Conclusion
) -> Result:
    return operation.result(
        header=header,
        status=conclusion.status,
        attempt=attempt,
        finished_at=moment,
        meter_ms=conclusion.meter_ms,
        response=conclusion.response,
        error=conclusion.error,
    )
