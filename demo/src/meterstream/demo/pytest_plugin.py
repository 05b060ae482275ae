"""Real servers for tests: started once per run, when the first test asks for them.

Loaded by the root pyproject.toml, so that the tests of every distribution have the same fixtures. Each test that uses
one of them carries the marker `servers`; `make check` leaves those out.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

import pytest
from hypothesis import settings

from meterstream.demo.pytest_sharing import TogetherScheduling, keep_together, stop_platform_after

if TYPE_CHECKING:  # the servers' clients are imported by the fixtures: a run of unit tests does not pay for them
    from xdist.remote import Producer

    from meterstream.demo.servers import KafkaServer, PostgresServer

SERVER_FIXTURES = frozenset({"kafka_server", "postgres_server", "platform"})
CONCURRENT_RUNS = 16  # of one checkout
ADMIN_TIMEOUT_S = 20.0
FUZZ_EXAMPLES = 20_000

Server = TypeVar("Server")


@pytest.hookimpl(tryfirst=True)  # before Hypothesis loads the profile that the command line names
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "servers: uses a real Kafka or PostgreSQL; set by itself from the fixtures")
    # How long one example takes says something about the machine's other work, not about the code.
    settings.register_profile("default", settings.get_profile("default"), deadline=None)
    settings.register_profile("fuzz", settings.get_profile("default"), max_examples=FUZZ_EXAMPLES)
    settings.load_profile("ci" if "CI" in os.environ else "default")


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and SERVER_FIXTURES.intersection(item.fixturenames):
            item.add_marker("servers")
    keep_together(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    yield
    stop_platform_after(item, nextitem)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> TogetherScheduling | None:
    if config.getvalue("dist") != "loadfile":
        return None
    return TogetherScheduling(config, log)


def start_in_free_directory(parent: Path, name: str, start: Callable[[Path], Server]) -> Server:
    """Start a server in the first of a few directories that no other run holds."""
    from meterstream.demo.servers import ServerInUse

    for number in range(CONCURRENT_RUNS):
        try:
            return start(parent / f"{name}-{number}")
        except ServerInUse:
            continue
    raise ServerInUse(f"{CONCURRENT_RUNS} test runs use {parent} already")


@pytest.fixture(scope="session")
def kafka_server(request: pytest.FixtureRequest) -> "Iterator[KafkaServer]":
    """A real Kafka with no topics, shared by all tests of the run: a test that kills or pauses it must restart it."""
    from meterstream.demo.servers import start_kafka

    server = start_in_free_directory(request.config.rootpath / ".local" / "tests", "kafka", start_kafka)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> "Iterator[PostgresServer]":
    """A real PostgreSQL, shared by all tests of the run: a test that kills or pauses it must restart it."""
    from meterstream.demo.servers import start_postgres

    server = start_in_free_directory(request.config.rootpath / ".local" / "tests", "postgres", start_postgres)
    yield server
    server.stop()


@pytest.fixture
def kafka_bootstrap(kafka_server: "KafkaServer") -> str:
    """The shared Kafka's bootstrap servers."""
    return kafka_server.bootstrap_servers


@pytest.fixture
def topic_prefix(kafka_server: "KafkaServer") -> Iterator[str]:
    """A prefix for this test's topics, groups and transactional ids; its topics are deleted afterwards."""
    from meterstream.demo.servers.kafka_settings import quiet_admin

    prefix = f"t{uuid4().hex[:12]}"
    yield prefix
    admin = quiet_admin(kafka_server.bootstrap_servers)
    topics = [topic for topic in admin.list_topics(timeout=ADMIN_TIMEOUT_S).topics if topic.startswith(prefix)]
    if topics:
        for done in admin.delete_topics(topics, operation_timeout=ADMIN_TIMEOUT_S).values():
            done.result(ADMIN_TIMEOUT_S)


@pytest.fixture
def database_dsn(postgres_server: "PostgresServer") -> Iterator[str]:
    """A fresh, empty database for this test, dropped afterwards with whatever is still connected to it."""
    from meterstream.demo.servers import create_database, drop_database

    name = f"t{uuid4().hex[:12]}"
    yield create_database(postgres_server, name)
    drop_database(postgres_server, name)
