"""UpdateFirmware: image transfer {18, 0.0.44.0.0.255} with resumption, missing blocks, verification, activation.

Whatever interrupts it, another attempt goes on where the meter stands: blocks that it has are not sent again.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meterstream.contracts.errors import DeviceRefused, error
from meterstream.contracts.operations.update_firmware import OPERATION, UpdateFirmwareRequest, UpdateFirmwareResponse
from meterstream.contracts.records import FirmwareImage
from meterstream.contracts.shared.mbus_firmware import read_header
from meterstream.protocol_dlms.executor import AccessRefused, Context, Executor
from meterstream.protocol_dlms.executors._image_transfer import ImageTransfer
from meterstream.protocol_dlms.model.images import (
    BUSY,
    VERIFIED,
    Blocks,
    Phase,
    Status,
    next_phase,
    not_activated,
    not_taken,
    not_verified,
)
from meterstream.protocol_dlms.model.mbus_image import prepare, unusable

log = logging.getLogger(__name__)

_SMR5_GATEWAY: Final = "mbus_device_config_simple_version_info"
"""A role that gateways with firmware for M-Bus devices have, and no other."""
_REFUSED_IN_A_ROW: Final = 3
WAITS_S: Final = 15.0
"""So long an association is kept for an activation that is due in a moment."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be sent. `digest` (SHA-256) is of the octets as they are sent: for M-Bus devices one by one."""

    identifier: bytes
    octets: bytes
    is_mbus: bool

    @property
    def digest(self) -> bytes:
        """Names the transfer."""
        return hashlib.sha256(self.octets).digest()


async def execute(request: UpdateFirmwareRequest, context: Context) -> UpdateFirmwareResponse:
    """Transfer the image, have it verified, order its activation and see what comes of it while the meter is there.

    Raises: IMAGE_UNAVAILABLE, IMAGE_UNUSABLE before anything is sent; IMAGE_NOT_TAKEN, IMAGE_NOT_VERIFIED,
        IMAGE_NOT_ACTIVATED; KEY_NOT_PRESENT for an M-Bus device without firmware authentication key.
    """
    job = _job(await _file(request, context), context)
    transfer = Transfer(job, context, request.activate_at)
    try:
        return UpdateFirmwareResponse(activates_at=await transfer.run())
    except DeviceRefused:
        await transfer.target.disable()
        raise


async def _file(request: UpdateFirmwareRequest, context: Context) -> tuple[FirmwareImage, bytes]:
    image = context.device.images.get(request.firmware_identification)
    if image is None:
        raise unusable(f"the request brings no file {request.firmware_identification}")
    octets = await context.images.fetch(image)
    if image.size not in (0, len(octets)) or hashlib.sha256(octets).digest() != image.sha256:
        raise unusable(f"{image.firmware_identification} does not match its digest (SHA-256)")
    return image, octets


def _job(file: tuple[FirmwareImage, bytes], context: Context) -> Job:
    """Raises: IMAGE_UNUSABLE, OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL, and what keys raise."""
    image, octets = file
    device = context.device
    if device.mbus is None:
        if read_header(octets) is not None:
            raise unusable("it is for M-Bus devices")
        if not image.image_identifier:
            raise unusable("it has no image identifier")
        return Job(image.image_identifier, octets, is_mbus=False)
    if _SMR5_GATEWAY not in context.meter.profile.objects:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            f"firmware of M-Bus devices is not supported in protocol {context.meter.profile}",
        )

    def mac(iv: bytes, associated_data: bytes) -> bytes:
        return context.keys.firmware_mac(device.identification, iv, associated_data)

    made, identifier = prepare(octets, device.mbus.identification_number or "", mac)
    return Job(identifier, made, is_mbus=True)


