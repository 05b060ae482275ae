"""Meters over UDP: one datagram is one wrapper frame (IEC 62056-47); a client's address and the meter make a line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast

from meterstream.dlms.errors import FrameError
from meterstream.dlms.framing import HEADER, frames_in, wrap
from meterstream.simulator.network.server import ConnectionHost, MeterConnection

_MAX_DATAGRAM: Final = 65_507
_VERSION: Final = b"\x00\x01"
_Peer = tuple[Any, ...]
_LineKey = tuple[_Peer, int]


class DatagramPort(asyncio.DatagramProtocol):
    """One UDP port of a fleet. What is no whole wrapper frame is dropped, as the network drops what it likes."""

    def __init__(self, fleet: ConnectionHost, index: int) -> None:
        self._fleet = fleet
        self._index = index
        self._transport: asyncio.DatagramTransport | None = None
        self._lines: dict[_LineKey, DatagramLine] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: _Peer) -> None:
        if (
            len(data) <= HEADER.size
            or data[:2] != _VERSION
            or HEADER.size + int.from_bytes(data[6:8], "big") != len(data)
        ):
            self._fleet.stats.dropped_datagrams += 1
            return
        key = addr, int.from_bytes(data[4:6], "big")
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = DatagramLine(self, key)
            line.begin(MeterConnection(self._fleet, self._index))
        line.take(data)

    def dropped(self) -> None:
        """Count a datagram that nobody takes."""
        self._fleet.stats.dropped_datagrams += 1

    def send(self, octets: bytes, peer: _Peer) -> None:
        """Send whole wrapper frames, each in a datagram of its own; what is none, or too long, gets lost."""
        try:
            frames = [wrap(*frame) for frame in frames_in(octets)]
        except FrameError:  # a fault has cut it
            frames = [octets]
        for frame in frames:
            if self._transport is not None and not self._transport.is_closing() and len(frame) <= _MAX_DATAGRAM:
                self._transport.sendto(frame, peer)

    def later(self, callback: Callable[[], None]) -> None:
        """Run a callback in the next turn of the event loop."""
        self._fleet.call_later(0, callback)

    def forget(self, key: _LineKey) -> None:
        """Let the next datagram of a client begin a new line."""
        self._lines.pop(key, None)


class DatagramLine(asyncio.Transport):
    """What a connection takes for its transport: datagrams between one client and one meter."""

    def __init__(self, port: DatagramPort, key: _LineKey) -> None:
        super().__init__()
        self._port = port
        self._key = key
        self._connection: MeterConnection | None = None
        self._reading = True

    def begin(self, connection: MeterConnection) -> None:
        """Connect both ends."""
        self._connection = connection
        connection.connection_made(self)

    def take(self, datagram: bytes) -> None:
        """Pass a datagram on; while the connection does not listen it is lost."""
        if self._connection is not None and self._reading:
            self._connection.data_received(datagram)
        else:
            self._port.dropped()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._connection is not None:
            self._port.send(bytes(data), self._key[0])

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._port.forget(self._key)
            self._port.later(lambda: connection.connection_lost(None))

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._connection is None

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
