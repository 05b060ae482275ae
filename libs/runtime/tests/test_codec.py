"""Single-object encoding: exact bytes, older schemas, and every kind of damage."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.contracts.catalogue import find_operation, load_operations
from meterstream.contracts.envelope import CommandHeader, Reply, Verdict
from meterstream.contracts.errors import error
from meterstream.contracts.operation import OperationRequest, Result
from meterstream.contracts.records import MeterReadings, ReadingRow
from meterstream.contracts.schemas import fingerprint_of, rendered, write
from meterstream.contracts.types import Quantity
from meterstream.runtime.codec import HEADER_BYTES, MARKER, Codec
from meterstream.runtime.errors import PoisonMessage, UnknownSchema, UnreadableMessage

NOW = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
CODEC = Codec()
REPLY = Reply(submission_id="s", organisation="o", correlation_uid="u", operation="X", verdict=Verdict.QUEUED)


def header(**changes: object) -> CommandHeader:
    values: dict[str, object] = {
        "correlation_uid": "c" * 20, "submission_id": "s", "organisation": "Org", "user": "u", "application": "a",
        "created_at": NOW, "expires_at": NOW,
    }  # fmt: skip
    return CommandHeader.model_validate(values | changes)


def reads_result(value: str = "18422.107") -> Result:
    operation = load_operations()["GetActualMeterReads"]
    response = operation.response.model_validate(
        {"log_time": NOW, "active_energy_import": Quantity(value=Decimal(value), unit="KWH")}
    )
    return operation.result(header=header(), status="ok", attempt=1, finished_at=NOW, response=response)


def test_bytes_begin_with_marker_and_fingerprint() -> None:
    raw = CODEC.encode(REPLY)
    assert raw[:2] == MARKER
    assert raw[2:HEADER_BYTES] == fingerprint_of(rendered(Reply))
    assert CODEC.type_of(raw) is Reply


def test_a_result_survives_with_every_digit() -> None:
    result = reads_result("18422.100")
    again = CODEC.decode(CODEC.encode(result))
    assert again == result
    assert type(again) is type(result)
    assert CODEC.encode(again) == CODEC.encode(result)


def test_readings_are_decimals_for_analytics() -> None:
    row = ReadingRow(quantity="q", logical_name="1.0.1.8.0.255", value=Decimal("1.5"), unit="KWH", captured_at=NOW)
    readings = MeterReadings(
        reading_id="r", device_identification="d", organisation="o", correlation_uid="u", operation="x", read_at=NOW,
        rows=[row],
    )  # fmt: skip
    assert CODEC.decode_as(CODEC.encode(readings), MeterReadings).rows[0].value == Decimal("1.5")


def test_an_older_schema_is_read_with_defaults(tmp_path: Path) -> None:
    write(tmp_path, release=True)
    folder = tmp_path / "replies" / "Reply"
    older = json.loads((folder / "001.avsc").read_text())
    (folder / "002.avsc").write_text((folder / "001.avsc").read_text())
    older["fields"] = [field for field in older["fields"] if field["name"] != "result"]
    (folder / "001.avsc").write_text(json.dumps(older))
    codec = Codec(directory=tmp_path)
    raw = MARKER + fingerprint_of(older) + CODEC.encode(REPLY)[HEADER_BYTES:-1]
    assert codec.decode(raw) == REPLY


def test_an_unknown_fingerprint_is_told_apart_from_damage() -> None:
    raw = bytearray(CODEC.encode(REPLY))
    raw[5] ^= 1
    with pytest.raises(UnknownSchema) as caught:
        CODEC.decode(bytes(raw))
    assert caught.value.fingerprint == bytes(raw[2:HEADER_BYTES])


def test_bytes_too_many_are_damage() -> None:
    with pytest.raises(UnreadableMessage, match="too many"):
        CODEC.decode(CODEC.encode(REPLY) + b"\0")


def test_a_broken_rule_names_the_field() -> None:
    command = load_operations()["SynchronizeTime"].command
    broken = command.model_construct(
        header=header().model_copy(update={"priority": 12}),
        request=load_operations()["SynchronizeTime"].request.model_validate({}),
    )
    with pytest.raises(UnreadableMessage, match=r"header\.priority"):
        CODEC.decode(CODEC.encode(broken))


def test_another_record_than_expected_is_refused() -> None:
    with pytest.raises(UnreadableMessage, match="Reply where a MeterReadings"):
        CODEC.decode_as(CODEC.encode(REPLY), MeterReadings)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_poison(raw: bytes) -> None:
    try:
        CODEC.decode(raw)
    except PoisonMessage as error:
        assert error.code in ("UNREADABLE_MESSAGE", "UNKNOWN_SCHEMA")  # noqa: PT017  # a value is as good


@given(st.data())
def test_damaged_bodies_never_raise_anything_else(data: st.DataObject) -> None:
    raw = bytearray(CODEC.encode(reads_result()))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(HEADER_BYTES, len(raw) - 1))] = data.draw(st.integers(0, 255))
    del raw[data.draw(st.integers(HEADER_BYTES, len(raw))) :]
    try:
        CODEC.decode(bytes(raw))
    except PoisonMessage as error:
        assert error.code == "UNREADABLE_MESSAGE"  # noqa: PT017  # a value is as good


EXAMPLES = [example for operation in load_operations().values() for example in operation.examples]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_every_example_survives_as_a_command(example: OperationRequest) -> None:
    command = find_operation(type(example).__name__.removesuffix("Request")).command(header=header(), request=example)
    assert CODEC.decode(CODEC.encode(command)) == command


def test_optional_and_repeated_records_survive() -> None:
    operation = load_operations()["GetPeriodicMeterReads"]
    quantity = Quantity(value=Decimal("0.10"), unit="KWH")
    rows = [
        {"log_time": NOW, "active_energy_import": quantity, "status": ["CLOCK_INVALID"]},
        {"log_time": NOW, "active_energy_export": quantity, "status": []},
        {"log_time": NOW},
    ]
    response = operation.response.model_validate({"period_type": "DAILY", "meter_reads": rows})
    result = operation.result(header=header(), status="ok", attempt=1, finished_at=NOW, response=response)
    assert CODEC.decode(CODEC.encode(result)) == result


def test_an_error_with_details_survives() -> None:
    operation = load_operations()["AddDevice"]
    problem = error("UNKNOWN_DEVICE", "no device", device="E1").to_record("DOMAIN_CORE")
    result = operation.result(header=header(), status="failed", attempt=1, finished_at=NOW, error=problem)
    assert CODEC.decode(CODEC.encode(result)) == result
