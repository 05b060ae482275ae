"""A platform with two processes of each service, under load, that is broken on purpose."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from harness import METERS, SEED, Load

from meterstream.demo.client import Client, Platform, open_client
from meterstream.demo.commands import Installer
from meterstream.demo.fleet import FleetSettings, running_fleet
from meterstream.demo.proxy import Proxy, running_proxy
from meterstream.demo.pytest_plugin import start_in_free_directory
from meterstream.demo.receiver import running_receiver
from meterstream.demo.servers.processes import ServerDirectory
from meterstream.demo.stack import SERVICES, Organisation, StackSettings, running_stack

OWNER = "GridOne"
OTHER = "GridTwo"
METER_DELAY_MS = 50


@pytest.fixture(scope="session")
def faults_directory(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory that no other run of this checkout uses."""
    parent = request.config.rootpath / ".local" / "tests"
    held, path = start_in_free_directory(parent, "faults", lambda path: (ServerDirectory(path), path))
    for log in path.glob("stack/services/*/server.log"):
        log.unlink()  # of an earlier run
    yield path
    held.release()


@pytest.fixture(scope="session")
def webhook_secret() -> str:
    """What signs the owner's webhooks."""
    return secrets.token_hex(24)


@pytest.fixture(scope="session")
def platform(faults_directory: Path, webhook_secret: str) -> Iterator[Platform]:
    """Two of each service; retries come soon, so that a test sees them."""
    fleet_settings = FleetSettings(
        faults_directory / "fleet", METERS, SEED, arguments=(f"--delay-ms={METER_DELAY_MS}",)
    )
    secret_file = faults_directory / "webhook-secret"
    secret_file.write_text(webhook_secret)
    with running_fleet(fleet_settings) as fleet, running_receiver() as receiver:
        settings = StackSettings(
            directory=faults_directory / "stack",
            organisations=(
                Organisation(
                    OWNER, admin=True, endpoints=(f"webhook={receiver.base}/webhook",), webhook_secret_file=secret_file
                ),
                Organisation(OTHER),
            ),
            replicas=dict.fromkeys(SERVICES, 2),
            environment={
                "METERSTREAM_RETRY__FIRST_DELAY_S": "1",
                "METERSTREAM_RETRY__MAX_ATTEMPTS": "6",
                "METERSTREAM_SESSIONS__COUNTER_READ_PAUSE_S": "0",
                "METERSTREAM_SESSIONS__RESPONSE_TIMEOUT_S": "3",
                "METERSTREAM_SESSIONS__CONNECT_TIMEOUT_S": "2",
                "METERSTREAM_DELIVERY__ALLOW_PRIVATE_TARGETS": "true",
            },
        )
        with running_stack(settings) as stack:
            yield Platform(stack, fleet, receiver, Installer(stack.keys / "rsa-public.pem"))


@pytest.fixture(scope="session")
def line(platform: Platform) -> Iterator[Proxy]:
    """The line between the platform and its meters."""
    with running_proxy(("127.0.0.1", platform.fleet.port)) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def owner(platform: Platform) -> AsyncIterator[Client]:
    """The organisation that owns the meters."""
    async with open_client(platform, OWNER) as client:
        yield client


@pytest_asyncio.fixture
async def other(platform: Platform) -> AsyncIterator[Client]:
    """A second organisation that may publish."""
    async with open_client(platform, OTHER) as client:
        yield client


@pytest.fixture(scope="session")
def meter_numbers() -> Callable[[int], list[int]]:
    """Gives out numbers of meters that no other test has."""
    waiting = iter(range(1, METERS + 1))
    return lambda count: [next(waiting) for _ in range(count)]


@pytest_asyncio.fixture
async def load(owner: Client, line: Proxy, meter_numbers: Callable[[int], list[int]]) -> AsyncIterator[Load]:
    """Steady commands to meters of this test; at its end every promise of the platform is checked."""
    made = Load(owner, line.port, meter_numbers(20))
    await made.install()
    yield made
    await made.stop()
    line.heal()
