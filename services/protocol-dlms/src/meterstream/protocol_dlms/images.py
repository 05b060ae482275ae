"""What executors see of firmware images: the octets of a file, and which transfer the meter is in."""

from __future__ import annotations

from typing import Final, Protocol

from meterstream.contracts.errors import error
from meterstream.contracts.records import FirmwareImage


class Images(Protocol):
    """Firmware files for one meter."""

    async def fetch(self, image: FirmwareImage) -> bytes:
        """The whole file; its size and digest are those of `image`.

        Raises: IMAGE_UNAVAILABLE where it cannot be had in time, IMAGE_UNUSABLE where it never can.
        """

    def begun(self) -> bytes | None:
        """The digest that `note` was given last, by whichever worker; None where no transfer is under way."""

    async def note(self, digest: bytes | None) -> None:
        """Remember what is under way to the meter, beyond this attempt and this process.

        Raises: BrokerOutage.
        """


class NoImages:
    """Of a step to whose request no image belongs."""

    async def fetch(self, image: FirmwareImage) -> bytes:
        """See Images."""
        raise error("IMAGE_UNAVAILABLE", f"no firmware files here: {image.firmware_identification}")

    def begun(self) -> bytes | None:
        """See Images."""
        return None

    async def note(self, digest: bytes | None) -> None:
        """See Images."""


NO_IMAGES: Final = NoImages()
