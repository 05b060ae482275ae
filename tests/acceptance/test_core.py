"""The features of the core and administrative services: over SOAP where the contract has them, else over REST."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import requests
from afterwards import eventually, logged, uid_of_notice
from pytest_bdd import given, parsers, scenarios, then, when
from soap_client import SoapRefusal, flat, nested
from world import SoapOf, Table, World, rows

from meterstream.demo.client import Platform

scenarios("features/core")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

RestOf = Callable[[str], requests.Session]
DAY = timedelta(days=1)


@pytest.fixture(scope="session")
def rest_of(platform: Platform) -> Iterator[RestOf]:
    """An organisation's session for REST."""
    authority = platform.stack.authority
    with ExitStack() as opened:

        @cache
        def session(organisation: str) -> requests.Session:
            files = authority.client(organisation)
            made = opened.enter_context(requests.Session())
            made.trust_env = False
            made.cert = (str(files.certificate), str(files.key))
            made.verify = str(authority.files.certificate)
            return made

        yield session


@dataclass
class Administration:
    """The last operation that was carried out at once, over REST."""

    world: World
    rest_of: RestOf
    answer: dict[str, Any] = field(default_factory=dict)
    firmware: str = ""
    model: str = ""

    @property
    def base(self) -> str:
        return self.world.platform.stack.https_addresses[0]

    def do(self, organisation: str, operation: str, device: str | None, request: dict[str, Any]) -> dict[str, Any]:
        """Ask; the answer, or the problem."""
        body = {"request": request} if device is None else {"device_identification": device, "request": request}
        told = self.rest_of(organisation).post(f"{self.base}/v1/operations/{operation}", json=body, timeout=60)
        self.answer = {"status": told.status_code, **told.json()}
        return self.answer

    def done(self, organisation: str, operation: str, device: str | None, request: dict[str, Any]) -> None:
        """Ask; it must succeed."""
        assert self.do(organisation, operation, device, request)["status"] == 200, self.answer


@pytest.fixture
def administration(world: World, rest_of: RestOf) -> Administration:
    """A scenario's own."""
    return Administration(world, rest_of)


@given(parsers.parse('the organisation "{organisation}" that is {group}'))
def an_organisation(administration: Administration, organisation: str, group: str) -> None:
    entry = {"organisation": organisation, "name": organisation, "function_group": group, "domains": ["COMMON"]}
    answer = administration.do("GridOne", "CreateOrganisation", None, {"organisation": entry})
    assert answer["status"] == 200 or answer["code"] == "EXISTING_ORGANISATION", answer
    eventually(lambda: administration.do(organisation, "FindAllOrganisations", None, {})["status"] == 200, organisation)


@given(parsers.parse('the meter "{device}" of "{version}" for which "{organisation}" holds {group} alone'))
def a_meter_with_a_grant(
    world: World, administration: Administration, device: str, version: str, organisation: str, group: str
) -> None:
    world.install(device, version, {})
    if group == "OWNER":
        administration.done("GridOne", "SetDeviceOwner", device, {"owner": organisation})
        return
    grants = [{"function_group": group, "organisation": organisation}]
    administration.done("GridOne", "SetDeviceAuthorisations", device, {"authorisations": grants})


@when(parsers.re(r'"(?P<organisation>[^"]+)" does (?P<operation>\w+)'))
def does(administration: Administration, organisation: str, operation: str) -> None:
    administration.do(organisation, operation, None, {})


@when(parsers.re(r'"(?P<organisation>[^"]+)" does (?P<operation>\w+) for "(?P<device>[^"]*)"'))
def does_for(administration: Administration, organisation: str, operation: str, device: str) -> None:
    administration.do(organisation, operation, device, {})


@when(parsers.re(r'"(?P<organisation>[^"]+)" does (?P<operation>\w+) with'))
def does_with(administration: Administration, organisation: str, operation: str, datatable: Table) -> None:
    administration.do(organisation, operation, None, requested(administration, datatable))


