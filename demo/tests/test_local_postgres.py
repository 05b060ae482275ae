"""The real database: what it keeps over a crash, who may enter, and databases cloned for tests."""

import os
from pathlib import Path

import psycopg
import pytest

from meterstream.demo.servers import (
    PostgresServer,
    ServerUnavailable,
    create_database,
    drop_database,
    postgres_local,
)
from meterstream.demo.servers.postgres_local import find_postgres, start_local_postgres


def count(dsn: str) -> int:
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        row = connection.execute("SELECT count(*) FROM meters").fetchone()
    assert row is not None
    return int(row[0])


def insert(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS meters (id serial)")
        connection.execute("INSERT INTO meters DEFAULT VALUES")


def test_a_killed_server_comes_back_on_its_port_with_what_was_committed(
    postgres_server: PostgresServer, database_dsn: str
) -> None:
    insert(database_dsn)
    postgres_server.kill()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database_dsn, connect_timeout=2)
    postgres_server.restart()
    assert count(database_dsn) == 1


def test_a_paused_server_answers_again_when_it_is_resumed(postgres_server: PostgresServer, database_dsn: str) -> None:
    insert(database_dsn)
    postgres_server.pause()
    try:
        with pytest.raises(psycopg.OperationalError, match="timeout"):
            psycopg.connect(database_dsn, connect_timeout=2)
    finally:
        postgres_server.resume()
    assert count(database_dsn) == 1


def test_a_database_is_cloned_from_its_template(postgres_server: PostgresServer, database_dsn: str) -> None:
    insert(database_dsn)
    clone = create_database(postgres_server, "a clone/of it", template=database_dsn.rsplit("/", 1)[1])
    try:
        assert count(clone) == 1
        insert(clone)
        assert (count(clone), count(database_dsn)) == (2, 1)
    finally:
        drop_database(postgres_server, "a clone/of it")
    drop_database(postgres_server, "a clone/of it")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        count(clone)


def test_nobody_enters_without_the_password(postgres_server: PostgresServer) -> None:
    parts = psycopg.conninfo.conninfo_to_dict(postgres_server.dsn)
    password = str(parts.pop("password"))
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(psycopg.conninfo.make_conninfo("", **parts))
    assert password not in repr(postgres_server)


@pytest.mark.servers
def test_data_is_kept_when_asked_and_else_made_anew(tmp_path: Path) -> None:
    server = start_local_postgres(tmp_path / "postgres", keep_data=False)
    kept = create_database(server, "kept")
    insert(kept)
    server.stop()
    server.stop()
    server = start_local_postgres(tmp_path / "postgres", keep_data=True)
    assert count(kept) == 1  # same port, same password
    server.stop()
    start_local_postgres(tmp_path / "postgres", keep_data=False).stop()
    server = start_local_postgres(tmp_path / "postgres", keep_data=True)
    with psycopg.connect(server.dsn) as connection:
        assert connection.execute("SELECT 1 FROM pg_database WHERE datname = 'kept'").fetchone() is None
    server.stop()


def test_without_any_postgres_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres_local, "MACHINE_WIDE", tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ServerUnavailable, match="install one of them and start again") as caught:
        find_postgres(as_root=False)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("as_root", [False, True])
def test_finds_a_postgres_for_root_and_for_others(as_root: bool) -> None:
    assert os.access(find_postgres(as_root=as_root) / "initdb", os.X_OK)
