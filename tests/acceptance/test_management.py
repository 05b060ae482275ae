"""The features "management", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import re

import pytest
from afterwards import eventually
from notices import notices_of
from pytest_bdd import parsers, scenarios, then
from world import World

scenarios("features/management")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

SETTINGS = ("challenge_length", "with_list_max", "selective_access_supported", "ip_address_is_static")


@then(parsers.parse("{count:d} events are found"))
def events_found(world: World, count: int) -> None:
    assert world.refusal is None, world.refusal
    numbers = {match[1] for path in world.answer if (match := re.match(r"value/(\d+)/", path))}
    assert len(numbers) == count


@then(parsers.parse("each event has the details {names}"))
def events_have_details(world: World, names: str) -> None:
    found: dict[str, set[str]] = {}
    for path, text in world.answer.items():
        if match := re.match(r"value/(\d+)/eventDetails/\d+/name$", path):
            found.setdefault(match[1], set()).add(text)
    assert found
    assert all(each == set(names.split(", ")) for each in found.values())


@then(parsers.parse('its notification is {result} and tells "{words}"'))
def notification_tells(world: World, result: str, words: str) -> None:
    assert world.asked is not None
    uid = world.asked.correlation_uid

    def told() -> bool:
        return any(
            one.get("correlationUid") == uid for one in notices_of(world, world.asked.device if world.asked else "")
        )

    eventually(told, "the notification")
    (notice,) = [one for one in notices_of(world, world.asked.device) if one.get("correlationUid") == uid]
    assert notice["result"] == result
    assert words in notice["message"]


@then(parsers.parse('debugging of "{device}" is {switch}'))
def debugging(world: World, device: str, switch: str) -> None:
    found = world.query("select debug from domain.devices where device_identification = %s", device)
    assert found == [(switch == "on",)]


@then(parsers.parse('messages of "{device}" are in the log'))
def messages_in_log(world: World, device: str) -> None:
    def kept() -> bool:
        counted = world.query("select count(*) from domain.message_logs where device_identification = %s", device)
        return counted[0][0] > 0

    eventually(kept, "messages in the log")


@then(parsers.parse('the settings of "{device}" are {values}'))
def settings_are(world: World, device: str, values: str) -> None:
    ((description, short_names, hdlc),) = world.query(
        "select description, use_short_names, use_hdlc from domain.devices where device_identification = %s", device
    )
    found = [*(description[name] for name in SETTINGS), short_names, hdlc, description["polyphase"]]
    assert ", ".join(str(one) for one in found) == values


@then(parsers.parse('the status of "{device}" is now {status}'))
def status_is(world: World, device: str, status: str) -> None:
    found = world.query("select lifecycle_status from domain.devices where device_identification = %s", device)
    assert found == [(status,)]


@then(parsers.parse('"{device}" speaks {name} {version} {variant}'))
def speaks(world: World, device: str, name: str, version: str, variant: str) -> None:
    ((description,),) = world.query("select description from domain.devices where device_identification = %s", device)
    found = [description.get(f"protocol_{what}") or "none" for what in ("name", "version", "variant")]
    assert found == [name, version, variant]
