"""The features "common", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import pytest
from pytest_bdd import parsers, scenarios, then, when
from soap_client import SoapRefusal, flat
from world import World

scenarios("features/common")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

DELETE = "DeleteResponseData"


def delete(world: World, uid: str) -> None:
    """Delete a stored result; a fault is the refusal."""
    world.answer, world.refusal = {}, None
    try:
        world.answer = flat(world.soap.call(DELETE, {"correlationUid": uid}))
    except SoapRefusal as refusal:
        world.refusal = refusal


@when("its result is deleted")
def deleted(world: World) -> None:
    assert world.asked is not None
    delete(world, world.asked.correlation_uid)


@when(parsers.parse('the result "{uid}" is deleted'))
def other_deleted(world: World, uid: str) -> None:
    delete(world, uid)


@then("its result is gone")
def is_gone(world: World) -> None:
    assert world.asked is not None
    with pytest.raises(SoapRefusal) as refused:
        world.soap.fetch(world.asked)
    assert refused.value.code == "405"


@then("its result is still stored")
def is_stored(world: World) -> None:
    assert world.asked is not None
    assert flat(world.soap.fetch(world.asked)) == world.answer


@then(parsers.parse('it ends with the fault "{words}"'))
def ends_with_words(world: World, words: str) -> None:
    assert world.refusal is not None, world.answer
    assert words in world.refusal.words
