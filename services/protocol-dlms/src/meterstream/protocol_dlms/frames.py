"""Debug mode: the frames of a meter's sessions in words, with every secret masked, to topic `message-logs`.

The octets go along only where they show nothing that the words mask: a frame that carries a key or a password in
clear, or that cannot be read, is told of without them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from meterstream.contracts.events import MAX_FRAME_TEXT, MessageLog
from meterstream.contracts.records import DeviceRecord
from meterstream.dlms.asyncio import Direction, Trace
from meterstream.dlms.security import SecurityKeys
from meterstream.dlms.trace import TraceContext, TraceLimits, describe
from meterstream.protocol_dlms.answers import SERVICE
from meterstream.protocol_dlms.responder import Responder
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Outgoing
from meterstream.runtime.metrics import MESSAGE_LOGS, Metrics

log = logging.getLogger(__name__)

TOPIC: Final = "message-logs"
_WORDS: Final = TraceLimits(lines=120, width=120)
_ON_THE_LINE: Final = TraceLimits(lines=100_000)
"""Nothing may be cut where it is asked whether something is masked."""
_MASKED: Final = "masked"
_UNKNOWN: Final = "unknown tag"
_CIPHERTEXT: Final = "ciphertext, "


class FrameBounds(NamedTuple):
    """How many frames of a session are kept, and how many of all sessions may wait for the broker."""

    of_session: int = 2_000
    unsent: int = 500


class FrameLog:
    """Makes what records the frames of one session.

    Args:
        random: names a session, in 32 hexadecimal digits.
    """

    def __init__(
        self,
        codec: Codec,
        responder: Responder,
        metrics: Metrics,
        clock: Clock,
        random: Callable[[], str],
        bounds: FrameBounds | None = None,
    ) -> None:
        self._codec = codec
        self._responder = responder
        self._metrics = metrics
        self._clock = clock
        self._random = random
        self._bounds = FrameBounds() if bounds is None else bounds
        self._unsent = 0

    def recorder(self, record: DeviceRecord, keys: SecurityKeys | None) -> Trace | None:
        """What is to get the frames of a session with the meter; None unless it is in debug mode.

        Args:
            keys: open ciphered frames; what they hold is masked like what comes in clear.
        """
        return _Recorder(self, record, keys, self._random()).take if record.debug else None

    def keep(self, line: MessageLog) -> bool:
        """Send a line unless too many wait; whether it is on its way."""
        if line.number >= self._bounds.of_session or self._unsent >= self._bounds.unsent:
            self._metrics.count(MESSAGE_LOGS, "too_many")
            return False
        headers = ce_headers(type(line).__name__, SERVICE, line.log_id, line.logged_at)
        outgoing = Outgoing(TOPIC, line.device_identification.encode(), self._codec.encode(line), headers)
        self._unsent += 1
        self._responder.publish([outgoing]).add_done_callback(self._sent)
        return True

    def _sent(self, sent: asyncio.Future[None]) -> None:
        self._unsent -= 1
        if sent.cancelled() or sent.exception() is not None:
            self._metrics.count(MESSAGE_LOGS, "lost")
        else:
            self._metrics.count(MESSAGE_LOGS, "sent")

    def now(self) -> datetime:
        """The moment of a line."""
        return self._clock()


class _Recorder:
    """Puts the frames of one session into words, in their order; holds its keys and shows none."""

    __slots__ = ("_bare", "_keys", "_log", "_missed", "_number", "_opened", "_record", "_session")

    def __init__(self, frames: FrameLog, record: DeviceRecord, keys: SecurityKeys | None, session: str) -> None:
        self._log = frames
        self._record = record
        self._keys = keys
        self._session = session
        self._number = 0
        self._missed = 0
        self._opened: TraceContext | None = None
        self._bare: TraceContext | None = None

    def take(self, direction: Direction, octets: bytes) -> None:
        """One frame. A session must not end because its frames cannot be told."""
        try:
            line = self._line(direction, octets)
        except Exception:
            log.exception("a frame of %s cannot be told", self._record.device_identification)
            return
        self._number += 1
        self._missed = 0 if self._log.keep(line) else self._missed + 1

    def _line(self, direction: Direction, octets: bytes) -> MessageLog:
        words = describe(octets, keys=self._keys, limits=_WORDS, context=self._opened)
        bare = describe(octets, limits=_ON_THE_LINE, context=self._bare)
        self._opened, self._bare = words.context, bare.context
        unread = bare.error is not None or _UNKNOWN in bare.text
        clear = not unread and _MASKED not in bare.text
        missed = f"{self._missed} frames before this one are not kept\n" if self._missed else ""
        return MessageLog(
            log_id=f"{self._session}-{self._number}",
            device_identification=self._record.device_identification,
            organisation=self._record.organisation,
            session=self._session,
            number=self._number,
            logged_at=self._log.now(),
            incoming=direction is Direction.RECEIVED,
            encrypted=_CIPHERTEXT in bare.text,
            valid=words.error is None and not unread,
            decoded=(missed + words.text)[:MAX_FRAME_TEXT],
            encoded=octets[: MAX_FRAME_TEXT // 2].hex() if clear else "",
            size=len(octets),
        )
