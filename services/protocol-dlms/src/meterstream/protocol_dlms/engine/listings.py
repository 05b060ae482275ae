"""Object lists of meters with short names, kept over sessions: to read one takes minutes on a slow line.

Base names may be others after a change of firmware. So a list is kept with the value of the meter's firmware
identifier, and holds in a session once the meter has told the same one from the place where the list says it is.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

FIRMWARE: Final = tuple((1, bytes((1, group_b, 0, 2, 0, 255))) for group_b in (0, 1))
"""Class and logical name of the active firmware identifier, electricity (Blue Book, clause 6.3.2): 1-b:0.2.0.255."""
_ENTRY: Final = struct.Struct(">H6sH")

Names = Mapping[tuple[int, bytes], int]
"""Base name by class and logical name."""


@dataclass(frozen=True, slots=True)
class Listing:
    """An object list in ten octets an object.

    Attributes:
        firmware: the encoded value of the firmware identifier with which it was read.
        entries: class, logical name and base name of each object.
    """

    firmware: bytes
    entries: bytes

    @classmethod
    def of(cls, firmware: bytes, names: Names) -> Listing:
        """Pack what a meter told."""
        return cls(firmware, b"".join(_ENTRY.pack(class_id, name, base) for (class_id, name), base in names.items()))

    def names(self) -> dict[tuple[int, bytes], int]:
        """Unpack it; octets that are no entry count for nothing."""
        whole = len(self.entries) // _ENTRY.size * _ENTRY.size
        return {(class_id, name): base for class_id, name, base in _ENTRY.iter_unpack(self.entries[:whole])}


class Listings(Protocol):
    """Keeps object lists."""

    def find(self, gateway: str) -> Listing | None:
        """The newest of a meter."""

    def keep(self, gateway: str, listing: Listing) -> None:
        """Remember it in place of the one before."""


class ListingCache:
    """In memory, of a bounded number of meters: those seen last."""

    def __init__(self, meters: int = 10_000) -> None:
        self._meters = meters
        self._kept: OrderedDict[str, Listing] = OrderedDict()

    def find(self, gateway: str) -> Listing | None:
        """See Listings."""
        listing = self._kept.get(gateway)
        if listing is not None:
            self._kept.move_to_end(gateway)
        return listing

    def keep(self, gateway: str, listing: Listing) -> None:
        """See Listings."""
        self._kept[gateway] = listing
        self._kept.move_to_end(gateway)
        if len(self._kept) > self._meters:
            self._kept.popitem(last=False)


def firmware_identifier(names: Iterable[tuple[int, bytes]]) -> tuple[int, bytes] | None:
    """The object that tells firmware, where a list has one."""
    listed = set(names)
    return next((place for place in FIRMWARE if place in listed), None)
