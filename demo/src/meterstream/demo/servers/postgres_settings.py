"""What PostgreSQL for demo and tests is set to, as process and as container alike; and its databases."""

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote

import psycopg
from psycopg import conninfo, sql

from meterstream.demo.servers.control import PostgresServer

SUPERUSER = "postgres"
CONNECT_TIMEOUT_S = 2
SERVER_SETTINGS: Mapping[str, str] = {
    "shared_buffers": "64MB",
    "max_connections": "200",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "512MB",
    "max_parallel_workers_per_gather": "0",
    "fsync": "on",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


def superuser_dsn(host: str, port: int, password: str) -> str:
    return f"postgresql://{SUPERUSER}:{quote(password, safe='')}@{host}:{port}/postgres"


def postgres_answers(dsn: str) -> bool:
    """Whether the server takes a connection and answers a query."""
    with (
        suppress(psycopg.OperationalError),
        psycopg.connect(dsn, connect_timeout=CONNECT_TIMEOUT_S, autocommit=True) as connection,
    ):
        return connection.execute("SELECT 1").fetchone() == (1,)
    return False


def create_database(server: PostgresServer, name: str, template: str | None = None) -> str:
    """Make a database, as a clone of `template` if that is given (nobody may be connected to it); returns its DSN.

    Raises: psycopg.Error, as when the name is taken or the template is in use.
    """
    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(statement)
    parts = conninfo.conninfo_to_dict(server.dsn)
    address = f"{parts['host']}:{parts['port']}"
    return f"postgresql://{parts['user']}:{quote(str(parts['password']), safe='')}@{address}/{quote(name, safe='')}"


def drop_database(server: PostgresServer, name: str) -> None:
    """Remove a database and end the connections to it; one that is not there is no error."""
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
