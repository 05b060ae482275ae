"""Blocks of firmware files on their way to topic `firmware`, and back."""

from __future__ import annotations

import hashlib

import pytest

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.records import BLOCK_OCTETS
from meterstream.domain.adapters.firmware_relay import FirmwareRelay
from meterstream.runtime.errors import BrokerOutage

IMAGE = bytes(range(256)) * (3 * BLOCK_OCTETS // 256 - 100)
SHA256 = hashlib.sha256(IMAGE).digest()


@pytest.fixture
async def stage(domain):
    await domain.organisation("root", admin=True)
    return domain, FirmwareRelay(domain.database, domain.producer, domain.codec)


async def add(domain, identification="FW-1", octets=IMAGE):
    file = {"identification": identification, "module_versions": {}, "file": octets, "image_identifier": b"I"}
    result = await domain.carry_out("AddFirmware", "root", None, firmware=file)
    assert result.status is ResultStatus.OK


async def remove(domain, identification="FW-1"):
    wanted = "select number from domain.firmware_files where identification = %s"
    ((number,),) = await domain.rows(wanted, identification)
    result = await domain.carry_out("RemoveFirmware", "root", None, number=number)
    assert result.status is ResultStatus.OK


async def published(domain, relay):
    """Everything that the relay sends until there is nothing left."""
    domain.producer.take()
    while await relay.publish_changes():
        pass
    return [item for item in domain.producer.take() if item.topic == "firmware"]


async def test_a_file_is_published_once_in_blocks_that_make_it_up(stage):
    domain, relay = stage
    await add(domain)
    await add(domain, "FW-2")
    sent = await published(domain, relay)
    blocks = [domain.codec.decode(item.value) for item in sent]
    assert [item.key.decode() for item in sent] == [f"{SHA256.hex()}|{number}" for number in range(3)]
    assert b"".join(block.octets for block in blocks) == IMAGE
    assert {(block.sha256, block.count) for block in blocks} == {(SHA256, 3)}
    assert [block.block for block in blocks] == [0, 1, 2]
    assert await published(domain, relay) == []


async def test_a_block_that_no_broker_has_is_published_again_as_it_was(stage):
    domain, relay = stage
    await add(domain)
    domain.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await relay.publish_changes()
    first = await published(domain, relay)
    await domain.execute("update domain.firmware_blocks set published = false")
    assert await published(domain, relay) == first


async def test_contents_go_with_their_last_file(stage):
    domain, relay = stage
    await add(domain)
    await add(domain, "FW-2")
    await published(domain, relay)
    await remove(domain)
    assert await published(domain, relay) == []
    await remove(domain, "FW-2")
    domain.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await relay.publish_changes()
    assert await domain.rows("select count(*) from domain.firmware_blocks") == [(3,)]
    gone = await published(domain, relay)
    assert [(item.key.decode(), item.value) for item in gone] == [(f"{SHA256.hex()}|{n}", None) for n in range(3)]
    assert await domain.rows("select count(*) from domain.firmware_blocks") == [(0,)]


async def test_octets_that_come_back_are_published_again(stage):
    domain, relay = stage
    await add(domain)
    await published(domain, relay)
    await remove(domain)
    await add(domain, "FW-2")
    assert await published(domain, relay) == []
    await remove(domain, "FW-2")
    await published(domain, relay)
    await add(domain, "FW-3")
    assert [item.value is None for item in await published(domain, relay)] == [False] * 3


async def test_two_processes_share_the_work(stage, second):
    domain, relay = stage
    await add(domain, octets=b"one")
    await add(domain, "FW-2", octets=b"two")
    other = FirmwareRelay(second.database, second.producer, second.codec)
    second.producer.take()
    assert len(await published(domain, relay)) + len(await published(second, other)) == 2
