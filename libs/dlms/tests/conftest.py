"""Both roles of the core, joined in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from meterstream.dlms.apdu import (
    DEFAULT_CONFORMANCE,
    ActionResult,
    Conformance,
    DataAccessResult,
    ReadResult,
    Selection,
)
from meterstream.dlms.client import AssociationConfig, ClientAssociation, Continue, Event, Level, SecurityKeys
from meterstream.dlms.data import (
    AttributeRef,
    Data,
    LogicalName,
    MethodRef,
    array,
    double_long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterSecurity
from meterstream.dlms.security import AsymmetricKeys, PrivateKey, SecuritySuite

EK = bytes.fromhex("000102030405060708090A0B0C0D0E0F")
AK = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
KEYS = SecurityKeys(EK, AK)
CLIENT_TITLE = bytes.fromhex("2020201CBE991A14")
SERVER_TITLE = bytes.fromhex("4F5347000000270F")
CTOS = bytes.fromhex("3132333435363738393A3B3C3D3E3F40")
STOC = bytes.fromhex("6162636465666768696A6B6C6D6E6F70")
PASSWORD = b"11111111"

_CLIENT_KEY = PrivateKey(SecuritySuite.SUITE_1, bytes(range(1, 33)))
_SERVER_KEY = PrivateKey(SecuritySuite.SUITE_1, bytes(range(33, 65)))
CLIENT_KEYS = AsymmetricKeys(_CLIENT_KEY, _SERVER_KEY.public)
SERVER_KEYS = AsymmetricKeys(_SERVER_KEY, _CLIENT_KEY.public)

CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
FILTER = AttributeRef(1, LogicalName.parse("0.0.97.98.10.255"), 2)
UNKNOWN = AttributeRef(3, LogicalName.parse("1.0.1.8.1.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)

CLOCK_VALUE = octet_string(bytes.fromhex("07E8070F010A1E0000FF8880"))


@dataclass
class FakeMeter:
    """A handful of objects; remembers what was written and called."""

    values: dict[AttributeRef, Data] = field(default_factory=dict)
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    action_results: dict[MethodRef, tuple[ActionResult, Data | None]] = field(default_factory=dict)

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:
        self.calls.append(("get", client_sap, ref, selection))
        return self.values.get(ref, DataAccessResult.OBJECT_UNDEFINED)

    def set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult:
        self.calls.append(("set", client_sap, ref, selection, data))
        if ref not in self.values:
            return DataAccessResult.READ_WRITE_DENIED
        self.values[ref] = data
        return DataAccessResult.SUCCESS

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        self.calls.append(("action", client_sap, ref, data))
        return self.action_results.get(ref, (ActionResult.OBJECT_UNDEFINED, None))


def profile(rows: int) -> Data:
    return array(
        structure(CLOCK_VALUE, unsigned(4), double_long_unsigned(10_000 + row), double_long_unsigned(row))
        for row in range(rows)
    )


@dataclass
class Pair:
    """A client and a meter whose bytes reach each other; `frames` has all of them in order."""

    client: ClientAssociation
    meter: MeterAssociation
    application: FakeMeter
    access: ClientAccess
    security: MeterSecurity
    frames: list[bytes] = field(default_factory=list)

    def exchange(self, frame: bytes, cut: Callable[[bytes], Iterator[bytes]] | None = None) -> Event:
        """Until the exchange is over; `cut` says in which pieces bytes travel."""
        pieces = cut or (lambda octets: iter((octets,)))
        while True:
            self.frames.append(frame)
            answer = b"".join(self.meter.receive(piece) for piece in pieces(frame))
            assert answer, "the meter said nothing"
            self.frames.append(answer)
            events = [event for piece in pieces(answer) if (event := self.client.receive(piece)) is not None]
            assert len(events) == 1
            if not isinstance(events[0], Continue):
                return events[0]
            frame = events[0].frame


def make_pair(level: Level, habits: Habits | None = None, **config: Any) -> Pair:
    keys = KEYS if level.ciphered else None
    secret = PASSWORD if level.has_secret else None
    sap = 1 if level.ciphered else 16
    application = FakeMeter({CLOCK: CLOCK_VALUE, COUNTER: double_long_unsigned(12345), PROFILE: profile(96)})
    access = ClientAccess(level, keys, secret, asymmetric=SERVER_KEYS if level is Level.HLS7_ECDSA else None)
    security = MeterSecurity(SERVER_TITLE, {sap: access}, lambda length: (STOC * 4)[:length], next_counter=500)
    settings = AssociationConfig(
        level,
        client_sap=sap,
        client_title=CLIENT_TITLE if level.ciphered else None,
        keys=keys,
        password=secret,
        asymmetric=CLIENT_KEYS if level is Level.HLS7_ECDSA else None,
        **config,
    )
    challenge = b""
    if level.hls:
        challenge = CTOS * 2 if level is Level.HLS7_ECDSA else CTOS
    client = ClientAssociation(settings, count(12345).__next__, challenge)
    meter = MeterAssociation(application, security, habits or Habits())
    return Pair(client, meter, application, access, security)


@pytest.fixture(scope="session")
def pair_of() -> Callable[..., Pair]:
    """make_pair(level, habits=None, **settings of the client)."""
    return make_pair


@pytest.fixture(scope="session")
def associated() -> Callable[..., Pair]:
    """As pair_of, with the association open."""

    def make(level: Level, habits: Habits | None = None, **config: Any) -> Pair:
        pair = make_pair(level, habits, **config)
        pair.exchange(pair.client.associate())
        return pair

    return make


@dataclass(frozen=True)
class Keyring:
    """Keys of both sides in one suite; `asymmetric` of suite 0 is that of suite 1, for HLS 7 asks for nothing more."""

    suite: SecuritySuite
    keys: SecurityKeys
    client: AsymmetricKeys
    server: AsymmetricKeys


def make_keyring(suite: SecuritySuite) -> Keyring:
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


def make_secured(
    level: Level,
    keyring: Keyring,
    *,
    habits: Habits | None = None,
    access: dict[str, Any] | None = None,
    security: dict[str, Any] | None = None,
    **config: Any,
) -> Pair:
    """A pair with all keys of `keyring` on both sides; `config` goes to the client, what it has of policy to both."""
    conformance = DEFAULT_CONFORMANCE | Conformance.GENERAL_PROTECTION | Conformance.ACCESS
    secret = PASSWORD if level.has_secret else None
    settings: dict[str, Any] = {"conformance": conformance, "asymmetric": keyring.client, "keys": keyring.keys} | config
    shared: dict[str, Any] = {key: settings[key] for key in ("policy",) if key in settings}
    shared |= {"asymmetric": keyring.server, "keys": keyring.keys} | (access or {})
    application = FakeMeter({CLOCK: CLOCK_VALUE, COUNTER: double_long_unsigned(12345), PROFILE: profile(96)})
    client_access = ClientAccess(level, password=secret, **shared)
    random = count(1)
    meter_security = MeterSecurity(
        SERVER_TITLE,
        {1: client_access},
        lambda length: next(random).to_bytes(length, "big"),
        **{"next_counter": 500} | (security or {}),
    )
    fresh = count(1000)
    client = ClientAssociation(
        AssociationConfig(level, client_title=CLIENT_TITLE, password=secret, **settings),
        count(12345).__next__,
        (CTOS * 2 if level.hls else b""),
        fresh=lambda length: next(fresh).to_bytes(length, "big"),
    )
    meter = MeterAssociation(application, meter_security, habits or Habits(conformance=conformance))
    return Pair(client, meter, application, client_access, meter_security)


@pytest.fixture(scope="session")
def keyring_of() -> Callable[[SecuritySuite], Keyring]:
    return make_keyring


@pytest.fixture(scope="session")
def secured() -> Callable[..., Pair]:
    """make_secured(level, keyring, ...)."""
    return make_secured
