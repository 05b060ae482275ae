"""The features "ad hoc", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import re

import pytest
from pytest_bdd import parsers, scenarios, then
from world import World

scenarios("features/ad-hoc")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

OFFSET_MS = 2_000
"""By how much a clock that was just set may be off."""


@then(parsers.parse('the clock of "{device}" is right'))
def clock_is_right(world: World, device: str) -> None:
    told = world.fleet.control("GET", f"/meters/{world.number_of(device)}")
    assert told["clock_sets"] == 1
    assert abs(told["clock_offset_ms"]) < OFFSET_MS


@then(parsers.parse("the object list has class {class_id:d} {obis} whose attribute {attribute:d} is {mode}"))
def object_list_has(world: World, class_id: int, obis: str, attribute: int, mode: str) -> None:
    wanted = bytes(int(part) for part in obis.split(".")).hex()
    base = "AssociationLnList/AssociationLnListElement"
    numbers = {match[1] for path in world.answer if (match := re.match(rf"{base}/(\d+)/", path))}
    names = {world.answer[f"{base}/{one}/LogicalName"].lower(): f"{base}/{one}" for one in numbers}
    found = names[wanted]
    assert world.answer[f"{found}/ClassId"] == str(class_id)
    items = f"{found}/AccessRights/AttributeAccess/AttributeAccessItem"
    modes = {
        text: world.answer[path.replace("AttributeId", "AccessMode")]
        for path, text in world.answer.items()
        if path.startswith(items) and path.endswith("/AttributeId")
    }
    assert modes[str(attribute)] == mode
