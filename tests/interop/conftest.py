"""Programs on a library that no one here wrote, jDLMS: a meter and a client, built from source once per content."""

from __future__ import annotations

import selectors
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from maven_build import classpath_of
from stacks.jdlms import CLIENT_CLASS, METER_CLASS, JdlmsProcess
from stacks.port import (
    AUTHENTICATION_KEY,
    AUTHENTICATION_KEY_256,
    ENCRYPTION_KEY,
    ENCRYPTION_KEY_256,
    METER_TITLE,
    PASSWORD,
)
from stacks.world import NAME

from meterstream.demo.servers.kafka_jars import find_java

PROJECT = Path(__file__).with_name("jdlms-meter")
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
STARTS = 3  # another process may take the free port first
NO_MAVEN = "the jDLMS meter needs Maven (`mvn`) and a JDK, 17 or newer: install them and start again"


@dataclass(frozen=True)
class JdlmsMeter:
    """Where the meter listens, and what a head-end must know to talk to it: HLS 5 (GMAC, suite 0), client 1.

    It serves the clock, the energy registers of DSMR 4.2.2 in Wh, its logical device name, and to the public client
    16 the invocation counter. Its own counter begins anew on every connection; it does not check the client's.
    """

    host: str
    port: int
    identification: str = "JDLMS000000001234"
    manufacturer: str = "MST"
    serial: int = 1234
    logical_device_name: str = "MSTJDLMS00001234"
    invocation_counter: int = 1000
    encryption_key: bytes = field(default=bytes.fromhex("5A4C1F0E93B76D28C4E1F7A09B3D5C62"), repr=False)
    authentication_key: bytes = field(default=bytes.fromhex("D3B95E07A1486CF29E70B4156A8DF32C"), repr=False)
    master_key: bytes = field(default=bytes.fromhex("0B7E2A4960C8F3D51E95A7B86C0D3F42"), repr=False)

    @property
    def system_title(self) -> bytes:
        """Three letters of the manufacturer, the serial number in five octets."""
        return self.manufacturer.encode() + self.serial.to_bytes(5, "big")

    def arguments(self) -> list[str]:
        """What the program is started with."""
        options = {
            "port": str(self.port),
            "manufacturer": self.manufacturer,
            "serial": str(self.serial),
            "logical-device-name": self.logical_device_name,
            "invocation-counter": str(self.invocation_counter),
            "encryption-key": self.encryption_key.hex(),
            "authentication-key": self.authentication_key.hex(),
            "master-key": self.master_key.hex(),
        }
        return [part for name, value in options.items() for part in (f"--{name}", value)]


WORLD_METER = JdlmsMeter(
    "127.0.0.1",
    0,
    manufacturer=METER_TITLE[:3].decode(),
    serial=int.from_bytes(METER_TITLE[3:], "big"),
    logical_device_name=NAME.decode(),
    encryption_key=ENCRYPTION_KEY,
    authentication_key=AUTHENTICATION_KEY,
)
MORE_SECRETS = [
    *("--password", PASSWORD.hex()),
    *("--encryption-key-256", ENCRYPTION_KEY_256.hex()),
    *("--authentication-key-256", AUTHENTICATION_KEY_256.hex()),
]


@pytest.fixture(scope="session")
def jdlms_classpath(request: pytest.FixtureRequest) -> str:
    """The built program with its libraries; built when its source has changed."""
    return classpath_of(PROJECT, request.config.rootpath / ".local" / "jdlms-meter", missing=NO_MAVEN)


@pytest.fixture(scope="session")
def jdlms_meter(jdlms_classpath: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JdlmsMeter]:
    """A running meter on loopback, shared by all tests of the run."""
    with listening(JdlmsMeter("127.0.0.1", 0), [], jdlms_classpath, tmp_path_factory) as meter:
        yield meter


@pytest.fixture(scope="session")
def jdlms_world(jdlms_classpath: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JdlmsMeter]:
    """A running meter with the names and secrets of `stacks`, and a client address for each level it has."""
    with listening(WORLD_METER, MORE_SECRETS, jdlms_classpath, tmp_path_factory) as meter:
        yield meter


@pytest.fixture(scope="session")
def jdlms_hdlc_world(jdlms_classpath: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JdlmsMeter]:
    """The same over HDLC."""
    options = [*MORE_SECRETS, "--framing", "hdlc"]
    with listening(WORLD_METER, options, jdlms_classpath, tmp_path_factory) as meter:
        yield meter


@pytest.fixture(scope="session")
def jdlms_client(jdlms_classpath: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JdlmsProcess]:
    """The client program, shared by all tests of the run."""
    log = tmp_path_factory.mktemp("jdlms") / "client.log"
    with running(java(jdlms_classpath, CLIENT_CLASS), log) as process:
        if process is None:
            pytest.fail(f"the jDLMS client did not start:\n{log.read_text()[-2000:]}", pytrace=False)
        yield JdlmsProcess(process)


@contextmanager
def listening(
    meter: JdlmsMeter, more: list[str], classpath: str, folders: pytest.TempPathFactory
) -> Iterator[JdlmsMeter]:
    """The meter on a free port."""
    log = folders.mktemp("jdlms") / "meter.log"
    for _ in range(STARTS):
        listening_meter = replace(meter, port=free_port())
        with running(java(classpath, METER_CLASS) + listening_meter.arguments() + more, log) as process:
            if process is not None:
                yield listening_meter
                return
    pytest.fail(f"the jDLMS meter did not start:\n{log.read_text()[-2000:]}", pytrace=False)


def java(classpath: str, main: str) -> list[str]:
    return [str(find_java()), "-Xmx64m", "-XX:+UseSerialGC", "-cp", classpath, main]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes] | None]:
    """The program for the length of the block; None when it does not get ready. It ends with its standard input."""
    with log.open("a") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process if says_ready(process) else None
    finally:
        process.stdin.close()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_S)
        process.stdout.close()


def says_ready(process: subprocess.Popen[bytes]) -> bool:
    assert process.stdout is not None
    deadline = time.monotonic() + START_TIMEOUT_S
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while b"\n" not in said:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return False
            octets = process.stdout.read1(100)  # type: ignore[attr-defined]  # a pipe is read through a buffer
            if not octets:
                return False
            said += octets
    return said.startswith(b"READY ")
