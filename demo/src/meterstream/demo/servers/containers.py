"""Kafka and PostgreSQL as containers of a Docker engine, by testcontainers, whose reaper removes them if we are killed.

Containers begin with no data. Ports are published on loopback alone when the engine is on this machine.
"""

import atexit
import logging
import secrets
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from docker.errors import APIError, DockerException, NotFound
from docker.utils import parse_host
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient, get_docker_host
from testcontainers.core.utils import inside_container

from meterstream.demo.servers.control import START_DEADLINE_S, KafkaServer, PostgresServer
from meterstream.demo.servers.errors import ServerFailed, ServerUnavailable
from meterstream.demo.servers.kafka_jars import KAFKA_VERSION
from meterstream.demo.servers.kafka_settings import kafka_answers, node_settings
from meterstream.demo.servers.postgres_settings import SERVER_SETTINGS, SUPERUSER, postgres_answers, superuser_dsn
from meterstream.demo.servers.processes import LOOPBACK, ServerDirectory, free_ports, wait_until

KAFKA_IMAGE = f"apache/kafka:{KAFKA_VERSION}"
KAFKA_PORT, CONTROLLER_PORT = 9092, 9093
KAFKA_MEMORY = "1g"
KAFKA_HEAP = "-Xms256m -Xmx512m"
POSTGRES_IMAGE = "postgres:18-alpine"
POSTGRES_PORT = 5432
POSTGRES_MEMORY = "512m"
PING_TIMEOUT_S = 2
STOP_GRACE_S = 15
LOG_TAIL_LINES = 40
LOCALHOSTS = frozenset({"localhost", LOOPBACK})

log = logging.getLogger(__name__)


class ContainerUnavailable(ServerUnavailable):
    """The Docker engine answers but cannot make the container, as when it cannot fetch the image."""

    code = "container-unavailable"


def docker_answers() -> bool:
    """Whether a Docker engine answers whose published ports can be reached from here."""
    try:
        if not _listens(urlsplit(parse_host(get_docker_host()))):
            return False
        engine = DockerClient(timeout=PING_TIMEOUT_S)
        with closing(engine.client):
            engine.client.ping()
            return engine.host() not in LOCALHOSTS or not _is_container_of(engine)
    except (DockerException, OSError) as error:
        log.debug("no Docker engine: %s", error)
        return False


def _listens(address: SplitResult) -> bool:
    """Whether anything listens where the engine should; asked first: Docker's client leaks a socket when it fails."""
    if address.scheme not in {"http", "https", "http+unix"}:  # as with ssh: only the client knows how to get there
        return True
    family = socket.AF_UNIX if address.scheme == "http+unix" else socket.AF_INET
    target = address.path if family == socket.AF_UNIX else (address.hostname, address.port)
    with socket.socket(family) as probe:
        probe.settimeout(PING_TIMEOUT_S)
        return probe.connect_ex(target) == 0


def _is_container_of(engine: DockerClient) -> bool:
    """Whether this process runs in a container of that very engine: its published ports are then another machine's."""
    if not inside_container():
        return False
    try:
        engine.client.containers.get(socket.gethostname())
    except NotFound:
        return False
    return True


def start_container_kafka(directory: Path) -> KafkaServer:
    """See `start_kafka`. Raises: ContainerUnavailable when the engine cannot make the container."""
    held = _Held(directory)
    settings = node_settings(
        listeners=f"PLAINTEXT://0.0.0.0:{KAFKA_PORT},CONTROLLER://{LOOPBACK}:{CONTROLLER_PORT}",
        advertised=f"PLAINTEXT://{held.host}:{held.port}",
        controller=f"{LOOPBACK}:{CONTROLLER_PORT}",
    )
    # The image turns KAFKA_A_B into the setting a.b.
    variables = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in settings.items()}
    variables |= {
        "CLUSTER_ID": f"M{secrets.token_urlsafe(16)[1:]}",
        "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
        "KAFKA_HEAP_OPTS": KAFKA_HEAP,
    }
    bootstrap = f"{held.host}:{held.port}"
    control = held.start(
        "Kafka",
        lambda: DockerContainer(KAFKA_IMAGE, env=variables).with_kwargs(mem_limit=KAFKA_MEMORY),
        KAFKA_PORT,
        lambda: kafka_answers(bootstrap),
    )
    return KafkaServer(bootstrap, control)


