"""One platform for all journeys: real Kafka and PostgreSQL, the four services, a fleet. Fault tests have their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from https_files import FileServer, running_file_server

from meterstream.demo.client import Client, Platform, open_client
from meterstream.demo.commands import Installer
from meterstream.demo.fleet import DemoMeter, FleetSettings, running_fleet
from meterstream.demo.pytest_plugin import start_in_free_directory
from meterstream.demo.receiver import running_receiver
from meterstream.demo.servers.processes import ServerDirectory, free_ports
from meterstream.demo.stack import Organisation, StackSettings, running_stack

OWNER = "GridOne"
OTHER = "GridTwo"
FLEET = 60


@pytest.fixture(scope="session")
def journeys_directory(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory that no other run of this checkout uses."""
    parent = request.config.rootpath / ".local" / "tests"
    held = start_in_free_directory(parent, "journeys", lambda path: (ServerDirectory(path), path))
    yield held[1]
    held[0].release()


@pytest.fixture(scope="session")
def push_port() -> int:
    """Where the platform listens for pushes, by TCP."""
    (port,) = free_ports(1)
    return port


@pytest.fixture(scope="session")
def file_server(journeys_directory: Path) -> Iterator[FileServer]:
    """Where firmware files lie that the registry names by URL."""
    with running_file_server(journeys_directory / "file-server") as served:
        yield served


@pytest.fixture(scope="session")
def platform(journeys_directory: Path, push_port: int, file_server: FileServer) -> Iterator[Platform]:
    """The platform with two organisations; the first is told about results by SOAP and by a webhook."""
    secret = journeys_directory / "webhook-secret"
    secret.write_text("a webhook secret of this test run\n")
    with (
        running_fleet(FleetSettings(journeys_directory / "fleet", FLEET, "journeys")) as fleet,
        running_receiver() as receiver,
    ):
        settings = StackSettings(
            directory=journeys_directory / "stack",
            organisations=(
                Organisation(
                    OWNER,
                    admin=True,
                    endpoints=(f"soap={receiver.base}/soap", f"webhook={receiver.base}/webhook"),
                    webhook_secret_file=secret,
                ),
                Organisation(OTHER, kafka_commands="off"),
            ),
            environment={
                "METERSTREAM_RETRY__FIRST_DELAY_S": "1",
                "METERSTREAM_SESSIONS__COUNTER_READ_PAUSE_S": "0",
                "METERSTREAM_SESSIONS__CANDIDATE_PAUSE_S": "0",
                "METERSTREAM_SESSIONS__RESPONSE_TIMEOUT_S": "3",
                "METERSTREAM_SESSIONS__CONNECT_TIMEOUT_S": "2",
                "METERSTREAM_DELIVERY__ALLOW_PRIVATE_TARGETS": "true",
                "METERSTREAM_DELIVERY__PURGE_INTERVAL_S": "1",
                "METERSTREAM_STORE__PURGE_INTERVAL_S": "1",
            },
            service_environment={
                "protocol-dlms": {
                    "METERSTREAM_PUSHES__HOST": "127.0.0.1",
                    "METERSTREAM_PUSHES__TCP_PORT": str(push_port),
                    "METERSTREAM_IMAGE_URLS__ALLOWED": "localhost",
                    "METERSTREAM_IMAGE_URLS__ALLOW_PRIVATE": "true",
                    "METERSTREAM_IMAGE_URLS__CA_FILE": str(file_server.ca_file),
                }
            },
        )
        with running_stack(settings) as stack:
            yield Platform(stack, fleet, receiver, Installer(stack.keys / "rsa-public.pem"))


@pytest_asyncio.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    """The organisation that owns the meters."""
    async with open_client(platform, OWNER) as opened:
        yield opened


@pytest_asyncio.fixture
async def stranger(platform: Platform) -> AsyncIterator[Client]:
    """An organisation without any authorisation."""
    async with open_client(platform, OTHER) as opened:
        yield opened


@pytest.fixture(scope="session")
def unused_meters(platform: Platform) -> Callable[[int], list[DemoMeter]]:
    """Gives out meters of the fleet that no other test has."""
    waiting = iter(platform.fleet.meters())
    return lambda count: [next(waiting) for _ in range(count)]
