"""Image transfer without a meter around it: where a transfer stands, what is to be sent, what may be sent again."""

from __future__ import annotations

from collections import Counter
from enum import Enum, IntEnum, auto
from typing import Final

from meterstream.contracts.errors import PlatformError, error

MAX_BLOCK: Final = 65_535
"""Larger blocks, in octets, are no block size but a wrong answer."""

TRIES_PER_BLOCK: Final = 3


class Status(IntEnum):
    """Attribute 6 of image transfer (Blue Book 4.4.6, class 18)."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7


BUSY: Final = frozenset({Status.VERIFICATION_INITIATED, Status.ACTIVATION_INITIATED})
VERIFIED: Final = frozenset({Status.VERIFICATION_SUCCESSFUL, Status.ACTIVATION_INITIATED, Status.ACTIVATION_SUCCESSFUL})


class Phase(Enum):
    """What is to be done next."""

    START = auto()
    BLOCKS = auto()
    VERIFY = auto()
    ACTIVATE = auto()
    AWAIT = auto()
    """The order to activate was given; what came of it is to be seen."""


def next_phase(status: Status, *, ours: bool) -> Phase:
    """Where a transfer goes on; `ours`: an earlier attempt began it, with the same octets.

    Failed verification and activation of an earlier run begin anew.
    """
    if not ours:
        return Phase.START
    return {
        Status.INITIATED: Phase.BLOCKS,
        Status.VERIFICATION_INITIATED: Phase.VERIFY,
        Status.VERIFICATION_SUCCESSFUL: Phase.ACTIVATE,
        Status.ACTIVATION_INITIATED: Phase.AWAIT,
        Status.ACTIVATION_SUCCESSFUL: Phase.AWAIT,
    }.get(status, Phase.START)


class Blocks:
    """The blocks of an image, numbered from 0, and how often each was sent."""

    def __init__(self, octets: bytes, size: int) -> None:
        """Args: size, of a block in octets.

        Raises: ILLEGAL_RESPONSE for a size that no meter can mean.
        """
        if not 1 <= size <= MAX_BLOCK:
            raise error("ILLEGAL_RESPONSE", f"image block size: a number outside 1 to {MAX_BLOCK}", value="block size")
        self._octets = octets
        self._size = size
        self._tries: Counter[int] = Counter()
        self.count = -(-len(octets) // size)

    def before(self, number: int) -> int:
        """Octets in front of a block."""
        return min(number * self._size, len(self._octets))

    def take(self, number: int) -> bytes:
        """A block that is to be sent now; the last one is as short as it is.

        Raises: IMAGE_NOT_TAKEN once the meter has refused or lost it as often as it may.
        """
        self._tries[number] += 1
        if self._tries[number] > TRIES_PER_BLOCK:
            raise not_taken(f"block {number} is still missing after it was sent {TRIES_PER_BLOCK} times", block=number)
        return self._octets[number * self._size : (number + 1) * self._size]


def not_taken(message: str, **details: object) -> PlatformError:
    """The meter does not take the image; another attempt goes on where this one ended."""
    return error("IMAGE_NOT_TAKEN", f"Upgrade of firmware did not succeed. {message}", **details)


def not_verified(message: str, **details: object) -> PlatformError:
    """The meter has the image and does not accept it."""
    return error("IMAGE_NOT_VERIFIED", f"Upgrade of firmware did not succeed. {message}", **details)


def not_activated(message: str, **details: object) -> PlatformError:
    """The meter does not run the image."""
    return error("IMAGE_NOT_ACTIVATED", f"Upgrade of firmware did not succeed. {message}", **details)