@when(parsers.re(r'"(?P<organisation>[^"]+)" does (?P<operation>\w+) for "(?P<device>[^"]*)" with'))
def does_for_with(
    administration: Administration, organisation: str, operation: str, device: str, datatable: Table
) -> None:
    administration.do(organisation, operation, device, requested(administration, datatable))


def requested(administration: Administration, table: Table) -> dict[str, Any]:
    """The request of a table."""
    return nested({path: administration.world.cell(value) for path, value in rows(table).items()})


@then("it is done")
def is_done(administration: Administration) -> None:
    assert administration.answer["status"] == 200, administration.answer


@then(parsers.parse('it is refused with {code} because of "{words}"'))
def is_refused(administration: Administration, code: str, words: str) -> None:
    assert administration.answer.get("code") == code, administration.answer
    assert words in administration.answer["detail"]


FUNCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "GET_DEVICE_AUTHORIZATION": ("FindDeviceAuthorisations", {}),
    "GET_FIRMWARE_VERSION": ("GetFirmwareVersion", {}),
    "UPDATE_FIRMWARE": ("UpdateFirmware", {"firmware_identification": "NONE"}),
    "REQUEST_ACTUAL_METER_DATA": ("GetActualMeterReads", {}),
    "SET_DEVICE_AUTHORIZATION": ("SetDeviceAuthorisations", {"authorisations": []}),
    "REMOVE_DEVICE": ("RemoveDevice", {}),
}
"""The last ones take away what the others need."""


@then(parsers.re(r'"(?P<organisation>[^"]+)" may use exactly (?P<functions>[A-Z_ ]*) ?of "(?P<device>[^"]+)"'))
def may_use(administration: Administration, organisation: str, functions: str, device: str) -> None:
    allowed = set()
    for function, (operation, request) in FUNCTIONS.items():
        if administration.do(organisation, operation, device, request).get("code") != "UNAUTHORIZED":
            allowed.add(function)
    assert allowed == set(functions.split())


@then(parsers.parse('there is no device "{device}"'))
def no_device(administration: Administration, device: str) -> None:
    found = administration.rest_of("GridOne").get(f"{administration.base}/v1/devices/{device}", timeout=30)
    assert found.status_code == 404


@then(parsers.parse('"{device}" is known at {address}'))
def is_known_at(administration: Administration, device: str, address: str) -> None:
    found = administration.rest_of("GridOne").get(f"{administration.base}/v1/devices/{device}", timeout=30)
    assert address in flat(found.json()).values()


@then(parsers.parse('"{asker}" finds the organisation "{organisation}" as {group}, {state}'))
def organisation_is(administration: Administration, asker: str, organisation: str, group: str, state: str) -> None:
    found = administration.do(asker, "FindOrganisation", None, {"organisation": organisation})
    told = flat(found)
    prefix = next(path for path in told if path.endswith("organisation/function_group")).rpartition("/")[0]
    assert (told[f"{prefix}/function_group"], told[f"{prefix}/enabled"]) == (group, str(state == "enabled"))


# SOAP


@when(parsers.re(r'"(?P<organisation>[^"]+)" calls (?P<operation>\w+) of (?P<service>\w+)'))
def calls(world: World, soap_of: SoapOf, organisation: str, operation: str, service: str) -> None:
    call(world, soap_of, organisation, (service, operation), {})


@when(parsers.re(r'"(?P<organisation>[^"]+)" calls (?P<operation>\w+) of (?P<service>\w+) with'))
def calls_with(
    world: World, soap_of: SoapOf, organisation: str, operation: str, service: str, datatable: Table
) -> None:
    values = {path: world.cell(value) for path, value in rows(datatable).items()}
    call(world, soap_of, organisation, (service, operation), values)


def call(world: World, soap_of: SoapOf, organisation: str, what: tuple[str, str], values: dict[str, Any]) -> None:
    """An operation that is answered at once."""
    service, operation = what
    world.answer, world.refusal = {}, None
    try:
        world.answer = flat(soap_of(organisation).call(operation, values, service=service))
    except SoapRefusal as refusal:
        world.refusal = refusal


