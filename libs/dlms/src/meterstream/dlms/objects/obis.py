"""Logical names of packs: six groups, where group B may stand for an M-Bus channel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from meterstream.dlms.data import LogicalName
from meterstream.dlms.objects.errors import ChannelError

CHANNELS = (1, 2, 3, 4)
_GROUPS = 6


@dataclass(frozen=True)
class ObisTemplate:
    """A logical name in dotted form, such as "1.0.1.8.0.255" or, with a channel, "0.x.24.1.0.255"."""

    text: str

    def __post_init__(self) -> None:
        """Check the form.

        Raises:
            ValueError: not six groups of 0 to 255, or "x" anywhere but in group B.
        """
        groups = self.text.split(".")
        if len(groups) != _GROUPS:
            raise ValueError(f"{self.text!r} has {len(groups)} groups, a logical name has 6")
        for letter, group in zip("ABCDEF", groups, strict=True):
            if group == "x" and letter == "B":
                continue
            if not (group.isascii() and group.isdigit() and int(group) <= 255):
                raise ValueError(f"group {letter} of {self.text!r} is {group!r}, expected 0 to 255")

    @cached_property
    def has_channel(self) -> bool:
        """Whether group B is the channel of an M-Bus device."""
        return ".x." in self.text

    @cached_property
    def _names(self) -> dict[int | None, LogicalName]:
        if not self.has_channel:
            return {None: LogicalName.parse(self.text)}
        return {channel: LogicalName.parse(self.text.replace("x", str(channel))) for channel in CHANNELS}

    def logical_name(self, channel: int | None = None) -> LogicalName:
        """Give the logical name on a channel.

        Raises:
            ChannelError: a channel is missing, superfluous or outside 1 to 4.
        """
        name = self._names.get(channel)
        if name is None:
            rule = f"expected one of {CHANNELS}" if self.has_channel else "the object has no channel"
            raise ChannelError(self.text, channel, rule)
        return name

    def channels(self) -> tuple[int | None, ...]:
        """List the channels the object exists on; (None,) for an object without."""
        return CHANNELS if self.has_channel else (None,)

    def __str__(self) -> str:
        return self.text