class Transfer:
    """One job on one association.

    Attributes:
        target: the meter's image transfer object.
    """

    def __init__(self, job: Job, context: Context, activate_at: datetime | None = None) -> None:
        """Args: activate_at, not before; at once if absent."""
        self._job = job
        self._activate_at = activate_at
        self._context = context
        self._images = context.images
        self.target = ImageTransfer(context)

    async def run(self) -> datetime | None:
        """From wherever the meter stands to the end; or to where there is nothing to do until the image may be
        activated, which is returned then.

        Raises: PlatformError.
        """
        await self.target.enable()
        phase = await self._phase()
        first = None
        if phase is Phase.START:
            await self._start()
            phase, first = Phase.BLOCKS, 0
        if phase is Phase.BLOCKS:
            await self._send_blocks(first)
            phase = Phase.ACTIVATE if self._job.is_mbus else Phase.VERIFY
        if phase is Phase.VERIFY:
            await self._verify()
            phase = Phase.ACTIVATE
        if phase is Phase.ACTIVATE:
            if (left_s := self._early_s()) > WAITS_S and self._activate_at is not None:
                return self._activate_at
            if left_s > 0:
                await self._context.wait(left_s)
            await self._activate()
        await self._see_activation()
        return None

    def _early_s(self) -> float:
        """So many seconds before the image may be activated."""
        return 0.0 if self._activate_at is None else (self._activate_at - self._context.now()).total_seconds()

    async def _phase(self) -> Phase:
        ours = self._images.begun() == self._job.digest
        status = await self.target.status()
        if status in BUSY and not ours:
            status = await self.target.leaves(BUSY)
            if status in BUSY:
                raise not_taken("The meter is busy with another image.", status=int(status))
        phase = next_phase(status, ours=ours)
        if phase is Phase.ACTIVATE and not self._job.is_mbus and not await self._is_told():
            return Phase.START
        log.info("image transfer goes on with %s", phase.name)
        return phase

    async def _start(self) -> None:
        """Begin anew, noted once the meter has begun: what it has of another image is never taken for ours."""
        if self._images.begun() is not None:
            await self._images.note(None)
        try:
            await self.target.initiate(self._job.identifier, len(self._job.octets))
        except AccessRefused as refusal:
            raise not_taken("Image transfer has not been initiated.", **refusal.details) from refusal
        status = await self.target.leaves({Status.NOT_INITIATED})
        if status is not Status.INITIATED:
            raise not_taken("Image transfer has not been initiated.", status=int(status))
        await self._images.note(self._job.digest)

    async def _send_blocks(self, first: int | None) -> None:
        """All from `first` on, or from the first one that the meter lacks; then those that it lost."""
        blocks = Blocks(self._job.octets, await self.target.block_size())
        refused = 0
        for number in range(await self.target.first_missing() if first is None else first, blocks.count):
            self._context.report(blocks.before(number), len(self._job.octets))
            refused = 0 if await self._send(blocks, number) else refused + 1
            if refused == _REFUSED_IN_A_ROW:
                raise not_taken(f"{refused} blocks in a row were refused for the time being.", block=number)
        while (number := await self.target.first_missing()) < blocks.count:
            await self._send(blocks, number)
        self._context.report(len(self._job.octets), len(self._job.octets))

    async def _send(self, blocks: Blocks, number: int) -> bool:
        self._context.boundary()
        try:
            return await self.target.send(number, blocks.take(number))
        except AccessRefused as refusal:
            raise not_taken(f"Block {number} was refused.", block=number, **refusal.details) from refusal

    async def _verify(self) -> None:
        """Raises: IMAGE_NOT_VERIFIED."""
        result = "SUCCESS"
        if await self.target.status() not in VERIFIED | BUSY:
            result = await self._order_verification()
        status = await self.target.leaves({Status.VERIFICATION_INITIATED})
        if status not in VERIFIED:
            await self._images.note(None)
            if status is Status.VERIFICATION_FAILED:
                raise not_verified(f"The image could not be verified. Status: {int(status)}", status=int(status))
            raise not_verified(
                f"The image could not be verified. Left in firmware transfer status {int(status)} with method result"
                f" code {result}.",
                status=int(status),
                result=result,
            )
        if not await self._is_told():
            log.warning("what the meter would activate is not what was sent")

    async def _order_verification(self) -> str:
        try:
            return "SUCCESS" if await self.target.verify() else "TEMPORARY_FAILURE"
        except AccessRefused as refusal:
            return refusal.result.name

    async def _is_told(self) -> bool:
        """Whether one of the images that the meter could activate is the one that was sent, as far as that shows."""
        job = self._job
        return any(
            found.size == len(job.octets)
            and found.identification == job.identifier
            and job.octets.startswith(found.signature)
            for found in await self.target.to_activate()
        )

    async def _activate(self) -> None:
        """Raises: IMAGE_NOT_ACTIVATED."""
        self._context.boundary()
        try:
            await self.target.activate()
        except AccessRefused as refusal:
            await self._images.note(None)
            raise not_activated("The image was not activated.", **refusal.details) from refusal

    async def _see_activation(self) -> None:
        """Only what the meter says ends the transfer: after a cut the next attempt looks again.

        Raises: IMAGE_NOT_ACTIVATED.
        """
        try:
            await self.target.awaits_activation()
        except DeviceRefused:
            await self._images.note(None)
            raise
        await self._images.note(None)


def _awaits_its_time(response: UpdateFirmwareResponse) -> bool:
    return response.activates_at is not None


EXECUTOR = Executor(OPERATION, execute, leaves_work=_awaits_its_time, writes=True)
