"""SwitchFirmware: image_activate {18, 0.0.44.0.0.255, method 4} on the image that the meter holds."""

from __future__ import annotations

from meterstream.contracts.operations.switch_firmware import OPERATION, SwitchFirmwareRequest, SwitchFirmwareResponse
from meterstream.protocol_dlms.executor import AccessRefused, Context, Executor
from meterstream.protocol_dlms.executors._image_transfer import ImageTransfer
from meterstream.protocol_dlms.model.images import BUSY, VERIFIED, Status, not_activated

_ORDERED = frozenset({Status.ACTIVATION_INITIATED, Status.ACTIVATION_SUCCESSFUL})


async def execute(request: SwitchFirmwareRequest, context: Context) -> SwitchFirmwareResponse:
    """Activate a verified image whose identification tells of the version; what comes of it is seen while possible.

    An image whose activation was ordered before is not ordered again.

    Raises: IMAGE_NOT_ACTIVATED.
    """
    target = ImageTransfer(context)
    status = await target.leaves(BUSY - _ORDERED)
    if status not in VERIFIED:
        raise not_activated(f"The meter holds no verified image. Status: {int(status)}", status=int(status))
    held = [found.identification.decode("latin-1") for found in await target.to_activate()]
    if not any(request.version in identification for identification in held):
        raise not_activated(f"The meter holds no image of version {request.version}.", held=", ".join(held))
    if status not in _ORDERED:
        await target.enable()
        try:
            await target.activate()
        except AccessRefused as refusal:
            raise not_activated("The image was not activated.", **refusal.details) from refusal
    at = context.now()
    await target.awaits_activation()
    return SwitchFirmwareResponse(activated_at=at)


EXECUTOR = Executor(OPERATION, execute, writes=True)
