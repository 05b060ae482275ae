"""GetDevices, records of organisations and devices, function groups, round trips."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus, Verdict
from meterstream.contracts.operations.get_devices import GetDevicesRequest
from meterstream.contracts.records import EndpointKind
from meterstream.domain.adapters.administration import NewEndpoint
from meterstream.domain.adapters.keyring import Keyring
from meterstream.domain.adapters.relay import Relay
from meterstream.runtime.errors import BrokerOutage, ConfigurationError
from meterstream.runtime.postgres import Database
from meterstream.runtime.sealing import KeyVault, Opener, generate_key_pair, key_binding
from meterstream.runtime.settings import PostgresSettings

METER = "TEST1024000000001"


async def page(domain, number=0, organisation="org-a", **more):
    command = domain.command(GetDevicesRequest(page=number), organisation=organisation, device=None, **more)
    return await domain.handle(command)


def listed(domain, sent):
    (reply,) = sent.replies()
    assert reply.verdict is Verdict.COMPLETED
    response = domain.codec.decode(reply.result).response
    return response.total_pages, [device.device_identification for device in response.devices]


async def test_devices_come_thirty_a_page_in_descending_order(domain):
    names = [f"TEST{number:013}" for number in range(31)]
    request = domain.new_meter()
    await domain.handle(*[domain.command(request, uid=f"add-{name:>20}", device=name) for name in names])
    await domain.install("TEST9999000000001", "org-b")
    sent = await page(domain)
    assert sent.topics == ["replies"]
    assert listed(domain, sent) == (2, sorted(names, reverse=True)[:30])
    assert listed(domain, await page(domain, 1)) == (2, [names[0]])
    assert listed(domain, await page(domain, 2)) == (2, [])
    assert listed(domain, await page(domain, 0, "org-b")) == (1, ["TEST9999000000001"])


async def test_every_request_of_a_batch_gets_its_own_page(domain):
    await domain.install()
    sent = await domain.handle(
        domain.command(GetDevicesRequest(), device=None, organisation="org-b", submission_id="b"),
        domain.command(GetDevicesRequest(), device=None, submission_id="a"),
    )
    found = {reply.submission_id: domain.codec.decode(reply.result).response for reply in sent.replies()}
    assert [len(found[name].devices) for name in "ab"] == [1, 0]
    assert found["b"].total_pages == 0


async def test_a_device_with_two_groups_is_listed_once_and_a_removed_one_not(domain):
    await domain.install()
    await domain.execute(f"insert into domain.device_authorisations values ('org-a', '{METER}', 'AD_HOC')")
    assert listed(domain, await page(domain)) == (1, [METER])
    await domain.remove()
    assert listed(domain, await page(domain)) == (0, [])


async def test_queries_leave_no_row_and_repeat_without_effect(domain):
    command = domain.command(GetDevicesRequest(), device=None)
    first = await domain.handle(command)
    assert (await domain.handle(command)).outgoing == first.outgoing
    assert await domain.rows("select count(*) from domain.commands") == [(0,)]


async def test_a_query_of_an_unknown_organisation_is_rejected(domain):
    sent = await page(domain, organisation="nobody")
    assert (sent.topics, sent.replies()[0].verdict, sent.replies()[0].error.number) == (
        ["replies", "results"],  # a failure is found by its uid too
        Verdict.REJECTED,
        101,
    )


async def test_a_query_over_kafka_is_answered_on_results(domain):
    await domain.organisation("org-a", kafka_commands="trusted")
    sent = await page(domain, topic="upstream-commands")
    assert (sent.topics, sent.results()[0].status) == (["results"], ResultStatus.OK)


async def test_the_owner_holds_the_function_of_every_operation(domain):
    """Of every one that is asked of a device; administrators need no group, and registers have no owner."""
    for operation in load_operations().values():
        if operation.needs_known_device and not operation.admin_only:
            assert domain.contexts.functions.allow({"OWNER"}, operation.function), operation.name
    assert domain.contexts.functions.allow({"INSTALLATION"}, "ADD_METER")
    assert not domain.contexts.functions.allow({"INSTALLATION"}, "SYNCHRONIZE_TIME")


# Records


async def test_a_webhook_keeps_its_secret_and_needs_one(domain):
    hook = NewEndpoint(EndpointKind.WEBHOOK, "https://a.example/hook", secret=b"sign with this")
    plain = NewEndpoint(EndpointKind.WEBHOOK, "https://a.example/hook")
    soap = NewEndpoint(EndpointKind.SOAP, "https://a.example/soap", "APP")
    with pytest.raises(ConfigurationError, match="needs a secret"):
        await domain.organisation("org-c", endpoints=(plain,))
    await domain.organisation("org-c", endpoints=(hook,))
    await domain.organisation("org-c", endpoints=(plain, soap))
    await domain.relay.publish_organisations()
    record = next(item for item in domain.taken().on("organisations") if item.organisation == "org-c")
    kept, told = sorted(record.endpoints, key=lambda endpoint: endpoint.kind, reverse=True)
    assert (told.kind, told.application, told.sealed_secret) == ("soap", "APP", b"")
    sealed = kept.sealed_secret
    binding = b"org-c|endpoint|https://a.example/hook"
    assert domain.keys.notification.open(sealed[:32], sealed[32:], binding) == b"sign with this"
    assert "sign with this" not in repr(hook)


async def test_an_unpublished_record_is_published_before_the_command_that_needs_it(domain):
    await domain.install()
    domain.producer.break_next = True
    again = domain.command(domain.new_meter(7, overwrite=True), uid="overwrite-0000000000000")
    with pytest.raises(BrokerOutage):
        await domain.handle(again)
    sent = await domain.handle(domain.command())
    assert sent.topics == ["devices", "command-states", "dlms-requests-normal", "replies"]
    assert sent.on("devices")[0].revision == sent.requests()[0].header.record_revision == 2
    assert (await domain.handle(again)).topics == ["results", "replies"]


async def test_a_record_that_the_broker_did_not_take_is_published_later_by_the_relay(domain):
    domain.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await domain.install()
    await domain.relay.publish_changes()
    assert [record.revision for record in domain.taken().on("devices")] == [1]
    await domain.relay.publish_changes()
    assert domain.taken().topics == []


async def test_two_relays_publish_each_record_once(domain, second):
    domain.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await domain.install()
    await domain.relay.publish_organisations()
    domain.taken()
    await asyncio.gather(domain.relay.publish_changes(), second.relay.publish_changes())
    assert len(domain.taken().on("devices") + second.taken().on("devices")) == 1


async def test_records_are_sealed_anew_for_a_new_key_of_their_reader(domain, database, installation_keys):
    await domain.install()
    await domain.install("TEST1024000000002", "org-b", secret=5)
    await domain.organisation("org-c", endpoints=(NewEndpoint(EndpointKind.WEBHOOK, "https://c", secret=b"s"),))
    await domain.relay.publish_changes()
    assert await domain.relay.reseal() == 0
    private, public = generate_key_pair()
    keyring = Keyring(installation_keys.rsa, KeyVault(bytes(range(32))), public, public)
    relay = Relay(database, domain.producer, keyring, domain.codec)
    domain.taken()
    assert await relay.reseal() == 2
    await relay.publish_changes()
    sent = domain.taken()
    opener = Opener(private)
    records = sent.on("devices")
    assert [(record.revision, record.recipient) for record in records] == [(2, opener.recipient)] * 2
    for record in records:
        unseal = opener.opened_record(record.ephemeral_public)
        for key in record.keys:
            assert len(unseal(key.sealed, key_binding(record.device_identification, key.kind, key.key_id))) == 16
    assert [record.organisation for record in sent.on("organisations")] == ["org-c"]
    assert await relay.reseal() == 0
    keyring.close()


# Cost


class Turns:
    """Counts how often the line to the database changes its direction towards the client: its round trips."""

    def __init__(self) -> None:
        self.count = 0
        self.asked = False

    async def pump(self, reader, writer, *, asks):
        while data := await reader.read(65536):
            if not asks and self.asked:
                self.count += 1
            self.asked = asks
            writer.write(data)
            await writer.drain()
        writer.close()

    async def connect(self, host, port, reader, writer):
        upstream_reader, upstream_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(
            self.pump(reader, upstream_writer, asks=True), self.pump(upstream_reader, writer, asks=False)
        )


@asynccontextmanager
async def counted(dsn):
    """A database behind a proxy that counts round trips."""
    turns, parts = Turns(), conninfo_to_dict(dsn)
    host, port = parts["host"], int(parts["port"])
    server = await asyncio.start_server(lambda r, w: turns.connect(host, port, r, w), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    there = make_conninfo(dsn, host="127.0.0.1", port=address[1], hostaddr="127.0.0.1")
    opened = await Database.open(PostgresSettings(dsn=SecretStr(there)))
    yield opened, turns
    await opened.close()
    server.close()
    await server.wait_closed()


async def test_a_batch_of_plain_commands_costs_two_round_trips(domain, database_dsn):
    devices = [f"TEST{number:013}" for number in range(50)]
    request = domain.new_meter()
    await domain.handle(*[domain.command(request, uid=f"add-{name:>20}", device=name) for name in devices])
    async with counted(database_dsn) as (database, turns):
        domain.store._database = database
        async with database.connection():
            pass
        before = turns.count
        async with database.connection():
            pass
        checkout = turns.count - before  # what the pool asks before it hands a connection out
        for attempt in range(2):  # the first time a statement is prepared as well
            batch = [domain.command(uid=f"sync-{attempt}-{name:>20}", device=name) for name in devices]
            before = turns.count
            sent = await domain.handle(*batch)
            assert turns.count - before - checkout <= 2
            before = turns.count
            await domain.handle(*[domain.answer(item) for item in sent.requests()])
            assert turns.count - before - checkout <= 2
