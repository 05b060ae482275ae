"""The Java example for upstream systems compiles and works: Kafka's own client, Avro's own library, the schemas."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from meterstream.demo.client import Client
from meterstream.demo.fleet import DemoMeter
from meterstream.demo.servers.kafka_jars import find_java

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "examples" / "upstream" / "java"
SCHEMAS = ROOT / "schemas" / "avro"
MAIN = "meterstream.upstream.Upstream"
COMPLETE = "complete"
BUILD_TIMEOUT_S = 600.0
DEADLINE_S = 90.0


@pytest.fixture(scope="session")
def java_example(request: pytest.FixtureRequest) -> str:
    """Class path of the built example; built when its source has changed."""
    digest = hashlib.sha256()
    for path in sorted(path for path in PROJECT.rglob("*") if path.name == "pom.xml" or path.suffix == ".java"):
        digest.update(f"{path.relative_to(PROJECT)}\0{path.read_text(encoding='utf-8')}\0".encode())
    cache = request.config.rootpath / ".local" / "upstream-java"
    folder = cache / digest.hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / COMPLETE).exists():
            build(folder)
            (folder / COMPLETE).touch()
    return f"{folder / 'classes'}:{folder / 'lib'}/*"


def build(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        pytest.fail("the Java example needs Maven (`mvn`) and a JDK, 17 or newer", pytrace=False)
    shutil.rmtree(folder, ignore_errors=True)
    command = [maven, "-q", "-B", "-f", str(PROJECT / "pom.xml"), f"-Dbuild.folder={folder}", "process-classes"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"Maven could not build the example:\n{(done.stdout + done.stderr)[-2000:]}", pytrace=False)


async def run(classpath: str, client: Client, device: str, operation: str, **more: str) -> tuple[int, str]:
    settings = client.platform.stack.kafka_settings
    arguments = {
        "bootstrap": settings.bootstrap_servers,
        "prefix": settings.topic_prefix,
        "organisation": client.organisation,
        "device": device,
        "operation": operation,
        "schemas": str(SCHEMAS),
        "timeout": "45",
    } | more
    process = await asyncio.create_subprocess_exec(
        str(find_java()),
        "-Xmx96m",
        "-XX:+UseSerialGC",
        "-cp",
        classpath,
        MAIN,
        *(part for name, value in arguments.items() for part in (f"--{name.replace('_', '-')}", value)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(DEADLINE_S):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@pytest.mark.parametrize("operation", ["SynchronizeTime", "GetActualMeterReads"])
async def test_the_java_example_commands_a_meter(
    java_example: str, client: Client, unused_meters: Callable[[int], list[DemoMeter]], operation: str
) -> None:
    (meter,) = unused_meters(1)
    await client.install([meter])
    status, output = await run(java_example, client, meter.identification, operation)
    assert status == 0, output
    assert "state queued" in output
    assert "result ok" in output


async def test_the_java_example_tells_a_rejection(java_example: str, client: Client) -> None:
    status, output = await run(java_example, client, "E0009999999999999", "SynchronizeTime")
    assert status == 1, output
    assert "UNKNOWN_DEVICE" in output


def private_key(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


async def test_the_java_example_signs(java_example: str, client: Client, tmp_path: Path) -> None:
    """An organisation without devices: what is signed gets as far as that, what a stranger signs gets no result."""
    mine, foreign, public = tmp_path / "mine.pem", tmp_path / "foreign.pem", tmp_path / "public.pem"
    key = private_key(mine).public_key()
    private_key(foreign)
    public.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    described = ("--organisation", "GridThree", "--name", "Signs", "--kafka-commands", "signed")
    stack = client.platform.stack
    await asyncio.to_thread(stack.run_domain, "bootstrap", *described, "--signing-key-file", str(public))
    device = "E0009999999999999"
    more = {"organisation": "GridThree"}
    status, output = await run(java_example, client, device, "SynchronizeTime", signing_key=str(mine), **more)
    assert (status, "result rejected" in output) == (1, True), output
    status, output = await run(
        java_example, client, device, "SynchronizeTime", signing_key=str(foreign), timeout="5", **more
    )
    assert (status, "no result within 5 s" in output) == (1, True), output
