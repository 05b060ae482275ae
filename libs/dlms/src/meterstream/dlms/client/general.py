"""General blocks of a client: between the frames of its channel and its protection."""

from __future__ import annotations

from typing import NamedTuple

from meterstream.dlms.client.channel import Channel
from meterstream.dlms.transfer import GeneralLimits, GeneralTransfer, limits_on


class Taken(NamedTuple):
    """Frames to send now, if any, and the answer that is whole, if it is."""

    frames: bytes
    apdu: bytes | None

    def __repr__(self) -> str:
        return f"Taken({len(self.frames)} octets of frames, {'no APDU' if self.apdu is None else 'an APDU'})"


class GeneralBlocks:
    """Of one association in which they are negotiated."""

    __slots__ = ("_channel", "_transfer")

    def __init__(self, channel: Channel, limits: GeneralLimits) -> None:
        self._channel = channel
        self._transfer = GeneralTransfer(limits_on(channel.framing, limits), channel.server_max_pdu)

    @property
    def used(self) -> bool:
        """Whether any block of this exchange came or went."""
        return self._transfer.used

    def request(self, plaintext: bytes) -> bytes:
        """Frames of a request: one, or the first blocks. Raises: PduTooLarge before a counter is used, as Channel."""
        channel, transfer = self._channel, self._transfer
        octets = channel.protected_octets(len(plaintext))
        fits = octets <= channel.server_max_pdu
        transfer.begin(answered=fits)
        if fits:
            return channel.request(plaintext)
        transfer.check(octets)
        return self._frames(transfer.send(channel.protect(plaintext)))

    def take(self, apdu: bytes) -> Taken:
        """A block of the meter. Raises: DecodeError, UnexpectedAnswer, LimitExceeded, TransferAborted."""
        step = self._transfer.receive(apdu)
        return Taken(self._frames(step.blocks), step.apdu)

    def again(self) -> bytes:
        """Frames of what was sent last, once more; empty when there were no blocks. Raises: TransferAborted."""
        return self._frames(self._transfer.repeat())

    def _frames(self, blocks: tuple[bytes, ...]) -> bytes:
        return b"".join(map(self._channel.frame, blocks))
