"""Firmware operations struck by every fault, at their beginning and in the midst of a transfer: all between topics and
the line.

A covering design: each operation meets each fault, the version goes round. An attempt that fails says so and may be
tried again; one that succeeds has left its firmware in the meter; once the fault is over the next one goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

import pytest
from faults import SHORTLY, WAITED_OUT, K, Kinds, check_error, name_of
from key_line import KeyPlatform
from key_owners import FIRMWARE, GAS, couple_gas_meter, gas_meter, hold_factory_keys
from wire import PROTOCOLS
from worker_stage import SYNCHRONIZE, MemoryCluster, Stage

from meterstream.contracts.envelope import Progress
from meterstream.contracts.errors import DeviceRefused, LinkFailed, ProtocolViolation, SecurityFailure
from meterstream.contracts.operations import switch_firmware, synchronize_time, update_firmware
from meterstream.contracts.records import FirmwareBlock, FirmwareImage, KeyState
from meterstream.runtime.codec import shared_codec
from meterstream.runtime.kafka import Outgoing
from meterstream.simulator.faults import Fault
from meterstream.simulator.mbus.keys import mbus_keys_for
from meterstream.simulator.objects.image import ImageStatus, ImageTransfer
from meterstream.simulator.objects.image_transfer import Firmware
from meterstream.simulator.options import ImageOptions
from meterstream.simulator.settings import FleetSettings

UPDATE: Final = update_firmware.UpdateFirmwareRequest(firmware_identification="FW-1")
SWITCH: Final = switch_firmware.SwitchFirmwareRequest(version="2.4")
IMAGES: Final = ImageOptions(block_size=20, activate_ms=0, restart_ms=20, forward_ms=1)
FILE: Final = bytes(range(100))
E_METERS: Final = tuple(protocol for protocol in PROTOCOLS if protocol != "DSMR 2.2")
GATEWAYS: Final = tuple(protocol for protocol in PROTOCOLS if protocol.startswith("SMR 5"))
UPDATED, SWITCHED, GATEWAY = 1, 2, 3
"""What happens to which meter."""

MIDST: Final[list[tuple[Fault, Kinds]]] = [
    (Fault(K.LOST_ANSWER, after=5), (LinkFailed,)),
    (Fault(K.LOST_ANSWER, after=9), (LinkFailed,)),
    (Fault(K.LOST_ANSWER, after=14), (LinkFailed,)),
    (Fault(K.CUT, after=500), (LinkFailed,)),
    (Fault(K.REBOOT, after=10, down_ms=50), (LinkFailed,)),
    (Fault(K.EXCEPTION, after=9), (DeviceRefused,)),
    (Fault(K.TEMPORARY_FAILURE, after=7), (DeviceRefused,)),
    (Fault(K.WRONG_TAG, after=9), (SecurityFailure, ProtocolViolation)),
    (Fault(K.REPLAYED_COUNTER, after=9), (SecurityFailure,)),
    (Fault(K.WRONG_HEADER, after=10), (LinkFailed, ProtocolViolation)),
]
"""Once blocks are on their way."""


@pytest.fixture
def make_cluster() -> Any:
    async def make() -> MemoryCluster:
        return MemoryCluster()

    return make


def gas_file(manufacturer: int) -> bytes:
    header = bytes.fromhex("534D523500230022005000100000001000020801") + manufacturer.to_bytes(2, "little")
    return header + b"\xff" * 4 + bytes.fromhex("110303000000000000") + b"firmware of gas!" + bytes(16)


def image_of(file: bytes, identifier: bytes | None = None) -> FirmwareImage:
    digest = sha256(file).digest()
    return FirmwareImage(firmware_identification="FW-1", sha256=digest, size=len(file), image_identifier=identifier)


async def publish_file(stage: Stage, file: bytes) -> None:
    digest = sha256(file)
    partition = stage.producer.partition_of("firmware", digest.hexdigest().encode())
    record = FirmwareBlock(sha256=digest.digest(), block=0, count=1, octets=file)
    key = f"{digest.hexdigest()}|0".encode()
    await stage.producer.send([Outgoing("firmware", key, shared_codec().encode(record), (), partition)])


class Scene:
    """Three meters: one that is updated, one that holds a verified image, a gateway whose gas meter is updated."""

    def __init__(self, stage: Stage, header: Any, make_turn: Any) -> None:
        self.stage, self.fleet = stage, stage.bench.fleet
        self.gateway = KeyPlatform(stage.bench, header, make_turn, number=GATEWAY)
        self.file = b""

    async def set(self) -> None:
        stage, bench = self.stage, self.stage.bench
        hold_factory_keys(self.gateway)
        couple_gas_meter(self.gateway)
        identity = gas_meter(self.gateway)
        keys = mbus_keys_for(self.fleet.settings.seed, identity.identification)
        self.gateway.registry.hold(FIRMWARE, "fw", keys.firmware, KeyState.ACTIVE)
        self.file = gas_file(identity.manufacturer)
        held = ImageTransfer(
            status=ImageStatus.VERIFICATION_SUCCESSFUL,
            identifier=b"DM-2.4",
            size=len(FILE),
            block_size=len(FILE),
            blocks=[FILE],
            first_missing=1,
            info=(len(FILE), b"DM-2.4", FILE[:4]),
        )
        self.fleet.meter(SWITCHED).restore(held)
        await publish_file(stage, FILE)
        await publish_file(stage, self.file)
        await stage.publish(bench.record(UPDATED), bench.record(SWITCHED), self.gateway.record())

    async def ask(self) -> list[Any]:
        """One attempt of each; the responses in the order of meters."""
        stage, bench = self.stage, self.stage.bench
        mbus = {"device_identification": GAS, "channel": 1, "mbus_devices": [self.gateway.registry.mbus]}
        update = update_firmware.OPERATION
        requests = [
            stage.request(update, UPDATE, bench.gateway(UPDATED), images=[image_of(FILE, b"DM-2.4")]),
            stage.request(switch_firmware.OPERATION, SWITCH, bench.gateway(SWITCHED)),
            stage.request(update, UPDATE, bench.gateway(GATEWAY), images=[image_of(self.file)], **mbus),
        ]
        before = len(self.responses())
        await stage.producer.send(requests)
        await stage.eventually(lambda: len(self.responses()) == before + len(requests))
        by_gateway = {response.header.gateway: response for response in self.responses()[before:]}
        return [by_gateway[bench.gateway(number)] for number in (UPDATED, SWITCHED, GATEWAY)]

    async def be_known(self) -> None:
        """A contact before, so that counters are known and the first connection is the one that is struck."""
        stage = self.stage
        gateways = [stage.bench.gateway(number) for number in (UPDATED, SWITCHED, GATEWAY)]
        contacts = await stage.ask(*(stage.request(synchronize_time.OPERATION, SYNCHRONIZE, one) for one in gateways))
        assert [contact.error for contact in contacts] == [None] * len(gateways)

    def responses(self) -> list[Any]:
        return [record for record in self.stage.records("dlms-responses") if not isinstance(record, Progress)]

    def strike(self, fault: Fault | None) -> None:
        for number in (UPDATED, SWITCHED, GATEWAY):
            self.fleet.meter(number).fault = fault

    async def runs(self, number: int) -> None:
        """The firmware runs, soon."""
        if number == GATEWAY:
            await self.stage.eventually(lambda: gas_meter(self.gateway).firmware == bytes.fromhex("00500022"))
        else:
            meter = self.fleet.meter(number)
            await self.stage.eventually(lambda: (meter.peek(Firmware) or Firmware()).version == b"DM-2.4")
        await self.stage.eventually(lambda: not self.fleet.lines.is_down(number))


def check(response: Any, kinds: Kinds) -> bool:
    """Whether it failed; what it says of that is right."""
    if response.error is None:
        return False
    check_error(response.error.code, response.header.retryable, type(response).operation.name, kinds)
    return True


def versions(number: int) -> Sequence[str]:
    return E_METERS[number % len(E_METERS)], E_METERS[(number + 2) % len(E_METERS)], GATEWAYS[number % len(GATEWAYS)]


ALL: Final = [*SHORTLY, *MIDST]


@pytest.mark.parametrize("number", range(len(ALL)), ids=[name_of(fault) for fault, _ in ALL])
async def test_struck_firmware_is_answered_and_goes_on_afterwards(
    make_stage: Any, header: Any, make_turn: Any, number: int
) -> None:
    fault, kinds = ALL[number]
    waited = fault.kind in WAITED_OUT
    stage = await make_stage(FleetSettings(meters=3, protocols=tuple(versions(number)), images=IMAGES))
    scene = Scene(stage, header, make_turn)
    await scene.set()
    patience = {"response_timeout_s": 25, "connect_timeout_s": 25}
    components = await stage.start_worker(**(patience | {"response_timeout_s": 0.5} if waited else patience))
    await scene.be_known()
    scene.strike(fault)
    struck = await scene.ask()
    scene.strike(None)
    failed = [check(response, kinds) for response in struck]
    assert any(failed) or fault.kind is K.LOST_BLOCK
    for meter, missed in enumerate(failed, 1):
        if not missed:
            await scene.runs(meter)
        await stage.eventually(lambda meter=meter: not scene.fleet.lines.is_down(meter))
    if waited:
        await stage.stop_worker(components)
        await stage.start_worker(**patience)
    for meter, response in enumerate(await scene.ask(), 1):
        assert response.error is None, f"{fault}: meter {meter}: {response.error}"
        await scene.runs(meter)
    assert scene.fleet.stats.repeated_nonces == 0
