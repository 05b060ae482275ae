"""Meters of every protocol version beside the platform of all journeys, and the steps that all features share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import event_logs
import keys
import mbus
import pytest
import requests
from every_operation import VERSIONS, Case
from pytest_bdd import given, parsers, then, when
from soap_client import SoapClient
from world import SoapOf, Table, World, rows, typed

from meterstream.contracts.operations.add_device import AddDeviceRequest
from meterstream.demo.client import Platform
from meterstream.demo.fleet import Fleet, FleetSettings, running_fleet

OWNER = "GridOne"
METERS = 400 * len(VERSIONS)


@pytest.fixture(scope="session")
def fleet_of_versions(journeys_directory: Path) -> Iterator[Fleet]:
    """Meters of each version, with a gas meter on their first channel; images are activated at once."""
    name, _, version = VERSIONS[0].partition(" ")
    others = tuple(f"--protocol={one}" for one in VERSIONS[1:])
    settings = FleetSettings(
        journeys_directory / "versions",
        METERS,
        "versions",
        protocol_name=name,
        protocol_version=version,
        arguments=(*others, "--image=activate_ms=50", "--image=restart_ms=50"),
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
def soap_of(platform: Platform) -> Iterator[SoapOf]:
    """The SOAP client of an organisation; by a certificate in its name, or in that of another one."""
    authority = platform.stack.authority
    with ExitStack() as opened:

        @cache
        def client(organisation: str, certified: str | None = None) -> SoapClient:
            files = authority.client(certified or organisation)
            made = SoapClient(
                platform.stack.https_addresses[0],
                organisation,
                files.certificate,
                files.key,
                authority.files.certificate,
            )
            opened.callback(made.close)
            return made

        yield client


@pytest.fixture(scope="session")
def soap(soap_of: SoapOf) -> SoapClient:
    """The owner's SOAP client."""
    return soap_of(OWNER)


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


@pytest.fixture
def world(
    platform: Platform,
    fleet_of_versions: Fleet,
    soap: SoapClient,
    rest: requests.Session,
    free_meters: dict[str, Iterator[int]],
) -> Iterator[World]:
    """A scenario's own view of the platform."""
    found = World(platform, fleet_of_versions, soap, rest, free_meters)
    yield found
    found.clear()


# Given


@given(parsers.parse('the meter "{device}" of "{version}"'))
def a_meter(world: World, device: str, version: str) -> None:
    world.install(device, version, {})


@given(parsers.parse('the meter "{device}" of "{version}" with'))
def a_meter_with(world: World, device: str, version: str, datatable: Table) -> None:
    world.install(device, version, {name: typed(value) for name, value in rows(datatable).items()})


@given(parsers.parse('attribute {attribute:d} of {class_id:d} {obis} of "{device}" is {kind} {value}'))
def an_attribute(world: World, attribute: int, class_id: int, obis: str, device: str, kind: str, value: str) -> None:
    path = f"/meters/{world.number_of(device)}/attributes/{class_id}/{obis}/{attribute}"
    world.fleet.control("PUT", path, {"type": kind, "value": world.cell(value)})


@given(parsers.parse('the manufacturer "{manufacturer}" with the model "{model}"'))
def a_model(world: World, manufacturer: str, model: str) -> None:
    world.model(manufacturer, model)


@given(parsers.parse('the firmware file "{file}" for "{model}" by "{manufacturer}"'))
def a_firmware_file(world: World, file: str, model: str, manufacturer: str) -> None:
    world.firmware("AddFirmware", file, (manufacturer, model), {"File": bytes(600), "ImageIdentifier": b"image"})


@given(parsers.parse('the M-Bus device "{device}"'))
def an_mbus_device(world: World, device: str) -> None:
    mbus.register(world, device, {})


@given(parsers.parse('the M-Bus device "{device}" with'))
def an_mbus_device_with(world: World, device: str, datatable: Table) -> None:
    mbus.register(world, device, {name: mbus.typed(name, value) for name, value in rows(datatable).items()})


@given(parsers.parse('channel {channel:d} of "{device}" holds {occupant}'))
def a_channel(world: World, channel: int, device: str, occupant: str) -> None:
    mbus.occupy(world, device, channel, occupant)


@given(parsers.parse('all channels of "{device}" are empty'))
def empty_channels(world: World, device: str) -> None:
    for channel in (1, 2, 3, 4):
        mbus.occupy(world, device, channel, mbus.EMPTY)


@given(parsers.parse('the status of "{device}" is {status}'))
def a_status(world: World, device: str, status: str) -> None:
    world.done("SetDeviceLifecycleStatus", device, {"lifecycle_status": status})


@given(parsers.parse('"{mbus_device}" is coupled on channel {channel:d} of "{device}"'))
def coupled(world: World, mbus_device: str, channel: int, device: str) -> None:
    world.done("CoupleMbusDeviceByChannel", device, {"channel": channel})
    assert mbus.place_of(world, mbus_device)[:2] == (device, channel)


@given(parsers.parse('the clock of "{device}" is {seconds:d} s behind'))
def clock_behind(world: World, device: str, seconds: int) -> None:
    world.fleet.control("POST", world.path(device, "clock-offset"), {"offset_ms": -1000 * seconds})


@given(parsers.parse('the clock of "{device}" shows {moment}'))
def clock_shows(world: World, device: str, moment: str) -> None:
    ahead = datetime.fromisoformat(moment) - datetime.now(UTC)
    world.fleet.control("POST", world.path(device, "clock-offset"), {"offset_ms": int(ahead.total_seconds() * 1000)})


