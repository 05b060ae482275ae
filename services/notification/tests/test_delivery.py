"""The whole of the service but Kafka: results in, PostgreSQL, HTTP to a real receiver, replicas and restarts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

import pytest
from lxml import etree

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operation import Result
from meterstream.contracts.records import Endpoint, EndpointKind
from meterstream.notification.adapters.courier import Courier, SecretBox
from meterstream.notification.adapters.http import HttpSender
from meterstream.notification.adapters.organisations import Organisations
from meterstream.notification.adapters.store import DeliveryStore
from meterstream.notification.adapters.undeliverable import Undeliverable
from meterstream.notification.dispatcher import Bounds, Dispatcher
from meterstream.notification.handlers.results import ResultsHandler
from meterstream.notification.model.circuit import CircuitPolicy, Circuits
from meterstream.notification.model.retry import RetryPolicy
from meterstream.notification.model.soap import Sender
from meterstream.notification.settings import DeliverySettings
from meterstream.runtime.clock import system_clock
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.errors import BrokerOutage, DatabaseOutage
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.metrics import Metrics
from meterstream.runtime.outbound.addresses import TargetRules
from meterstream.runtime.sealing import Opener, Sealer, generate_key_pair

SECRET = b"a webhook's secret"
PRIVATE, PUBLIC = generate_key_pair()
QUICK = RetryPolicy(first_delay_s=0.05, multiplier=1, max_delay_s=0.05, give_up_after_s=60, jitter=0)
BOUNDS = Bounds(in_flight=32, per_lane=8, timeout_s=5, poll_interval_s=0.05, drain_s=2, lease_margin_s=0.5)
NO_PAUSE = CircuitPolicy(failures=10_000)


class Letters:
    """Keeps dead letters; fails while `outage` is set."""

    def __init__(self) -> None:
        self.kept: list[tuple[Message, str, str]] = []
        self.outage = False

    async def send(self, letters: Sequence[tuple[Message, str, str]]) -> None:
        if self.outage:
            raise BrokerOutage("no broker")
        self.kept += letters


@dataclass
class Replica:
    """One process of the service, without its consumer."""

    handler: ResultsHandler
    dispatcher: Dispatcher
    organisations: Organisations
    letters: Letters
    metrics: Metrics

    async def take(self, *results: Result) -> None:
        messages = [
            Message("results", 0, offset, b"key", shared_codec().encode(result))
            for offset, result in enumerate(results)
        ]
        await self.handler.handle(messages)

    def count(self, kind: str, outcome: str) -> float:
        labels = {"kind": kind, "outcome": outcome}
        return self.metrics.registry.get_sample_value("meterstream_deliveries_total", labels) or 0


MakeReplica = Callable[..., Awaitable[Replica]]


@pytest.fixture
async def make_replica(database) -> AsyncIterator[MakeReplica]:
    async with AsyncExitStack() as stack:

        async def make(
            *known: Any,
            policy: RetryPolicy = QUICK,
            circuit: CircuitPolicy = NO_PAUSE,
            bounds: Bounds = BOUNDS,
            rules: TargetRules | None = None,
        ) -> Replica:
            store, metrics, letters = DeliveryStore(database), Metrics("notification"), Letters()
            organisations = Organisations()
            for record in known:
                organisations.take(record.organisation, record)
            rules = rules or TargetRules(allow_private=True)
            http = HttpSender(DeliverySettings(timeout_s=bounds.timeout_s, connect_timeout_s=1), rules, system_clock)
            sender = await stack.enter_async_context(http)
            courier = Courier(
                sender, organisations, SecretBox(Opener(PRIVATE)), Sender("PlatformOrg", "platform", "X"), system_clock
            )
            dispatcher = Dispatcher(
                store,
                courier.attempt,
                Undeliverable(store, letters).bury,
                circuits=Circuits(circuit, bounds.per_lane),
                policy=policy,
                bounds=bounds,
                metrics=metrics,
                chance=random.random,
                monotonic=time.monotonic,
            )
            handler = ResultsHandler(
                shared_codec(),
                organisations,
                rules,
                store,
                letters,
                give_up_after_s=policy.give_up_after_s,
                stored=dispatcher.wake,
                metrics=metrics,
            )
            stack.push_async_callback(dispatcher.stop)
            return Replica(handler, dispatcher, organisations, letters, metrics)

        yield make


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Awaitable[None]]:
    async def wait(condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(20):
            while True:
                found = condition()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
def states(database) -> Callable[[], Awaitable[Counter[str]]]:
    async def read() -> Counter[str]:
        async with database.connection() as connection:
            cursor = await connection.execute("select state, count(*) from notification.deliveries group by state")
            return Counter(dict(await cursor.fetchall()))

    return read


def webhook(url: str, organisation: str = "DemoGridOrg", secret: bytes = SECRET) -> Endpoint:
    sealer = Sealer(PUBLIC)
    sealed = sealer.ephemeral_public + sealer.seal(secret, f"{organisation}|endpoint|{url}".encode())
    return Endpoint(kind=EndpointKind.WEBHOOK, url=url, sealed_secret=sealed)


def soap(url: str, **fields: Any) -> Endpoint:
    return Endpoint(kind=EndpointKind.SOAP, url=url, **fields)


async def test_a_result_is_told_over_soap_and_as_a_signed_webhook(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    endpoints = soap(receiver.url("/soap")), webhook(receiver.url("/hook"))
    replica = await make_replica(make_organisation(*endpoints))
    await replica.dispatcher.start()
    result = make_result(status=ResultStatus.FAILED, message="device did not answer")
    await replica.take(result)
    await until(lambda: settled(states, delivered=2))

    (told,) = receiver.at("/soap")
    assert told.headers["SOAPAction"] == '""'
    assert told.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert etree.fromstring(told.body).findtext(".//{*}message") == "device did not answer"

    (hook,) = receiver.at("/hook")
    headers = {name.lower(): value for name, value in hook.headers.items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + hook.body
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert json.loads(hook.body)["error_code"] == "CONNECTION_REFUSED"
    assert (replica.count("soap", "delivered"), replica.count("webhook", "delivered")) == (1, 1)


async def settled(states, **expected: int) -> bool:
    return await states() == Counter(expected)


async def test_a_delivered_notification_is_never_repeated(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    replica = await make_replica(make_organisation(soap(receiver.url("/a"))))
    await replica.dispatcher.start()
    await replica.take(make_result())
    await until(lambda: settled(states, delivered=1))
    await replica.take(make_result())
    await replica.take(make_result(uid="a correlation uid of its own"))
    await until(lambda: settled(states, delivered=2))
    assert len(receiver.at("/a")) == 2


async def test_failed_attempts_are_repeated_with_the_same_delivery_id(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    receiver.plan("/h", receiver.status(500), receiver.cut, receiver.status(302), receiver.status(404))
    replica = await make_replica(make_organisation(webhook(receiver.url("/h"))))
    await replica.dispatcher.start()
    await replica.take(make_result())
    await until(lambda: settled(states, delivered=1))
    assert len(receiver.at("/h")) == 5
    assert len({one.headers["webhook-id"] for one in receiver.at("/h")}) == 1
    assert len({one.body for one in receiver.at("/h")}) == 1


async def test_deliveries_survive_a_restart(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    receiver.always["/a"] = receiver.status(503)
    organisation = make_organisation(soap(receiver.url("/a")))
    first = await make_replica(organisation)
    await first.dispatcher.start()
    await first.take(*(make_result(uid=f"correlation uid number {number}") for number in range(20)))
    await receiver.wait_for("/a", 30)
    await first.dispatcher.stop()
    assert await states() == Counter(pending=20)

    receiver.always.clear()
    second = await make_replica(organisation)
    await second.dispatcher.start()
    await until(lambda: settled(states, delivered=20))


async def test_what_a_killed_process_held_is_delivered_after_its_lease(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    organisation = make_organisation(soap(receiver.url("/a")))
    never = asyncio.Event()
    receiver.plan("/a", receiver.held(never))
    brief = replace(BOUNDS, timeout_s=0.5)
    killed = await make_replica(organisation, bounds=brief)
    await killed.dispatcher.start()
    await killed.take(make_result())
    await receiver.wait_for("/a", 1)
    killed.dispatcher._loop.cancel()  # as kill -9 leaves it: attempted, nothing written down
    for task in killed.dispatcher._running:
        task.remove_done_callback(killed.dispatcher._running.discard)
        task.cancel()
    killed.dispatcher._loop, killed.dispatcher._running = None, set()

    other = await make_replica(organisation, bounds=brief)
    await other.dispatcher.start()
    await until(lambda: settled(states, delivered=1))
    never.set()
    assert len(receiver.at("/a")) == 2


async def test_a_process_that_was_stopped_past_its_lease_sends_nothing(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    replica = await make_replica(make_organisation(soap(receiver.url("/a"))))
    moments = iter([0.0])  # when it claimed; then the process was stopped
    replica.dispatcher._monotonic = lambda: next(moments, 1e6)
    await replica.take(make_result())
    await replica.dispatcher._round(due=True)
    await asyncio.gather(*replica.dispatcher._running)
    replica.dispatcher._monotonic = time.monotonic
    assert receiver.received == []
    await replica.dispatcher.start()
    await until(lambda: settled(states, delivered=1))
    assert len(receiver.at("/a")) == 1


async def test_two_replicas_send_each_notification_once(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    organisation = make_organisation(webhook(receiver.url("/h")), soap(receiver.url("/s")))
    replicas = [await make_replica(organisation) for _ in range(2)]
    for replica in replicas:
        await replica.dispatcher.start()
    results = [make_result(uid=f"correlation uid number {number}") for number in range(200)]
    # Both read everything, as after a rebalance: what is stored twice is still sent once.
    await asyncio.gather(*(replica.take(*results) for replica in replicas))
    await until(lambda: settled(states, delivered=400))
    ids = Counter(one.headers["webhook-id"] for one in receiver.at("/h"))
    assert len(ids) == 200
    assert set(ids.values()) == {1}
    assert len(receiver.at("/s")) == 200


async def test_one_dead_endpoint_delays_no_other(make_replica, make_result, make_organisation, receiver, until) -> None:
    never = asyncio.Event()
    receiver.always["/dead"] = receiver.held(never)
    dead = make_organisation(soap(receiver.url("/dead")), name="Dead")
    well = make_organisation(soap(receiver.url("/well")), name="Well")
    replica = await make_replica(dead, well, bounds=replace(BOUNDS, in_flight=16, timeout_s=30))
    await replica.dispatcher.start()
    await replica.take(
        *(make_result(uid=f"correlation uid number {number}", organisation="Dead") for number in range(100))
    )
    await receiver.wait_for("/dead", 8)
    await replica.take(
        *(make_result(uid=f"correlation uid number {number}", organisation="Well") for number in range(100))
    )
    await receiver.wait_for("/well", 100)
    assert len(receiver.at("/dead")) == 8
    never.set()
    await until(lambda: len(receiver.at("/dead")) == 100)


async def test_an_open_circuit_spends_one_attempt_a_pause(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    receiver.always["/a"] = receiver.status(500)
    circuit = CircuitPolicy(failures=3, first_pause_s=0.3, multiplier=1, max_pause_s=0.3)
    replica = await make_replica(make_organisation(soap(receiver.url("/a"))), circuit=circuit)
    await replica.dispatcher.start()
    await replica.take(*(make_result(uid=f"correlation uid number {number}") for number in range(50)))
    await receiver.wait_for("/a", 10)
    begun, count = time.monotonic(), len(receiver.at("/a"))
    await receiver.wait_for("/a", count + 3)
    assert time.monotonic() - begun > 0.5
    receiver.always.clear()
    await until(lambda: settled(states, delivered=50))


async def test_what_cannot_be_delivered_ends_as_failed_and_as_a_dead_letter(
    make_replica, make_result, make_organisation, receiver, until, states, database
) -> None:
    receiver.always["/a"] = receiver.status(500)
    replica = await make_replica(
        make_organisation(soap(receiver.url("/a"))), policy=replace(QUICK, give_up_after_s=0.3)
    )
    await replica.dispatcher.start()
    result = make_result()
    await replica.take(result)
    await until(lambda: settled(states, failed=1))
    ((message, code, reason),) = replica.letters.kept
    assert (message.topic, message.partition, message.offset, message.key) == ("results", 0, 0, b"key")
    assert shared_codec().decode(message.value) == result
    assert code == "DELIVERY_FAILED"
    assert "HTTP status 500" in reason
    async with database.connection() as connection:
        cursor = await connection.execute("select reason from notification.deliveries")
        assert "HTTP status 500" in (await cursor.fetchone())[0]
    assert replica.count("soap", "failed") == 1


async def test_deliveries_behind_an_open_circuit_end_in_their_time(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    receiver.always["/a"] = receiver.status(500)
    closed = CircuitPolicy(failures=1, first_pause_s=600)
    replica = await make_replica(
        make_organisation(soap(receiver.url("/a"))), policy=replace(QUICK, give_up_after_s=0.5), circuit=closed
    )
    await replica.dispatcher.start()
    await replica.take(*(make_result(uid=f"correlation uid number {number}") for number in range(30)))
    await until(lambda: settled(states, failed=30))
    assert len(replica.letters.kept) == 30
    assert len(receiver.at("/a")) <= BOUNDS.per_lane
    assert {reason.split(": ", 1)[1] for _, _, reason in replica.letters.kept} <= {
        "given up before any attempt",
        "given up after 1 attempts; last: HTTP status 500",
    }


async def test_without_a_broker_nothing_is_called_failed_and_other_deliveries_go_on(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    receiver.always["/gone"] = receiver.status(410)
    replica = await make_replica(make_organisation(soap(receiver.url("/gone")), webhook(receiver.url("/h"))))
    replica.letters.outage = True
    await replica.dispatcher.start()
    await replica.take(make_result())
    await until(lambda: settled(states, delivered=1, pending=1))
    await until(lambda: not replica.dispatcher.ready)
    await replica.take(make_result(uid="a correlation uid of its own"))
    await until(lambda: settled(states, delivered=2, pending=2))
    replica.letters.outage = False
    await until(lambda: settled(states, delivered=2, failed=2))
    await until(lambda: replica.dispatcher.ready)
    assert len(replica.letters.kept) == 2


async def test_while_the_database_is_away_outcomes_are_kept_and_the_service_is_not_ready(
    make_replica, make_result, make_organisation, receiver, until, states, monkeypatch
) -> None:
    replica = await make_replica(make_organisation(soap(receiver.url("/a"))))
    store = replica.dispatcher._store
    settle = store.settle

    async def away(*_: Any) -> int:
        raise DatabaseOutage("gone")

    await replica.dispatcher.start()
    monkeypatch.setattr(store, "settle", away)
    await replica.take(make_result())
    await receiver.wait_for("/a", 1)
    await until(lambda: not replica.dispatcher.ready)
    monkeypatch.setattr(store, "settle", settle)
    await until(lambda: settled(states, delivered=1))
    await until(lambda: replica.dispatcher.ready)
    assert len(receiver.at("/a")) == 1


async def test_a_response_url_is_told_instead_of_the_configured_endpoint(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    replica = await make_replica(make_organisation(soap(receiver.url("/configured"))))
    await replica.dispatcher.start()
    await replica.take(make_result(response_url=receiver.url("/asked")))
    await until(lambda: settled(states, delivered=1))
    assert [one.path for one in receiver.received] == ["/asked"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_forbidden_response_url_is_called_by_nobody_and_ends_as_a_dead_letter(
    make_replica, make_result, make_organisation, receiver, until, states, host: str
) -> None:
    replica = await make_replica(make_organisation(), rules=TargetRules())
    await replica.dispatcher.start()
    await replica.take(make_result(response_url=f"http://{host}:{receiver.server.port}/a"))
    await until(lambda: settled(states, failed=1))
    ((_, code, reason),) = replica.letters.kept
    assert "loopback" in reason
    assert code in ("VALIDATION_ERROR", "DELIVERY_FAILED")
    assert receiver.received == []


async def test_an_endpoint_that_was_removed_is_told_no_more(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    receiver.always["/a"] = receiver.status(500)
    replica = await make_replica(make_organisation(soap(receiver.url("/a"))))
    await replica.dispatcher.start()
    await replica.take(make_result())
    await receiver.wait_for("/a", 1)
    replica.organisations.take("DemoGridOrg", make_organisation(revision=2))
    await until(lambda: settled(states, withdrawn=1))
    assert replica.letters.kept == []


async def test_a_new_secret_signs_the_next_attempt(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    url = receiver.url("/h")
    unsealable = Endpoint(kind=EndpointKind.WEBHOOK, url=url, sealed_secret=webhook(url, "Somebody").sealed_secret)
    replica = await make_replica(make_organisation(unsealable))
    await replica.dispatcher.start()
    await replica.take(make_result())
    await until(lambda: replica.count("webhook", "retried") >= 1)
    assert receiver.received == []
    replica.organisations.take("DemoGridOrg", make_organisation(webhook(url), revision=2))
    await until(lambda: settled(states, delivered=1))
    assert len(receiver.at("/h")) == 1


async def test_a_stop_lets_attempts_end_and_writes_them_down(
    make_replica, make_result, make_organisation, receiver, until, states
) -> None:
    release = asyncio.Event()
    receiver.plan("/a", receiver.held(release))
    replica = await make_replica(make_organisation(soap(receiver.url("/a"))))
    await replica.dispatcher.start()
    await replica.take(make_result())
    await receiver.wait_for("/a", 1)
    stopping = asyncio.create_task(replica.dispatcher.stop())
    await asyncio.sleep(0)
    release.set()
    await stopping
    assert await states() == Counter(delivered=1)


async def test_a_stop_does_not_wait_for_ever(make_replica, make_result, make_organisation, receiver, states) -> None:
    never = asyncio.Event()
    receiver.plan("/a", receiver.held(never))
    bounds = replace(BOUNDS, timeout_s=60, drain_s=0.1)
    replica = await make_replica(make_organisation(soap(receiver.url("/a"))), bounds=bounds)
    await replica.dispatcher.start()
    await replica.take(make_result())
    await receiver.wait_for("/a", 1)
    async with asyncio.timeout(5):
        await replica.dispatcher.stop()
    assert await states() == Counter(pending=1)
    never.set()
