"""A real Kafka and a real PostgreSQL on one machine, for demo, tests and benchmarks alike.

Two ways, chosen by what is there: containers where a Docker engine answers, else processes of this machine on loopback.
METERSTREAM_SERVERS=docker or =local takes one of them without asking. A server ends with the process that started it,
whatever ends that; the next start in the same directory takes away what a crash left behind.
"""

from pathlib import Path

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


def start_kafka(directory: Path, *, cache: Path | None = None, keep_data: bool = False) -> KafkaServer:
    """Start a one-node Kafka and return when it answers. Sync; may run in a thread beside `start_postgres`.

    Args:
        directory: belongs to this server alone: its data, settings, log and lock.
        cache: where the jars are kept; by default the nearest `.local` above `directory`, else its parent.
        keep_data: go on with the data of the former run, if that got as far as having any.
    Raises:
        ServerUnavailable: neither Docker nor Maven is there, or no Java.
        ServerInUse: another living process runs a server in `directory`.
        ServerFailed: it did not start.
    """
    return start_local_kafka(directory, cache=cache or _cache(directory), keep_data=keep_data)


def start_postgres(directory: Path, *, keep_data: bool = False) -> PostgresServer:
    """Start a PostgreSQL and return when it answers; arguments and errors as for `start_kafka`."""
    return start_local_postgres(directory, keep_data=keep_data)


def _cache(directory: Path) -> Path:
    path = directory.resolve()
    return next((parent for parent in path.parents if parent.name == ".local"), path.parent)
