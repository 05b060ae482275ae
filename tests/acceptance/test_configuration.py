"""The features "configuration", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import keys
import mbus
import pytest
from applications import Application, an_application
from pytest_bdd import given, parsers, scenarios, then, when
from soap_client import flat
from world import Table, World

scenarios("features/configuration")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

KEY_IDS = {"encryption": 0, "authentication": 2}
OTHER_REASON = 250
PUSH_ALARM = "attributes/40/0.1.25.9.0.255"
PUSH_SMS = "attributes/40/0.2.25.9.0.255"
LAST_GASP = "attributes/40/0.3.25.9.0.255"
UDP = 1
DEFINABLE = "attributes/7/0.1.94.31.6.255/3"
CALENDAR = "attributes/20/0.0.13.0.0.255"
AUXILIARY_KEY_TAKEN = 0x80A1
KEY_SET_AND_TRANSFERRED = 3


@pytest.fixture(scope="session")
def application(platform: object, tmp_path_factory: pytest.TempPathFactory) -> Application:
    """The owner's application with a public key that the platform knows."""
    return an_application(platform, tmp_path_factory.mktemp("application"))  # type: ignore[arg-type]  # a Platform


def value(world: World, device: str, path: str) -> object:
    """What the management client would read of a simulated meter."""
    return world.fleet.control("GET", world.path(device, path))["value"]


# Given


@given(
    parsers.re(
        r'the line of "(?P<device>[^"]+)" breaks (?P<times>3 times )?(?P<when>before|after) '
        r"its meter takes a new (?P<kind>\w+) key"
    )
)
def line_breaks(world: World, device: str, times: str | None, when: str, kind: str) -> None:
    key_ids = [KEY_IDS[kind]] * (3 if times else 1)
    world.fleet.control("POST", world.path(device, "key-transfer-faults"), {f"drop_{when}": key_ids})


@given(parsers.parse('the meter of "{device}" refuses new keys'))
def refuses_keys(world: World, device: str) -> None:
    world.fleet.control("POST", world.path(device, "key-transfer-faults"), {"refusals": [OTHER_REASON]})


@given(parsers.parse('the gas meter "{mbus_device}" on channel 1 of "{device}"'))
def its_gas_meter(world: World, mbus_device: str, device: str) -> None:
    mbus.register_standing_there(world, mbus_device, device)
    world.done("CoupleMbusDeviceByChannel", device, {"channel": 1})
    assert mbus.place_of(world, mbus_device)[:2] == (device, 1)


@given(parsers.parse('a new gas meter stands on channel {channel:d} of "{device}", known as "{mbus_device}"'))
def a_new_gas_meter(world: World, channel: int, device: str, mbus_device: str) -> None:
    found = world.fleet.control("POST", world.path(device, "mbus/install"), {"medium": "gas", "channel": channel})
    settings = {
        "mbus_identification_number": found["identification"],
        "mbus_manufacturer_identification": found["manufacturer"],
        "mbus_version": found["version"],
    }
    mbus.register(world, mbus_device, settings)


@given("the application has a public key")
def has_public_key(application: Application) -> None:
    assert application.name


@given(
    parsers.parse(
        'the image "{file}" of {size:d} octets, identified as "{identifier}", '
        'for the model "{model}" by "{manufacturer}"'
    )
)
def an_image(world: World, file: str, size: int, identifier: str, model: str, manufacturer: str) -> None:
    world.model(manufacturer, model)
    described = {
        "Identification": file,
        "Id": 0,
        "DeviceModels": [{"Manufacturer": manufacturer, "ModelCode": model}],
        "PushToNewDevices": False,
        "Active": True,
        "FirmwareModuleData": {"ModuleVersionActive": identifier},
        "File": bytes(size),
        "ImageIdentifier": identifier.encode(),
    }
    world.soap.call("AddFirmware", {"Firmware": described})


@given(parsers.parse('the meter "{device}" of "{version}" is a "{model}" by "{manufacturer}"'))
def a_meter_of_a_model(world: World, device: str, version: str, model: str, manufacturer: str) -> None:
    world.install(device, version, {}, {"manufacturer": manufacturer, "model_code": model})


# When


@when(parsers.parse('{operation} is asked {count:d} times at once of "{device}"'))
def asked_at_once(world: World, operation: str, count: int, device: str) -> None:
    asked = [world.soap.ask(operation, device, {}, {}) for _ in range(count)]
    world.outcome = {one.correlation_uid: flat(world.soap.answer(one)) for one in asked}
    assert len(world.outcome) == count


# Then


@then("all of them are OK")
def all_ok(world: World) -> None:
    assert {answer.get("Result") for answer in world.outcome.values()} == {"OK"}


@then("the request breaks the schema")
def breaks_the_schema(world: World) -> None:
    assert world.refusal is not None
    assert "Validation error" in world.refusal.words


@then(parsers.parse('no nonce of "{device}" came twice'))
def no_nonce_twice(world: World, device: str) -> None:
    assert world.fleet.control("GET", f"/meters/{world.number_of(device)}")["repeated_nonces"] == 0


