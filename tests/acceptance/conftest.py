"""Meters of every protocol version beside the platform of all journeys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from every_operation import VERSIONS

from meterstream.demo.fleet import Fleet, FleetSettings, running_fleet

METERS = 4 * len(VERSIONS)


@pytest.fixture(scope="session")
def fleet_of_versions(journeys_directory: Path) -> Iterator[Fleet]:
    """Four meters of each version, with a gas meter on their first channel; images are activated at once."""
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
