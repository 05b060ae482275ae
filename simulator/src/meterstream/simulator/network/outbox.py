"""Push messages on their way out: a bounded queue, so many at a time, each with a time-out; what became of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from meterstream.simulator.push import PushMessage, Transport
from meterstream.simulator.stats import Stats

_MAX_HOST: Final = 253


class PushOutcome(StrEnum):
    """What became of a message. DROPPED: the queue was full, or the fleet stopped."""

    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """Bounds on pushes of a fleet.

    Attributes:
        queue: messages that wait; more are dropped.
        concurrency: messages on their way at once.
        timeout_s: for each, from the connect to the last octet.
        kept: how many of the last messages can be listed.
    """

    queue: int = 10_000
    concurrency: int = 100
    timeout_s: float = 10
    kept: int = 10_000

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: naming field and rule.
        """
        for name in ("queue", "concurrency", "kept"):
            if getattr(self, name) < 1:
                raise ValueError(f"push_{name} is {getattr(self, name)}, expected 1 or more")
        if not self.timeout_s > 0:
            raise ValueError(f"push_timeout_s is {self.timeout_s}, expected more than 0")


class PushRecord(NamedTuple):
    """A message that was sent or was not; `finished_ms` is of the fleet's clock, `sequence` rises by one each time.

    `error` says why where it was not sent.
    """

    sequence: int
    finished_ms: int
    message: PushMessage
    outcome: PushOutcome
    error: str


class Outbox:
    """Sends what meters push, and again what could not be sent and may be repeated.

    UDP has no answer: a datagram that the network took counts as sent.

    Args:
        now_ms: the fleet's clock.
    """

    def __init__(self, limits: OutboxLimits, stats: Stats, now_ms: Callable[[], int]) -> None:
        self._limits = limits
        self._stats = stats
        self._now_ms = now_ms
        self._waiting: deque[PushMessage] = deque()
        self._senders: set[asyncio.Task[None]] = set()
        self._repeats: dict[asyncio.TimerHandle, PushMessage] = {}
        self._records: deque[PushRecord] = deque(maxlen=limits.kept)
        self._sequence = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        """Messages that wait or are on their way."""
        return len(self._waiting) + len(self._senders) + len(self._repeats)

    @property
    def records(self) -> Sequence[PushRecord]:
        """The last messages, oldest first."""
        return self._records

    def put(self, message: PushMessage) -> None:
        """Take a message; it leaves as soon as its turn comes, once the fleet has started."""
        if len(self._waiting) >= self._limits.queue:
            self._note(message, PushOutcome.DROPPED, f"{self._limits.queue} messages wait already")
            return
        self._waiting.append(message)
        self._more()

    def start(self) -> None:
        """Begin to send."""
        self._loop = asyncio.get_running_loop()
        for _ in range(min(len(self._waiting), self._limits.concurrency)):
            self._more()

    async def stop(self) -> None:
        """Give up what has not been sent."""
        self._loop = None
        senders = list(self._senders)
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        for timer, message in self._repeats.items():
            timer.cancel()
            self._waiting.append(message)
        self._repeats.clear()
        while self._waiting:
            self._note(self._waiting.popleft(), PushOutcome.DROPPED, "the fleet stopped")

    def _more(self) -> None:
        if self._loop is not None and len(self._senders) < self._limits.concurrency:
            sender = self._loop.create_task(self._send_waiting())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)

    async def _send_waiting(self) -> None:
        while self._waiting:
            message = self._waiting.popleft()
            try:
                await self._send(message)
            except OSError as error:
                self._note(message, PushOutcome.FAILED, _reason(error))
                self._repeat(message)
            except ValueError as error:
                self._note(message, PushOutcome.FAILED, str(error))
            except asyncio.CancelledError:
                self._note(message, PushOutcome.DROPPED, "the fleet stopped")
                raise
            else:
                self._note(message, PushOutcome.SENT)

    def _repeat(self, message: PushMessage) -> None:
        if self._loop is None or not message.retries:
            return
        if len(self._repeats) >= self._limits.queue:
            self._note(message, PushOutcome.DROPPED, f"{self._limits.queue} messages wait to be repeated already")
            return
        again = replace(message, retries=message.retries - 1)

        def due() -> None:
            del self._repeats[timer]
            self.put(again)

        timer = self._loop.call_later(message.repetition_delay_s, due)
        self._repeats[timer] = again

    async def _send(self, message: PushMessage) -> None:
        host, port = parse_destination(message.destination)
        async with asyncio.timeout(self._limits.timeout_s):
            if message.transport is Transport.UDP:
                await _send_datagram(host, port, message.octets)
            else:
                await _send_stream(host, port, message.octets)

    def _note(self, message: PushMessage, outcome: PushOutcome, error: str = "") -> None:
        self._sequence += 1
        self._records.append(PushRecord(self._sequence, self._now_ms(), message, outcome, error))
        if outcome is PushOutcome.SENT:
            self._stats.pushes_sent += 1
        elif outcome is PushOutcome.FAILED:
            self._stats.pushes_failed += 1
        else:
            self._stats.pushes_dropped += 1


def parse_destination(destination: str) -> tuple[str, int]:
    """Read "host:port", or "[address]:port" for IPv6.

    Raises:
        ValueError: it is neither.
    """
    host, colon, port = destination.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    good_port = port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 0x10000
    if not (colon and host and len(host) <= _MAX_HOST and host.isascii() and host.isprintable() and good_port):
        raise ValueError(f"destination {destination[:_MAX_HOST]!r} is not host:port")
    return host, int(port)


async def _send_stream(host: str, port: int, octets: bytes) -> None:
    _, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(octets)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    except BaseException:
        writer.transport.abort()
        raise


async def _send_datagram(host: str, port: int, octets: bytes) -> None:
    refused = _Refusal()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: refused, remote_addr=(host, port))
    try:
        transport.sendto(octets)
    finally:
        transport.close()
    await refused.closed
    if refused.error is not None:
        raise refused.error


class _Refusal(asyncio.DatagramProtocol):
    """Learns that the network did not take a datagram."""

    def __init__(self) -> None:
        self.error: OSError | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, OSError):
            self.error = exc

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self.error = exc
        if not self.closed.done():
            self.closed.set_result(None)


def _reason(error: OSError) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return "timed out"
    return str(error) or type(error).__name__
