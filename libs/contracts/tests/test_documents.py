"""What is derived for people and tools: the AsyncAPI document and the table of operations."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastavro import parse_schema

from meterstream.contracts.__main__ import main as print_table
from meterstream.contracts.asyncapi import as_text, build_asyncapi
from meterstream.contracts.catalogue import load_operations, records_by_topic, schema_folder
from meterstream.contracts.operation import Target
from meterstream.contracts.overview import COLUMNS, UNSUPPORTED, as_markdown, overview
from meterstream.contracts.render import main as render
from meterstream.contracts.schemas import rendered, write
from meterstream.contracts.topics import OF_ORGANISATIONS, TOPICS, Party, dead_letter_of

SPECIFICATION = "@asyncapi/specs@6.11.1"
SPECIFICATION_SHA256 = "d4571a420e6ffb7fcc7066c95a6db1202f299a3c51daa103d0706bf30f95e626"
NPM_TIMEOUT_S = 300.0


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("schemas") / "avro"
    write(directory, release=True)
    return directory


@pytest.fixture(scope="module")
def document(released: Path) -> dict[str, Any]:
    return json.loads(as_text(build_asyncapi(released)))  # type: ignore[no-any-return] # JSON of a known shape


@pytest.fixture(scope="module")
def asyncapi_schema(request: pytest.FixtureRequest) -> dict[str, Any]:
    """AsyncAPI's own JSON schema, from its package on npm; fetched once per checkout."""
    folder = request.config.rootpath / ".local" / "asyncapi-specs"
    folder.mkdir(parents=True, exist_ok=True)
    name = "asyncapi-specs-6.11.1.tgz"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / name).exists():
            npm = shutil.which("npm")
            if npm is None:
                pytest.fail("AsyncAPI's schema comes from npm: install it and start again", pytrace=False)
            subprocess.run(
                [npm, "pack", "--silent", SPECIFICATION],
                cwd=folder,
                check=True,
                capture_output=True,
                timeout=NPM_TIMEOUT_S,
            )
    with tarfile.open(folder / name) as archive:
        member = archive.extractfile("package/schemas/3.0.0.json")
        assert member is not None
        raw = member.read()
    assert hashlib.sha256(raw).hexdigest() == SPECIFICATION_SHA256
    return json.loads(raw)  # type: ignore[no-any-return] # JSON of a known shape


def resolve(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").replace("%7B", "{").replace("%7D", "}").split("/"):
        found = found[part]
    return found


@pytest.mark.servers
def test_it_is_valid_asyncapi(document: dict[str, Any], asyncapi_schema: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft7Validator(asyncapi_schema)
    assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(document)] == []
    document = json.loads(json.dumps(document))
    document["operations"]["domain.receive.commands"]["action"] = "listen"
    assert not validator.is_valid(document)


def test_every_topic_has_a_channel_with_its_records(document: dict[str, Any]) -> None:
    topics = {topic.name: topic for topic in (*TOPICS.values(), *(of("{slug}") for of in OF_ORGANISATIONS.values()))}
    topics |= {
        letters.name: letters for letters in map(dead_letter_of, topics.values()) if letters.name[:-12] in topics
    }
    for name, channel in document["channels"].items():
        topic = topics[name]
        assert channel["address"] == "{prefix}." + name
        assert (channel["x-written-by"], channel["x-read-by"]) == (list(topic.written_by), list(topic.read_by))
        assert channel["bindings"]["kafka"]["topicConfiguration"]["max.message.bytes"] == topic.max_message_bytes
    records = records_by_topic()
    for topic in TOPICS.values():
        expected = {model.__name__ for model in records[schema_folder(topic.name)]}
        assert set(document["channels"][topic.name]["messages"]) == expected
    assert {"organisation-commands.{slug}", "readings.{slug}"} < set(document["channels"])


def test_every_reference_leads_somewhere_and_every_payload_is_a_released_schema(
    document: dict[str, Any], released: Path
) -> None:
    models = {model.__name__: model for group in records_by_topic().values() for model in group}
    for name, message in document["components"]["messages"].items():
        for trait in message.get("traits", ()):
            assert resolve(document, trait["$ref"])
        if name == "DeadLetter":
            continue
        path = released.parent / message["payload"]["schema"]["$ref"]
        schema = json.loads(path.read_text())
        parse_schema(schema, named_schemas={})
        assert schema == rendered(models[name])
    for channel in document["channels"].values():
        for message in channel["messages"].values():
            assert resolve(document, message["$ref"])
    for operation in document["operations"].values():
        assert resolve(document, operation["channel"]["$ref"]) in document["channels"].values()


def test_one_service_writes_each_topic(document: dict[str, Any]) -> None:
    for topic in TOPICS.values():
        assert len(topic.written_by) == 1, topic.name
        assert topic.read_by, topic.name
    assert "domain.receive.upstream-commands" in document["operations"]
    assert not any(Party.UPSTREAM in name.split(".") for name in document["operations"])


def test_a_newer_schema_is_the_one_referred_to(released: Path) -> None:
    directory = released.parent / "avro-with-two"
    shutil.copytree(released, directory)
    folder = directory / "replies" / "Reply"
    shutil.copy(folder / "001.avsc", folder / "002.avsc")
    message = build_asyncapi(directory)["components"]["messages"]["Reply"]
    assert message["payload"]["schema"]["$ref"] == "./avro/replies/Reply/002.avsc"


def test_only_given_operations_are_described(released: Path) -> None:
    one = {"SynchronizeTime": load_operations()["SynchronizeTime"]}
    channels = build_asyncapi(released, one)["channels"]
    assert set(channels["results"]["messages"]) == {"SynchronizeTimeResult"}


def test_the_documents_are_written_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--directory", str(tmp_path / "avro"), "--operations", str(tmp_path / "operations.md")]
    assert render([*arguments, "--check"]) == 1
    assert render(arguments) == 0
    assert render([*arguments, "--check"]) == 0
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "operations.md").write_text("old")
    capsys.readouterr()
    assert render([*arguments, "--check"]) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in told] == ["asyncapi.json", "operations.md"]


