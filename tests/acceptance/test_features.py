"""The features of tests/acceptance/features, carried out over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from every_operation import Case
from pytest_bdd import given, parsers, scenarios, then, when
from soap_client import Asked, SoapClient, SoapRefusal, flat

from meterstream.contracts.operations.add_device import AddDeviceRequest
from meterstream.demo.client import Platform
from meterstream.demo.fleet import Fleet

scenarios("features")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

ORGANISATION = "GridOne"
DEADLINE_S = 60.0
Table = list[list[str]]


@dataclass
class World:
    """What a scenario has done so far."""

    platform: Platform
    fleet: Fleet
    soap: SoapClient
    rest: requests.Session
    free: dict[str, Iterator[int]]
    meters: dict[str, int] = field(default_factory=dict)
    asked: Asked | None = None
    answer: dict[str, str] = field(default_factory=dict)
    refusal: SoapRefusal | None = None
    outcome: dict[str, Any] = field(default_factory=dict)

    def finish(self, operation: str, device: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry an operation out over REST and wait for its result, good or bad."""
        base = f"{self.platform.stack.https_addresses[0]}/v1/operations"
        body = {"device_identification": device, "request": request}
        told = self.rest.post(f"{base}/{operation}", json=body, timeout=30)
        assert told.status_code in (200, 202), told.text
        uid = told.json()["correlation_uid"]
        self.rest.get(f"{base}/{uid}/events", timeout=DEADLINE_S)  # the stream ends with the result
        found = self.rest.get(f"{base}/{uid}", timeout=30).json()
        assert found["final"], f"no result of {operation}"
        return dict(found)

    def number_of(self, device: str) -> int:
        """Of a simulated meter."""
        return self.meters[device]


@pytest.fixture
def world(
    platform: Platform,
    fleet_of_versions: Fleet,
    soap: SoapClient,
    rest: requests.Session,
    free_meters: dict[str, Iterator[int]],
) -> World:
    """A scenario's own view of the platform."""
    return World(platform, fleet_of_versions, soap, rest, free_meters)


def rows(table: Table) -> dict[str, str]:
    """A table of two columns without its head."""
    return dict(table[1:])


def typed(text: str) -> Any:
    """A cell as a value of JSON: true, false, numbers, else text."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else text


# Given


@given(parsers.parse('the meter "{device}" of "{version}"'))
def a_meter(world: World, device: str, version: str) -> None:
    install(world, device, version, {})


@given(parsers.parse('the meter "{device}" of "{version}" with'))
def a_meter_with(world: World, device: str, version: str, datatable: Table) -> None:
    install(world, device, version, {name: typed(value) for name, value in rows(datatable).items()})


def install(world: World, device: str, version: str, settings: dict[str, Any]) -> None:
    """Register the next free simulated meter of a version under an identification."""
    number = next(world.free[version])
    case = Case.of(world.fleet, number, world.platform.installer)
    submission, _ = case.installation()
    request = submission.request
    assert isinstance(request, AddDeviceRequest)
    described = request.device.model_copy(update=settings)
    changed = request.model_copy(update={"device": described, "overwrite": True})
    found = world.finish("AddDevice", device, changed.model_dump(mode="json", exclude_none=True))
    assert found["state"] == "ok", found
    world.meters[device] = number


@given(parsers.parse('attribute {attribute:d} of {class_id:d} {obis} of "{device}" is {kind} {value}'))
def an_attribute(world: World, attribute: int, class_id: int, obis: str, device: str, kind: str, value: str) -> None:
    path = f"/meters/{world.number_of(device)}/attributes/{class_id}/{obis}/{attribute}"
    world.fleet.control("PUT", path, {"type": kind, "value": typed(value)})


# When


@when(parsers.parse('{operation} is asked of "{device}"'))
def asked(world: World, operation: str, device: str) -> None:
    ask(world, operation, device, {}, {})


@when(parsers.parse('{operation} is asked of "{device}" with'))
def asked_with(world: World, operation: str, device: str, datatable: Table) -> None:
    cells = {name: {} if value == "{}" else typed(value) for name, value in rows(datatable).items()}
    headers = {name[1:]: str(value) for name, value in cells.items() if name.startswith("@")}
    ask(world, operation, device, {name: value for name, value in cells.items() if not name.startswith("@")}, headers)


def ask(world: World, operation: str, device: str, values: dict[str, Any], headers: dict[str, str]) -> None:
    """Ask and fetch; a fault at either is the refusal."""
    world.answer, world.refusal, world.asked = {}, None, None
    try:
        world.asked = world.soap.ask(operation, device, values, headers)
        world.answer = flat(world.soap.answer(world.asked))
    except SoapRefusal as refusal:
        world.refusal = refusal


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
    assert world.answer.get("Result", "OK") == "OK"


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
    assert {path: world.answer.get(path) for path in wanted} == wanted


@then(parsers.parse("the answer has {count:d} {name}"))
def has_so_many(world: World, count: int, name: str) -> None:
    assert world.refusal is None
    numbers = {match.group(1) for path in world.answer if (match := re.search(rf"(?:^|/){name}/(\d+)(?:/|$)", path))}
    assert len(numbers) == count


@then(parsers.parse("it ends with fault {code}"))
def ends_with_fault(world: World, code: str) -> None:
    assert world.refusal is not None, world.answer
    assert world.refusal.code == code, world.refusal.words


@then(parsers.parse('attribute {attribute:d} of {class_id:d} {obis} of "{device}" is now {value}'))
def attribute_is(world: World, attribute: int, class_id: int, obis: str, device: str, value: str) -> None:
    path = f"/meters/{world.number_of(device)}/attributes/{class_id}/{obis}/{attribute}"
    assert world.fleet.control("GET", path)["value"] == typed(value)
