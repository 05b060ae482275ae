"""How the APDUs of one association lie on its line."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Frame(NamedTuple):
    """An APDU and the addresses of its frame."""

    source: int
    destination: int
    apdu: bytes

    def __repr__(self) -> str:
        return f"Frame({self.source}, {self.destination}, {len(self.apdu)} octets)"


class Framing(Protocol):
    """One direction in, one out; one object per connection, for either role.

    `feed` takes octets as they come, `next_frame` gives whole frames, `wrap` makes one.
    """

    @property
    def header(self) -> int:
        """Octets of a frame before its APDU, which is the rest of it."""
        ...

    @property
    def waiting(self) -> int:
        """Octets that `next_frame` has not handed out yet."""
        ...

    def wrap(self, source: int, destination: int, apdu: bytes, /) -> bytes:
        """Raises: PduTooLarge."""
        ...

    def feed(self, octets: bytes, /) -> None:
        """Raises: LimitExceeded."""
        ...

    def next_frame(self) -> Frame | None:
        """None asks for more octets. Raises: FrameError, LimitExceeded; both end the stream."""
        ...