def start_container_postgres(directory: Path) -> PostgresServer:
    """See `start_postgres`. Raises: ContainerUnavailable when the engine cannot make the container."""
    held = _Held(directory)
    password = secrets.token_urlsafe(24)
    variables = {
        "POSTGRES_USER": SUPERUSER,
        "POSTGRES_PASSWORD": password,
        "POSTGRES_INITDB_ARGS": "--auth-host=scram-sha-256 --encoding=UTF8 --no-locale --no-sync",
    }
    command = [word for name, value in SERVER_SETTINGS.items() for word in ("-c", f"{name}={value}")]
    dsn = superuser_dsn(held.host, held.port, password)
    control = held.start(
        "PostgreSQL",
        lambda: (
            DockerContainer(POSTGRES_IMAGE, env=variables)
            .with_command(command)
            .with_kwargs(mem_limit=POSTGRES_MEMORY, shm_size="128m")
        ),
        POSTGRES_PORT,
        lambda: postgres_answers(dsn),
    )
    return PostgresServer(dsn, control)


class _Held:
    """A directory held for a container, and the address at which the container will be reached."""

    def __init__(self, directory: Path) -> None:
        self.directory = ServerDirectory(directory)
        try:
            engine = DockerClient(timeout=PING_TIMEOUT_S)
            with closing(engine.client):
                self.host = engine.host().replace("localhost", LOOPBACK)
            (self.port,) = free_ports(1)
        except BaseException:
            self.directory.release()
            raise

    def start(
        self, name: str, make: Callable[[], DockerContainer], inner_port: int, answers: Callable[[], bool]
    ) -> "ContainerServer":
        try:
            container = make()
            published = (LOOPBACK, self.port) if self.host == LOOPBACK else self.port
            # Docker takes the address to publish on, too, which testcontainers' own method does not know.
            container.ports[f"{inner_port}/tcp"] = published  # type: ignore[assignment]
            return ContainerServer(name, self.directory, container, answers)
        except BaseException:
            self.directory.release()
            raise


class ContainerServer:
    """`ServerControl` over a container."""

    def __init__(
        self, name: str, directory: ServerDirectory, container: DockerContainer, answers: Callable[[], bool]
    ) -> None:
        """Start it and wait until it answers. Raises: ContainerUnavailable; ServerFailed with the end of the log."""
        self._name = name
        self._directory = directory
        self._container = container
        self._answers = answers
        atexit.register(self.stop)
        try:
            container.start()
        except APIError as error:
            self.stop()
            raise ContainerUnavailable(f"Docker cannot run a container for {name}: {error.explanation}") from None
        except BaseException:
            self.stop()
            raise
        self._wait()

    def stop(self) -> None:
        atexit.unregister(self.stop)
        with suppress(NotFound):
            self._container.stop()
        self._directory.release()

    def kill(self) -> None:
        container = self._container.get_wrapped_container()
        container.kill()
        container.wait(timeout=STOP_GRACE_S)

    def pause(self) -> None:
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        self._container.get_wrapped_container().unpause()

    def restart(self) -> None:
        container = self._container.get_wrapped_container()
        if self._status() == "paused":
            container.unpause()
        if self._status() == "running":
            container.stop(timeout=STOP_GRACE_S)
        container.start()
        self._wait()

    def _status(self) -> str:
        container = self._container.get_wrapped_container()
        container.reload()
        return str(container.status)

    def _wait(self) -> None:
        def alive() -> bool:
            return self._status() in {"created", "running"}

        try:
            wait_until(self._answers, alive=alive, deadline_s=START_DEADLINE_S, what=self._name)
        except BaseException as error:
            lines = self._container.get_wrapped_container().logs(tail=LOG_TAIL_LINES).decode(errors="replace")
            self.stop()
            if isinstance(error, ServerFailed):
                raise ServerFailed(f"{error}; the end of its log:\n{lines.strip()}") from None
            raise
