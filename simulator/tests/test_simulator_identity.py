"""Identification and secrets derive from number and seed alone."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from meterstream.dlms.client import client_title_for
from meterstream.dlms.errors import ConfigurationError
from meterstream.simulator.fleet import identification_for, keys_for, password_for
from meterstream.simulator.identity import logical_device_name_for, system_title_for


def test_keys_are_hkdf_of_the_seed() -> None:
    expected = HKDF(
        algorithm=SHA256(), length=48, salt=b"meterstream simulated fleet: keys", info=(7).to_bytes(8, "big")
    ).derive(b"demo")

    master, authentication, encryption = keys_for("demo", 7)

    assert master + authentication + encryption == expected


def test_keys_of_all_meters_and_seeds_differ() -> None:
    keys = [key for seed in ("a", "b") for number in range(1, 200) for key in keys_for(seed, number)]
    assert len(set(keys)) == len(keys)
    assert all(len(key) == 16 for key in keys)


def test_keys_do_not_show() -> None:
    keys = keys_for("demo", 7)
    assert repr(keys) == str(keys) == "MeterKeys(...)"
    assert keys.encryption.hex() not in f"{keys!r}{keys!s}"


def test_password_is_eight_digits() -> None:
    passwords = {password_for("demo", number) for number in range(1, 100)}
    assert all(len(password) == 8 and password.isdigit() for password in passwords)
    assert len(passwords) > 90


def test_names() -> None:
    assert identification_for(42) == "E0001000000000042"
    assert client_title_for(identification_for(42)) == b"   " + (42).to_bytes(5, "big")
    assert system_title_for(42) == b"MSM" + (42).to_bytes(5, "big")
    assert logical_device_name_for(42) == b"MSM0000000000042"


@pytest.mark.parametrize("number", [0, -1, 10**12])
def test_numbers_are_bounded(number: int) -> None:
    for derive in (identification_for, system_title_for, logical_device_name_for):
        with pytest.raises(ValueError, match="outside 1 to 999999999999"):
            derive(number)
    with pytest.raises(ValueError, match="outside"):
        keys_for("demo", number)


def test_titles_of_identifications_with_fewer_digits() -> None:
    assert client_title_for("KTEST10260000001") == b"   " + (10260000001).to_bytes(5, "big")
    with pytest.raises(ConfigurationError, match="ends in digits"):
        client_title_for("TEST102400unknown")
