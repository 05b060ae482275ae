"""The features "functional exceptions", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from afterwards import eventually
from pytest_bdd import given, parsers, scenarios, then, when
from soap_client import SoapRefusal, flat
from world import SoapOf, Table, World

UNKNOWN_ORGANISATION = "101"

scenarios("features/exceptions")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see


@pytest.fixture
def deaf_address() -> Iterator[tuple[str, int]]:
    """A port whose queue of connections is full: what knocks there is not answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        yield address
        for one in waiting:
            one.close()


@given(parsers.parse('the meter "{device}" of "{version}" at an address that does not answer'))
def a_meter_out_of_reach(world: World, device: str, version: str, deaf_address: tuple[str, int]) -> None:
    host, port = deaf_address
    world.install(device, version, {"network_address": host, "port": port})


@given(parsers.parse('the meter "{device}" of "{version}" without an address'))
def a_meter_without_address(world: World, device: str, version: str) -> None:
    world.install(device, version, {"network_address": None})


@given(parsers.parse('the meter "{device}" of "{version}" of the model "{model}" by "{manufacturer}"'))
def a_meter_of_a_model(world: World, device: str, version: str, model: str, manufacturer: str) -> None:
    world.install(device, version, {}, {"manufacturer": manufacturer, "model_code": model})


@given(parsers.parse('the meter "{device}" of "{version}" of no model by "{manufacturer}"'))
def a_meter_of_no_model(world: World, device: str, version: str, manufacturer: str) -> None:
    world.install(device, version, {}, {"manufacturer": manufacturer, "model_code": None})


@given(parsers.parse('the organisation "{organisation}" that is disabled'))
def a_disabled_organisation(world: World, soap_of: SoapOf, organisation: str) -> None:
    entry = {"organisation": organisation, "name": organisation, "enabled": False, "domains": ["COMMON"]}
    assert world.finish("CreateOrganisation", None, {"organisation": entry})["state"] == "ok"

    def known() -> bool:
        try:
            soap_of(organisation).ask("GetAdministrativeStatus", "TEST1024000000000", {})
        except SoapRefusal as refusal:
            return refusal.code != UNKNOWN_ORGANISATION
        return True

    eventually(known, f"the face knows {organisation}, which")


@when(parsers.parse('"{organisation}" asks {operation} of "{device}"'))
def asks(world: World, soap_of: SoapOf, organisation: str, operation: str, device: str) -> None:
    world.ask(operation, device, {}, {}, soap_of(organisation))


@when(parsers.parse('"{organisation}" asks {operation} of "{device}" with'))
def asks_with(world: World, soap_of: SoapOf, organisation: str, operation: str, device: str, datatable: Table) -> None:
    values = {name: world.cell(value) for name, value in datatable[1:]}
    world.ask(operation, device, values, {}, soap_of(organisation))


@when(parsers.parse('"{organisation}" asks {operation} of "{device}" in the name of "{other}"'))
def asks_as(world: World, soap_of: SoapOf, organisation: str, operation: str, device: str, other: str) -> None:
    world.ask(operation, device, {}, {}, soap_of(other, organisation))


@when(parsers.parse('"{organisation}" fetches the answer'))
def fetches(world: World, soap_of: SoapOf, organisation: str) -> None:
    assert world.asked is not None
    client = soap_of(organisation)
    world.refusal = None
    try:
        world.answer = flat(client.fetch(world.asked))
    except SoapRefusal as refusal:
        world.refusal = refusal


@then(parsers.parse('it ends with a fault without code that tells "{words}"'))
def ends_without_code(world: World, words: str) -> None:
    assert world.refusal is not None, world.answer
    assert world.refusal.code == ""
    assert words in world.refusal.words


@then("it was acknowledged first")
def was_acknowledged(world: World) -> None:
    assert world.asked is not None


@then(parsers.parse('there is no device "{device}"'))
def no_device(world: World, device: str) -> None:
    base = world.platform.stack.https_addresses[0]
    assert world.rest.get(f"{base}/v1/devices/{device}", timeout=30).status_code == 404
