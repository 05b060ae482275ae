"""What the cases need from a client and from a meter, whoever wrote them."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

from meterstream.dlms.data import AttributeRef, Data, MethodRef
from stacks.world import Plain

CLIENT_TITLE: Final = bytes.fromhex("2020201CBE991A14")
METER_TITLE: Final = b"MST\0\0\0\0\1"
ENCRYPTION_KEY: Final = bytes(range(16))
AUTHENTICATION_KEY: Final = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
ENCRYPTION_KEY_256: Final = bytes(range(0x20, 0x40))
AUTHENTICATION_KEY_256: Final = bytes(range(0xC0, 0xE0))
CLIENT_SIGNING_KEY: Final = bytes(range(0x01, 0x21))
METER_SIGNING_KEY: Final = bytes(range(0x41, 0x61))
"""Private keys on P-256."""
PASSWORD: Final = b"interop-password"
TIMEOUT_S: Final = 5.0
"""For one answer. Nothing in these tests takes a tenth of it; a peer that hangs fails its case after it."""


SMALL_PDU: Final = 200


class Way(Enum):
    """How an association is protected: the name is the row of the table."""

    NONE = "no security"
    LLS = "LLS"
    LLS_PLAIN = "LLS, no ciphering"
    HLS3 = "HLS 3 (MD5)"
    HLS4 = "HLS 4 (SHA-1)"
    HLS5 = "HLS 5 (GMAC)"
    HLS6 = "HLS 6 (SHA-256)"
    HLS7 = "HLS 7 (ECDSA)"
    DEDICATED = "HLS 5, dedicated key"
    GENERAL_GLOBAL = "HLS 5, general-glo-ciphering"
    GENERAL = "HLS 5, general-ciphering"
    BLOCKS = "HLS 5, general block transfer"
    SUITE_1 = "HLS 5, suite 1"
    SUITE_2 = "HLS 5, suite 2"
    HDLC = "HLS 5 over HDLC"


CIPHERED: Final = frozenset(
    {
        Way.LLS,
        Way.HLS5,
        Way.DEDICATED,
        Way.GENERAL_GLOBAL,
        Way.GENERAL,
        Way.BLOCKS,
        Way.SUITE_1,
        Way.SUITE_2,
        Way.HDLC,
    }
)
TAGS: Final = {
    Way.DEDICATED: (0xD0, 0xD1, 0xD3),
    Way.GENERAL_GLOBAL: (0xDB,),
    Way.GENERAL: (0xDD,),
}
"""What requests begin with, where the way alone does not make it so; a meter takes nothing else from that client."""
CLIENT_SAPS: Final = {
    Way.NONE: 16,
    Way.LLS: 2,
    Way.LLS_PLAIN: 3,
    Way.HLS3: 4,
    Way.HLS4: 5,
    Way.HLS5: 1,
    Way.HLS6: 6,
    Way.HLS7: 7,
    Way.DEDICATED: 8,
    Way.GENERAL_GLOBAL: 9,
    Way.GENERAL: 12,
    Way.BLOCKS: 13,
    Way.SUITE_1: 10,
    Way.SUITE_2: 11,
    Way.HDLC: 1,
}


class Refused(Exception):
    """The meter served the request and said no; `result` is the number of the standard."""

    def __init__(self, result: int) -> None:
        super().__init__(f"result {result}")
        self.result = result


class NotOffered(Exception):
    """This client has no call for it."""


@dataclass(frozen=True)
class Line:
    """Where a meter listens, and how a client of it must present itself.

    At `small_port` the same meter takes and sends SMALL_PDU octets at once.
    """

    host: str
    port: int
    way: Way
    small_port: int = 0
    max_pdu: int = 0xFFFF
    encryption_key: bytes = field(default=ENCRYPTION_KEY, repr=False)
    authentication_key: bytes = field(default=AUTHENTICATION_KEY, repr=False)
    password: bytes = field(default=PASSWORD, repr=False)
    client_sap: int | None = None

    @classmethod
    def at(cls, port: int, way: Way, small_port: int = 0) -> Line:
        """On loopback, with the secrets that go with the way."""
        if way is Way.SUITE_2:
            keys = ENCRYPTION_KEY_256, AUTHENTICATION_KEY_256
        else:
            keys = ENCRYPTION_KEY, AUTHENTICATION_KEY
        return cls("127.0.0.1", port, way, small_port or port, encryption_key=keys[0], authentication_key=keys[1])

    @property
    def sap(self) -> int:
        return CLIENT_SAPS[self.way] if self.client_sap is None else self.client_sap

    @property
    def ciphered(self) -> bool:
        return self.way in CIPHERED


class Client(Protocol):
    """One association as a client, blocking. Requests raise Refused, or NotOffered where the library has no call."""

    def associate(self) -> None:
        """Connects and associates; any error that the library has when it is refused."""
        ...

    def get(self, ref: AttributeRef) -> Plain: ...

    def get_list(self, refs: list[AttributeRef]) -> list[Plain | Refused]: ...

    def rows_by_range(self, profile: AttributeRef, first: datetime, last: datetime) -> Plain: ...

    def rows_by_entry(self, profile: AttributeRef, first: int, last: int) -> Plain: ...

    def set(self, ref: AttributeRef, data: Data) -> None: ...

    def set_list(self, items: list[tuple[AttributeRef, Data]]) -> list[int]:
        """A result of the standard for each."""
        ...

    def action(self, ref: MethodRef, data: Data) -> None: ...

    def release(self) -> None: ...

    def close(self) -> None:
        """Idempotent, whatever happened before."""
        ...


class Counters:
    """First invocation counters of associations: no number is used twice in a run."""

    def __init__(self) -> None:
        self._starts = itertools.count(1_000, 1_000)

    def next(self) -> int:
        return next(self._starts)


COUNTERS: Final = Counters()


def challenges(octets: int = 16) -> Iterator[bytes]:
    """Challenges that differ."""
    return (bytes(octets - 8) + number.to_bytes(8, "big") for number in itertools.count(0x3132333435363738))


def receive(connection: socket.socket, number: int) -> bytes:
    """So many octets. Raises: ConnectionError, TimeoutError."""
    octets = b""
    while len(octets) < number:
        part = connection.recv(number - len(octets))
        if not part:
            raise ConnectionError("the meter closed the connection")
        octets += part
    return octets
