"""AddDevice: errors, ownership, keys over overwrite and removal."""

from __future__ import annotations

import asyncio

import pytest

from meterstream.contracts.envelope import ResultStatus, Verdict
from meterstream.contracts.records import DeviceState, KeyKind
from meterstream.runtime.sealing import key_binding

METER = "TEST1024000000001"


async def add(domain, request, **header):
    uid = header.pop("uid", None) or f"add-{next(domain.offsets):020}"
    sent = await domain.handle(domain.command(request, uid=uid, **header))
    (result,) = sent.results()
    return result, sent


def opened(domain, record):
    """The keys of a record as protocol-dlms opens them, by kind; the first of a kind is the active one."""
    unseal = domain.keys.protocol.opened_record(record.ephemeral_public)
    found: dict[KeyKind, list[bytes]] = {}
    for key in record.keys:
        binding = key_binding(record.device_identification, key.kind, key.key_id)
        found.setdefault(key.kind, []).append(unseal(key.sealed, binding))
    return found


async def failure(domain, request, **header):
    result, sent = await add(domain, request, **header)
    assert result.status is ResultStatus.FAILED
    assert sent.topics == ["results", "replies"]
    assert sent.replies()[0].verdict is Verdict.COMPLETED
    return result.error


async def test_an_existing_device_is_not_added_again(domain):
    await domain.install()
    assert (await failure(domain, domain.new_meter())).number == 204


async def test_unknown_protocol(domain):
    error = await failure(domain, domain.new_meter(protocol_version="14"))
    assert (error.number, await domain.rows("select count(*) from domain.devices")) == (206, [(0,)])


async def test_an_unknown_variant_falls_back(domain):
    result, _ = await add(domain, domain.new_meter(protocol_variant="X"))
    assert result.status is ResultStatus.OK
    assert await domain.rows("select description ->> 'protocol_variant' from domain.devices") == [(None,)]


@pytest.mark.parametrize("missing", ["master_key", "authentication_key", "global_encryption_unicast_key"])
async def test_a_missing_key(domain, missing):
    error = await failure(domain, domain.new_meter(**{missing: None}))
    assert (error.number, error.details["field"]) == (806, f"device.{missing}")


async def test_keys_of_both_kinds_of_meters(domain):
    error = await failure(domain, domain.new_meter(mbus_default_key=domain.keys.encrypt(bytes(16))))
    assert error.number == 401


async def test_a_key_that_is_not_encrypted_for_us(domain):
    error = await failure(domain, domain.new_meter(master_key=bytes(256)))
    assert (error.number, error.details["key"]) == (804, "E_METER_MASTER_KEY")


@pytest.mark.parametrize("length", [0, 15, 17, 32])
async def test_a_key_of_another_length(domain, length):
    error = await failure(domain, domain.new_meter(authentication_key=domain.keys.encrypt(bytes(length))))
    assert error.number == 802


async def test_no_device_identification(domain):
    error = await failure(domain, domain.new_meter(), device=None)
    assert error.number == 401


async def test_one_bad_device_does_not_spoil_the_batch(domain):
    good, bad = domain.new_meter(), domain.new_meter(master_key=bytes(256))
    sent = await domain.handle(
        domain.command(bad, uid="bad-00000000000000000", device="TEST1024000000007"),
        domain.command(good, uid="good-0000000000000000"),
    )
    assert [result.status for result in sent.results()] == [ResultStatus.FAILED, ResultStatus.OK]
    assert await domain.rows("select device_identification from domain.devices") == [(METER,)]


async def test_a_command_right_behind_in_the_batch_finds_the_device(domain):
    sent = await domain.handle(domain.command(domain.new_meter(), uid="add-00000000000000000"), domain.command())
    assert sent.topics[0] == "devices"
    assert len(sent.requests()) == 1


async def test_keys_are_sealed_in_the_database_and_for_protocol_dlms(domain):
    _, sent = await add(domain, domain.new_meter(0x41, lls_password=domain.keys.encrypt(b"secret")))
    (record,) = sent.on("devices")
    assert opened(domain, record) == {
        KeyKind.E_METER_MASTER_KEY: [b"A" * 16],
        KeyKind.E_METER_AUTHENTICATION_KEY: [b"B" * 16],
        KeyKind.E_METER_ENCRYPTION_KEY_UNICAST: [b"C" * 16],
        KeyKind.LLS_PASSWORD: [b"secret"],
    }
    everything = str(await domain.rows("select d::text from domain.devices d")) + str(
        await domain.rows("select k::text from domain.device_keys k")
    )
    for octets in (b"A" * 16, b"B" * 16, b"C" * 16):
        assert octets.decode() not in everything
        assert octets.hex() not in everything


