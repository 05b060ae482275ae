"""The features "bundle", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import re

import pytest
from pytest_bdd import given, parsers, scenarios, then
from world import Table, World

scenarios("features/bundle")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

CONFIGURATION = "attributes/1/0.1.94.31.3.255/2"
PUSH_SETUP = "attributes/40/0.1.25.9.0.255"
DEFINABLE = "attributes/7/0.1.94.31.6.255"
COLUMN = ("ClassId", "LogicalName", "AttributeIndex", "DataIndex", "unit")


def answers(world: World) -> dict[int, tuple[str, dict[str, str]]]:
    """The answers of a bundle by number: the element, and its texts by path."""
    assert world.refusal is None, world.refusal
    found: dict[int, tuple[str, dict[str, str]]] = {}
    for path, text in world.answer.items():
        _, number, element, *rest = path.split("/")
        found.setdefault(int(number), (element, {}))[1]["/".join(rest)] = text
    return found


def events(texts: dict[str, str]) -> int:
    """How many there are in an answer to FindEvents."""
    return len({path.split("/")[1] for path in texts if path.startswith("Events/")})


# Given


@given(parsers.parse('the configuration object of "{device}" is structure of GPRS mode {mode:d} and flags {flags}'))
def a_structure(world: World, device: str, mode: int, flags: str) -> None:
    parts = [{"type": "enum", "value": mode}, {"type": "bit-string", "value": flags}]
    world.fleet.control("PUT", world.path(device, CONFIGURATION), {"type": "structure", "value": parts})


@given(parsers.parse('the configuration object of "{device}" is flags {flags}'))
def a_bit_string(world: World, device: str, flags: str) -> None:
    world.fleet.control("PUT", world.path(device, CONFIGURATION), {"type": "bit-string", "value": flags})


@given(parsers.parse('the definable profile of "{device}" captures'))
def definable_profile(world: World, device: str, datatable: Table) -> None:
    columns = []
    for class_id, obis, attribute, index in datatable[1:]:
        name = bytes(int(part) for part in obis.split(".")).hex()
        kinds = {"long-unsigned": int(class_id), "octet-string": name, "integer": int(attribute)}
        parts = [{"type": kind, "value": value} for kind, value in kinds.items()]
        columns.append({"type": "structure", "value": [*parts, {"type": "long-unsigned", "value": int(index)}]})
    world.fleet.control("PUT", world.path(device, f"{DEFINABLE}/3"), {"type": "array", "value": columns})


@given(parsers.parse('"{device}" drops the line of its next connection after {count:d} answers'))
def drops_the_line(world: World, device: str, count: int) -> None:
    fault = {"kind": "lost-answer", "after": count, "connections": 1}
    world.fleet.control("POST", world.path(device, "fault"), fault)


@given(
    parsers.parse('the device on channel {channel:d} of "{device}" has bits {one:d} and {other:d} of its status set')
)
def status_bits(world: World, channel: int, device: str, one: int, other: int) -> None:
    for bit in (one, other):
        world.fleet.control("POST", world.path(device, "mbus/status"), {"channel": channel, "bit": bit})


@given(parsers.parse('"{device}" has a temporary failure on its next connection'))
def temporary_failure(world: World, device: str) -> None:
    world.fleet.control("POST", world.path(device, "fault"), {"kind": "temporary-failure", "connections": 1})


# Then


@then(parsers.parse('the clock of "{device}" was set {count:d} time'))
def clock_sets(world: World, device: str, count: int) -> None:
    assert world.fleet.control("GET", f"/meters/{world.number_of(device)}")["clock_sets"] == count


@then(parsers.parse('"{device}" had {count:d} association'))
def associations(world: World, device: str, count: int) -> None:
    assert world.fleet.control("GET", f"/meters/{world.number_of(device)}")["associations"] == count


@then("the answers are")
def answers_are(world: World, datatable: Table) -> None:
    wanted = [(int(number), element, text) for number, element, text in datatable[1:]]
    found = [
        (number, element, texts.get("resultString", "") if text else "")
        for (number, (element, texts)), (_, _, text) in zip(sorted(answers(world).items()), wanted, strict=True)
    ]
    assert found == wanted


@then("the answers to FindEvents are")
def events_are(world: World, datatable: Table) -> None:
    found = answers(world)
    assert sorted(found) == [int(number) for number, _, _ in datatable[1:]]
    for number, count, fault in datatable[1:]:
        element, texts = found[int(number)]
        if fault:
            wanted = f"Error handling request with FindEventsCommandExecutor: {fault}"
            assert (element, texts.get("Message")) == ("FaultResponse", wanted), number
            assert "Code" not in texts
        else:
            assert (element, events(texts)) == ("FindEventsResponse", int(count)), (number, texts)


@then(parsers.parse("{count:d} of the events is of type {kind}"))
def events_of_type(world: World, count: int, kind: str) -> None:
    types = [text for path, text in world.answer.items() if path.endswith("/eventType")]
    assert types.count(kind) == count


@then(parsers.parse('the fault of answer {number:d} tells "{words}"'))
def fault_tells(world: World, number: int, words: str) -> None:
    element, texts = answers(world)[number]
    assert element == "FaultResponse"
    assert words in texts["Message"]


@then("the objects of power quality are")
def objects_are(world: World, datatable: Table) -> None:
    _, texts = answers(world)[1]
    numbers = [match[1] for path in texts if (match := re.search(r"PowerQualityObject/(\d+)/Name$", path))]
    base = "ActualPowerQualityData/PowerQualityObjects/PowerQualityObject"
    assert [[texts[f"{base}/{one}/Name"], texts[f"{base}/{one}/unit"]] for one in numbers] == datatable[1:]


@then(parsers.parse("the flags of the configuration object are true for {names} alone"))
def flags_are(world: World, names: str) -> None:
    _, texts = answers(world)[1]
    named = {path: text for path, text in texts.items() if path.endswith("/ConfigurationFlagType")}
    states = {flag: texts[f"{path.rpartition('/')[0]}/Enabled"].lower() for path, flag in named.items()}
    assert {name for name, state in states.items() if state == "true"} == set(names.split(", "))
    assert set(states.values()) <= {"true", "false"}


@then(parsers.parse('the configuration object of "{device}" is now structure of GPRS mode {mode:d} and flags {flags}'))
def is_structure(world: World, device: str, mode: int, flags: str) -> None:
    held = world.fleet.control("GET", world.path(device, CONFIGURATION))["value"]
    assert [part["value"] for part in held] == [mode, flags]


@then(parsers.parse('the configuration object of "{device}" is now flags {flags}'))
def is_bit_string(world: World, device: str, flags: str) -> None:
    assert world.fleet.control("GET", world.path(device, CONFIGURATION))["value"] == flags


@then(parsers.parse('"{device}" now pushes alarms to {destination} with {count:d} objects'))
def pushes_alarms(world: World, device: str, destination: str, count: int) -> None:
    where = world.fleet.control("GET", world.path(device, f"{PUSH_SETUP}/3"))["value"]
    assert bytes.fromhex(where[1]["value"]).decode() == destination
    assert len(world.fleet.control("GET", world.path(device, f"{PUSH_SETUP}/2"))["value"]) == count


@then(parsers.parse("the answer has {count:d} profiles"))
def has_profiles(world: World, count: int) -> None:
    assert len(profiles(world)) == count


@then(parsers.parse("profile {obis} of type {kind} has {count:d} entries of"))
def profile_has(world: World, obis: str, kind: str, count: int, datatable: Table) -> None:
    found = profiles(world)[obis]
    assert found["ProfileType"] == kind
    numbers = numbers_below(found, "CaptureObjects/CaptureObject")
    columns = [[found[f"CaptureObjects/CaptureObject/{one}/{name}"] for name in COLUMN] for one in numbers]
    wanted = datatable[1:]
    assert columns == [row[:-1] for row in wanted]
    entries = numbers_below(found, "ProfileEntries/ProfileEntry")
    assert len(entries) == count
    first = f"ProfileEntries/ProfileEntry/{entries[0]}/ProfileEntryValue"
    kinds = {path.split("/")[4]: path.split("/")[-1] for path in found if path.startswith(f"{first}/")}
    assert [kinds[str(place)] for place in range(1, len(wanted) + 1)] == [row[-1] for row in wanted]


def profiles(world: World) -> dict[str, dict[str, str]]:
    """The profiles of the first answer by logical name: their texts by path."""
    _, texts = answers(world)[1]
    found: dict[str, dict[str, str]] = {}
    for number in numbers_below(texts, "PowerQualityProfileDatas"):
        base = f"PowerQualityProfileDatas/{number}/"
        one = {path.removeprefix(base): text for path, text in texts.items() if path.startswith(base)}
        found[".".join(one[f"LogicalName/{letter}"] for letter in "abcdef")] = one
    return found


def numbers_below(texts: dict[str, str], base: str) -> list[int]:
    """Numbers of the items of a list, in order."""
    found = {int(path.removeprefix(f"{base}/").split("/")[0]) for path in texts if path.startswith(f"{base}/")}
    return sorted(found)
