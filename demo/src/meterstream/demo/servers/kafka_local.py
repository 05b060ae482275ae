"""Kafka as a process of this machine: KRaft, one node, loopback only."""

import secrets
import signal
from collections.abc import Mapping
from pathlib import Path

from meterstream.demo.servers.control import KafkaServer, LocalServer
from meterstream.demo.servers.data import ServerData, stable_ports
from meterstream.demo.servers.errors import ServerFailed
from meterstream.demo.servers.kafka_jars import find_java, kafka_jars
from meterstream.demo.servers.kafka_settings import kafka_answers, node_settings
from meterstream.demo.servers.processes import LOOPBACK, GuardedProcess, ServerCommand, ServerDirectory

FORMAT_TIMEOUT_S = 60.0
STOP_GRACE_S = 15.0
MACHINE = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:MaxDirectMemorySize=128m",
    "-Xss512k",
)
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
        self._head = [str(java), *MACHINE, *LOGGING, f"-Dlog4j2.configurationFile={log4j2}", "-cp", classpath]

    def command(self, *arguments: str) -> ServerCommand:
        return ServerCommand([*self._head, *arguments], signal.SIGTERM, signal.SIGKILL, STOP_GRACE_S)


def _start(held: ServerDirectory, java: _Java, *, keep_data: bool) -> KafkaServer:
    data, properties = ServerData(held), held.path / "server.properties"
    port, controller_port = stable_ports(held, 2)
    settings = node_settings(
        listeners=f"PLAINTEXT://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller_port}",
        advertised=f"PLAINTEXT://{LOOPBACK}:{port}",
        controller=f"{LOOPBACK}:{controller_port}",
    )
    properties.write_text(_properties({**settings, "log.dirs": str(data.path)}))
    bootstrap = f"{LOOPBACK}:{port}"
    command = java.command("kafka.Kafka", str(properties))
    control = data.start(
        keep=keep_data,
        make=lambda: _format(held, java, properties),
        run=lambda: LocalServer("Kafka", held, command, lambda: kafka_answers(bootstrap)),
    )
    return KafkaServer(bootstrap, control)


def _format(held: ServerDirectory, java: _Java, properties: Path) -> None:
    cluster_id = f"M{secrets.token_urlsafe(16)[1:]}"  # a leading dash would be read as an option
    command = java.command("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties))
    if GuardedProcess(held, command).wait(FORMAT_TIMEOUT_S) != 0:
        raise ServerFailed(f"Kafka could not format its data directory:\n{held.log_tail()}")


def _properties(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())
