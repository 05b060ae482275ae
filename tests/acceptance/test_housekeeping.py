"""The features "housekeeping", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

import psycopg
import pytest
from afterwards import eventually
from pytest_bdd import parsers, scenarios, then, when
from soap_client import Asked, SoapRefusal, flat
from world import World

scenarios("features/housekeeping")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see


def count(world: World, service: str, statement: str, uid: str) -> int:
    """What a statement counts of a request."""
    with psycopg.connect(world.platform.stack.dsn(service)) as connection:
        found = connection.execute(statement.encode(), (uid,)).fetchone()
    assert found is not None
    return int(found[0])


def results(world: World, uid: str) -> int:
    """How many results are stored of a request."""
    return count(world, "ws-adapter", "select count(*) from ws_adapter.commands where correlation_uid = %s", uid)


def addresses(world: World, uid: str) -> int:
    """How many response URLs are stored of a request."""
    statement = "select count(*) from notification.deliveries where correlation_uid = %s and requested"
    return count(world, "notification", statement, uid)


def uid_of(world: World) -> str:
    assert world.asked is not None
    return world.asked.correlation_uid


def age(world: World, service: str, statement: str, days: int, uid: str) -> None:
    """Let time have passed."""
    with psycopg.connect(world.platform.stack.dsn(service)) as connection:
        connection.execute(statement.encode(), (days, uid))


# When


@when(parsers.parse("{days:d} days have passed for its result"))
def result_ages(world: World, days: int) -> None:
    statement = (
        "update ws_adapter.commands set finished_at = finished_at - make_interval(days => %s)"
        " where correlation_uid = %s"
    )
    age(world, "ws-adapter", statement, days, uid_of(world))


@when("its notification has been sent to the response URL")
def has_been_sent(world: World) -> None:
    eventually(lambda: world.platform.receiver.bodies("/housekeeping", uid_of(world)), "a notification")
    statement = (
        "select count(*) from notification.deliveries where correlation_uid = %s and requested and state = 'delivered'"
    )
    eventually(lambda: count(world, "notification", statement, uid_of(world)) == 1, "a delivery written down")


@when(parsers.parse("{days:d} days have passed for its response URL"))
def address_ages(world: World, days: int) -> None:
    statement = (
        "update notification.deliveries set settled_at = settled_at - make_interval(days => %s)"
        " where correlation_uid = %s"
    )
    age(world, "notification", statement, days, uid_of(world))


@when(parsers.parse('{operation} is asked of "{device}" with a response URL'))
def asked_with_url(world: World, operation: str, device: str) -> None:
    world.ask(operation, device, {}, {"ResponseUrl": f"{world.platform.receiver.base}/housekeeping"})
    assert world.refusal is None, world.refusal


@when("the clean-up job has run")
def job_has_run(world: World) -> None:
    """Another result and another response URL of long ago have gone."""
    first, answer = world.asked, world.answer
    assert first is not None
    asked_with_url(world, "GetActualMeterReads", first.device)
    has_been_sent(world)
    result_ages(world, 31)
    address_ages(world, 31)
    removed = uid_of(world)
    eventually(lambda: results(world, removed) == addresses(world, removed) == 0, "the clean-up")
    world.asked, world.answer = first, answer


# Then


@then("its result is removed")
def is_removed(world: World) -> None:
    eventually(lambda: results(world, uid_of(world)) == 0, "the clean-up")
    with pytest.raises(SoapRefusal) as refused:
        world.soap.fetch(_asked(world))
    assert refused.value.code == "405"


@then("its result is kept")
def is_kept(world: World) -> None:
    assert flat(world.soap.fetch(_asked(world))) == world.answer


@then("its response URL is removed")
def address_is_removed(world: World) -> None:
    eventually(lambda: addresses(world, uid_of(world)) == 0, "the clean-up")


@then("its response URL is kept")
def address_is_kept(world: World) -> None:
    assert addresses(world, uid_of(world)) == 1


def _asked(world: World) -> Asked:
    assert world.asked is not None
    return world.asked
