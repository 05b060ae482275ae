"""The features of the smart-metering services as a whole: levels, throttling, pushes, the message log."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from afterwards import eventually, logged, uid_of_notice
from pytest_bdd import given, parsers, scenarios, then, when
from soap_client import Asked, SoapRefusal, flat
from world import SoapOf, World

from meterstream.contracts.operations.add_device import AddDeviceRequest
from meterstream.demo.fleet import Fleet, FleetSettings, running_fleet
from meterstream.dlms.data import LogicalName
from meterstream.simulator.identity import password_for
from meterstream.simulator.push import notification_push, standard_values, text_push

scenarios("features/smart-metering")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

ALARM = LogicalName.parse("0.1.25.9.0.255")
LEVELS = {"with a password": "lls", "with a wrong password": "lls", "without security": "none"}
SEED = "levels"
FEW = 8


@pytest.fixture(scope="session")
def fleets_of_levels(journeys_directory: Path) -> Iterator[dict[tuple[str, str], Fleet]]:
    """Meters of old versions with a password only, and without anything."""
    found: dict[tuple[str, str], Fleet] = {}
    closing = []
    for level in ("lls", "none"):
        for version in ("2.2", "4.2.2"):
            directory = journeys_directory / f"level-{level}-{version}"
            settings = FleetSettings(directory, FEW, SEED, "DSMR", version, (f"--level={level}",))
            closing.append(running_fleet(settings))
            found[level, f"DSMR {version}"] = closing[-1].__enter__()
    yield found
    for one in closing:
        one.__exit__(None, None, None)


@pytest.fixture(scope="session")
def numbers_of_levels() -> Iterator[int]:
    """Of meters that no scenario has."""
    return iter(range(1, FEW + 1))


def added(world: World, device: str, request: AddDeviceRequest) -> None:
    """Register a device over REST."""
    found = world.finish("AddDevice", device, request.model_dump(mode="json", exclude_none=True))
    assert found["state"] == "ok", found


@given(
    parsers.re(
        r'the meter "(?P<device>[^"]+)" of "(?P<version>[^"]+)" '
        r"(?P<association>with a password|with a wrong password|without security)"
    )
)
def a_meter_of_a_level(
    world: World,
    fleets_of_levels: dict[tuple[str, str], Fleet],
    numbers_of_levels: Iterator[int],
    device: str,
    version: str,
    association: str,
) -> None:
    level, number = LEVELS[association], next(numbers_of_levels)
    request = world.platform.installer.add_device(fleets_of_levels[level, version].meter(number)).request
    assert isinstance(request, AddDeviceRequest)
    changes: dict[str, object] = {"hls5_active": False, "lls1_active": level == "lls"}
    if level == "lls":
        password = b"00000000" if "wrong" in association else password_for(SEED, number)
        changes["lls_password"] = world.platform.installer.encrypt(password)
    added(world, device, request.model_copy(update={"device": request.device.model_copy(update=changes)}))


@given(parsers.parse('the meter "{device}" of "{version}" whose keys are others'))
def a_meter_with_other_keys(world: World, device: str, version: str) -> None:
    names = ("master_key", "authentication_key", "global_encryption_unicast_key")
    world.install(device, version, {name: world.platform.installer.encrypt(os.urandom(16)) for name in names})


@given(
    parsers.re(
        r'(?P<count>\d+) meters? "(?P<device>\d*[^"]+)" behind base station "(?P<station>.+)" and cell "(?P<cell>.+)"'
    )
)
def meters_of_a_cell(world: World, count: str, device: str, station: str, cell: str) -> None:
    for number in range(1, int(count) + 1):
        world.install(f"{device}{number}", "DSMR 4.2.2", {"base_station": station, "cell": cell})


@given(parsers.parse('{count:d} meters "{device}" whose place in the network is not known'))
def meters_anywhere(world: World, count: int, device: str) -> None:
    for number in range(1, count + 1):
        world.install(f"{device}{number}", "DSMR 4.2.2", {})


@pytest.fixture
def asked_at_once() -> list[Asked]:
    """What waits for its answers."""
    return []


@when(parsers.parse("{operation} is asked of all of them at once"))
def all_asked(world: World, asked_at_once: list[Asked], operation: str) -> None:
    asked_at_once.extend(world.soap.ask(operation, device, {}) for device in world.meters)


@then("all of them have answered")
def all_answered(world: World, asked_at_once: list[Asked]) -> None:
    found = [flat(world.soap.answer(asked)) for asked in asked_at_once]
    assert len(found) == 12
    assert all("ON" in answer.values() for answer in found)


@when(parsers.re(r'"(?P<device>[^"]+)" pushes the alarm registers? (?P<registers>[0-9 and]+) as (?P<form>[a-z-]+)'))
def pushes(push_port: int, device: str, registers: str, form: str) -> None:
    values = tuple(int(text) for text in re.findall(r"\d+", registers))
    identification = device.encode()
    if form == "text":
        octets = text_push(identification, bytes(ALARM), values)
    else:
        octets = notification_push(standard_values(identification, ALARM, values))
    with socket.create_connection(("127.0.0.1", push_port), timeout=30) as line:
        line.sendall(octets)
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1) == b""  # the platform ends its side once it has kept the push


@pytest.fixture
def notice() -> dict[str, str]:
    """What the owner was told of last."""
    return {}


@then(parsers.parse('its owner is told of a {kind} of "{device}"'))
def owner_is_told(world: World, notice: dict[str, str], kind: str, device: str) -> None:
    notice.update(device=device, uid=uid_of_notice(world, kind, device))


@then(parsers.parse("RetrievePushNotificationAlarm tells of {alarms}"))
def retrieved(world: World, notice: dict[str, str], alarms: str) -> None:
    found = flat(world.soap.call("RetrievePushNotificationAlarm", {"CorrelationUid": notice["uid"]}))
    assert found["DeviceIdentification"] == notice["device"]
    assert sorted(text for path, text in found.items() if "AlarmTypes" in path) == sorted(alarms.split())


@then(parsers.parse("GetPushNotificationAlarm tells of {alarms}"))
def fetched(world: World, notice: dict[str, str], alarms: str) -> None:
    named = {"DeviceIdentification": notice["device"], "CorrelationUid": notice["uid"]}
    found = flat(world.soap.call("GetPushNotificationAlarm", named))
    assert found["Result"] == "OK"
    assert all(alarm in found["decodedMessage"] for alarm in alarms.split())


@then(parsers.parse('RetrievePushNotificationAlarm by "{organisation}" ends with fault {code}'))
def not_for_others(soap_of: SoapOf, notice: dict[str, str], organisation: str, code: str) -> None:
    with pytest.raises(SoapRefusal) as refused:
        soap_of(organisation).call("RetrievePushNotificationAlarm", {"CorrelationUid": notice["uid"]})
    assert refused.value.code == code


@pytest.fixture
def moments() -> dict[str, datetime]:
    """When debug mode began for devices."""
    return {}


@when(parsers.parse('debug mode begins for "{device}"'))
def debug_mode_begins(world: World, moments: dict[str, datetime], device: str) -> None:
    moments[device] = datetime.now(UTC)
    world.ask("EnableDebugging", device, {}, {})
    assert world.answer["Result"] == "OK"


@then(parsers.parse('the message log of "{device}" tells of what {way}'))
def log_tells(world: World, device: str, way: str) -> None:
    incoming = str(way == "came in")
    eventually(
        lambda: any(one["Incoming"] == incoming and one["DecodedMessage"] for one in logged(world, device)),
        f"frames that {way}",
    )


@then(parsers.parse('the message log of "{device}" tells of nothing before debug mode'))
def log_begins(world: World, moments: dict[str, datetime], device: str) -> None:
    found = [datetime.fromisoformat(one["Timestamp"]) for one in logged(world, device)]
    assert found
    assert min(found) >= moments[device]


@when(parsers.parse('"{organisation}" asks {operation} of "{device}" with'))
def asks_with(
    world: World, soap_of: SoapOf, organisation: str, operation: str, device: str, datatable: list[list[str]]
) -> None:
    values = {name: world.cell(value) for name, value in datatable[1:]}
    world.ask(operation, device, values, {}, soap_of(organisation))


@then(parsers.parse("it ends with a fault of {component}"))
def ends_with_a_fault_of(world: World, component: str) -> None:
    assert world.refusal is not None, world.answer
    assert component in world.refusal.words.split()


@then("the answer has an ActiveEnergyImport")
def has_a_reading(world: World) -> None:
    assert world.refusal is None
    assert any("ActiveEnergyImport" in path for path in world.answer), world.answer
