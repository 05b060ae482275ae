"""Meters of every protocol version beside the platform of all journeys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from every_operation import VERSIONS
from soap_client import SoapClient

from meterstream.demo.client import Platform
from meterstream.demo.fleet import Fleet, FleetSettings, running_fleet

OWNER = "GridOne"
METERS = 40 * len(VERSIONS)


@pytest.fixture(scope="session")
def fleet_of_versions(journeys_directory: Path) -> Iterator[Fleet]:
    """Forty meters of each version, with a gas meter on their first channel; images are activated at once."""
    name, _, version = VERSIONS[0].partition(" ")
    others = tuple(f"--protocol={one}" for one in VERSIONS[1:])
    settings = FleetSettings(
        journeys_directory / "versions",
        METERS,
        "versions",
        protocol_name=name,
        protocol_version=version,
        arguments=others,
    )
    with running_fleet(settings) as fleet:
        yield fleet


@pytest.fixture(scope="session")
def free_meters() -> dict[str, Iterator[int]]:
    """Numbers of meters that no scenario has; the first of each version belongs to the table of operations."""
    return {
        version: iter(range(index + 1 + len(VERSIONS), METERS + 1, len(VERSIONS)))
        for index, version in enumerate(VERSIONS)
    }


@pytest.fixture(scope="session")
def soap(platform: Platform) -> Iterator[SoapClient]:
    """The owner's SOAP client."""
    authority = platform.stack.authority
    files = authority.client(OWNER)
    client = SoapClient(
        platform.stack.https_addresses[0], OWNER, files.certificate, files.key, authority.files.certificate
    )
    yield client
    client.close()


@pytest.fixture(scope="session")
def rest(platform: Platform) -> Iterator[requests.Session]:
    """The owner's session for REST."""
    authority = platform.stack.authority
    files = authority.client(OWNER)
    with requests.Session() as session:
        session.trust_env = False
        session.cert = (str(files.certificate), str(files.key))
        session.verify = str(authority.files.certificate)
        yield session
