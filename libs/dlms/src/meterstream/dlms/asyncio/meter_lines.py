"""TCP connections of a meter that listens."""

from __future__ import annotations

from typing import Final, Protocol

from meterstream.dlms.asyncio.listener import BoundedConnection, Connections
from meterstream.dlms.meter import MeterAssociation


class MeterLine(Protocol):
    """What a connection needs of a meter; HdlcMeter is one."""

    @property
    def deadline(self) -> float | None: ...
    @property
    def closed(self) -> bool: ...
    def receive(self, octets: bytes, now: float, /) -> bytes: ...
    def timed_out(self, now: float, /) -> bytes: ...


class PlainLine:
    """An association without time."""

    __slots__ = ("_association",)

    deadline: Final[float | None] = None

    def __init__(self, association: MeterAssociation) -> None:
        self._association = association

    @property
    def closed(self) -> bool:
        return self._association.closed

    def receive(self, octets: bytes, _now: float) -> bytes:
        return self._association.receive(octets)

    def timed_out(self, _now: float) -> bytes:
        return b""


class MeterConnection(BoundedConnection):
    """Reads no more while the client does not take the answers."""

    __slots__ = ("_line",)

    def __init__(self, connections: Connections, line: MeterLine) -> None:
        super().__init__(connections)
        self._line = line

    def _received(self, octets: bytes, now: float) -> bool:
        answer = self._line.receive(octets, now)
        self._say(answer)
        return bool(answer)

    def _deadline(self) -> float | None:
        return self._line.deadline

    def _timed_out(self, now: float) -> None:
        self._say(self._line.timed_out(now))

    def _say(self, octets: bytes) -> None:
        if self._transport is None:
            return
        if octets:
            self._transport.write(octets)
        if self._line.closed:
            self._transport.close()

    def pause_writing(self) -> None:
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
