"""Sealed values open for one receiver and purpose only."""

from __future__ import annotations

import pytest

from meterstream.runtime.sealing import (
    KeyVault,
    Opener,
    Sealer,
    SealError,
    generate_key_pair,
    key_binding,
    recipient_id,
)

SECRET = bytes(range(16))


def test_opens_for_the_receiver_and_purpose() -> None:
    private, public = generate_key_pair()
    sealer, opener = Sealer(public), Opener(private)
    sealed = sealer.seal(SECRET, key_binding("E1", "MASTER", "k1"))
    assert opener.open(sealer.ephemeral_public, sealed, key_binding("E1", "MASTER", "k1")) == SECRET
    assert opener.recipient == recipient_id(public)
    assert SECRET not in sealed


@pytest.mark.parametrize("binding", [key_binding("E2", "MASTER", "k1"), key_binding("E1", "AUTH", "k1"), b""])
def test_another_device_kind_or_purpose_opens_nothing(binding: bytes) -> None:
    private, public = generate_key_pair()
    sealer = Sealer(public)
    sealed = sealer.seal(SECRET, key_binding("E1", "MASTER", "k1"))
    with pytest.raises(SealError):
        Opener(private).open(sealer.ephemeral_public, sealed, binding)


def test_another_receiver_opens_nothing() -> None:
    _, public = generate_key_pair()
    other, _ = generate_key_pair()
    sealer = Sealer(public)
    with pytest.raises(SealError):
        Opener(other).open(sealer.ephemeral_public, sealer.seal(SECRET, b"x"), b"x")


@pytest.mark.parametrize("damaged", [b"", b"short", bytes(60)])
def test_damage_is_one_typed_error(damaged: bytes) -> None:
    private, public = generate_key_pair()
    with pytest.raises(SealError):
        Opener(private).open(Sealer(public).ephemeral_public, damaged, b"")
    with pytest.raises(SealError):
        Opener(private).open(b"no key", bytes(60), b"")


def test_vault_opens_after_the_key_encryption_key_changed() -> None:
    old, new = bytes(32), bytes([1]) * 32
    sealed = KeyVault(old).seal(SECRET, b"device")
    assert KeyVault(new, old).open(sealed, b"device") == SECRET
    with pytest.raises(SealError, match="not here"):
        KeyVault(new).open(sealed, b"device")


def test_vault_binds_to_its_purpose() -> None:
    vault = KeyVault(bytes(32))
    with pytest.raises(SealError):
        vault.open(vault.seal(SECRET, b"device"), b"other device")


def test_equal_key_bytes_have_one_id_per_device_and_kind() -> None:
    vault = KeyVault(bytes(32))
    first = vault.identity("E1", "MASTER", SECRET)
    assert first == vault.identity("E1", "MASTER", SECRET)
    assert len({first, vault.identity("E2", "MASTER", SECRET), vault.identity("E1", "AUTH", SECRET)}) == 3
    assert SECRET.hex() not in first


def test_a_short_key_encryption_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 octets"):
        KeyVault(b"short")