async def test_the_owner_overwrites_and_the_former_keys_stay_candidates(domain):
    await domain.install()
    result, sent = await add(domain, domain.new_meter(0x51, overwrite=True, network_address="10.9.9.9"))
    assert (result.status, result.response.revision) == (ResultStatus.OK, 2)
    (record,) = sent.on("devices")
    assert record.connection.address == "10.9.9.9"
    assert opened(domain, record)[KeyKind.E_METER_AUTHENTICATION_KEY] == [b"\x52" * 16, b"\x02" * 16]
    assert {(key.state, key.proven) for key in record.keys} == {("ACTIVE", False), ("WITHDRAWN", False)}


async def test_nobody_else_overwrites(domain):
    await domain.install()
    result, sent = await add(domain, domain.new_meter(0x51, overwrite=True), organisation="org-b")
    assert (result.status, result.error.number) == (ResultStatus.REJECTED, 301)
    assert sent.replies()[0].verdict is Verdict.REJECTED
    assert "devices" not in sent.topics
    assert await domain.rows("select organisation from domain.device_authorisations") == [("org-a",)]


async def test_equal_octets_have_equal_ids_over_overwrite_and_removal(domain):
    first = (await domain.install()).on("devices")[0]
    await add(domain, domain.new_meter(0x51, overwrite=True))
    await domain.remove()
    await domain.relay.publish_devices([METER])
    (gone,) = domain.taken().on("devices")
    assert (gone.state, gone.revision, gone.keys) == (DeviceState.REMOVED, 3, [])
    _, sent = await add(domain, domain.new_meter(1))
    (record,) = sent.on("devices")
    assert record.revision == 4
    assert {key.key_id for key in record.keys} == {key.key_id for key in first.keys}
    assert all(not key.proven for key in record.keys)
    assert await domain.rows("select count(*) from domain.device_keys") == [(6,)]


async def test_equal_octets_of_other_devices_have_other_ids(domain, second):
    one = (await domain.install()).on("devices")[0]
    two = (await second.install("TEST1024000000002")).on("devices")[0]
    assert not {key.key_id for key in one.keys} & {key.key_id for key in two.keys}


async def test_former_keys_help_nobody_who_adds_a_removed_device(domain):
    await domain.install()
    await domain.remove()
    result, sent = await add(domain, domain.new_meter(0x61), organisation="org-b")
    assert result.status is ResultStatus.OK
    (record,) = sent.on("devices")
    assert opened(domain, record)[KeyKind.E_METER_AUTHENTICATION_KEY] == [b"\x62" * 16]
    assert await domain.rows("select organisation from domain.device_authorisations") == [("org-b",)]


async def test_only_the_owner_removes(domain):
    await domain.install()
    with pytest.raises(Exception, match="does not own"):
        await domain.remove(organisation="org-b")


async def test_two_processes_add_the_same_device_at_once(domain, second):
    batches = [
        made.command(made.new_meter(secret), uid=f"race-{secret:020}", organisation=organisation)
        for made, secret, organisation in ((domain, 1, "org-a"), (second, 9, "org-b"))
    ]
    sent = await asyncio.gather(domain.handle(batches[0]), second.handle(batches[1]))
    statuses = [result.status for part in sent for result in part.results()]
    assert sorted(statuses) == [ResultStatus.FAILED, ResultStatus.OK]
    assert await domain.rows("select count(*) from domain.device_authorisations") == [(1,)]


async def test_two_processes_take_the_same_uid_at_once(domain, second):
    await domain.install()
    one = domain.command(submission_id="one", topic="commands", offset=100)
    two = second.command(submission_id="two", topic="commands-urgent", offset=100)
    sent = await asyncio.gather(domain.handle(one), second.handle(two))
    assert sum(len(part.requests()) for part in sent) == 1
    assert sorted(reply.submission_id for part in sent for reply in part.replies()) == ["one", "two"]


def gas_meter(domain, **more):
    names = ("mbus_default_key", "mbus_user_key", "mbus_firmware_update_authentication_key", "mbus_p0_key")
    gas = {name: domain.keys.encrypt(bytes([number]) * 16) for number, name in enumerate(names, 100)}
    electricity = dict.fromkeys(("master_key", "authentication_key", "global_encryption_unicast_key"))
    return domain.new_meter(**(gas | electricity | more))


async def test_an_mbus_device_has_no_record_of_its_own(domain):
    result, sent = await add(domain, gas_meter(domain))
    assert (result.status, sent.topics) == (ResultStatus.OK, ["results", "replies"])
    assert await domain.rows("select count(*) from domain.device_keys where state = 'ACTIVE'") == [(4,)]


async def test_an_electricity_meter_does_not_become_an_mbus_device(domain):
    await domain.install()
    error = await failure(domain, gas_meter(domain, overwrite=True))
    assert (error.number, error.details["field"]) == (401, "device")


async def test_a_removal_is_published_even_if_an_mbus_device_follows_at_once(domain):
    await domain.install()
    await domain.remove()
    _, sent = await add(domain, gas_meter(domain))
    await domain.relay.publish_changes()
    records = sent.on("devices") + domain.taken().on("devices")
    assert [(record.state, record.revision) for record in records] == [(DeviceState.REMOVED, 3)]
