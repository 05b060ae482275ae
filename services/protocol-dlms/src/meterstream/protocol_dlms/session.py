"""What an association asks of the session below it, whichever core or engine speaks for it."""

from __future__ import annotations

from typing import Protocol

from meterstream.dlms.asyncio import MeterClient
from meterstream.dlms.security import SecurityKeys


class Session(MeterClient, Protocol):
    """A MeterSession, or one of the engine; both tell more of each method."""

    @property
    def lists_refused(self) -> bool: ...

    def offer_keys(self, keys: SecurityKeys) -> None: ...
    def use_keys(self, keys: SecurityKeys) -> None: ...
