"""Apache CXF makes Java of every description and compiles it; its client makes an exchange with a running face."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import shutil
import subprocess
from asyncio.subprocess import PIPE
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from meterstream.contracts.operations.synchronize_time import SynchronizeTimeResponse
from meterstream.demo.servers.kafka_jars import find_java
from meterstream.ws_adapter.soap.documents import reviewed_directory
from meterstream.ws_adapter.soap.facts import SETS, load_facts

Stack = Any
PROJECT = Path(__file__).with_name("cxf-client")
COMPLETE = "complete"
BUILD_TIMEOUT_S = 600.0
STEP_TIMEOUT_S = 60.0
DEVICE = "E0000000000000001"
pytestmark = pytest.mark.servers  # it compiles for a minute the first time


@pytest.fixture(scope="session")
def generated(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """The folder with classes, sources and libraries of a schema set; built when a document or source has changed."""
    cache = request.config.rootpath / ".local" / "cxf-client"

    def build(schema_set: str) -> Path:
        sources = [*PROJECT.rglob("*.java"), PROJECT / "pom.xml", *(reviewed_directory() / schema_set).iterdir()]
        digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(sources)))
        folder = cache / f"{schema_set}-{digest.hexdigest()[:16]}"
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / COMPLETE).exists():
                run_maven(schema_set, folder)
                (folder / COMPLETE).touch()
        return folder

    return build


def run_maven(schema_set: str, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        pytest.fail("the generated client needs Maven (`mvn`) and a JDK, 17 or newer: install them", pytrace=False)
    shutil.rmtree(folder, ignore_errors=True)
    options = [f"-Dschema.set={schema_set}", f"-Dbuild.folder={folder}", f"-Dschemas.folder={reviewed_directory()}"]
    command = [maven, "-q", "-B", "-f", str(PROJECT / "pom.xml"), *options, "process-classes"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.fail(f"Maven did not build the client within {BUILD_TIMEOUT_S:g} s", pytrace=False)
    if done.returncode != 0:
        pytest.fail(f"Maven could not build the client:\n{(done.stdout + done.stderr)[-2000:]}", pytrace=False)


@pytest.mark.parametrize("schema_set", SETS)
def test_java_is_generated_from_every_description_and_compiles(
    generated: Callable[[str], Path], schema_set: str
) -> None:
    folder = generated(schema_set)
    compiled = {path.stem for path in (folder / "classes").rglob("*.class")}
    ports = {service["port_type"] for service in load_facts().services if service["schema_set"] == schema_set}
    assert ports <= compiled


async def test_a_generated_client_makes_an_exchange(stack: Stack, generated: Callable[[str], Path]) -> None:
    folder = await asyncio.to_thread(generated, "smartmetering")
    (certificate,) = stack.as_organisation("DemoGridOrg").values()
    address = f"{stack.base}/osgp-adapter-ws-smartmetering/smartMetering/adhocService/"
    options = ["-Xmx128m", "-XX:+UseSerialGC", "-cp", f"{folder / 'classes'}:{folder / 'lib'}/*"]
    client = await asyncio.create_subprocess_exec(
        str(find_java()), *options, "meterstream.cxf.Client", address, certificate, DEVICE, stdin=PIPE, stdout=PIPE
    )
    try:
        word, uid = await step(client, "request")
        (command,) = stack.domain.commands
        assert (word, uid) == ("acknowledged", command.header.correlation_uid)
        assert command.request.time_zone == "Europe/Amsterdam"
        word, told = await step(client, "retrieve")
        assert word == "fault"
        assert told.startswith("405CorrelationUid is unknown.")
        await stack.domain.finish(command, response=SynchronizeTimeResponse(set_to=datetime.now(UTC)))
        assert await step(client, "retrieve") == ("result", "OK")
    finally:
        assert client.stdin is not None
        client.stdin.close()
        await asyncio.wait_for(client.wait(), STEP_TIMEOUT_S)


async def step(client: asyncio.subprocess.Process, name: str) -> tuple[str, str]:
    """Let the client do one step; what it says."""
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(f"{name}\n".encode())
    async with asyncio.timeout(STEP_TIMEOUT_S):
        line = (await client.stdout.readline()).decode().strip()
    word, _, rest = line.partition(" ")
    return word, rest
