"""A new operation is new files only: a copy of the tree plus the files of `new_operation/`, and nothing else changed.

The added operation is called on SOAP and REST, in a bundle, through Kafka's encoding, in domain and against a meter,
and found in every document.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ADDED = Path(__file__).with_name("new_operation")
PARTS = ("libs", "services", "schemas", "docs", "pyproject.toml")
TIMEOUT_S = 240.0
KAFKA = """
from datetime import UTC, datetime
from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.envelope import CommandHeader
from meterstream.runtime.codec import Codec

now = datetime(2026, 3, 14, tzinfo=UTC)
operation = find_operation("ReadBatteryVoltage")
header = CommandHeader(
    correlation_uid="A" * 20, submission_id="s", device_identification="E0000000000000001", organisation="o",
    user="u", application="a", created_at=now, expires_at=now,
)
command = operation.command(header=header, request=operation.request(samples=3))
codec = Codec()
raw = codec.encode(command)
assert codec.decode(raw) == command
print(type(command).__name__, raw[:2].hex(), operation.name)
"""


@pytest.fixture(scope="module")
def tree(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The copy with the added files, its documents rendered again."""
    folder = tmp_path_factory.mktemp("tree")
    for part in PARTS:
        source = request.config.rootpath / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=other_tests)
        else:
            shutil.copy(source, folder / part)
    for path in ADDED.rglob("*"):
        place = folder / path.relative_to(ADDED)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        elif "__pycache__" not in path.parts:
            assert not place.exists(), f"{place} is not new"
            shutil.copy(path, place)
    run(folder, "-m", "meterstream.contracts.render")
    run(folder, "-m", "meterstream.ws_adapter.schemas", "render")
    yield folder
    shutil.rmtree(folder)


def other_tests(folder: str, names: list[str]) -> list[str]:
    """What the copy needs not: tests, but for what they share."""
    if Path(folder).name != "tests":
        return []
    return [name for name in names if name.startswith("test_") or name == "samples"]


def run(tree: Path, *arguments: str) -> str:
    """What Python prints there, with the sources of the tree before all others."""
    sources = [str(path) for path in (*tree.glob("libs/*/src"), *tree.glob("services/*/src"))]
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sources)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def call(tree: Path, *tests: str) -> None:
    """Run test files of the tree, which have names that no other run collects."""
    run(tree, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests)


def test_it_is_in_every_document(tree: Path) -> None:
    for folder in ("commands/GetBatteryVoltageCommand", "results/GetBatteryVoltageResult", "actions"):
        assert list((tree / "schemas" / "avro" / folder).iterdir())
    asyncapi = json.loads((tree / "schemas" / "asyncapi.json").read_text())
    assert "GetBatteryVoltageCommand" in asyncapi["channels"]["upstream-commands"]["messages"]
    assert asyncapi["components"]["messages"]["GetBatteryVoltageResult"]["title"] == "GetBatteryVoltage"
    assert (tree / "schemas" / "soap" / "smartmetering" / "MeterBattery.wsdl").is_file()
    assert "| `GetBatteryVoltage`, `ReadBatteryVoltage` |" in (tree / "docs" / "operations.md").read_text()
    run(tree, "-m", "meterstream.contracts.render", "--check")
    run(tree, "-m", "meterstream.ws_adapter.schemas", "check")


def test_it_is_in_the_table(tree: Path) -> None:
    (line,) = (line for line in run(tree, "-m", "meterstream.contracts").splitlines() if "GetBatteryVoltage" in line)
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert "MeterBattery GetBatteryVoltage" in cells
    assert "protocol-dlms" in cells
    assert cells[-1] == "GetBatteryVoltage: more than one sample is for whoever owns the meter."


def test_kafka(tree: Path) -> None:
    assert run(tree, "-c", KAFKA).split() == ["GetBatteryVoltageCommand", "c301", "GetBatteryVoltage"]


def test_soap_and_rest(tree: Path) -> None:
    call(tree, "services/ws-adapter/tests/faces_of_get_battery_voltage.py")


def test_the_meter(tree: Path) -> None:
    call(tree, "services/protocol-dlms/tests/work_of_get_battery_voltage.py")


@pytest.mark.servers
def test_domain(tree: Path) -> None:
    call(tree, "services/domain/tests/checks_of_get_battery_voltage.py")
