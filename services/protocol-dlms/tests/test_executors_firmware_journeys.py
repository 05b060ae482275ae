"""UpdateFirmware and SwitchFirmware over real sessions with simulated meters, and from worker to worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from worker_stage import Make, MemoryCluster

from meterstream.contracts.envelope import Progress
from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations import switch_firmware, update_firmware
from meterstream.contracts.operations.get_firmware_version import GetFirmwareVersionRequest
from meterstream.contracts.records import BLOCK_OCTETS, FirmwareBlock, FirmwareImage, MbusDevice
from meterstream.protocol_dlms import executors
from meterstream.protocol_dlms.executor import Context, Device, load_executors
from meterstream.protocol_dlms.keys import NoKeys
from meterstream.protocol_dlms.settings import ImageSettings
from meterstream.protocol_dlms.twin import MemoryImages
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.kafka import Outgoing
from meterstream.simulator.faults import Fault, FaultKind
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.keys import mbus_keys_for
from meterstream.simulator.options import ImageOptions
from meterstream.simulator.settings import FleetSettings

FOUND = load_executors(executors)
FILE = bytes(range(256)) * 60
UPDATE = update_firmware.UpdateFirmwareRequest(firmware_identification="FW-1")
IMAGE = FirmwareImage(
    firmware_identification="FW-1", sha256=sha256(FILE).digest(), size=len(FILE), image_identifier=b"DM-2.4"
)
SOON = ImageOptions(activate_ms=0, restart_ms=50)


async def in_a_hurry(seconds: float) -> None:
    """A thousand times as fast."""
    await asyncio.sleep(seconds / 1000)


@pytest.fixture
async def update(make_bench: Make) -> Callable[..., Any]:
    """Carries UpdateFirmware out on an association of its own; further ones come back to the same meter."""

    async def make(protocol: str, images: ImageOptions) -> Any:
        bench = await make_bench(FleetSettings(protocols=(protocol,), images=images))
        port = MemoryImages(FILE)

        async def once() -> Any:
            meter = await bench.associations.open(bench.visit(bench.record()))
            device = Device(bench.gateway(), images={"FW-1": IMAGE})
            context = Context(meter, device, lambda: datetime.now(UTC), images=port, wait=in_a_hurry)
            try:
                return await FOUND["UpdateFirmware"].execute(UPDATE, context)
            finally:
                await bench.associations.close(meter)

        return bench, port, once

    return make


async def version(bench: Any, eventually: Any) -> str:
    await eventually(lambda: not bench.fleet.lines.is_down(1))
    meter = await bench.associations.open(bench.visit(bench.record()))
    try:
        answer = await FOUND["GetFirmwareVersion"].execute(
            GetFirmwareVersionRequest(), Context(meter, Device(bench.gateway()), lambda: datetime.now(UTC))
        )
    finally:
        await bench.associations.close(meter)
    return answer.versions[0].version


@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.0.0", "SMR 5.5"])
@pytest.mark.parametrize(
    "images",
    [
        SOON,
        replace(SOON, loss=0.03, activation_succeeds=True),
        replace(SOON, verify_ms=30, block_size=700),
        replace(SOON, block_size=4000),
    ],
    ids=["usual", "blocks get lost", "verification takes a while", "blocks above the PDU size"],
)
async def test_the_meter_runs_the_new_firmware(
    update: Make, eventually: Any, protocol: str, images: ImageOptions
) -> None:
    bench, port, once = await update(protocol, images)
    await once()
    assert await version(bench, eventually) == "DM-2.4"
    assert port.noted == [IMAGE.sha256, None]


async def test_after_a_lost_line_the_transfer_goes_on(update: Make, eventually: Any) -> None:
    bench, port, once = await update("SMR 5.0.0", SOON)
    bench.fleet.meter(1).fault = Fault(FaultKind.LOST_ANSWER, connections=2, after=40)
    with pytest.raises(PlatformError) as caught:
        await once()
    assert caught.value.retryable
    await once()
    assert await version(bench, eventually) == "DM-2.4"
    assert port.noted == [IMAGE.sha256, None]  # begun once


class FactoryKeys(NoKeys):
    """The firmware authentication key that a simulated gas meter has from the factory."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def firmware_mac(self, device: str, iv: bytes, associated_data: bytes) -> bytes:
        return AESGCM(self._key).encrypt(iv, b"", associated_data)


