"""UpdateFirmware with a moment of activation: sent and verified at once, activated then, whatever happens between."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from image_meter import ACTIVATE, BLOCK, INITIATE, TRANSFER, VERIFY, ImageMeter

from meterstream.contracts.operations.update_firmware import UpdateFirmwareRequest, UpdateFirmwareResponse
from meterstream.contracts.records import FirmwareImage
from meterstream.dlms.objects import load_profile
from meterstream.protocol_dlms.executor import Context, Device
from meterstream.protocol_dlms.executors import update_firmware
from meterstream.protocol_dlms.twin import MemoryImages

IMAGE = bytes(n % 256 for n in range(500))
DIGEST = hashlib.sha256(IMAGE).digest()
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
AT = NOW + timedelta(hours=14)
BLOCKS = -(-len(IMAGE) // BLOCK)


class Stage:
    """A meter, its file, and a clock that moves when somebody waits."""

    def __init__(self) -> None:
        self.meter = ImageMeter(load_profile("SMR", "5.0.0"))
        self.images = MemoryImages(IMAGE)
        self.now = NOW

    async def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def update(self, activate_at: datetime | None) -> UpdateFirmwareResponse:
        image = FirmwareImage(firmware_identification="FW-1", sha256=DIGEST, size=500, image_identifier=b"IMG-1")
        device = Device("E" * 16, images={"FW-1": image})
        context = Context(self.meter, device, lambda: self.now, images=self.images, wait=self.wait)
        request = UpdateFirmwareRequest(firmware_identification="FW-1", activate_at=activate_at)
        return await update_firmware.EXECUTOR.execute(request, context)

    def methods(self) -> list[int]:
        """Those that were called since this was asked last."""
        found = [ref.method for kind, ref, _ in self.meter.asked if kind == "action"]
        self.meter.asked.clear()
        return found


@pytest.fixture
def stage() -> Stage:
    return Stage()


def leaves_work(response: UpdateFirmwareResponse) -> bool:
    assert update_firmware.EXECUTOR.leaves_work is not None
    return update_firmware.EXECUTOR.leaves_work(response)


async def test_the_image_is_verified_now_and_activated_then(stage: Stage) -> None:
    first = await stage.update(AT)
    assert (first.activates_at, leaves_work(first)) == (AT, True)
    assert stage.methods() == [INITIATE, *[TRANSFER] * BLOCKS, VERIFY]
    assert (stage.meter.status, stage.images.begun()) == (3, DIGEST)
    stage.now = AT
    then = await stage.update(AT)
    assert (then.activates_at, leaves_work(then)) == (None, False)
    assert stage.methods() == [ACTIVATE]
    assert (stage.meter.status, stage.images.noted) == (6, [DIGEST, None])


async def test_an_attempt_before_its_time_only_looks(stage: Stage) -> None:
    await stage.update(AT)
    stage.methods()
    assert (await stage.update(AT)).activates_at == AT
    assert stage.methods() == []


async def test_a_moment_that_is_near_is_waited_for(stage: Stage) -> None:
    near = NOW + timedelta(seconds=update_firmware.WAITS_S)
    assert (await stage.update(near)).activates_at is None
    assert (stage.now, stage.meter.status) == (near, 6)


async def test_a_moment_that_has_passed_is_now(stage: Stage) -> None:
    assert (await stage.update(NOW - timedelta(days=1))).activates_at is None
    assert (stage.now, stage.meter.status) == (NOW, 6)


async def test_an_image_that_was_lost_between_is_sent_again(stage: Stage) -> None:
    await stage.update(AT)
    stage.methods()
    stage.meter.status = 0
    stage.now = AT
    assert (await stage.update(AT)).activates_at is None
    assert stage.methods() == [INITIATE, *[TRANSFER] * BLOCKS, VERIFY, ACTIVATE]
