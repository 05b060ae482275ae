"""Firmware files of M-Bus devices: preparation against the reference's vectors, and what is refused."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.shared.mbus_firmware import read_header
from meterstream.protocol_dlms.model.mbus_image import prepare

KEY = bytes.fromhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF")
FILE = bytes.fromhex(
    "534D5235002300110040001000000010000208019315FFFFFFFF500303000000000000404142434445464748494A4B4C4D4E4F"
    "00000000000000000000000000000000"
)
AFTER = bytes.fromhex(
    "534D523500230011004000100000001000020801931578563412500303000000000000404142434445464748494A4B4C4D4E4F"
    "2C45A2AD869442C8C4AEBF49F9643A8B"
)
IDENTIFIER = bytes.fromhex("454C534D425553785634129315500300000000")
NUMBER = "12345678"


def gmac(iv: bytes, associated_data: bytes) -> bytes:
    assert iv == bytes.fromhex("931578563412500300400011")
    return AESGCM(KEY).encrypt(iv, b"", associated_data)


def changed(**places: Any) -> bytes:
    made = bytearray(FILE)
    for place, octets in places.items():
        made[int(place[1:]) : int(place[1:]) + len(octets)] = octets
    return bytes(made)


def test_the_file_and_its_identifier_are_those_of_the_vectors() -> None:
    assert prepare(FILE, NUMBER, gmac) == (AFTER, IDENTIFIER)
    assert sha256(AFTER[35:-16]).hexdigest() == "ba22b7dc95f6cc8765757be4bccf37cd92ece6d4987dc26a31e274c9be236921"


@pytest.mark.parametrize("magic", [b"SMR5", b"5RMS"])
def test_the_version_of_the_devices_is_written_whatever_the_file_says(magic: bytes) -> None:
    made, _ = prepare(changed(_0=magic, _26=b"\x11"), NUMBER, lambda *_: bytes(16))
    assert made[26] == 0x50


@pytest.mark.parametrize(
    ("pattern", "fits"), [("12345678", True), ("1234FFFF", True), ("F2345678", True), ("12345679", False)]
)
def test_a_file_is_for_a_range_of_numbers(pattern: str, fits: bool) -> None:
    file = changed(_22=bytes.fromhex(pattern)[::-1])
    if fits:
        assert prepare(file, NUMBER, lambda *_: bytes(16))[0][22:26] == bytes.fromhex(NUMBER)[::-1]
        return
    with pytest.raises(PlatformError, match=r"\(12345678\) does not fit the range .*\(12345679\)"):
        prepare(file, NUMBER, lambda *_: bytes(16))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (FILE[:-1], "length 66 is not the sum of header 35, image 16 and security 16"),
        (FILE + b"\x00", "length 68"),
        (changed(_4=b"\x01"), "header version is 1, must be 0"),
        (changed(_5=b"\x24\x00", _11=b"\x0f"), "header length is 36, must be 35"),
        (changed(_11=b"\x11", _15=b"\x0f"), "security length is 15, must be 16"),
        (changed(_17=b"\x05"), "security type is 5, must be 2"),
        (changed(_18=b"\x07"), "address length is 7, must be 8"),
        (changed(_27=b"\x02"), "M-Bus device type is 2, must be 3"),
        (changed(_28=b"\x01"), "activation type is 1, must be 3"),
        (changed(_34=b"\x01"), "activation time is"),
    ],
)
def test_a_broken_header_names_field_and_rule(file: bytes, words: str) -> None:
    with pytest.raises(PlatformError, match=words) as caught:
        prepare(file, NUMBER, lambda *_: bytes(16))
    assert (caught.value.code.name, caught.value.retryable) == ("IMAGE_UNUSABLE", False)


@pytest.mark.parametrize("number", ["", "1234567", "123456789", "1234567F", "１２３４５６７８"])
def test_a_device_without_number_gets_no_firmware(number: str) -> None:
    with pytest.raises(PlatformError, match="has not 8 digits"):
        prepare(FILE, number, gmac)


@pytest.mark.parametrize("file", [b"", FILE[:34], changed(_0=b"SMR4"), changed(_19=b"\x02")])
def test_other_files_are_none_for_mbus_devices(file: bytes) -> None:
    assert read_header(file) is None
    with pytest.raises(PlatformError, match="no file for M-Bus devices"):
        prepare(file, NUMBER, gmac)