@given(parsers.parse('the event logs of "{device}" tell of September 2015'))
def september(world: World, device: str) -> None:
    event_logs.tell(world, device)


# When


@when(parsers.parse('{operation} is asked of "{device}"'))
def asked(world: World, operation: str, device: str) -> None:
    world.ask(operation, device, {}, {})


@when(parsers.parse('{operation} is asked of "{device}" with'))
def asked_with(world: World, operation: str, device: str, datatable: Table) -> None:
    cells = {name: world.cell(value) for name, value in rows(datatable).items()}
    headers = {name[1:]: str(value) for name, value in cells.items() if name.startswith("@")}
    world.ask(operation, device, {name: value for name, value in cells.items() if not name.startswith("@")}, headers)


@when(parsers.parse('a device of protocol "{name}" "{version}" is added as "{device}"'))
def added(world: World, name: str, version: str, device: str) -> None:
    case = Case.of(world.fleet, 1, world.platform.installer)
    request = case.installation()[0].request
    assert isinstance(request, AddDeviceRequest)
    described = request.device.model_copy(update={"protocol_name": name, "protocol_version": version})
    asked = request.model_copy(update={"device": described}).model_dump(mode="json", exclude_none=True)
    world.outcome = world.finish("AddDevice", device, asked)


# Then


@then(parsers.parse("adding ends with code {code}"))
def adding_ends_with(world: World, code: str) -> None:
    assert world.outcome["result"]["error"]["code"] == code


@then("the answer is OK")
def is_ok(world: World) -> None:
    assert world.refusal is None
    assert world.answer.get("Result", "OK") == "OK", world.answer


@then("the answer is NOT OK")
def is_not_ok(world: World) -> None:
    assert world.refusal is None
    assert world.answer.get("Result") == "NOT OK"


@then(parsers.parse('the answer tells "{words}"'))
def tells(world: World, words: str) -> None:
    assert world.refusal is None
    assert any(words in text for text in world.answer.values()), world.answer


@then("the answer has")
def has(world: World, datatable: Table) -> None:
    assert world.refusal is None
    wanted = rows(datatable)
    assert {path: world.answer.get(path) for path in wanted} == wanted, world.answer


@then(parsers.parse("the answer has {count:d} {name}"))
def has_so_many(world: World, count: int, name: str) -> None:
    assert world.refusal is None
    numbers = {match.group(1) for path in world.answer if (match := re.search(rf"(?:^|/){name}/(\d+)(?:/|$)", path))}
    assert len(numbers) == count


@then(parsers.parse("the answer has no {path}"))
def has_not(world: World, path: str) -> None:
    assert world.refusal is None
    assert not [found for found in world.answer if found == path or found.startswith(f"{path}/")]


@then(parsers.parse("it ends with fault {code}"))
def ends_with_fault(world: World, code: str) -> None:
    assert world.refusal is not None, world.answer
    assert world.refusal.code == code, world.refusal.words


@then(parsers.parse('it ends with fault {code} of {component} because of "{words}"'))
def ends_with_fault_because(world: World, code: str, component: str, words: str) -> None:
    ends_with_fault(world, code)
    assert world.refusal is not None
    assert component in world.refusal.words.split()
    assert words in world.refusal.words


@then(parsers.parse('attribute {attribute:d} of {class_id:d} {obis} of "{device}" is now {value}'))
def attribute_is(world: World, attribute: int, class_id: int, obis: str, device: str, value: str) -> None:
    path = f"/meters/{world.number_of(device)}/attributes/{class_id}/{obis}/{attribute}"
    assert world.fleet.control("GET", path)["value"] == typed(value)


@then(parsers.parse('channel {channel:d} of "{device}" now holds {occupant}'))
def channel_holds(world: World, channel: int, device: str, occupant: str) -> None:
    assert mbus.occupied_by(world, device, channel) == mbus.attributes(occupant, world.versions[device])


@then(parsers.parse('"{mbus_device}" is now coupled on channel {channel:d} of "{device}" at address {address:d}'))
def is_coupled(world: World, mbus_device: str, channel: int, device: str, address: int) -> None:
    assert mbus.place_of(world, mbus_device) == (device, channel, address)


@then(parsers.parse('"{mbus_device}" is now coupled with nobody'))
def is_not_coupled(world: World, mbus_device: str) -> None:
    assert mbus.place_of(world, mbus_device) == (None, None, None)


@then(parsers.parse('the keys of "{device}" are'))
def keys_are(world: World, device: str, datatable: Table) -> None:
    (_, *states), *wanted = datatable
    found = keys.states_of(world, device)
    assert [[kind, *(str(found[kind, state]) for state in states)] for kind, *_ in wanted] == wanted


@then(parsers.parse('no key of "{device}" is stored as it came'))
def no_key_as_it_came(world: World, device: str) -> None:
    came, stored = keys.sent(world), keys.sealed(world, device)
    assert came
    assert not [one for one in came if any(one in sealed for sealed in stored)]


@then("it has failed")
def has_failed(world: World) -> None:
    assert world.refusal is not None or world.answer.get("Result") == "NOT OK", world.answer


@then(parsers.parse('it has failed with "{words}"'))
def has_failed_with(world: World, words: str) -> None:
    has_failed(world)
    told = [*world.answer.values(), "" if world.refusal is None else world.refusal.words]
    assert any(words in text for text in told), told


@then(parsers.parse('there is no device "{device}"'))
def no_device(world: World, device: str) -> None:
    base = world.platform.stack.https_addresses[0]
    assert world.rest.get(f"{base}/v1/devices/{device}", timeout=30).status_code == 404
