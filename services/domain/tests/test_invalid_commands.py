"""Invalid values in every command on Kafka: the rejection names field and rule; what cannot be read is told as such.

Parametrised over what the catalogue has; no operation is named here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, cast

import pytest
from fastavro import parse_schema, schemaless_writer
from record_breakages import Breakage, breakages, plain

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import CommandHeader, Verdict
from meterstream.contracts.operation import Kind, Operation
from meterstream.contracts.schemas import rendered
from meterstream.domain.adapters.given_keys import KeyOpener
from meterstream.domain.adapters.intake import Intake
from meterstream.domain.model.submissions import Submission
from meterstream.runtime.codec import HEADER_BYTES, shared_codec
from meterstream.runtime.errors import UnreadableMessage
from meterstream.runtime.kafka.messages import Message

NOW = datetime(2026, 3, 14, 10, 15, tzinfo=UTC)
METER = "TEST1024000000001"
HEADER = CommandHeader(
    correlation_uid="A" * 20,
    submission_id="s",
    device_identification=METER,
    organisation="org-a",
    user="user",
    application="tests",
    created_at=NOW,
    expires_at=NOW + timedelta(hours=1),
    schedule_time=NOW,
    response_url="https://example.org/",
    reply_partition=1,
)
EVERY = list(load_operations().values())
CODEC = shared_codec()
INTAKE = Intake(CODEC, cast("KeyOpener", None), 12)  # reading one message opens no key


def broken_requests(operation: Operation) -> list[Breakage]:
    """Those that Avro's types can carry."""
    example = operation.examples[0] if operation.examples else None
    return [one for one in breakages(operation.request, example) if one.in_avro]


def encoded(operation: Operation, header: Any, request: Any) -> bytes:
    """A command as a client writes it that holds no value against its rule."""
    mark = CODEC.encode(operation.command.model_construct(header=HEADER, request=valid(operation)))[:HEADER_BYTES]
    body = BytesIO()
    schemaless_writer(
        body, parse_schema(rendered(operation.command), named_schemas={}), {"header": header, "request": request}
    )
    return mark + body.getvalue()


def valid(operation: Operation) -> Any:
    return operation.examples[0] if operation.examples else operation.request.model_construct(actions=[])


def message(raw: bytes, offset: int = 0) -> Message:
    return Message("commands", 0, offset, METER.encode(), raw, (), int(NOW.timestamp() * 1000))


@pytest.mark.parametrize("operation", EVERY, ids=lambda one: one.name)
def test_each_rule_broken_once_is_told_with_field_and_rule(operation: Operation) -> None:
    for broken in broken_requests(operation):
        arrival = INTAKE.read_one(message(encoded(operation, plain(HEADER), broken.values)))
        assert isinstance(arrival, Submission), broken.label
        problem = arrival.ask.problem
        assert problem is not None, broken.label
        assert problem.code.name == "VALIDATION_ERROR"
        assert problem.details["field"] == f"request.{broken.field}"
        assert broken.says in problem.details["rule"]
        assert problem.details["field"] in problem.message


HEADERS = [one for one in breakages(CommandHeader, HEADER) if one.in_avro]


@pytest.mark.parametrize("broken", HEADERS, ids=lambda one: one.label)
def test_a_broken_header_tells_its_field_to_the_dead_letter(broken: Breakage) -> None:
    operation = EVERY[0]
    with pytest.raises(UnreadableMessage) as caught:
        INTAKE.read_one(message(encoded(operation, broken.values, plain(valid(operation)))))
    assert f"header.{broken.field}: " in caught.value.reason
    assert broken.says in caught.value.reason


@pytest.mark.parametrize("operation", EVERY, ids=lambda one: one.name)
def test_a_body_that_is_cut_or_longer_is_unreadable(operation: Operation) -> None:
    raw = encoded(operation, plain(HEADER), plain(valid(operation)))
    for length in range(HEADER_BYTES, len(raw), max(1, len(raw) // 40)):
        with pytest.raises(UnreadableMessage):
            INTAKE.read_one(message(raw[:length]))
    with pytest.raises(UnreadableMessage):
        INTAKE.read_one(message(raw + b"\0"))


async def test_who_asked_hears_of_it(domain: Any) -> None:
    """One broken command of each operation in a batch: each is rejected with its own error, nothing else happens."""
    await domain.organisation("org-a", admin=True)
    await domain.install()
    broken = {operation.name: found[0] for operation in EVERY if (found := broken_requests(operation))}
    batch = []
    for number, (name, one) in enumerate(broken.items()):
        header = plain(domain.header(uid=f"{number:020}"))
        batch.append(domain.message(encoded(load_operations()[name], header, one.values)))
    sent = await domain.handle(*batch)
    replies = {reply.operation: reply for reply in sent.replies()}
    assert replies.keys() == broken.keys()
    for name, one in broken.items():
        reply = replies[name]
        assert (reply.verdict, reply.error.code) == (Verdict.REJECTED, "VALIDATION_ERROR"), name
        assert reply.error.details["field"] == f"request.{one.field}"
    kept = {result.operation.name for result in sent.results()}
    assert kept >= {name for name in broken if load_operations()[name].kind is Kind.ASYNCHRONOUS}
    assert domain.dead_letters.letters == []
    assert sent.requests() == []