async def test_a_gas_meter_gets_its_firmware_through_the_gateway(make_bench: Make, eventually: Any) -> None:
    images = replace(SOON, forward_ms=1, block_size=20)
    bench = await make_bench(FleetSettings(protocols=("SMR 5.1",), images=images))
    gateway = bench.fleet.meter(1)
    identity = mbus.look(gateway, 1).identity
    number, gas = f"{identity.identification:08d}", "G" * 16
    header = bytes.fromhex("534D523500230022005000100000001000020801") + identity.manufacturer.to_bytes(2, "little")
    file = header + b"\xff" * 4 + bytes.fromhex("110303000000000000") + b"firmware of gas!" + bytes(16)
    image = FirmwareImage(firmware_identification="FW-1", sha256=sha256(file).digest(), size=len(file))
    device = Device(
        gas,
        channel=1,
        mbus_devices={gas: MbusDevice(device_identification=gas, channel=1, identification_number=number)},
        images={"FW-1": image},
    )
    keys = FactoryKeys(mbus_keys_for(bench.fleet.settings.seed, identity.identification).firmware)
    meter = await bench.associations.open(bench.visit(bench.record()))
    context = Context(meter, device, lambda: datetime.now(UTC), keys=keys, images=MemoryImages(file), wait=in_a_hurry)
    await FOUND["UpdateFirmware"].execute(UPDATE, context)
    await bench.associations.close(meter)
    await eventually(lambda: mbus.look(gateway, 1).firmware)
    assert mbus.look(gateway, 1).firmware == bytes.fromhex("00500022")


def told(stage: Any) -> tuple[list[int], list[Any]]:
    """How far attempts were said to be, and their responses."""
    records = stage.records("dlms-responses")
    news = [record.advance.done for record in records if isinstance(record, Progress)]
    return news, [record for record in records if not isinstance(record, Progress)]


class TestFromWorkerToWorker:
    @pytest.fixture
    def make_cluster(self) -> Make:
        async def make() -> MemoryCluster:
            return MemoryCluster()

        return make

    async def test_a_transfer_that_a_worker_leaves_is_finished_by_the_next_one(self, make_stage: Make) -> None:
        images = replace(SOON, block_size=16)
        stage = await make_stage(FleetSettings(protocols=("SMR 5.0.0",), images=images))
        await stage.publish(stage.bench.record())
        stage.bench.fleet.meter(1).fault = Fault(FaultKind.SLOW, connections=2, delay_ms=20)
        await publish_file(stage.producer)
        first = await stage.start_worker(drain_s=9)
        request = stage.request(update_firmware.OPERATION, UPDATE, stage.bench.gateway(), images=[IMAGE])
        await stage.producer.send([request])
        await stage.eventually(lambda: stage.bench.fleet.stats.actions >= 20)
        await stage.stop_worker(first)
        assert told(stage) == ([0], [])
        await stage.start_worker()
        await stage.eventually(lambda: told(stage)[1])
        advances, (response,) = told(stage)
        assert response.error is None
        assert advances[1] > 0
        assert advances[-1] == len(FILE)
        blocks = -(-len(FILE) // images.block_size)
        assert stage.bench.fleet.stats.actions <= blocks + 3 + 4  # logins apart: two associations of two passes each
        begun = [message.value for message in stage.read["device-sessions"] if (message.key or b"").endswith(b"|image")]
        assert [value is None for value in begun] == [False, True]

    async def test_an_image_that_nobody_has_published_is_told_as_such(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("SMR 5.0.0",)))
        await stage.publish(stage.bench.record())
        await stage.start_worker(images=ImageSettings(wait_s=0.1))
        request = stage.request(update_firmware.OPERATION, UPDATE, stage.bench.gateway(), images=[IMAGE])
        (response,) = await stage.ask(request)
        assert (response.error.code, response.header.retryable) == ("IMAGE_UNAVAILABLE", True)

    async def test_a_verified_image_is_activated_by_another_operation(self, make_stage: Make) -> None:
        stage = await make_stage(FleetSettings(protocols=("SMR 5.0.0",), images=SOON))
        await stage.publish(stage.bench.record())
        await stage.start_worker()
        switch = switch_firmware.SwitchFirmwareRequest(version="2.4")
        (response,) = await stage.ask(stage.request(switch_firmware.OPERATION, switch, stage.bench.gateway()))
        assert response.error.code == "IMAGE_NOT_ACTIVATED"


async def publish_file(producer: Any) -> None:
    partition = producer.partition_of("firmware", IMAGE.sha256.hex().encode())
    for block in range(-(-len(FILE) // BLOCK_OCTETS)):
        octets = FILE[block * BLOCK_OCTETS :][:BLOCK_OCTETS]
        record = FirmwareBlock(sha256=IMAGE.sha256, block=block, count=1, octets=octets)
        key = f"{IMAGE.sha256.hex()}|{block}".encode()
        await producer.send([Outgoing("firmware", key, shared_codec().encode(record), (), partition)])
