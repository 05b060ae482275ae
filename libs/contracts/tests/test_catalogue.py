"""The released operations and their schema files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from meterstream.contracts import operations
from meterstream.contracts.base import DeviceIdentification
from meterstream.contracts.catalogue import collect_operations, find_operation, load_operations, records_by_topic
from meterstream.contracts.errors import CODES, InvalidRequest, PlatformError, error, from_record
from meterstream.contracts.operation import Operation
from meterstream.contracts.operations.get_periodic_meter_reads import GetPeriodicMeterReadsRequest
from meterstream.contracts.schemas import as_text, check, rendered, schema_directory, write
from meterstream.contracts.topics import LANES, TOPICS, dead_letter_of, lane_of

EVERY = list(load_operations().values())


@pytest.mark.parametrize("operation", EVERY, ids=lambda operation: operation.name)
def test_an_operation_has_one_name(operation: Operation) -> None:
    module = f"{operations.__name__}.{operation.safe_name}"
    assert operation.request.__module__ == module
    assert operation.request.__name__ == f"{operation.name}Request"
    assert operation.response.__name__ == f"{operation.name}Response"
    assert operation.command.__name__ == f"{operation.name}Command"
    assert operation.summary.endswith(".")
    assert operation.function.isupper()


@pytest.mark.parametrize("operation", [op for op in EVERY if op.examples], ids=lambda operation: operation.name)
def test_examples_survive_json(operation: Operation) -> None:
    for example in operation.examples:
        assert operation.request.model_validate_json(example.model_dump_json()) == example


def test_the_schema_files_are_what_the_contract_renders() -> None:
    assert check(schema_directory()) == []


def test_a_changed_schema_file_is_found(tmp_path: Path) -> None:
    write(tmp_path, release=True)
    assert check(tmp_path) == []
    path = next(tmp_path.glob("results/SynchronizeTimeResult/001.avsc"))
    schema = json.loads(path.read_text())
    schema["fields"].append({"name": "extra", "type": "string"})
    path.write_text(json.dumps(schema))
    problems = [str(finding) for finding in check(tmp_path)]
    assert "results/SynchronizeTimeResult: 001.avsc is not what the contract renders" in problems


def test_a_missing_and_a_leftover_schema_file_are_found(tmp_path: Path) -> None:
    write(tmp_path, release=True)
    shutil.move(tmp_path / "results" / "BundleResult", tmp_path / "results" / "OldResult")
    problems = [str(finding) for finding in check(tmp_path)]
    assert "results/BundleResult: has no file" in problems
    assert "results/OldResult: is released but no longer in the contract" in problems


def test_an_incompatible_change_is_found(tmp_path: Path) -> None:
    write(tmp_path, release=True)
    folder = tmp_path / "replies" / "Reply"
    newest = json.loads((folder / "001.avsc").read_text())
    (folder / "002.avsc").write_text((folder / "001.avsc").read_text())
    newest["fields"] = [field for field in newest["fields"] if field["name"] != "operation"]
    (folder / "001.avsc").write_text(json.dumps(newest))
    assert "replies/Reply: cannot read 001.avsc: operation: is new and has no default" in map(str, check(tmp_path))


def test_other_words_alone_are_no_release(tmp_path: Path) -> None:
    write(tmp_path, release=True)
    path = tmp_path / "replies" / "Reply" / "001.avsc"
    schema = json.loads(path.read_text())
    path.write_text(as_text({**schema, "doc": "Older words."}))
    assert write(tmp_path, release=True) == [path]
    assert json.loads(path.read_text()) == schema
    (path.parent / "002.avsc").write_text(path.read_text())
    path.write_text(as_text({**schema, "doc": "Older words."}))
    assert check(tmp_path) == []


def test_every_record_of_a_topic_can_be_rendered() -> None:
    for models in records_by_topic().values():
        for model in models:
            assert rendered(model)["name"] == model.__name__


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(PlatformError, match="MakeCoffee") as caught:
        find_operation("MakeCoffee")
    assert caught.value.code.name == "UNKNOWN_OPERATION"


def test_operations_are_collected_from_files_alone() -> None:
    assert collect_operations(operations).keys() == load_operations().keys()


def test_priorities_map_to_lanes() -> None:
    assert [lane_of(priority) for priority in range(10)] == [LANES[2]] * 4 + [LANES[1]] * 3 + [LANES[0]] * 3


def test_every_topic_that_dead_letters_has_a_place_for_them() -> None:
    for topic in TOPICS.values():
        if topic.dead_letter:
            assert dead_letter_of(topic).max_message_bytes >= topic.max_message_bytes


def test_an_error_survives_its_record() -> None:
    original = error("UNKNOWN_DEVICE", "no device", device="E1")
    again = from_record(original.to_record("DOMAIN_CORE"))
    assert (again.code, again.message, again.details) == (original.code, "no device", {"device": "E1"})
    assert original.to_record("DOMAIN_CORE").number == 201


def test_codes_are_stable() -> None:
    numbers = {name: code.number for name, code in CODES.items() if code.number is not None}
    assert len(set(numbers.values())) == len(numbers)
    assert numbers["VALIDATION_ERROR"] == 401
    assert numbers["UNABLE_TO_DECYPHER"] == 230


def test_an_invalid_request_names_field_and_rule() -> None:
    with pytest.raises(ValidationError) as caught:
        GetPeriodicMeterReadsRequest.model_validate({"period_type": "HOURLY", "begin_date": "x", "end_date": "y"})
    problem = InvalidRequest.from_validation(caught.value, "request")
    assert problem.details["field"] == "request.period_type"
    assert "and 2 more" in problem.message


@pytest.mark.parametrize("text", ["E0001000000000001\n", "E0001 00000000001", "short", "E" * 41])
def test_a_device_identification_is_letters_and_digits_alone(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(DeviceIdentification).validate_python(text)
