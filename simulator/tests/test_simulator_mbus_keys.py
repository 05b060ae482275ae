"""Keys of M-Bus devices: envelopes as a device opens them, and what setting keys does to meter and device."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC

from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, array, octet_string, structure, unsigned
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import MbusIdentity, Medium, manufacturer_code
from meterstream.simulator.mbus.keys import (
    KeyKind,
    MbusKeys,
    NewKey,
    Refusal,
    initialisation_vector,
    mbus_keys_for,
    open_cbc,
    open_gcm,
)
from meterstream.simulator.mbus.telegram import firmware_key
from meterstream.simulator.meter import SimulatedMeter

DEVICE = MbusIdentity(12345678, manufacturer_code("ELS"), 0x50, 3)
DEFAULT_KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
NEW_KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
COUNTER = 0x2E27B6A8
USER = bytes.fromhex("2E27B6A8BAF64E24F906AF0C00D92EA4E672A5D89492CA675B445349B08C")
FIRMWARE = bytes.fromhex("2E27B6A8BBF64E24F906AF0C00D92EA4E672A5D89492F376C8B6A5FC2096")
OPTICAL_PORT = bytes.fromhex("2E27B6A8B8F64E24F906AF0C00D92EA4E672A5D89492B8447CA1BE2290B9")
CLOSING = bytes.fromhex("2E27B6A8B8F64E35DB35EB5966AEA63D4CC969057A6DA7C6BCF13DB6E758")

MANAGEMENT = 1
SET_KEY, TRANSFER, SEND = 7, 8, 6
DONE = (ActionResult.SUCCESS, None)
BEGIN = bytes.fromhex("07EA070FFF0C071E")
"""The test clock at the start, as the meters show it."""
Maker = Callable[..., SimulatedMeter]


def read(meter: SimulatedMeter, class_id: int, obis: str, attribute: int = 2) -> Any:
    value = meter.get(MANAGEMENT, AttributeRef(class_id, LogicalName.parse(obis), attribute), None)
    assert isinstance(value, Data), value
    return value.value


def act(meter: SimulatedMeter, method: int, data: Data, channel: int = 1) -> tuple[ActionResult, Data | None]:
    return meter.action(MANAGEMENT, MethodRef(72, LogicalName.parse(f"0.{channel}.24.1.0.255"), method), data)


def key_status(meter: SimulatedMeter, channel: int = 1) -> int:
    status = read(meter, 72, f"0.{channel}.24.1.0.255", 14)
    assert isinstance(status, int)
    return status


def codes(meter: SimulatedMeter, log: int) -> list[int]:
    """List what has been logged since the test began."""
    rows = read(meter, 7, f"0.0.99.98.{log}.255")
    return [row.value[1].value for row in rows if row.value[0].value >= BEGIN]


def wrapped(meter: SimulatedMeter, kind: int, key: bytes, counter: int, channel: int = 1) -> bytes:
    """Wrap a key as the head-end does for an SMR 5 gateway, from nothing but what it knows."""
    text = f"{read(meter, 72, f'0.{channel}.24.1.0.255', 6):08d}"
    manufacturer = read(meter, 72, f"0.{channel}.24.1.0.255", 7)
    head = bytes.fromhex(text)[::-1] + struct.pack("<H", manufacturer) + b"\x50\x03" + struct.pack(">I", counter)
    default = mbus_keys_for("meterstream", int(text)).default
    sealed = AESGCM(default).encrypt(head, bytes((kind, 16)) + key, None)
    return struct.pack(">I", counter) + sealed[:18] + sealed[18:26]


def key_block(sealed: bytes) -> Data:
    return array((structure(octet_string(b"\x0d"), octet_string(b"\xfd\x19"), octet_string(sealed)),))


# --- envelopes ---


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


# --- what operations do ---


def test_a_user_key_is_transferred_set_and_used(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    assert key_status(meter) == 4
    assert act(meter, TRANSFER, octet_string(wrapped(meter, 0, NEW_KEY, 100))) == DONE
    assert key_status(meter) == 2
    assert act(meter, SET_KEY, octet_string(NEW_KEY)) == DONE
    assert key_status(meter) == 3
    clock.seconds += 3600
    assert key_status(meter) == 4
    assert codes(meter, 3) == [], "the meter never missed a telegram"
    assert codes(meter, 6) == [0x80A0, 0x8091, 0x80A1]
    assert read(meter, 4, "0.1.24.2.6.255") == 1 << mbus.NEW_KEY_ACCEPTED
    assert read(meter, 4, "0.1.24.2.2.255", 4) == 0


def test_a_user_key_in_the_form_of_dsmr_4(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("DSMR 4.2.2", 5)
    encryptor = Cipher(AES128(mbus_keys_for("meterstream", 5).default), CBC(bytes(16))).encryptor()
    assert act(meter, TRANSFER, octet_string(encryptor.update(NEW_KEY) + encryptor.finalize())) == DONE
    assert act(meter, SET_KEY, octet_string(NEW_KEY)) == DONE
    assert key_status(meter) == 3
    clock.seconds += 3600
    assert (key_status(meter), codes(meter, 3)) == (4, [])


def test_a_device_that_got_another_key_is_not_understood_until_it_has_the_right_one(
    make_meter: Maker, clock: Any
) -> None:
    meter = make_meter("DSMR 4.2.2")
    assert act(meter, TRANSFER, octet_string(bytes(16))) == DONE
    assert act(meter, SET_KEY, octet_string(NEW_KEY)) == DONE
    clock.seconds += 3600
    assert (key_status(meter), codes(meter, 3)) == (3, [100])
    value = read(meter, 4, "0.1.24.2.1.255")
    clock.seconds += 3600
    assert read(meter, 4, "0.1.24.2.1.255") == value
    encryptor = Cipher(AES128(mbus_keys_for("meterstream", 3).default), CBC(bytes(16))).encryptor()
    assert act(meter, TRANSFER, octet_string(encryptor.update(NEW_KEY) + encryptor.finalize())) == DONE
    clock.seconds += 3600
    assert (key_status(meter), codes(meter, 3)) == (4, [100, 101])
    assert read(meter, 4, "0.1.24.2.1.255") > value


def test_a_line_that_breaks_between_transfer_and_set(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    assert act(meter, TRANSFER, octet_string(wrapped(meter, 0, NEW_KEY, 100))) == DONE
    clock.seconds += 3600
    assert (key_status(meter), codes(meter, 3)) == (2, [100])
    assert act(meter, SET_KEY, octet_string(NEW_KEY)) == DONE
    clock.seconds += 3600
    assert (key_status(meter), codes(meter, 3)) == (4, [100, 101])


def test_a_key_that_is_only_set_is_not_in_use(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    assert act(meter, SET_KEY, octet_string(NEW_KEY)) == DONE
    assert key_status(meter) == 1
    clock.seconds += 3600
    assert (key_status(meter), codes(meter, 3)) == (1, [100])
    assert act(meter, SET_KEY, octet_string(b"")) == DONE
    assert key_status(meter) == 0
    assert act(meter, SET_KEY, octet_string(NEW_KEY[:15])) == (ActionResult.OTHER_REASON, None)
    assert act(meter, SET_KEY, unsigned(1)) == (ActionResult.TYPE_UNMATCHED, None)
    assert act(meter, TRANSFER, unsigned(1)) == (ActionResult.TYPE_UNMATCHED, None)
    assert act(meter, TRANSFER, octet_string(USER), 2) == (ActionResult.TEMPORARY_FAILURE, None)


@pytest.mark.parametrize("spoil", [lambda sealed: sealed[:-1] + bytes((sealed[-1] ^ 1,)), lambda sealed: sealed[:16]])
def test_a_spoilt_envelope_is_answered_with_success_and_rejected_by_the_device(
    make_meter: Maker, spoil: Callable[[bytes], bytes]
) -> None:
    meter = make_meter("SMR 5.1")
    assert act(meter, TRANSFER, octet_string(spoil(wrapped(meter, 0, NEW_KEY, 100)))) == DONE
    assert key_status(meter) == 4
    assert codes(meter, 6) == [0x80A0, 0x8092]
    assert read(meter, 4, "0.1.24.2.6.255") == 1 << mbus.NEW_KEY_REJECTED


def test_the_key_change_counter_only_rises(make_meter: Maker) -> None:
    meter = make_meter("SMR 5.1")
    assert act(meter, TRANSFER, octet_string(wrapped(meter, 0, NEW_KEY, 100))) == DONE
    assert act(meter, SEND, key_block(wrapped(meter, 1, NEW_KEY, 100))) == DONE
    assert codes(meter, 6)[3:] == [0x80A0, 0x8092]
    assert firmware_key(meter, 1) == mbus_keys_for("meterstream", 3).firmware
    assert act(meter, SEND, key_block(wrapped(meter, 1, NEW_KEY, 101))) == DONE
    assert firmware_key(meter, 1) == NEW_KEY


def test_the_optical_port_is_opened_and_closed(make_meter: Maker) -> None:
    meter = make_meter("SMR 5.1")
    assert act(meter, SEND, key_block(wrapped(meter, 2, NEW_KEY, 1))) == DONE
    assert read(meter, 4, "0.1.24.2.6.255") >> mbus.OPTICAL_PORT_ENABLED & 1
    assert mbus.look(meter, 1).optical_port_key == NEW_KEY
    assert act(meter, SEND, key_block(wrapped(meter, 2, bytes(16), 2))) == DONE
    assert not read(meter, 4, "0.1.24.2.6.255") >> mbus.OPTICAL_PORT_ENABLED & 1
    assert 0x8090 in codes(meter, 6)
    assert key_status(meter) == 4, "the user key stays"


def test_dsmr_4_has_no_keys_by_data_send(make_meter: Maker) -> None:
    assert act(make_meter("DSMR 4.2.2"), SEND, key_block(USER)) == (ActionResult.OTHER_REASON, None)


def test_a_device_that_does_not_hear_keeps_its_keys(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    mbus.vanish(meter, 1, int(clock.seconds * 1000))
    assert act(meter, TRANSFER, octet_string(wrapped(meter, 0, NEW_KEY, 100))) == DONE
    assert codes(meter, 6) == [0x80A0]
    assert key_status(meter) == 4


def test_a_new_device_needs_no_key_and_takes_one(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    channel = mbus.install(meter, Medium.WATER, int(clock.seconds * 1000))
    clock.seconds += 3600
    assert (key_status(meter, channel), codes(meter, 3)) == (0, [115])
    assert act(meter, TRANSFER, octet_string(wrapped(meter, 0, NEW_KEY, 1, channel)), channel) == DONE
    assert act(meter, SET_KEY, octet_string(NEW_KEY), channel) == DONE
    clock.seconds += 3600
    assert key_status(meter, channel) == 4
    assert codes(meter, 6)[0] == 0x81A0


def test_states_do_not_show_keys(make_meter: Maker) -> None:
    meter = make_meter("SMR 5.1")
    for method, data in ((TRANSFER, octet_string(wrapped(meter, 0, NEW_KEY, 1))), (SET_KEY, octet_string(NEW_KEY))):
        act(meter, method, data)
    act(meter, SEND, key_block(wrapped(meter, 1, NEW_KEY, 2)))
    assert repr(NEW_KEY) not in repr(mbus.look(meter, 1))
