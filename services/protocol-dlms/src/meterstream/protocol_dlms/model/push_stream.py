"""Cuts what a meter sends over TCP into pushes. Sans-IO.

A push with a wrapper header tells its length; the text-like one of DSMR 4 ends with the stream, or when nothing
follows for a moment.
"""

from __future__ import annotations

from meterstream.protocol_dlms.model.pushes import (
    MAX_OCTETS,
    WRAPPER_OCTETS,
    WRAPPER_VERSION,
    PushUnreadable,
    apdu_octets,
)


class PushStream:
    """The pushes of one connection."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def waiting(self) -> bool:
        """Whether there are octets that are no whole push yet."""
        return bool(self._buffer)

    @property
    def text_waits(self) -> bool:
        """Whether they are no beginning of a frame with a header, so that silence ends them."""
        return bool(self._buffer) and not self._buffer.startswith(WRAPPER_VERSION[: len(self._buffer)])

    def feed(self, octets: bytes) -> list[bytes]:
        """The pushes that are whole now. Raises: PushUnreadable for more octets than a push has."""
        self._buffer += octets
        found = []
        while (length := self._whole()) is not None:
            found.append(bytes(self._buffer[:length]))
            del self._buffer[:length]
        if len(self._buffer) > MAX_OCTETS:
            raise PushUnreadable(f"more than {MAX_OCTETS} octets without an end")
        return found

    def finish(self) -> bytes | None:
        """What is left when nothing follows: a text is whole then, a frame with a header was cut off.

        Raises: PushUnreadable.
        """
        is_text, left = self.text_waits, bytes(self._buffer)
        self._buffer.clear()
        if left and not is_text:
            raise PushUnreadable(f"ended after {len(left)} octets of a frame")
        return left or None

    def _whole(self) -> int | None:
        if len(self._buffer) < WRAPPER_OCTETS or not self._buffer.startswith(WRAPPER_VERSION):
            return None
        length = WRAPPER_OCTETS + apdu_octets(self._buffer)
        if length > MAX_OCTETS:
            raise PushUnreadable(f"a frame of {length} octets; a push has at most {MAX_OCTETS}")
        return length if len(self._buffer) >= length else None
