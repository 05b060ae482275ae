"""What a meter sends a client unasked, between its answers: kept until it is taken, bounded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from meterstream.dlms.apdu import (
    DataNotification,
    EventNotificationRequest,
    decode_data_notification,
    decode_event_notification,
    tags,
)
from meterstream.dlms.data import DataLimits
from meterstream.dlms.errors import UnexpectedAnswer

UNASKED: Final = frozenset(
    {
        tags.DATA_NOTIFICATION,
        tags.EVENT_NOTIFICATION_REQUEST,
        tags.GLO_EVENT_NOTIFICATION_REQUEST,
        tags.DED_EVENT_NOTIFICATION_REQUEST,
    }
)
"""First octets that no answer has. General protection may hold either; what is inside tells."""
NOTIFICATIONS: Final = frozenset({tags.DATA_NOTIFICATION, tags.EVENT_NOTIFICATION_REQUEST})


@dataclass(frozen=True, slots=True)
class Notification:
    """A data-notification or event-notification-request of the meter.

    Attributes:
        protected: it was ciphered or signed with the keys of the association. False in an association that protects
            its APDUs means that anybody on the line may have sent it.
    """

    apdu: DataNotification | EventNotificationRequest
    protected: bool


class Inbox:
    """Notifications in the order of their arrival.

    Attributes:
        missed: those that came while it was full, and are lost.
    """

    __slots__ = ("_limits", "_most", "_waiting", "missed")

    def __init__(self, most: int, limits: DataLimits) -> None:
        self._most = most
        self._limits = limits
        self._waiting: deque[Notification] = deque()
        self.missed = 0

    def put(self, plaintext: bytes, *, protected: bool) -> None:
        """Raises: UnexpectedAnswer, DecodeError, LimitExceeded."""
        if plaintext[0] not in NOTIFICATIONS:
            raise UnexpectedAnswer(f"service {plaintext[0]:#04x} that nobody asked for")
        if len(self._waiting) >= self._most:
            self.missed += 1
            return
        decode = decode_data_notification if plaintext[0] == tags.DATA_NOTIFICATION else decode_event_notification
        self._waiting.append(Notification(decode(plaintext, self._limits), protected))

    def take(self) -> tuple[Notification, ...]:
        """All that wait; they are handed out once."""
        taken = tuple(self._waiting)
        self._waiting.clear()
        return taken
