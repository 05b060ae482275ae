"""The upstream example with a client that openapi-python-client generates from the document."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.operations.get_actual_meter_reads import GetActualMeterReadsResponse
from meterstream.contracts.types import Quantity
from meterstream.ws_adapter.rest.openapi import build_openapi

DEVICE = "E0000000000000001"
PACKAGE = "generated_meterstream_client"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory, forms: Any) -> Iterator[str]:
    """The generated package, importable."""

    directory: Path = tmp_path_factory.mktemp("client")
    (directory / "openapi.json").write_text(json.dumps(build_openapi(forms.by_name)))
    overrides = {"content_type_overrides": {"application/x-ndjson": "application/octet-stream"}, "post_hooks": []}
    (directory / "config.json").write_text(json.dumps(overrides))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"]
    command += ["--path", "openapi.json", "--config", "config.json", "--output-path", PACKAGE]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(directory))
    yield PACKAGE
    sys.path.remove(str(directory))


def part(package: str, name: str) -> Any:
    return importlib.import_module(f"{package}.{name}")


def test_every_operation_is_in_the_client(package: str) -> None:
    for operation in load_operations().values():
        assert part(package, f"api.operations.{operation.safe_name}").asyncio_detailed


async def test_submits_and_retrieves(package: str, stack: Any, client: aiohttp.ClientSession) -> None:
    models = part(package, "models")
    headers = stack.as_organisation("DemoGridOrg")
    async with part(package, "client").Client(base_url=stack.base, headers=headers) as generated:
        submit = part(package, "api.operations.get_actual_meter_reads")
        body = models.GetActualMeterReadsSubmission(device_identification=DEVICE)
        accepted = await submit.asyncio(client=generated, body=body)
        assert isinstance(accepted, models.GetActualMeterReadsView)
        assert accepted.state == "queued"
        (command,) = stack.domain.commands
        fetch = part(package, "api.commands.get_command")
        fetching = asyncio.create_task(
            fetch.asyncio(accepted.correlation_uid, client=generated, prefer="wait=10"), name="fetch"
        )
        reads = GetActualMeterReadsResponse(
            log_time=command.header.created_at, active_energy_import=Quantity(value="18422.107", unit="KWH")
        )
        await stack.domain.finish(command, response=reads)
        async with asyncio.timeout(10):
            found = await fetching
        assert found.state == "ok"
        assert found.result.response.active_energy_import.value == "18422.107"
        page = await part(package, "api.commands.list_commands").asyncio(client=generated, page_size=5)
        assert [one.correlation_uid for one in page.commands] == [accepted.correlation_uid]


async def test_a_problem_is_typed(package: str, stack: Any) -> None:
    fetch = part(package, "api.commands.get_command")
    async with part(package, "client").Client(
        base_url=stack.base, headers=stack.as_organisation("DemoGridOrg")
    ) as generated:
        answered = await fetch.asyncio_detailed("a-uid-that-nobody-has-used", client=generated)
    assert answered.status_code == 404
    assert answered.parsed.code == "UNKNOWN_CORRELATION_UID"
