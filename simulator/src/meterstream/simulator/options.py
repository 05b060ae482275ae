"""How the meters of a fleet behave towards M-Bus devices, images and push destinations: what differs between makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from meterstream.simulator.mbus.device import MBusPlan
from meterstream.simulator.push import PushDefect

_MAX_BLOCK: Final = 65_000


@dataclass(frozen=True, slots=True)
class MbusOptions:
    """M-Bus devices and clients.

    Attributes:
        plan: which devices the meters have from the start.
        unsigned_deinstall: slave_deinstall takes unsigned only, as later editions of the Blue Book have it, and
            answers type-unmatched to an integer; otherwise it takes both.
        strangers: a device that a client names in attributes 6 to 9 is there, whatever the plan says.
    """

    plan: MBusPlan = field(default_factory=MBusPlan)
    unsigned_deinstall: bool = False
    strangers: bool = True


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Image transfer.

    Attributes:
        block_size: attribute 2, octets.
        max_octets: a larger image is refused with other-reason.
        loss: share (0 to 1) of the blocks that get lost although they are answered with success.
        lowest_bit_first: attribute 3 has the first block in the lowest bit of each octet and ends with the octet of
            the highest block received; otherwise it has the first block in the highest bit and all blocks.
        verify_ms: how long a verification takes; 0: it is answered at once.
        activate_ms: from the activation to the restart.
        restart_ms: how long the meter is out of reach then.
        activation_succeeds: image_activate is answered with success, otherwise with temporary-failure.
        forward_ms: how long an M-Bus device takes to receive its image from the meter.
    """

    block_size: int = 216
    max_octets: int = 4 << 20
    loss: float = 0
    lowest_bit_first: bool = False
    verify_ms: int = 0
    activate_ms: int = 20_000
    restart_ms: int = 10_000
    activation_succeeds: bool = False
    forward_ms: int = 3_600_000

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: naming field and rule.
        """
        if not 1 <= self.block_size <= _MAX_BLOCK:
            raise ValueError(f"block_size is {self.block_size}, expected 1 to {_MAX_BLOCK}")
        if not 0 <= self.loss < 1:
            raise ValueError(f"loss is {self.loss}, expected 0 or more and below 1")
        for name in ("max_octets", "verify_ms", "activate_ms", "restart_ms", "forward_ms"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 or more")


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Push messages.

    Attributes:
        destination: "host:port" that meters push to while their push setup names none; None: they stay silent.
        defect: how all messages are malformed.
    """

    destination: str | None = None
    defect: PushDefect | None = None
