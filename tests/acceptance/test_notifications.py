"""The features "notifications", over SOAP on the running platform with simulated meters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from afterwards import eventually
from pytest_bdd import parsers, scenarios, then, when
from world import Table, World, rows

from meterstream.demo.receiver import Received, Receiver, running_receiver
from meterstream.demo.servers.processes import free_ports

scenarios("features/notifications")
pytestmark = pytest.mark.servers  # its fixtures are asked for by the steps, which collection does not see

SOAP = "soap"


@dataclass
class Addressee:
    """A client that may listen where a request's response URL leads, or not."""

    port: int
    stack: ExitStack
    receiver: Receiver = field(default_factory=Receiver)
    asked: list[str] = field(default_factory=list)

    def url(self, number: int) -> str:
        """The response URL of a request."""
        return f"http://127.0.0.1:{self.port}/answers/{number}"

    def listen(self) -> None:
        """From now on."""
        self.receiver = self.stack.enter_context(running_receiver(self.port))

    def told_of(self, uid: str) -> list[Received]:
        """What came about a request."""
        return [one for one in list(self.receiver.received) if uid.encode() in one.body]


@pytest.fixture
def addressee() -> Iterator[Addressee]:
    """It does not listen yet."""
    with ExitStack() as stack:
        (port,) = free_ports(1)
        yield Addressee(port, stack)


def delivery(world: World, uid: str) -> dict[str, Any]:
    """How the notification about a request stands, by SOAP."""
    columns = ("state", "attempts", "url", "reason")
    with psycopg.connect(world.platform.stack.dsn("notification")) as connection:
        found = connection.execute(
            "select state, attempts, url, reason from notification.deliveries where correlation_uid = %s and kind = %s",
            (uid, SOAP),
        ).fetchone()
    return {} if found is None else dict(zip(columns, found, strict=True))


def change(world: World, uid: str, assignments: str) -> None:
    """Let time have passed for the notification about a request."""
    with psycopg.connect(world.platform.stack.dsn("notification")) as connection:
        connection.execute(
            f"update notification.deliveries set {assignments} where correlation_uid = %s",
            (uid,),
        )


def ask(world: World, addressee: Addressee, operation: str, device: str, values: dict[str, Any]) -> None:
    headers = {"ResponseUrl": addressee.url(len(addressee.asked) + 1)}
    world.ask(operation, device, values, headers)
    assert world.refusal is None, world.refusal
    assert world.asked is not None
    addressee.asked.append(world.asked.correlation_uid)


# Given, when


@when(parsers.parse('{operation} is asked of "{device}" with a response URL and'))
def asked_with_url(world: World, addressee: Addressee, operation: str, device: str, datatable: Table) -> None:
    ask(world, addressee, operation, device, rows(datatable))


@when("the first attempt at its notification has failed")
def has_failed(world: World, addressee: Addressee) -> None:
    uid = addressee.asked[-1]
    eventually(
        lambda: (found := delivery(world, uid)) and found["attempts"] == 1 and found["reason"], "a failed attempt"
    )


@when("its client listens")
def listens(addressee: Addressee) -> None:
    addressee.listen()


@when(parsers.parse("{minutes:d} minutes have passed for its notification"))
def minutes_pass(world: World, addressee: Addressee, minutes: int) -> None:
    # A spread of a tenth is added to the two minutes between attempts.
    change(world, addressee.asked[-1], f"due_at = due_at - interval '{minutes * 1.1:g} minutes'")


@when("a day has passed for its notification")
def day_passes(world: World, addressee: Addressee) -> None:
    day = "interval '25 hours'"
    times = ("created_at", "due_at", "give_up_at")
    change(world, addressee.asked[-1], ", ".join(f"{name} = {name} - {day}" for name in times))


@when(parsers.parse('{operation} of "{device}" has been notified at another response URL'))
def another(world: World, addressee: Addressee, operation: str, device: str) -> None:
    ask(world, addressee, operation, device, {})
    last = addressee.asked[-1]
    eventually(lambda: addressee.told_of(last), "a notification")


# Then


@then(parsers.parse("the notification has been sent to the response URL after {attempts:d} attempts"))
def sent(world: World, addressee: Addressee, attempts: int) -> None:
    uid = addressee.asked[0]
    eventually(lambda: addressee.told_of(uid), "a notification")
    eventually(lambda: delivery(world, uid)["state"] == "delivered", "a delivery written down")
    assert [one.path for one in addressee.told_of(uid)] == ["/answers/1"]
    assert delivery(world, uid)["attempts"] == attempts
    assert delivery(world, uid)["url"] == addressee.url(1)


@then(parsers.parse("the notification {kind} has been sent to the configured address after {attempts:d} attempt"))
def sent_to_configured(world: World, kind: str, attempts: int) -> None:
    assert world.asked is not None
    uid, receiver = world.asked.correlation_uid, world.platform.receiver
    eventually(lambda: receiver.bodies("/soap", uid), "a notification")
    eventually(lambda: delivery(world, uid)["state"] == "delivered", "a delivery written down")
    (found,) = receiver.bodies("/soap", uid)
    assert kind.encode() in found.body
    assert delivery(world, uid)["attempts"] == attempts


@then(parsers.parse("no notification of the first has been sent, after {attempts:d} attempt"))
def none_sent(world: World, addressee: Addressee, attempts: int) -> None:
    uid = addressee.asked[0]
    assert addressee.told_of(uid) == []
    assert (delivery(world, uid)["state"], delivery(world, uid)["attempts"]) == ("pending", attempts)


@then(parsers.parse("the notification has been given up after {attempts:d} attempt"))
def given_up(world: World, addressee: Addressee, attempts: int) -> None:
    uid = addressee.asked[0]
    eventually(lambda: delivery(world, uid)["state"] == "failed", "a notification given up")
    assert addressee.told_of(uid) == []
    assert delivery(world, uid)["attempts"] == attempts
