"""The whole platform on one machine: Kafka, PostgreSQL, the four services with any number of replicas."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from meterstream.demo.certificates import Authority
from meterstream.demo.servers import KafkaServer, PostgresServer, create_database, start_kafka, start_postgres
from meterstream.demo.servers.errors import ServerFailed
from meterstream.demo.servers.processes import free_ports
from meterstream.demo.service_process import ServiceProcess
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import apply_topics

SERVICES = ("domain", "protocol-dlms", "ws-adapter", "notification")
WITH_DATABASE = ("domain", "ws-adapter", "notification")
COMMAND_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Organisation:
    """An organisation that `bootstrap` makes; its certificate's common name is its identification."""

    identification: str
    kafka_commands: str = "trusted"
    admin: bool = False
    endpoints: tuple[str, ...] = ()
    webhook_secret_file: Path | None = None


@dataclass(frozen=True)
class StackSettings:
    """What to start. `environment` is added to every service, `service_environment` to one kind."""

    directory: Path
    organisations: tuple[Organisation, ...] = (Organisation("DemoGrid", admin=True),)
    replicas: Mapping[str, int] = field(default_factory=dict)
    device_partitions: int = 6
    spread_partitions: int = 3
    environment: Mapping[str, str] = field(default_factory=dict)
    service_environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class Stack:
    """A running platform. Use `running_stack`.

    Attributes:
        kafka, postgres: the servers.
        services: every replica by name, "domain-0" and so on.
        https_addresses: of each ws-adapter replica, as `https://localhost:port`.
        authority: issues certificates for clients.
        keys: directory with the platform's key files; `rsa-public.pem` is what AddDevice's keys are encrypted with.
    """

    def __init__(self, settings: StackSettings, kafka: KafkaServer, postgres: PostgresServer) -> None:
        self.settings = settings
        self.kafka = kafka
        self.postgres = postgres
        self.authority = Authority(settings.directory / "certificates")
        self.keys = settings.directory / "keys"
        self.services: dict[str, ServiceProcess] = {}
        self.https_addresses: list[str] = []
        self._dsns: dict[str, str] = {}

    @property
    def kafka_settings(self) -> KafkaSettings:
        """How a client of this machine reaches the broker."""
        return KafkaSettings(
            bootstrap_servers=self.kafka.bootstrap_servers,
            device_partitions=self.settings.device_partitions,
            spread_partitions=self.settings.spread_partitions,
        )

    def dsn(self, service: str) -> str:
        """The connection string of a service's database."""
        return self._dsns[service]

    def prepare(self) -> None:
        """Key files, topics, databases, organisations."""
        if not (self.keys / "rsa-private.pem").exists():
            self.run_domain("keys", "generate", "--directory", str(self.keys))
        asyncio.run(apply_topics(self.kafka_settings))
        for service in WITH_DATABASE:
            self._dsns[service] = create_database(self.postgres, service.replace("-", "_"))
        for organisation in self.settings.organisations:
            self.bootstrap(organisation)

    def start_services(self) -> None:
        """Start every replica, then wait until all are ready."""
        for service in SERVICES:
            for number in range(self.settings.replicas.get(service, 1)):
                self.add_replica(service, number)
        for process in self.services.values():
            process.wait_until_ready()

    def add_replica(self, service: str, number: int) -> ServiceProcess:
        """Start one more process of a service."""
        name = f"{service}-{number}"
        environment = self.environment_of(service)
        if service == "ws-adapter":
            (port,) = free_ports(1)
            environment["METERSTREAM_HTTP__PORT"] = str(port)
            self.https_addresses.append(f"https://localhost:{port}")
        module = f"meterstream.{service.replace('-', '_')}"
        process = ServiceProcess(name, module, self.settings.directory / "services" / name, environment)
        self.services[name] = process
        process.start()
        return process

    def stop_services(self) -> None:
        """Stop all replicas, those that take work in first."""
        order = ("ws-adapter", "notification", "protocol-dlms", "domain")
        for service in order:
            for name in [name for name in self.services if name.startswith(service)]:
                self.services.pop(name).stop()

    def environment_of(self, service: str) -> dict[str, str]:
        """The settings of a service as environment variables."""
        keys = self.keys
        kafka = self.kafka_settings
        found = {
            "METERSTREAM_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "METERSTREAM_KAFKA__DEVICE_PARTITIONS": str(kafka.device_partitions),
            "METERSTREAM_KAFKA__SPREAD_PARTITIONS": str(kafka.spread_partitions),
        }
        if service in self._dsns:
            found["METERSTREAM_POSTGRES__DSN"] = self._dsns[service]
        if service == "domain":
            found |= {
                "METERSTREAM_KEYS__KEY_ENCRYPTION_KEY_FILE": str(keys / "key-encryption-key.hex"),
                "METERSTREAM_KEYS__RSA_PRIVATE_KEY_FILE": str(keys / "rsa-private.pem"),
                "METERSTREAM_KEYS__PROTOCOL_PUBLIC_KEY_FILE": str(keys / "protocol-public.hex"),
                "METERSTREAM_KEYS__NOTIFICATION_PUBLIC_KEY_FILE": str(keys / "notification-public.hex"),
            }
        if service == "protocol-dlms":
            found["METERSTREAM_KEYS__PRIVATE_KEY_FILE"] = str(keys / "protocol-private.hex")
        if service == "notification":
            found["METERSTREAM_KEYS__PRIVATE_KEY_FILE"] = str(keys / "notification-private.hex")
        if service == "ws-adapter":
            server = self.authority.server()
            found |= {
                "METERSTREAM_HTTP__HOST": "127.0.0.1",
                "METERSTREAM_HTTP__CERTIFICATE_FILE": str(server.certificate),
                "METERSTREAM_HTTP__KEY_FILE": str(server.key),
                "METERSTREAM_HTTP__CLIENT_CA_FILE": str(self.authority.files.certificate),
            }
        return found | dict(self.settings.environment) | dict(self.settings.service_environment.get(service, {}))

    def run_domain(self, *arguments: str) -> str:
        """Run a command of domain (`bootstrap`, `keys`, `device`); its output.

        Raises: ServerFailed with what it wrote.
        """
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("METERSTREAM_")}
        done = subprocess.run(
            [sys.executable, "-m", "meterstream.domain", *arguments],
            env={**inherited, **self.environment_of("domain")},
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            raise ServerFailed(f"domain {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def bootstrap(self, organisation: Organisation, *more: str) -> None:
        """Make an organisation, or change it: `more` are options of the command."""
        name = organisation.identification
        arguments = ["--organisation", name, "--name", name, "--certificate-name", name]
        arguments += ["--kafka-commands", organisation.kafka_commands]
        arguments += ["--admin"] if organisation.admin else []
        for endpoint in organisation.endpoints:
            arguments += ["--endpoint", endpoint]
        if organisation.webhook_secret_file is not None:
            arguments += ["--webhook-secret-file", str(organisation.webhook_secret_file)]
        self.run_domain("bootstrap", *arguments, *more)


@contextmanager
def running_servers(directory: Path) -> Iterator[tuple[KafkaServer, PostgresServer]]:
    """Kafka and PostgreSQL, started side by side in `directory`, empty; stopped at the end."""
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        kafka = pool.submit(start_kafka, directory / "kafka")
        postgres = pool.submit(start_postgres, directory / "postgres")
        if kafka.exception() is None:  # waits; the other one must be stopped before a failure is raised
            stack.callback(kafka.result().stop)
        if postgres.exception() is None:
            stack.callback(postgres.result().stop)
        yield kafka.result(), postgres.result()


@contextmanager
def running_stack(settings: StackSettings) -> Iterator[Stack]:
    """The whole platform, ready; everything that it started ends with the block."""
    with running_servers(settings.directory) as (kafka, postgres):
        stack = Stack(settings, kafka, postgres)
        stack.prepare()
        try:
            stack.start_services()
            yield stack
        finally:
            stack.stop_services()
