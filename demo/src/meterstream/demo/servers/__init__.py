"""A real Kafka and a real PostgreSQL on one machine, for demo, tests and benchmarks alike.

Two ways, chosen by what is there: containers where a Docker engine answers, else processes of this machine on loopback.
METERSTREAM_SERVERS=docker or =local takes one of them without asking. A server ends with the process that started it,
whatever ends that; the next start in the same directory takes away what a crash left behind.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from meterstream.demo.servers.control import KafkaServer, PostgresServer, ServerControl
from meterstream.demo.servers.errors import ServerError, ServerFailed, ServerInUse, ServerUnavailable
from meterstream.demo.servers.kafka_local import start_local_kafka
from meterstream.demo.servers.postgres_local import start_local_postgres
from meterstream.demo.servers.postgres_settings import create_database, drop_database

__all__ = [
    "KafkaServer",
    "PostgresServer",
    "ServerControl",
    "ServerError",
    "ServerFailed",
    "ServerInUse",
    "ServerUnavailable",
    "create_database",
    "drop_database",
    "start_kafka",
    "start_postgres",
]

CHOICE = "METERSTREAM_SERVERS"

log = logging.getLogger(__name__)

Server = TypeVar("Server")


def start_kafka(directory: Path, *, cache: Path | None = None, keep_data: bool = False) -> KafkaServer:
    """Start a one-node Kafka and return when it answers. Sync; may run in a thread beside `start_postgres`.

    Args:
        directory: belongs to this server alone: its data, settings, log and lock.
        cache: where the jars are kept; by default the nearest `.local` above `directory`, else its parent.
        keep_data: go on with the data of the former run; what the server cannot use is set aside as `data.broken`.
            Containers always begin with none.
    Raises:
        ServerUnavailable: neither Docker nor Maven is there, or no Java.
        ServerInUse: another living process runs a server in `directory`.
        ServerFailed: it did not start.
    """

    def local() -> KafkaServer:
        return start_local_kafka(directory, cache=cache or _cache(directory), keep_data=keep_data)

    def container() -> KafkaServer:
        from meterstream.demo.servers.containers import start_container_kafka

        return start_container_kafka(directory)

    return _start(container, local)


def start_postgres(directory: Path, *, keep_data: bool = False) -> PostgresServer:
    """Start a PostgreSQL and return when it answers; arguments and errors as for `start_kafka`."""

    def local() -> PostgresServer:
        return start_local_postgres(directory, keep_data=keep_data)

    def container() -> PostgresServer:
        from meterstream.demo.servers.containers import start_container_postgres

        return start_container_postgres(directory)

    return _start(container, local)


def _start(container: Callable[[], Server], local: Callable[[], Server]) -> Server:
    """The Docker client is imported only where it is asked for: it takes longer than a unit test."""
    choice = os.environ.get(CHOICE, "auto")
    if choice == "local":
        return local()
    if choice not in {"auto", "docker"}:
        raise ServerUnavailable(f"{CHOICE}={choice} is not known: use auto, docker or local")
    from meterstream.demo.servers.containers import ContainerUnavailable, docker_answers

    if docker_answers():
        try:
            return container()
        except ContainerUnavailable as error:
            if choice == "docker":
                raise
            log.warning("%s; starting a process of this machine instead", error)
    elif choice == "docker":
        raise ServerUnavailable(f"no Docker engine answers: start one, or do without {CHOICE}=docker")
    return local()


def _cache(directory: Path) -> Path:
    path = directory.resolve()
    return next((parent for parent in path.parents if parent.name == ".local"), path.parent)
