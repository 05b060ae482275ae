"""Keys, titles, values and objects of the scenes: fixed, so that a session has the same octets in every run."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any, Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult, Selection
from meterstream.dlms.data import (
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    MethodRef,
    array,
    double_long_unsigned,
    octet_string,
    range_descriptor,
    structure,
    unsigned,
)
from meterstream.dlms.security import AsymmetricKeys, PrivateKey, SecurityKeys, SecuritySuite

CLIENT_TITLE: Final = bytes.fromhex("2020201CBE991A14")
SERVER_TITLE: Final = bytes.fromhex("4F5347000000270F")
PASSWORD: Final = b"11111111"

CLOCK: Final = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
ENERGY: Final = AttributeRef(3, LogicalName.parse("1.0.1.8.0.255"), 2)
PROFILE: Final = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
CALENDAR: Final = AttributeRef(20, LogicalName.parse("0.0.13.0.0.255"), 7)
RECONNECT: Final = MethodRef(70, LogicalName.parse("0.0.96.3.10.255"), 2)
TRANSFER: Final = MethodRef(18, LogicalName.parse("0.0.44.0.0.255"), 2)
"""Takes much and gives much back."""
CLOCK_COLUMN: Final = CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2, 0)
CLOCK_VALUE: Final = octet_string(bytes.fromhex("07E8070F010A1E0000FF8880"))
MOMENT: Final = CosemDateTime.from_data(CLOCK_VALUE)
SELECTED: Final = Selection(1, range_descriptor(MOMENT, MOMENT, (CLOCK_COLUMN,)))
ROWS: Final = array(
    structure(CLOCK_VALUE, unsigned(4), double_long_unsigned(10_000 + row), double_long_unsigned(row))
    for row in range(24)
)
DAYS: Final = array(structure(unsigned(day), octet_string(bytes(range(day, day + 12)))) for day in range(24))
IMAGE: Final = octet_string(bytes(range(200)))


@dataclass(slots=True)
class Objects:
    """What the meter has; every access is noted, for an access that nobody asked for is the worst that can happen."""

    values: dict[AttributeRef, Data] = field(
        default_factory=lambda: {
            CLOCK: CLOCK_VALUE,
            ENERGY: double_long_unsigned(54_321),
            PROFILE: ROWS,
            CALENDAR: DAYS,
        }
    )
    accesses: list[tuple[Any, ...]] = field(default_factory=list)

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:
        self.accesses.append(("get", client_sap, ref, selection))
        return self.values.get(ref, DataAccessResult.OBJECT_UNDEFINED)

    def set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult:
        self.accesses.append(("set", client_sap, ref, selection, data))
        return DataAccessResult.SUCCESS if ref in self.values else DataAccessResult.READ_WRITE_DENIED

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        self.accesses.append(("action", client_sap, ref, data))
        if ref == TRANSFER:
            return ActionResult.SUCCESS, IMAGE
        return (ActionResult.SUCCESS if ref == RECONNECT else ActionResult.OBJECT_UNDEFINED), None


@dataclass(slots=True)
class Counter:
    """Invocation counters; a copy goes on from where it was made."""

    value: int

    def __call__(self) -> int:
        value = self.value
        self.value += 1
        return value


@dataclass(slots=True)
class Drawn:
    """Octets that look random and are the same in every run; what `name` draws nobody else does."""

    name: bytes
    drawn: int = 0

    def __call__(self, length: int) -> bytes:
        self.drawn += 1
        head = self.name + self.drawn.to_bytes(4, "big")
        return b"".join(sha256(head + bytes((part,))).digest() for part in range(length // 32 + 1))[:length]


@dataclass(frozen=True)
class Keyring:
    """Keys of both sides in one suite; suite 0 has the curve of suite 1, for HLS 7 alone."""

    suite: SecuritySuite
    keys: SecurityKeys
    client: AsymmetricKeys
    server: AsymmetricKeys


@cache
def keyring_of(suite: SecuritySuite) -> Keyring:
    def symmetric(first: int) -> bytes:
        return bytes(range(first, first + suite.key_octets))

    curve = max(suite, SecuritySuite.SUITE_1)

    def private(first: int) -> PrivateKey:
        return PrivateKey(curve, bytes(range(first, first + curve.coordinate_octets)))

    signing, agreement = (private(1), private(2)), (private(3), private(4))
    return Keyring(
        suite,
        SecurityKeys(symmetric(0), symmetric(0xA0), suite, symmetric(0x40), symmetric(0x80)),
        AsymmetricKeys(signing[0], signing[1].public, agreement[0], agreement[1].public),
        AsymmetricKeys(signing[1], signing[0].public, agreement[1], agreement[0].public),
    )
