"""Finds the address at which a meter answers: static or dynamic, awake or after it was woken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from meterstream.contracts.errors import LinkFailed, PlatformError, ProtocolViolation, SecurityFailure, error
from meterstream.contracts.records import DeviceRecord
from meterstream.protocol_dlms.fence import Guard
from meterstream.protocol_dlms.meter import LiveMeter
from meterstream.protocol_dlms.ping import Ping, ping
from meterstream.protocol_dlms.settings import ReachSettings
from meterstream.protocol_dlms.wakeup import Wakeup

log = logging.getLogger(__name__)

Opening: TypeAlias = Callable[[str], Awaitable[LiveMeter]]
"""Opens an association at an address."""

_SLICE_S: Final = 1.0
_ELSEWHERE: Final = (LinkFailed, ProtocolViolation, SecurityFailure)
_FORGED: Final = frozenset({"COUNTERS_EXHAUSTED", "ATTEMPT_TO_LOWER_INVOCATION_COUNTER"})
"""Comes of a counter that the public client was told, which anybody may have made up."""


class Pushing(Protocol):
    """What a meter tells of its address by its pushes (views.addresses)."""

    @property
    def learnt(self) -> str | None:
        """The address of its last push."""

    async def next(self, timeout_s: float) -> bool:
        """Wait for its next push; False when none came in time."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A meter to be reached."""

    record: DeviceRecord
    guard: Guard
    pushing: Pushing | None = None

    def addresses(self) -> list[str]:
        """Where it may be, the likeliest first; what a push has taught counts for dynamic addresses alone.

        Raises: INVALID_IP_ADDRESS for a static address that is not known.
        """
        connection = self.record.connection
        configured = (connection.address or "").strip()
        if connection.dynamic:
            learnt = None if self.pushing is None else self.pushing.learnt
            return [address for address in dict.fromkeys((learnt, configured)) if address]
        if not configured:
            raise error("INVALID_IP_ADDRESS", f"no address of {self.record.device_identification} is known")
        return [configured]


class Reach:
    """Opens associations where meters are to be found.

    Args:
        wakeup: None where nobody can wake meters.
    """

    def __init__(self, settings: ReachSettings, wakeup: Wakeup | None = None, echo: Ping = ping) -> None:
        self._settings = settings
        self._wakeup = wakeup
        self._echo = echo
        self._now = asyncio.get_running_loop().time

    async def open(self, sought: Sought, opening: Opening) -> LiveMeter:
        """An association at the first address where the meter is; a sleeping one is woken once, and waited for.

        Raises: PlatformError; Leaving; Lost; Outage.
        """
        addresses = sought.addresses()
        try:
            return await self._try(sought, addresses, opening)
        except PlatformError as failure:
            if self._wakeup is None or not sought.record.connection.dynamic or not _is_away(failure):
                raise
        await self._wakeup.wake(sought.record)
        return await self._wait(sought, opening)

    async def _try(self, sought: Sought, addresses: list[str], opening: Opening) -> LiveMeter:
        """Each address in turn. Pushes may be forged: whatever is met at a learnt address, the other one is tried.

        Raises: PlatformError of the last address.
        """
        last: PlatformError | None = None
        for address in addresses:
            sought.guard.boundary()
            if self._settings.ping_timeout_s is not None:
                await self._echo(address, self._settings.ping_timeout_s)  # answered or not: the link comes up
            try:
                return await opening(address)
            except PlatformError as failure:
                if not _may_be_elsewhere(failure):
                    raise
                last = failure
        raise last or error("SESSION_PROVIDER_ERROR", f"no address of {sought.record.device_identification} is known")

    async def _wait(self, sought: Sought, opening: Opening) -> LiveMeter:
        """Until the meter pushes or its known addresses answer.

        Raises: PlatformError; Leaving; Lost; Outage.
        """
        device = sought.record.device_identification
        until = self._now() + self._settings.wake_wait_s
        again = self._now() + self._settings.wake_retry_s
        while (left := until - self._now()) > 0:
            sought.guard.boundary()
            awake = await self._pushed(sought, min(left, _SLICE_S))
            if not awake and self._now() < again:
                continue
            again = self._now() + self._settings.wake_retry_s
            try:
                return await self._try(sought, sought.addresses(), opening)
            except PlatformError as failure:
                if not _is_away(failure):
                    raise
                log.info("%s does not answer yet: %s", device, failure.code.name)
        seconds = f"{self._settings.wake_wait_s:g} s"
        raise error("SESSION_PROVIDER_ERROR", f"{device} was woken, but did not answer within {seconds}")

    async def _pushed(self, sought: Sought, seconds: float) -> bool:
        if sought.pushing is not None:
            return await sought.pushing.next(seconds)
        await asyncio.sleep(seconds)
        return False


def _may_be_elsewhere(failure: PlatformError) -> bool:
    """Whether somebody who is not the meter may have caused it; what the record lacks it lacks at every address."""
    return failure.code.name in _FORGED or (failure.retryable and isinstance(failure, _ELSEWHERE))


def _is_away(failure: PlatformError) -> bool:
    """Whether nothing answered at any address, as with a meter that sleeps."""
    return failure.details.get("phase") == "connect" or failure.code.name == "SESSION_PROVIDER_ERROR"
