"""What travels encoded inside a bundle."""

from __future__ import annotations

from typing import Protocol, TypeVar

from meterstream.contracts.base import Record

R = TypeVar("R", bound=Record)


class ActionCodec(Protocol):
    """Encodes and decodes the requests and responses of a bundle's actions."""

    def encode(self, record: Record, /) -> bytes:
        """The record's bytes."""

    def decode_as(self, raw: bytes, model: type[R], /) -> R:
        """The record in `raw`."""
