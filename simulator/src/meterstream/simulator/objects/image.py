"""Image transfer without a meter around it: blocks taken and missing, verification, status (Blue Book 4.4.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Final

from meterstream.dlms.apdu import ActionResult
from meterstream.simulator.options import ImageOptions
from meterstream.simulator.world.curve import mixed

CORRUPT: Final = b".corrupt"
"""An identifier that ends so is that of an image no verification passes."""

FAULTY: Final = b".faulty"
"""An identifier that ends so is that of an image that passes and then cannot be activated."""

MAX_IDENTIFIER: Final = 64
_SIGNATURE_OCTETS: Final = 4
_LOSS_SALT: Final = 0xB10C
_STEPS: Final = 1_000_000


class ImageStatus(IntEnum):
    """Attribute 6."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7


@dataclass(slots=True)
class ImageTransfer:
    """One transfer, from its initiation to the next one's.

    Attributes:
        blocks: empty where a block is missing.
        first_missing: all blocks before this one are there.
        taken: block transfers so far, lost ones included; decides with the meter's number which ones get lost.
        info: size, identifier and signature of a verified image: attribute 7.
        restarting: the new image begins to run.
    """

    status: int = ImageStatus.NOT_INITIATED
    identifier: bytes = b""
    size: int = 0
    block_size: int = 0
    blocks: list[bytes] = field(default_factory=list, repr=False)
    first_missing: int = 0
    taken: int = 0
    info: tuple[int, bytes, bytes] | None = None
    restarting: bool = False

    @property
    def is_complete(self) -> bool:
        return self.status != ImageStatus.NOT_INITIATED and self.first_missing == len(self.blocks)

    @property
    def octets(self) -> bytes:
        """The image as far as it has arrived."""
        return b"".join(self.blocks)

    def initiate(self, identifier: bytes, size: int, options: ImageOptions) -> ActionResult:
        """Begin anew; whatever had arrived is gone."""
        if not identifier or len(identifier) > MAX_IDENTIFIER or not 0 < size <= options.max_octets:
            return ActionResult.OTHER_REASON
        self.status = ImageStatus.INITIATED
        self.identifier, self.size, self.block_size = identifier, size, options.block_size
        self.blocks = [b""] * -(-size // options.block_size)
        self.first_missing = self.taken = 0
        self.info = None
        self.restarting = False
        return ActionResult.SUCCESS

    def take(self, number: int, octets: bytes, meter: int, loss: float) -> ActionResult:
        """Take a block, in any order and as often as it comes; it must have its size and place in the image.

        Args:
            meter: its number, which decides with `loss` (0 to 1) what gets lost although success is answered.
        """
        if self.status not in (ImageStatus.INITIATED, ImageStatus.VERIFICATION_FAILED):
            return ActionResult.OTHER_REASON
        if number >= len(self.blocks) or len(octets) != min(self.block_size, self.size - number * self.block_size):
            return ActionResult.OTHER_REASON
        self.taken += 1
        if mixed(meter, _LOSS_SALT + self.taken) % _STEPS < loss * _STEPS:
            return ActionResult.SUCCESS
        self.blocks[number] = octets
        while self.first_missing < len(self.blocks) and self.blocks[self.first_missing]:
            self.first_missing += 1
        return ActionResult.SUCCESS

    def verify(self) -> bool:
        """Check an image and note in attribute 7 what it is, also where it fails."""
        octets = self.octets
        self.info = (self.size, self.identifier, octets[:_SIGNATURE_OCTETS])
        passed = self.is_complete and not self.identifier.endswith(CORRUPT)
        self.status = ImageStatus.VERIFICATION_SUCCESSFUL if passed else ImageStatus.VERIFICATION_FAILED
        return passed

    def forget_blocks(self) -> None:
        """Drop the octets of an image that has become something else."""
        self.blocks = []
        self.first_missing = 0


def transferred_bits(transfer: ImageTransfer, *, lowest_bit_first: bool) -> str:
    """Write attribute 3 as text, first bit first.

    By the Blue Book there is a bit for each block, the first one in front. Some meters have the first block in the
    lowest bit of each octet and end with the octet of the highest block received.
    """
    bits = ["1" if block else "0" for block in transfer.blocks]
    if not lowest_bit_first:
        return "".join(bits)
    while bits and bits[-1] == "0":
        bits.pop()
    text = "".join(bits)
    octets = (text[place : place + 8].ljust(8, "0") for place in range(0, len(text), 8))
    return "".join(octet[::-1] for octet in octets)


def version_of(identifier: bytes) -> bytes:
    """Give the version string of an image: what of its identifier can be printed."""
    return bytes(octet for octet in identifier if 0x20 <= octet < 0x7F)


def signature_of(octets: bytes) -> bytes:
    """Give the firmware signature of an image: eight hexadecimal digits."""
    return sha256(octets).hexdigest()[:8].encode()
