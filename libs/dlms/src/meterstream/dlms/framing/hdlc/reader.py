"""HDLC frames out of a stream of octets that may hold noise."""

from __future__ import annotations

from dataclasses import dataclass

from meterstream.dlms.framing.hdlc.frame import FLAG, Fault, HdlcFrame, scan


@dataclass(slots=True)
class HdlcCounters:
    """What a link saw; the numbers only rise.

    Attributes:
        frames: whole and correct, whoever they are for.
        noise_octets: octets that no flag precedes.
        malformed: flags that no format, address and length field or no closing flag follows, flags
            in a row not counted.
        header_check_failed, frame_check_failed: HCS and FCS.
        not_ours: frames from or to another address.
        out_of_sequence: I frames that came twice or after a gap; repetition brings what was missing.
        unexpected: frames that have no meaning in the phase of the link.
        repeated: time-outs after which we asked or sent again.
    """

    frames: int = 0
    noise_octets: int = 0
    malformed: int = 0
    header_check_failed: int = 0
    frame_check_failed: int = 0
    not_ours: int = 0
    out_of_sequence: int = 0
    unexpected: int = 0
    repeated: int = 0


class HdlcReader:
    """Finds frames; what is none is dropped and counted.

    Between calls it holds less than one frame, 2049 octets at most.
    """

    __slots__ = ("_buffer", "counters")

    def __init__(self, counters: HdlcCounters | None = None) -> None:
        self._buffer = bytearray()
        self.counters = counters or HdlcCounters()

    @property
    def waiting(self) -> int:
        """Octets of a frame that is not complete yet."""
        return len(self._buffer)

    def feed(self, octets: bytes) -> list[HdlcFrame]:
        """The frames that these octets complete."""
        self._buffer += octets
        return self._frames(0)

    def resync(self) -> list[HdlcFrame]:
        """The line is silent: give up the frame that never became complete, for those that follow its flag."""
        frames: list[HdlcFrame] = []
        while self._buffer:
            if len(self._buffer) > 1:  # a lone flag closed the frame before
                self.counters.malformed += 1
            frames += self._frames(1)
        return frames

    def _frames(self, position: int) -> list[HdlcFrame]:
        buffer, counters = self._buffer, self.counters
        frames: list[HdlcFrame] = []
        while (flag := buffer.find(FLAG, position)) >= 0:
            counters.noise_octets += flag - position
            position = flag
            found = scan(buffer, flag)
            if found is None:
                del buffer[:position]
                return frames
            frame, position = found
            if isinstance(frame, HdlcFrame):
                frames.append(frame)
                counters.frames += 1
            elif frame is Fault.HEADER_CHECK:
                counters.header_check_failed += 1
            elif frame is Fault.FRAME_CHECK:
                counters.frame_check_failed += 1
            elif buffer[position] != FLAG:
                counters.malformed += 1
        counters.noise_octets += len(buffer) - position
        buffer.clear()
        return frames
