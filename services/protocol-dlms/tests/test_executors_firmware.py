"""UpdateFirmware and SwitchFirmware against a meter in memory: every step, every refusal, every interruption."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from image_meter import ACTIVATE, BLOCK, INITIATE, TRANSFER, VERIFY, ImageMeter
from wire import apdu

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.switch_firmware import SwitchFirmwareRequest
from meterstream.contracts.operations.update_firmware import UpdateFirmwareRequest
from meterstream.contracts.records import FirmwareImage, MbusDevice
from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.data import Data, boolean, double_long_unsigned, integer, octet_string, structure
from meterstream.dlms.objects import load_profile
from meterstream.protocol_dlms.executor import At, Context, Device
from meterstream.protocol_dlms.executors import switch_firmware, update_firmware
from meterstream.protocol_dlms.fence import Leaving
from meterstream.protocol_dlms.keys import NoKeys
from meterstream.protocol_dlms.twin import MemoryImages

IMAGE = bytes(n % 256 for n in range(500))
IDENTIFIER = b"IMG-EXAMPLE-01"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
UPDATE = UpdateFirmwareRequest(firmware_identification="FW-1")
BUSY, REFUSED = ActionResult.TEMPORARY_FAILURE, ActionResult.OTHER_REASON


def image_of(octets: bytes, **more: Any) -> FirmwareImage:
    named = {
        "firmware_identification": "FW-1",
        "sha256": hashlib.sha256(octets).digest(),
        "size": len(octets),
        "image_identifier": IDENTIFIER,
    }
    return FirmwareImage(**(named | more))


class Stage:
    """A meter, files, and a clock that moves when somebody waits."""

    def __init__(self, meter: ImageMeter, image: bytes = IMAGE, **named: Any) -> None:
        self.meter = meter
        self.images = MemoryImages(image)
        self.device = Device("E" * 16, images={"FW-1": image_of(image, **named)})
        self.waits: list[float] = []
        self.leave_after = 1_000_000

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    def _boundary(self) -> None:
        self.leave_after -= 1
        if self.leave_after < 0:
            raise Leaving

    @property
    def context(self) -> Context:
        return Context(
            self.meter, self.device, lambda: NOW, images=self.images, boundary=self._boundary, wait=self._wait
        )

    async def update(self) -> None:
        await update_firmware.EXECUTOR.execute(UPDATE, self.context)

    async def fails(self) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            await self.update()
        return caught.value


@pytest.fixture
def stage() -> Stage:
    return Stage(ImageMeter(load_profile("SMR", "5.0.0")))


def methods(meter: ImageMeter) -> list[tuple[int, Data | None]]:
    return [(ref.method, data) for kind, ref, data in meter.asked if kind == "action"]


async def test_the_whole_of_it(stage: Stage) -> None:
    await stage.update()
    block = [(TRANSFER, structure(double_long_unsigned(n), octet_string(IMAGE[n * BLOCK :][:BLOCK]))) for n in range(3)]
    assert methods(stage.meter) == [
        (INITIATE, structure(octet_string(IDENTIFIER), double_long_unsigned(500))),
        *block,
        (VERIFY, integer(0)),
        (ACTIVATE, integer(0)),
    ]
    assert (stage.meter.octets, stage.meter.status, stage.waits) == (IMAGE, 6, [])
    assert stage.images.noted == [hashlib.sha256(IMAGE).digest(), None]


async def test_the_whole_of_it_byte_for_byte(stage: Stage) -> None:
    enabled, settings = enabled_of(stage), stage.meter.profile.ref(*At("image_transfer", 6))
    stage.meter.values[enabled] = boolean(False)
    await stage.update()
    last = IMAGE[2 * BLOCK :].hex().upper()
    sent = {kind: [one for one in stage.meter.asked if one[0] == kind] for kind in ("get", "set", "action")}
    (enabling, *_) = [one for one in sent["set"] if one[1] == enabled]
    assert apdu(enabling, 0x4A) == "C1014A001200002C0000FF05000301"
    actions = [apdu(one, invoke) for one, invoke in zip(sent["action"], (0x4C, 0, 1, 0x4D, 0x4F, 0x41), strict=True)]
    assert actions[0] == "C3014C001200002C0000FF01010202090E494D472D4558414D504C452D303106000001F4"
    assert actions[3] == f"C3014D001200002C0000FF0201020206000000020944{last}"
    assert actions[4:] == ["C3014F001200002C0000FF03010F00", "C30141001200002C0000FF04010F00"]
    assert "C0014E001200002C0000FF0600" in {apdu(one, 0x4E) for one in sent["get"] if one[1] == settings}


async def test_states_that_pass_are_waited_for_ten_seconds_at_a_time(stage: Stage) -> None:
    stage.meter.answers = {VERIFY: [BUSY], ACTIVATE: [BUSY]}
    stage.meter.steps = {INITIATE: [0, 0], VERIFY: [2, 2], ACTIVATE: [5, 5, 5]}
    await stage.update()
    assert stage.waits == [10.0] * 7


async def test_blocks_that_the_meter_lost_are_sent_again(stage: Stage) -> None:
    stage.meter.loses = lambda sent: sent in (0, 2, 3)
    await stage.update()
    assert stage.meter.sent == [0, 1, 2, 0, 0, 2]
    assert stage.meter.octets == IMAGE


async def test_a_block_is_sent_three_times_at_most(stage: Stage) -> None:
    stage.meter.loses = lambda _: stage.meter.sent[-1:] == [0] or not stage.meter.sent or len(stage.meter.sent) > 2
    failure = await stage.fails()
    assert (failure.code.name, failure.retryable, failure.details["block"]) == ("IMAGE_NOT_TAKEN", True, "0")
    assert stage.meter.sent.count(0) == 3
    assert stage.meter.values[enabled_of(stage)].value is False
    assert stage.images.begun() == hashlib.sha256(IMAGE).digest()  # another attempt goes on


def enabled_of(stage: Stage) -> Any:
    return stage.meter.profile.ref(*At("image_transfer", 5))


@pytest.mark.parametrize("drop_after", range(1, 13))
async def test_whenever_the_line_breaks_another_attempt_goes_on(stage: Stage, drop_after: int) -> None:
    stage.meter.drop_after = drop_after
    failure = await stage.fails()
    assert failure.code.name == "SOCKET_CLOSED_BY_REMOTE"
    before = len(stage.meter.sent)
    stage.meter.back()
    await stage.update()
    assert (stage.meter.octets, stage.meter.status) == (IMAGE, 6)
    assert len(stage.meter.sent) <= max(3, before + 1)


async def test_a_worker_that_leaves_does_so_between_blocks_and_the_next_one_resumes(stage: Stage) -> None:
    stage.leave_after = 2
    with pytest.raises(Leaving):
        await stage.update()
    assert stage.meter.sent == [0, 1]
    stage.leave_after = 100
    await stage.update()
    assert stage.meter.sent == [0, 1, 2]


async def test_the_blocks_of_another_image_are_never_taken_for_ours(stage: Stage) -> None:
    stage.leave_after = 2
    with pytest.raises(Leaving):
        await stage.update()
    other = Stage(stage.meter, bytes(600))
    other.images.noted = stage.images.noted
    await other.update()
    assert stage.meter.octets == bytes(600)
    assert other.images.noted[-3:] == [None, hashlib.sha256(bytes(600)).digest(), None]


@pytest.mark.parametrize("status", [4, 7])
async def test_what_failed_before_begins_anew(stage: Stage, status: int) -> None:
    stage.images.noted = [hashlib.sha256(IMAGE).digest()]
    stage.meter.status = status
    await stage.update()
    assert methods(stage.meter)[0][0] == INITIATE
    assert stage.meter.octets == IMAGE


async def test_an_image_that_is_verified_is_only_activated(stage: Stage) -> None:
    await stage.update()
    stage.meter.back().status = 3
    stage.images.noted = [hashlib.sha256(IMAGE).digest()]
    await stage.update()
    assert [method for method, _ in methods(stage.meter)] == [ACTIVATE]
    stage.meter.back().status, stage.meter.identifier = 3, b"another one"
    stage.images.noted = [hashlib.sha256(IMAGE).digest()]
    await stage.update()
    assert methods(stage.meter)[0][0] == INITIATE


async def test_an_order_whose_answer_was_lost_is_not_given_again(stage: Stage) -> None:
    await stage.update()
    stage.meter.back()
    stage.images.noted = [hashlib.sha256(IMAGE).digest()]
    await stage.update()
    assert methods(stage.meter) == []
    assert stage.images.begun() is None


async def test_a_meter_that_restarts_with_its_image_is_done(stage: Stage) -> None:
    await stage.update()
    exchanges = len(stage.meter.asked)
    again = Stage(ImageMeter(stage.meter.profile))
    again.meter.drop_after = exchanges  # with the first look after the order
    await again.update()
    assert again.images.begun() is None


@pytest.mark.parametrize(
    ("answers", "steps", "code"),
    [
        ({INITIATE: [REFUSED]}, {}, "IMAGE_NOT_TAKEN"),
        ({}, {INITIATE: [0] * 9}, "IMAGE_NOT_TAKEN"),
        ({}, {INITIATE: [2]}, "IMAGE_NOT_TAKEN"),
        ({TRANSFER: [REFUSED]}, {}, "IMAGE_NOT_TAKEN"),
        ({TRANSFER: [BUSY] * 9}, {}, "IMAGE_NOT_TAKEN"),
        ({VERIFY: [REFUSED]}, {}, "IMAGE_NOT_VERIFIED"),
        ({VERIFY: [BUSY]}, {VERIFY: [2, 4]}, "IMAGE_NOT_VERIFIED"),
        ({VERIFY: [BUSY]}, {VERIFY: [2] * 9}, "IMAGE_NOT_VERIFIED"),
        ({ACTIVATE: [REFUSED]}, {}, "IMAGE_NOT_ACTIVATED"),
        ({ACTIVATE: [BUSY]}, {ACTIVATE: [5, 7]}, "IMAGE_NOT_ACTIVATED"),
    ],
)
async def test_what_the_meter_does_not_do_is_told_and_transfer_disabled(
    stage: Stage, answers: Any, steps: Any, code: str
) -> None:
    stage.meter.answers, stage.meter.steps = answers, steps
    failure = await stage.fails()
    assert failure.code.name == code
    assert failure.message.startswith("Upgrade of firmware did not succeed.")
    assert stage.meter.values[enabled_of(stage)] == boolean(False)
    assert len(stage.waits) <= 6


async def test_a_refused_verification_counts_for_nothing_where_the_status_says_otherwise(stage: Stage) -> None:
    stage.meter.answers, stage.meter.steps = {VERIFY: [BUSY, REFUSED]}, {VERIFY: [3, 3]}
    stage.meter.status = 3
    await stage.update()
    assert stage.meter.status == 6


async def test_a_meter_busy_with_another_image_is_waited_for_and_left(stage: Stage) -> None:
    stage.meter.status = 2
    failure = await stage.fails()
    assert (failure.code.name, failure.details["status"], len(stage.waits)) == ("IMAGE_NOT_TAKEN", "2", 6)
    assert methods(stage.meter) == []


@pytest.mark.parametrize(
    ("attribute", "value"),
    [(5, integer(1)), (6, integer(9)), (6, boolean(True)), (2, double_long_unsigned(0)), (4, octet_string(b"x"))],
)
async def test_hostile_values_end_the_attempt_with_a_clear_error(stage: Stage, attribute: int, value: Data) -> None:
    stage.meter.put(At("image_transfer", attribute), value)
    assert (await stage.fails()).code.name == "ILLEGAL_RESPONSE"


@pytest.mark.parametrize(
    "named",
    [{"image_identifier": None}, {"sha256": bytes(32)}, {"size": 501}],
    ids=["no image identifier", "another digest", "another size"],
)
async def test_nothing_is_sent_of_a_file_that_is_not_what_it_should_be(stage: Stage, named: Any) -> None:
    stage.device = Device("E" * 16, images={"FW-1": image_of(IMAGE, **named)})
    stage.images.files[bytes(32)] = IMAGE
    assert (await stage.fails()).code.name in ("IMAGE_UNUSABLE", "IMAGE_UNAVAILABLE")
    assert stage.meter.asked == []


async def test_a_request_without_its_image_is_refused(stage: Stage) -> None:
    stage.device = Device("E" * 16)
    assert (await stage.fails()).code.name == "IMAGE_UNUSABLE"


async def test_a_meter_without_image_transfer_says_so() -> None:
    stage = Stage(ImageMeter(load_profile("SMR", "5.0.0")))
    stage.meter._profile = load_profile("DSMR", "2.2")
    assert (await stage.fails()).code.name == "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL"


async def switch(stage: Stage, version: str = "01") -> Any:
    return await switch_firmware.EXECUTOR.execute(SwitchFirmwareRequest(version=version), stage.context)


async def verified(stage: Stage) -> None:
    await stage.update()
    stage.meter.back().status = 3


async def test_an_image_that_the_meter_holds_is_activated(stage: Stage) -> None:
    await verified(stage)
    assert (await switch(stage)).activated_at == NOW
    assert [method for method, _ in methods(stage.meter)] == [ACTIVATE]


@pytest.mark.parametrize(("status", "version"), [(0, "01"), (1, "01"), (4, "01"), (7, "01"), (3, "02")])
async def test_nothing_else_is_activated(stage: Stage, status: int, version: str) -> None:
    await verified(stage)
    stage.meter.status = status
    with pytest.raises(PlatformError) as caught:
        await switch(stage, version)
    assert caught.value.code.name == "IMAGE_NOT_ACTIVATED"
    assert methods(stage.meter) == []


@pytest.mark.parametrize("passing", [[], [5, 5]])
async def test_an_activation_that_was_ordered_is_not_ordered_again(stage: Stage, passing: list[int]) -> None:
    await verified(stage)
    stage.meter.status, stage.meter.passing = 6, passing
    await switch(stage)
    assert methods(stage.meter) == []


MBUS_FILE = bytes.fromhex(
    "534D5235002300110040001000000010000208019315FFFFFFFF500303000000000000404142434445464748494A4B4C4D4E4F"
    "00000000000000000000000000000000"
)
GAS = "G" * 16


class MacOfZeros(NoKeys):
    def firmware_mac(self, device: str, iv: bytes, associated_data: bytes) -> bytes:
        assert (device, len(iv), len(associated_data)) == (GAS, 12, len(MBUS_FILE) - 16)
        return b"\xaa" * 16


class GasStage(Stage):
    """The same for a gas meter behind the gateway."""

    keys: Any = MacOfZeros()

    def __init__(self, meter: ImageMeter, number: str | None = "12345678") -> None:
        super().__init__(meter, MBUS_FILE, image_identifier=None)
        mbus = MbusDevice(device_identification=GAS, channel=1, identification_number=number)
        self.device = replace(self.device, identification=GAS, channel=1, mbus_devices={GAS: mbus})

    @property
    def context(self) -> Context:
        return replace(super().context, keys=self.keys)


async def test_the_gateway_gets_the_file_of_a_gas_meter_made_for_it_and_no_verification(stage: Stage) -> None:
    gas = GasStage(stage.meter)
    await gas.update()
    assert [method for method, _ in methods(gas.meter)] == [INITIATE, TRANSFER, ACTIVATE]
    assert gas.meter.identifier == bytes.fromhex("454C534D425553785634129315500300000000")
    assert gas.meter.octets[22:26] == bytes.fromhex("78563412")
    assert gas.meter.octets[-16:] == b"\xaa" * 16
    assert gas.images.noted == [hashlib.sha256(gas.meter.octets).digest(), None]


async def test_the_file_of_another_gas_meter_is_another_transfer(stage: Stage) -> None:
    gas = GasStage(stage.meter)
    gas.meter.drop_after = 7
    assert (await gas.fails()).code.name == "SOCKET_CLOSED_BY_REMOTE"
    other = GasStage(stage.meter.back(), "87654321")
    other.images.noted = gas.images.noted
    await other.update()
    assert INITIATE in [method for method, _ in methods(other.meter)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": None}, "IMAGE_UNUSABLE"),
        ({"keys": NoKeys()}, "KEY_NOT_PRESENT"),
        ({"protocol": ("DSMR", "4.2.2")}, "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL"),
        ({"image": IMAGE}, "IMAGE_UNUSABLE"),
    ],
)
async def test_nothing_is_sent_for_a_gas_meter_that_cannot_have_it(change: Any, code: str) -> None:
    gas = GasStage(
        ImageMeter(load_profile(*change.get("protocol", ("SMR", "5.0.0")))), change.get("number", "12345678")
    )
    gas.keys = change.get("keys", gas.keys)
    if "image" in change:
        gas.images = MemoryImages(change["image"])
        gas.device = replace(gas.device, images={"FW-1": image_of(change["image"])})
    assert (await gas.fails()).code.name == code
    assert gas.meter.asked == []


async def test_a_file_for_gas_meters_goes_to_no_electricity_meter(stage: Stage) -> None:
    electricity = Stage(stage.meter, MBUS_FILE)
    assert (await electricity.fails()).code.name == "IMAGE_UNUSABLE"
    assert stage.meter.asked == []
