"""A real schema registry for tests: Apicurio Registry from Maven Central, in memory, on its Confluent API."""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meterstream.demo.servers.kafka_jars import find_java

VERSION = "2.6.13.Final"
ARTIFACT = f"io.apicurio:apicurio-registry-app:{VERSION}:zip:all"
GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
JAR = f"apicurio-registry-app-{VERSION}-runner.jar"
COMPLETE = "complete"
MAVEN_TIMEOUT_S = 600.0
START_S = 180.0
STOP_S = 20.0
PATH = "/apis/ccompat/v7"


def unpacked(cache: Path) -> Path:
    """The folder of the registry's jars; fetched once per checkout."""
    folder = cache / f"apicurio-{VERSION}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "apicurio.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / COMPLETE).exists():
            maven = shutil.which("mvn")
            if maven is None:
                pytest.fail("the schema registry needs Maven (`mvn`): install it and start again", pytrace=False)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            command = [maven, "-q", "-B", GOAL, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={folder}"]
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=MAVEN_TIMEOUT_S, check=False
            )
            if done.returncode != 0:
                pytest.fail(f"Maven did not fetch the registry:\n{(done.stdout + done.stderr)[-2000:]}", pytrace=False)
            (archive,) = folder.glob("*.zip")
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(folder)
            archive.unlink()
            (folder / COMPLETE).touch()
    return folder


@contextmanager
def running_registry(cache: Path, log: Path) -> Iterator[str]:
    """The base address of a registry that holds nothing yet."""
    folder = unpacked(cache)
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("METERSTREAM_")}
    environment |= {"QUARKUS_HTTP_HOST": "127.0.0.1", "QUARKUS_HTTP_PORT": str(port)}
    command = [str(find_java()), "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-jar", str(folder / JAR)]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, port, log)
        yield f"http://127.0.0.1:{port}{PATH}"
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", PATH + "/subjects")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)  # a foreign process tells in no other way
        finally:
            connection.close()
    pytest.fail(f"the registry did not start:\n{log.read_text()[-2000:]}", pytrace=False)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
