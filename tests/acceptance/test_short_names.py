"""The features "short names": a Landis+Gyr E650 over HDLC through the engine, over SOAP on the running platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from e650 import E650, kill_engine, register, running_e650
from e650_meter import PASSWORD
from pytest_bdd import given, parsers, scenarios, then, when
from soap_client import flat
from world import Table, World, rows, typed

scenarios("features/short-names")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see


@dataclass
class Reading:
    """What GetProfileGenericData answered; SOAP has no request for it."""

    outcome: dict[str, Any] = field(default_factory=dict)

    @property
    def response(self) -> dict[str, Any]:
        assert self.outcome["state"] == "ok", self.outcome
        found: dict[str, Any] = self.outcome["result"]["response"]
        return found


@pytest.fixture(scope="module")
def e650() -> Iterator[E650]:
    with running_e650() as meter:
        yield meter


@pytest.fixture
def reading() -> Reading:
    return Reading()


@given(parsers.parse('the E650 "{device}" with short names, HDLC and a password'))
def an_e650(world: World, e650: E650, device: str) -> None:
    register(world, device, e650.port, PASSWORD)


@given(parsers.parse('the E650 "{device}" with another password'))
def with_another_password(world: World, e650: E650, device: str) -> None:
    register(world, device, e650.port, b"99999999")


@given("the meter falls silent")
def silent(e650: E650) -> None:
    e650.hush()


@when(parsers.parse('profile {obis} of "{device}" is read from {begin} to {end}'))
def profile_read(world: World, reading: Reading, obis: str, device: str, begin: str, end: str) -> None:
    request = {"obis": obis, "begin_date": begin, "end_date": end}
    reading.outcome = world.finish("GetProfileGenericData", device, request)


@when(parsers.parse('GetSpecificAttributeValue is on its way to "{device}" with'))
def on_its_way(world: World, device: str, datatable: Table) -> None:
    cells = {name: typed(value) for name, value in rows(datatable).items()}
    world.asked = world.soap.ask("GetSpecificAttributeValue", device, cells)


@when("the processes of the engine are killed")
def engine_killed(world: World) -> None:
    kill_engine(world)


@when("the meter speaks again")
def speaks(e650: E650) -> None:
    e650.speak()


@then(parsers.parse('the answer tells "{words}" in the end'))
def tells_in_the_end(world: World, words: str) -> None:
    assert world.asked is not None
    answer = flat(world.soap.answer(world.asked))
    assert any(words in text for text in answer.values()), answer


@then(parsers.parse("there are {count:d} rows of {width:d} columns"))
def rows_and_columns(reading: Reading, count: int, width: int) -> None:
    assert len(reading.response["rows"]) == count
    assert len(reading.response["columns"]) == width
    assert all(len(row["values"]) == width for row in reading.response["rows"])


@then(parsers.parse("column {place:d} is {class_id:d} {obis} attribute {attribute:d} in {unit}"))
def column_is(reading: Reading, place: int, class_id: int, obis: str, attribute: int, unit: str) -> None:
    column = reading.response["columns"][place - 1]
    told = column["class_id"], column["logical_name"], column["attribute"], column["unit"]
    assert told == (class_id, obis, attribute, unit)


@then(parsers.parse("row {number:d} is of {moment}"))
def row_is_of(reading: Reading, number: int, moment: str) -> None:
    told = reading.response["rows"][number - 1]["values"][0]["moment"]
    assert datetime.fromisoformat(told) == datetime.fromisoformat(moment)


@then(parsers.parse("row {number:d} has {value:d} in column {place:d}"))
def row_has(reading: Reading, number: int, value: int, place: int) -> None:
    assert reading.response["rows"][number - 1]["values"][place - 1]["integer"] == value
