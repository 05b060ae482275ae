"""The Java example for upstream systems compiles and works: Kafka's own client, Avro's own library, the schemas."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from maven_build import classpath_of
from upstream_programs import run_upstream

from meterstream.demo.client import Client
from meterstream.demo.fleet import DemoMeter
from meterstream.demo.servers.kafka_jars import find_java

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "examples" / "upstream" / "java"
SCHEMAS = ROOT / "schemas" / "avro"
MAIN = "meterstream.upstream.Upstream"


@pytest.fixture(scope="session")
def java_example(request: pytest.FixtureRequest) -> str:
    """Class path of the built example; built when its source has changed."""
    cache = request.config.rootpath / ".local" / "upstream-java"
    return classpath_of(PROJECT, cache, missing="the Java example needs Maven (`mvn`) and a JDK, 17 or newer")


async def run(classpath: str, client: Client, device: str, operation: str, **more: str) -> tuple[int, str]:
    program = (str(find_java()), "-Xmx96m", "-XX:+UseSerialGC", "-cp", classpath, MAIN)
    return await run_upstream(program, client, device, operation, schemas=str(SCHEMAS), **more)


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
