"""The image transfer object {18, 0.0.44.0.0.255}: what executors of firmware do with it (Blue Book 4.4.6)."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Final, NamedTuple

from meterstream.contracts.errors import LinkFailed, PlatformError
from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.data import Data, DataType, boolean, double_long_unsigned, integer, octet_string, structure
from meterstream.protocol_dlms.executor import AccessRefused, At, Call, Context
from meterstream.protocol_dlms.model.images import BUSY, Status, not_activated
from meterstream.protocol_dlms.model.quantities import read_whole, unexpected

log = logging.getLogger(__name__)

ROLE: Final = "image_transfer"
BLOCK_SIZE, FIRST_MISSING, ENABLED, STATUS, TO_ACTIVATE = (At(ROLE, attribute) for attribute in (2, 4, 5, 6, 7))
_INITIATE, _TRANSFER, _VERIFY, _ACTIVATE = (Call(ROLE, method) for method in (1, 2, 3, 4))
_NOTHING: Final = integer(0)

POLL_S: Final = 10.0
POLLS: Final = 6
"""A state that the meter passes through is looked at every 10 s, for a minute."""

_MOST: Final = 0xFFFF_FFFF


class Verified(NamedTuple):
    """An image that the meter could activate: attribute 7."""

    size: int
    identification: bytes
    signature: bytes


class ImageTransfer:
    """The object of one meter; what it refuses is raised as AccessRefused."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._meter = context.meter

    async def enable(self) -> None:
        """Allow methods; a meter may forget that when it starts."""
        enabled = await self._meter.get(ENABLED)
        if enabled.type is not DataType.BOOLEAN:
            raise unexpected("image transfer enabled", f"expected a boolean, got {enabled.type.name}")
        if enabled.value is not True:
            await self._meter.set(ENABLED, boolean(True))

    async def disable(self) -> None:
        """Allow no methods any more, as far as the meter can still be asked."""
        if self._meter.alive:
            with suppress(PlatformError):
                await self._meter.set(ENABLED, boolean(False))

    async def status(self) -> Status:
        """Where the meter stands."""
        number = read_whole(await self._meter.get(STATUS), "image transfer status", max(Status))
        return Status(number)

    async def leaves(self, passing: Collection[Status]) -> Status:
        """The status once it is none of `passing`, or the last one that was seen."""
        for _ in range(POLLS):
            found = await self.status()
            if found not in passing:
                return found
            self._context.boundary()
            await self._context.wait(POLL_S)
        return await self.status()

    async def initiate(self, identifier: bytes, size: int) -> None:
        """Begin anew: whatever the meter held is gone."""
        await self._meter.action(_INITIATE, structure(octet_string(identifier), double_long_unsigned(size)))

    async def block_size(self) -> int:
        """Octets of every block but the last one."""
        return read_whole(await self._meter.get(BLOCK_SIZE), "image block size", _MOST)

    async def first_missing(self) -> int:
        """The first block that the meter lacks; their number where it has all of them."""
        return read_whole(await self._meter.get(FIRST_MISSING), "first image block not transferred", _MOST)

    async def send(self, number: int, octets: bytes) -> bool:
        """Send a block; false where the meter could not take it just now."""
        return await self._ordered(_TRANSFER, structure(double_long_unsigned(number), octet_string(octets)))

    async def verify(self) -> bool:
        """Order verification; false where it is not finished yet."""
        return await self._ordered(_VERIFY, _NOTHING)

    async def activate(self) -> None:
        """Order activation; meters answer success or temporary-failure, and restart."""
        await self._ordered(_ACTIVATE, _NOTHING)

    async def awaits_activation(self) -> None:
        """See what comes of the order to activate, as long as the meter is there.

        Raises: IMAGE_NOT_ACTIVATED.
        """
        try:
            found = await self.leaves(BUSY | {Status.VERIFICATION_SUCCESSFUL, Status.INITIATED})
        except LinkFailed as gone:
            log.info("the meter left while it activates its image: %s", gone.code.name)
            return
        if found is Status.ACTIVATION_FAILED:
            raise not_activated("The image could not be activated.", status=int(found))

    async def to_activate(self) -> list[Verified]:
        """The images that the meter could activate."""
        answer = await self._meter.get(TO_ACTIVATE)
        if answer.type is not DataType.ARRAY or not isinstance(answer.value, tuple):
            raise unexpected("image to activate info", f"expected an array, got {answer.type.name}")
        return [_verified(entry) for entry in answer.value if isinstance(entry, Data)]

    async def _ordered(self, method: Call, data: Data) -> bool:
        try:
            await self._meter.action(method, data)
        except AccessRefused as refusal:
            if refusal.result is not ActionResult.TEMPORARY_FAILURE:
                raise
            return False
        return True


def _verified(entry: Data) -> Verified:
    parts: Iterable[object] = entry.value if isinstance(entry.value, tuple) else ()
    match [part.value for part in parts if isinstance(part, Data)]:
        case [int(size), bytes(identification), bytes(signature)]:
            return Verified(size, identification, signature)
    raise unexpected("image to activate info", "expected size, identification and signature")
