"""Counters that never repeat, over restarts too, and settings that contradict each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, Conformance
from meterstream.dlms.client import AssociationConfig, ClientAssociation, Level
from meterstream.dlms.data import AttributeRef, LogicalName
from meterstream.dlms.errors import ChallengeLengthError, ConfigurationError, CountersExhausted, ReplayError
from meterstream.dlms.meter import ClientAccess, CounterPolicy, Habits, MeterSecurity
from meterstream.dlms.security import (
    AsymmetricKeys,
    Ciphering,
    CounterKind,
    KeyChoice,
    PrivateKey,
    ReservedCounters,
    SecurityKeys,
    SecurityPolicy,
    SecuritySuite,
)

COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
CLIENT_TITLE = bytes.fromhex("2020201CBE991A14")
METER_TITLE = bytes.fromhex("4F5347000000270F")
KEYS = SecurityKeys(bytes(16), bytes(range(16)))
GENERAL = DEFAULT_CONFORMANCE | Conformance.GENERAL_PROTECTION
SIGNING = PrivateKey(SecuritySuite.SUITE_1, bytes(31) + b"\x05")
PEER = PrivateKey(SecuritySuite.SUITE_1, bytes(31) + b"\x06").public


class Store:
    """Durable until `full` marks were written; then it fails."""

    def __init__(self, mark: int = 0, full: int = 1 << 30) -> None:
        self.mark = mark
        self.writes = 0
        self._full = full

    def reserve(self, mark: int) -> None:
        if self.writes == self._full:
            raise OSError("disk full")
        assert mark > self.mark, "a mark never goes back"
        self.writes += 1
        self.mark = mark


@given(st.lists(st.integers(1, 40), min_size=1, max_size=20), st.integers(1, 16))
def test_no_counter_twice_whatever_the_restarts(runs: list[int], block: int) -> None:
    """Each run starts at the mark that the store kept, as after a crash at any moment."""
    store, used = Store(), []
    for length in runs:
        counters = ReservedCounters(store, store.mark, block)
        used += [counters() for _ in range(length)]
        assert store.mark > used[-1]
    assert used == sorted(set(used))
    assert store.writes <= sum(-(-length // block) for length in runs)


def test_a_store_that_fails_gives_no_counter() -> None:
    counters = ReservedCounters(Store(full=1), 0, 2)
    assert [counters(), counters()] == [0, 1]
    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            counters()


def test_the_end_of_the_counters() -> None:
    store = Store()
    counters = ReservedCounters(store, 0xFFFF_FFFE, 256)
    assert [counters(), counters()] == [0xFFFF_FFFE, 0xFFFF_FFFF]
    assert store.mark == 1 << 32
    with pytest.raises(CountersExhausted):
        counters()
    with pytest.raises(CountersExhausted):
        ReservedCounters(store, store.mark)()
    for wrong in ((store, -1), (store, 0, 0), (store, (1 << 32) + 1)):
        with pytest.raises(ConfigurationError):
            ReservedCounters(*wrong)


@pytest.mark.parametrize("shares", [False, True])
@pytest.mark.parametrize("suite", list(SecuritySuite))
def test_a_meter_takes_its_counters_from_the_port(
    secured: Callable[..., Any], keyring_of: Callable[..., Any], suite: SecuritySuite, shares: bool
) -> None:
    store = Store(mark=700)
    pair = secured(
        Level.HLS5_GMAC,
        keyring_of(suite),
        security={"counters": ReservedCounters(store, store.mark, 3)},
        habits=Habits(token_shares_counter=shares),
        conformance=DEFAULT_CONFORMANCE,
    )
    pair.exchange(pair.client.associate())
    pair.exchange(pair.client.get(COUNTER))
    used = 3 if shares else 4
    assert pair.client.last_received_counter == 700 + used - 1
    assert store.mark == (703 if shares else 706)
    again = secured(
        Level.HLS5_GMAC,
        keyring_of(suite),
        security={"counters": ReservedCounters(store, store.mark)},
        last_received_counters={METER_TITLE: 700 + used - 1},
        conformance=DEFAULT_CONFORMANCE,
    )
    again.exchange(again.client.associate())


@pytest.mark.parametrize("suite", [SecuritySuite.SUITE_0, SecuritySuite.SUITE_2])
def test_a_meter_without_counters_left_drops_the_line(
    secured: Callable[..., Any], keyring_of: Callable[..., Any], suite: SecuritySuite
) -> None:
    pair = secured(Level.HLS5_GMAC, keyring_of(suite), security={"next_counter": 1 << 32})
    assert pair.meter.receive(pair.client.associate()) == b""
    assert isinstance(pair.meter.close_cause, CountersExhausted)


@pytest.mark.parametrize("kind", list(CounterKind))
def test_numbers_of_a_client_by_policy_and_kind(kind: CounterKind) -> None:
    strict = ClientAccess(Level.HLS5_GMAC, KEYS)
    strict.check(kind, 5)
    strict.accept(kind, 5)
    strict.accept(kind, 3)
    for number in (5, 4):
        with pytest.raises(ReplayError, match=kind.value):
            strict.check(kind, number)
    strict.check(kind, 6)
    for other in CounterKind:
        if other is not kind:
            strict.check(other, 1)
    free = ClientAccess(Level.HLS5_GMAC, KEYS, counter_policy=CounterPolicy.FREE)
    free.accept(kind, 5)
    free.check(kind, 4)


def test_new_keys_start_their_counters_anew() -> None:
    broadcast = SecurityKeys(KEYS.encryption_key, KEYS.authentication_key, broadcast_key=bytes(16))
    access = ClientAccess(Level.HLS5_GMAC, broadcast)
    for kind in CounterKind:
        access.accept(kind, 9)
    access.replace_keys(SecurityKeys(b"\1" * 16, KEYS.authentication_key, broadcast_key=bytes(16)))
    assert (access.last_client_counter, access.last_broadcast_counter, access.last_transaction) == (0, 9, 9)
    access.replace_keys(SecurityKeys(b"\1" * 16, KEYS.authentication_key, broadcast_key=b"\1" * 16))
    assert access.last_broadcast_counter == 0


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"level": Level.HLS3_MD5}, "secret"),
        ({"level": Level.HLS6_SHA256, "password": b""}, "secret"),
        ({"level": Level.HLS6_SHA256, "password": b"x", "client_title": None, "policy": 0}, "client_title"),
        ({"level": Level.HLS5_GMAC, "keys": None, "policy": 0}, "keys"),
        ({"level": Level.HLS7_ECDSA}, "signature keys"),
        ({"level": Level.HLS7_ECDSA, "asymmetric": AsymmetricKeys(SIGNING)}, "signature keys"),
        ({"ciphering": Ciphering.GENERAL}, "general protection"),
        ({"policy": SecurityPolicy.SIGNED}, "general protection"),
        ({"policy": SecurityPolicy.SIGNED, "conformance": GENERAL}, "asymmetric keys"),
        ({"ciphering": Ciphering.DEDICATED, "policy": SecurityPolicy.AUTHENTICATED}, "sent encrypted"),
        ({"ciphering": Ciphering.GENERAL, "conformance": GENERAL, "key_choice": KeyChoice.WRAPPED}, "master key"),
        ({"ciphering": Ciphering.GENERAL, "conformance": GENERAL, "key_choice": KeyChoice.STATIC}, "key agreement"),
        (
            {
                "ciphering": Ciphering.GENERAL,
                "conformance": GENERAL,
                "key_choice": KeyChoice.ONE_PASS,
                "asymmetric": AsymmetricKeys(SIGNING, PEER, SIGNING, PEER),
            },
            "suite",
        ),
        ({"client_title": b"short"}, "system title"),
    ],
)
def test_settings_that_contradict_each_other(settings: dict[str, Any], rule: str) -> None:
    defaults = {"level": Level.HLS5_GMAC, "client_title": CLIENT_TITLE, "keys": KEYS} | settings
    if "policy" in defaults:
        defaults["policy"] = SecurityPolicy(defaults["policy"])
    with pytest.raises(ConfigurationError, match=rule):
        AssociationConfig(**defaults)


def test_challenges_of_hls_7_are_longer() -> None:
    settings: dict[str, Any] = {
        "client_title": CLIENT_TITLE,
        "keys": KEYS,
        "asymmetric": AsymmetricKeys(SIGNING, PEER),
    }
    with pytest.raises(ChallengeLengthError):
        AssociationConfig(Level.HLS7_ECDSA, challenge_length=31, **settings)
    config = AssociationConfig(Level.HLS7_ECDSA, challenge_length=32, **settings)
    with pytest.raises(ChallengeLengthError):
        ClientAssociation(config, iter(range(9)).__next__, bytes(16))


def test_a_dedicated_key_needs_randomness() -> None:
    config = AssociationConfig(Level.HLS5_GMAC, client_title=CLIENT_TITLE, keys=KEYS, ciphering=Ciphering.DEDICATED)
    with pytest.raises(ConfigurationError, match="fresh"):
        ClientAssociation(config, iter(range(9)).__next__, bytes(16))


def test_settings_of_a_meter() -> None:
    for settings in (
        {"level": Level.HLS5_GMAC},
        {"level": Level.HLS4_SHA1, "keys": KEYS},
        {"level": Level.HLS5_GMAC, "keys": None, "policy": SecurityPolicy.NONE},
        {"level": Level.HLS5_GMAC, "keys": KEYS, "policy": SecurityPolicy.SIGNED},
    ):
        with pytest.raises(ConfigurationError):
            ClientAccess(**settings)
    assert ClientAccess(Level.HLS4_SHA1, password=b"x", policy=SecurityPolicy.NONE).ciphered is False
    with pytest.raises(ConfigurationError):
        MeterSecurity(b"short", {}, bytes)


def test_reprs_show_no_secret(secured: Callable[..., Any], keyring_of: Callable[..., Any]) -> None:
    keyring = keyring_of(SecuritySuite.SUITE_1)
    pair = secured(Level.HLS6_SHA256, keyring)
    config = AssociationConfig(
        Level.HLS6_SHA256,
        client_title=CLIENT_TITLE,
        keys=keyring.keys,
        password=b"top secret",
        asymmetric=keyring.client,
    )
    for shown in (repr(config), repr(pair.access), repr(pair.security), repr(pair.client), repr(pair.meter)):
        assert "secret" not in shown
        assert "11111111" not in shown
        assert repr(keyring.keys.encryption_key)[2:20] not in shown
        assert keyring.keys.encryption_key.hex() not in shown
        assert bytes(range(1, 33)).hex() not in shown
