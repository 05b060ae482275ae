"""Where a meter pushes to: attribute 3 of push setups (Blue Book, class 40, send_destination_and_method)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from meterstream.dlms.data import Data, enum, octet_string, structure
from meterstream.dlms.objects import MeterProfile

_BEFORE_DATA_NOTIFICATION: Final = frozenset({("DSMR", "4.2.2"), ("SMR", "4.3")})
"""Protocol versions whose meters push text of their own instead of an APDU."""


class Transport(IntEnum):
    """Transport service; 200 to 255 are manufacturer specific."""

    TCP = 0
    UDP = 1


class MessageType(IntEnum):
    """How a pushed message is encoded; 128 to 255 are manufacturer specific."""

    A_XDR = 0
    MANUFACTURER = 128


def message_type(profile: MeterProfile) -> MessageType:
    """What meters of a protocol version push over TCP."""
    own = (profile.name, profile.version) in _BEFORE_DATA_NOTIFICATION
    return MessageType.MANUFACTURER if own else MessageType.A_XDR


def destination(host: str, port: int, transport: Transport, message: MessageType) -> Data:
    """structure { transport, "host:port", message type }."""
    return structure(enum(transport), octet_string(f"{host}:{port}".encode("ascii")), enum(message))