@then("the answer is empty")
def is_empty(world: World) -> None:
    assert world.refusal is None
    assert world.answer == {}


@when(parsers.re(r'"(?P<organisation>[^"]+)" asks (?P<operation>\w+) of "(?P<device>[^"]+)"'))
def asks(world: World, soap_of: SoapOf, organisation: str, operation: str, device: str) -> None:
    world.ask(operation, device, {}, {}, soap_of(organisation))


@when(parsers.re(r'"(?P<organisation>[^"]+)" asks (?P<operation>\w+) of "(?P<device>[^"]+)" with'))
def asks_with(world: World, soap_of: SoapOf, organisation: str, operation: str, device: str, datatable: Table) -> None:
    world.ask(operation, device, dict(rows(datatable)), {}, soap_of(organisation))


@then(parsers.parse('the registry has "{device}" as {status}'))
def registry_has(world: World, device: str, status: str) -> None:
    wanted = {"DeviceFilter/DeviceIdentification": device, "DeviceFilter/HasTechnicalInstallation": False}
    found = flat(world.soap.call("FindDevices", wanted))
    assert found["Devices/1/DeviceLifecycleStatus"] == status


@then(parsers.parse('its owner is told of a {kind} of "{device}"'))
def owner_is_told(world: World, kind: str, device: str) -> None:
    assert world.asked is not None
    assert uid_of_notice(world, kind, device)


@then(parsers.parse('the message log of "{device}" tells of retries 1 and 2'))
def retries_are_logged(world: World, device: str) -> None:
    assert world.asked is not None
    wanted = {f"retry count= {count}, correlationuid= {world.asked.correlation_uid}" for count in (1, 2)}
    assert {one["DecodedMessage"] for one in logged(world, device)} == wanted


@given(parsers.parse('{operation} of "{file}" waits for "{device}" until tomorrow'))
def waits(world: World, operation: str, file: str, device: str) -> None:
    due = int((datetime.now(UTC) + DAY).timestamp() * 1000)
    world.asked = world.soap.ask(operation, device, {"FirmwareIdentification": file}, {"ScheduleTime": str(due)})


@then(parsers.parse('{kind} of "{organisation}" is listed for "{one}" and "{other}"'))
def is_listed(world: World, kind: str, organisation: str, one: str, other: str) -> None:
    assert world.refusal is None
    tasks: dict[str, dict[str, str]] = {}
    for path, value in world.answer.items():
        number, _, name = path.rpartition("/")
        tasks.setdefault(number, {})[name] = value
    found = {
        (task["DeviceIdentification"], task["MessageType"], task["OrganisationIdentification"])
        for task in tasks.values()
        if task.get("DeviceIdentification") in (one, other) and task["ScheduledTime"]
    }
    assert found == {(one, kind, organisation), (other, kind, organisation)}


@when(
    parsers.re(
        r'the firmware file "(?P<file>\w+)" is (?P<how>added|added or changed) for "(?P<model>\w+)" by "(?P<by>\w+)" '
        "with"
    )
)
def firmware_is_added(
    world: World, administration: Administration, file: str, how: str, model: str, by: str, datatable: Table
) -> None:
    operation = "AddFirmware" if how == "added" else "AddOrChangeFirmware"
    contents = {"contents": bytes(range(200)), "image": b"image"}
    cells = {path: contents.get(value, world.cell(value)) for path, value in rows(datatable).items()}
    administration.firmware, administration.model, world.refusal = file, model, None
    try:
        world.firmware(operation, file, (by, model), nested(cells))
    except SoapRefusal as refusal:
        world.refusal = refusal


@then("it is registered with")
def is_registered_with(world: World, administration: Administration, datatable: Table) -> None:
    assert world.refusal is None
    listed = flat(world.soap.call("FindAllFirmwares", {"ModelCode": administration.model}))
    path = next(path for path, text in listed.items() if text == administration.firmware)
    prefix = path.rpartition("/")[0]
    wanted = rows(datatable)
    assert {name: listed.get(f"{prefix}/{name}") for name in wanted} == wanted
