"""Envelopes of M-Bus keys as a device opens them."""

from __future__ import annotations

import pytest

from meterstream.simulator.mbus_device import MbusIdentity, manufacturer_code
from meterstream.simulator.mbus_keys import (
    KeyKind,
    MbusKeys,
    NewKey,
    Refusal,
    initialisation_vector,
    mbus_keys_for,
    open_cbc,
    open_gcm,
)

DEVICE = MbusIdentity(12345678, manufacturer_code("ELS"), 0x50, 3)
DEFAULT_KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
NEW_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
COUNTER = 0x2E27B6A8
USER = bytes.fromhex("2E27B6A8BAF64E24F906AF0C00D92EA4E672A5D89492CA675B445349B08C")
FIRMWARE = bytes.fromhex("2E27B6A8BBF64E24F906AF0C00D92EA4E672A5D89492F376C8B6A5FC2096")
OPTICAL_PORT = bytes.fromhex("2E27B6A8B8F64E24F906AF0C00D92EA4E672A5D89492B8447CA1BE2290B9")
CLOSING = bytes.fromhex("2E27B6A8B8F64E35DB35EB5966AEA63D4CC969057A6DA7C6BCF13DB6E758")


def test_the_cbc_form_of_dsmr_4() -> None:
    sealed = bytes.fromhex("8DF4E9AAC5C7573A27D8D055D6E4D64B")
    assert open_cbc(DEFAULT_KEY, sealed) == NewKey(KeyKind.USER, NEW_KEY, 0)
    other = open_cbc(bytes(16), sealed)
    assert isinstance(other, NewKey)
    assert other.key != NEW_KEY
    assert open_cbc(DEFAULT_KEY, sealed + b"\x00") is Refusal.LENGTH


@pytest.mark.parametrize(
    ("sealed", "kind", "key"),
    [
        (USER, KeyKind.USER, NEW_KEY),
        (FIRMWARE, KeyKind.FIRMWARE, NEW_KEY),
        (OPTICAL_PORT, KeyKind.OPTICAL_PORT, NEW_KEY),
        (CLOSING, KeyKind.OPTICAL_PORT, bytes(16)),
    ],
)
def test_the_gcm_form_of_smr_5(sealed: bytes, kind: KeyKind, key: bytes) -> None:
    assert open_gcm(DEFAULT_KEY, DEVICE, sealed, COUNTER - 1) == NewKey(kind, key, COUNTER)


def test_the_initialisation_vector_stands_for_the_device() -> None:
    assert initialisation_vector(DEVICE) == bytes.fromhex("7856341293155003")


def test_what_a_device_refuses() -> None:
    assert open_gcm(DEFAULT_KEY, DEVICE, USER, COUNTER) is Refusal.COUNTER
    assert open_gcm(DEFAULT_KEY, DEVICE, USER, COUNTER + 1) is Refusal.COUNTER
    assert open_gcm(DEFAULT_KEY, DEVICE, USER[:-1], 0) is Refusal.LENGTH
    assert open_gcm(DEFAULT_KEY, DEVICE, USER[:16], 0) is Refusal.LENGTH
    assert open_gcm(bytes(16), DEVICE, USER, 0) is Refusal.TAG
    assert open_gcm(DEFAULT_KEY, DEVICE._replace(identification=12345679), USER, 0) is Refusal.TAG
    assert open_gcm(DEFAULT_KEY, DEVICE._replace(manufacturer=0x1594), USER, 0) is Refusal.TAG
    for place in range(len(USER)):
        spoilt = bytes((*USER[:place], USER[place] ^ 1, *USER[place + 1 :]))
        assert open_gcm(DEFAULT_KEY, DEVICE, spoilt, 0) is Refusal.TAG, place


def test_factory_keys_belong_to_seed_and_number() -> None:
    keys = mbus_keys_for("demo", 12345678)
    assert keys == mbus_keys_for("demo", 12345678)
    assert len({*keys, *mbus_keys_for("demo", 12345679), *mbus_keys_for("other", 12345678)}) == 12
    assert {len(key) for key in keys} == {16}


def test_keys_are_not_shown() -> None:
    for shown in (repr(MbusKeys(*[NEW_KEY] * 4)), repr(NewKey(KeyKind.USER, NEW_KEY, 1))):
        assert NEW_KEY.hex() not in shown
        assert repr(NEW_KEY) not in shown