@then(parsers.parse('{count:d} valid keys of kind {kind} are stored for "{device}"'))
def valid_keys(world: World, count: int, kind: str, device: str) -> None:
    assert keys.states_of(world, device)[kind, "ACTIVE"] == count


@then(parsers.parse('the gas meter "{mbus_device}" has taken the {kind}'))
def has_taken(world: World, mbus_device: str, kind: str) -> None:
    device, channel, _ = mbus.place_of(world, mbus_device)
    found = world.fleet.control("GET", world.path(device, "mbus"))["channels"][channel - 1]
    if kind == "G_METER_ENCRYPTION_KEY":
        assert found["key_status"] == KEY_SET_AND_TRANSFERRED
    else:
        assert found["status"] >> 17 & 1, found  # new key accepted


@then(parsers.parse('the answer tells the application the factory\'s {kinds} of "{device}"'))
def tells_keys(world: World, application: Application, kinds: str, device: str) -> None:
    meter = world.fleet.meter(world.number_of(device))
    factory = {
        "E_METER_MASTER_KEY": meter.master_key,
        "E_METER_AUTHENTICATION_KEY": meter.authentication_key,
        "E_METER_ENCRYPTION_KEY_UNICAST": meter.encryption_key,
    }
    for number, kind in enumerate(kinds.split(", "), 1):
        base = f"GetKeysResponseData/{number}"
        assert world.answer[f"{base}/secretType"] == kind
        assert application.open(world.answer[f"{base}/secretValue"]) == factory[kind]


@then(
    parsers.parse(
        'the meter of "{device}" has {seasons:d} seasons, {weeks:d} weeks and {days:d} days in its passive calendar'
    )
)
def passive_calendar(world: World, device: str, seasons: int, weeks: int, days: int) -> None:
    found = [value(world, device, f"{CALENDAR}/{attribute}") for attribute in (7, 8, 9)]
    assert [len(one) for one in found if isinstance(one, list)] == [seasons, weeks, days]


@then(parsers.parse("the flags that are on are {names}"))
def flags_on(world: World, names: str) -> None:
    named = {
        path.removesuffix("/ConfigurationFlagType"): text
        for path, text in world.answer.items()
        if path.endswith("/ConfigurationFlagType")
    }
    on = {text for base, text in named.items() if world.answer[f"{base}/Enabled"] == "True"}
    assert on == set(names.split(", "))


@then(parsers.parse('the meter of "{device}" pushes its alarms to "{destination}" as message type {kind:d}'))
def pushes_to(world: World, device: str, destination: str, kind: int) -> None:
    assert _destination(world, device, PUSH_ALARM) == (0, destination, kind)


@then(parsers.parse('the meter of "{device}" calls "{destination}" as message type {kind:d}'))
def calls(world: World, device: str, destination: str, kind: int) -> None:
    assert _destination(world, device, PUSH_SMS) == (0, destination, kind)


@then(parsers.parse('the meter of "{device}" pushes with its alarms'))
def pushes_objects(world: World, device: str, datatable: Table) -> None:
    assert _objects(world, device, f"{PUSH_ALARM}/2") == datatable[1:]


@then(parsers.parse('the definable profile of "{device}" now captures'))
def captures_objects(world: World, device: str, datatable: Table) -> None:
    assert _objects(world, device, DEFINABLE) == datatable[1:]


@then(parsers.parse('the meter of "{device}" sends its last gasp to "{destination}"'))
def sends_last_gasp(world: World, device: str, destination: str) -> None:
    assert _destination(world, device, LAST_GASP) == (UDP, destination, 0)


@then(parsers.parse('the meter of "{device}" has no window for its last gasp'))
def no_window(world: World, device: str) -> None:
    assert value(world, device, f"{LAST_GASP}/4") == []


@then(parsers.parse('the randomisation settings of "{device}" are {window:d}, {factor:d}, {retries:d}'))
def randomisation(world: World, device: str, window: int, factor: int, retries: int) -> None:
    found = value(world, device, "attributes/1/0.1.94.31.12.255/2")
    assert isinstance(found, list)
    assert [part["value"] for part in found] == [window, factor, retries]


@then(parsers.parse('the special days of "{device}" are'))
def special_days(world: World, device: str, datatable: Table) -> None:
    found = value(world, device, "attributes/11/0.0.11.0.0.255/2")
    assert isinstance(found, list)
    assert [[str(part["value"]) for part in one["value"]] for one in found] == datatable[1:]


def _objects(world: World, device: str, path: str) -> list[list[str]]:
    """Class, logical name, attribute and index of each object of a list."""
    found = value(world, device, path)
    assert isinstance(found, list)
    rows = [[part["value"] for part in one["value"]] for one in found]
    return [[str(c), ".".join(str(o) for o in bytes.fromhex(name)), str(a), str(i)] for c, name, a, i in rows]


def _destination(world: World, device: str, setup: str) -> tuple[int, str, int]:
    """Transport, destination, message type."""
    found = value(world, device, f"{setup}/3")
    assert isinstance(found, list)
    transport, destination, kind = (part["value"] for part in found)
    return transport, bytes.fromhex(destination).decode(), kind