def test_the_table_has_every_operation_and_says_who_carries_it_out() -> None:
    rows = {row.operation.name: row for row in overview()}
    assert rows.keys() == load_operations().keys()
    assert rows["SynchronizeTime"].executor == "protocol-dlms"
    assert rows["AddDevice"].executor == "domain"
    assert rows["AddDevice"].rules.startswith("AddDevice:")
    assert rows["SynchronizeTime"].operation.target is Target.METER
    text = as_markdown(list(rows.values()))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == len(rows) + 2
    assert {line.replace("\\|", "").count("|") for line in lines} == {len(COLUMNS) + 1}


def test_without_executor_the_table_says_what_is_answered() -> None:
    operation = load_operations()["SynchronizeTime"]
    stranger = type(operation)(
        name="NobodyKnowsThis",
        request=operation.request,
        response=operation.response,
        function="F",
        summary="Nothing.",
    )
    (row,) = overview({"NobodyKnowsThis": stranger})
    assert (row.executor, row.rules, row.soap) == (UNSUPPORTED, "–", "–")


def test_each_face_has_its_column() -> None:
    rows = {row.operation.name: row for row in overview()}
    reads = rows["GetActualMeterReads"]
    assert reads.soap == "SmartMeteringMonitoring GetActualMeterReads"
    assert (reads.kafka, reads.bundle) == ("GetActualMeterReadsCommand", "yes")
    assert rows["GetRelayStatus"].soap == "–"
    assert rows["GetRelayStatus"].bundle == "yes, not on SOAP"
    assert rows["AddDevice"].bundle == "–"
    for row in rows.values():
        assert row.rest.startswith(f"POST operations/{row.operation.name}")
        assert (row.kafka == "–") == (row.operation.from_event is not None) == (row.executor == "ws-adapter")


def test_it_is_printed() -> None:
    command = [sys.executable, "-m", "meterstream.contracts"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    head, _, *lines = done.stdout.splitlines()
    assert head == "| operation | SOAP | REST | Kafka | bundle | executor | rules |"
    assert len(lines) == len(load_operations())
    assert any(line.startswith("| `SynchronizeTime` |") for line in lines)


def test_some_operations_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    alias = load_operations()["GetAllAttributeValues"].aliases[0]
    assert print_table(["--operation", "SynchronizeTime", "--operation", alias, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["operation"] for row in found] == ["GetAllAttributeValues", "SynchronizeTime"]
    assert set(found[0]) == set(COLUMNS)
    assert print_table(["--operation", "MakeCoffee"]) == 2
    assert "MakeCoffee" in capsys.readouterr().err


def test_those_without_executor_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert print_table(["--without-executor", "--all-columns"]) == 0
    head, _, *lines = capsys.readouterr().out.splitlines()
    assert head.count("|") == len(COLUMNS) + 1
    assert len(lines) == sum(row.executor == UNSUPPORTED for row in overview())
