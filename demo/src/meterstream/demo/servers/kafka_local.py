"""Kafka as a process of this machine: KRaft, one node, loopback only."""

import secrets
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from meterstream.demo.servers.control import KafkaServer, LocalServer
from meterstream.demo.servers.errors import ServerFailed
from meterstream.demo.servers.kafka_jars import find_java, kafka_jars
from meterstream.demo.servers.kafka_settings import kafka_answers, node_settings
from meterstream.demo.servers.processes import (
    LOOPBACK,
    GuardedProcess,
    ServerCommand,
    ServerDirectory,
    free_ports,
    port_is_free,
)

FORMAT_TIMEOUT_S = 60.0
STOP_GRACE_S = 15.0
FORMATTED = "formatted"  # written last, so that its absence tells a half-made data directory
MEMORY = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=128m", "-Xss512k")
LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)
# Kafka's own dynamic log levels want log4j2; with no file it prints a complaint at every start.
LOG4J2 = "status: error\nConfiguration:\n  name: quiet\n  Loggers:\n    Root:\n      level: warn\n"


def start_local_kafka(directory: Path, *, cache: Path, keep_data: bool) -> KafkaServer:
    """See `start_kafka`."""
    java, jars = find_java(), kafka_jars(cache)
    held = ServerDirectory(directory)
    try:
        return _start(held, _Java(java, jars, held), keep_data=keep_data)
    except BaseException:
        held.release()
        raise


class _Java:
    def __init__(self, java: Path, jars: Path, directory: ServerDirectory) -> None:
        log4j2 = directory.path / "log4j2.yaml"
        log4j2.write_text(LOG4J2)
        classpath = str(jars / "*")
        self._head = [str(java), *MEMORY, *LOGGING, f"-Dlog4j2.configurationFile={log4j2}", "-cp", classpath]

    def command(self, *arguments: str) -> ServerCommand:
        return ServerCommand([*self._head, *arguments], signal.SIGTERM, signal.SIGKILL, STOP_GRACE_S)


def _start(held: ServerDirectory, java: _Java, *, keep_data: bool) -> KafkaServer:
    data, properties = held.path / "data", held.path / "server.properties"
    formatted = held.path / FORMATTED
    kept = keep_data and formatted.exists()
    port, controller_port = _ports(properties if kept else None)
    settings = node_settings(
        listeners=f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        advertised=f"PLAINTEXT://{LOOPBACK}:{port}",
        controller=f"{LOOPBACK}:{controller_port}",
    )
    properties.write_text(_properties({**settings, "log.dirs": str(data)}))
    if not kept:
        formatted.unlink(missing_ok=True)
        shutil.rmtree(data, ignore_errors=True)
        held.log_path.unlink(missing_ok=True)
        _format(held, java, properties)
        formatted.touch()
    bootstrap = f"{LOOPBACK}:{port}"
    control = LocalServer("Kafka", held, java.command("kafka.Kafka", str(properties)), lambda: kafka_answers(bootstrap))
    return KafkaServer(bootstrap, control)


def _format(held: ServerDirectory, java: _Java, properties: Path) -> None:
    cluster_id = secrets.token_urlsafe(16)
    # A leading dash would be read as an option.
    command = java.command("kafka.tools.StorageTool", "format", "-t", f"M{cluster_id[1:]}", "-c", str(properties))
    if GuardedProcess(held, command).wait(FORMAT_TIMEOUT_S) != 0:
        raise ServerFailed(f"Kafka could not format its data directory:\n{held.log_tail()}")


def _ports(former: Path | None) -> tuple[int, int]:
    """The ports of the former run while they are free, so that clients' settings stay good; else new ones."""
    if former is not None and former.exists():
        settings = dict(line.split("=", 1) for line in former.read_text().splitlines() if "=" in line)
        ports = [int(listener.rsplit(":", 1)[1]) for listener in settings["listeners"].split(",")]
        if all(port_is_free(port) for port in ports):
            return ports[0], ports[1]
    port, controller_port = free_ports(2)
    return port, controller_port


def _properties(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())
