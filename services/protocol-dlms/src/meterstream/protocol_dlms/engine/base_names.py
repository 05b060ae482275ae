"""Base names of one meter's objects in one session: given, kept from an earlier session, or read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data, encode
from meterstream.dlms.errors import AccessError
from meterstream.protocol_dlms.engine.listings import Listing, Listings, Names, firmware_identifier
from meterstream.protocol_dlms.engine.names import ASSOCIATION, OBJECT_LIST, base_names

Read = Callable[[int, int, int], Awaitable[Data]]
"""Reads an attribute: base name, class, attribute."""

_ASSOCIATION_CLASS: Final = 12
_VALUE: Final = 2


class BaseNames:
    """Looks base names up; the meter is asked when the first one is needed that was not given.

    Args:
        given: need no asking.
        listings: where lists are kept over sessions; None keeps none.
    """

    def __init__(self, given: Names, gateway: str, listings: Listings | None, read: Read) -> None:
        self._names = dict(given)
        self._gateway = gateway
        self._listings = listings
        self._read = read
        self._listed = False

    async def of(self, class_id: int, logical_name: bytes) -> int:
        """Raises: AccessError when the meter has no such object; as `read`."""
        key = class_id, bytes(logical_name)
        if key not in self._names and not self._listed:
            self._names = await self._list() | self._names
            self._listed = True
        if key not in self._names:
            raise AccessError(DataAccessResult.OBJECT_UNDEFINED)
        return self._names[key]

    async def _list(self) -> dict[tuple[int, bytes], int]:
        kept = None if self._listings is None else self._listings.find(self._gateway)
        if kept is not None:
            names = kept.names()
            if await self._firmware(names) == kept.firmware:
                return names
        names = base_names(await self._read(ASSOCIATION, _ASSOCIATION_CLASS, OBJECT_LIST))
        if self._listings is not None and (firmware := await self._firmware(names)) is not None:
            self._listings.keep(self._gateway, Listing.of(firmware, names))
        return names

    async def _firmware(self, names: Names) -> bytes | None:
        """What the meter tells at the place where its firmware identifier should be; None: nothing."""
        place = firmware_identifier(names)
        if place is None:
            return None
        try:
            return encode(await self._read(names[place], place[0], _VALUE))
        except AccessError:
            return None
