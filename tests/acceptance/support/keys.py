"""Keys of devices as the registry's database has them."""

from __future__ import annotations

from collections import Counter

from world import World

OCTETS = 200
"""What is longer in a request is a key, encrypted: hexadecimal digits."""


def states_of(world: World, device: str) -> Counter[tuple[str, str]]:
    """How many keys of each kind are in which state."""
    found = world.query("select kind, state from domain.device_keys where device_identification = %s", device)
    return Counter((kind, state) for kind, state in found)


def sent(world: World) -> list[bytes]:
    """The encrypted keys of the last request."""
    texts = [value for value in world.sent.values() if isinstance(value, str) and len(value) > OCTETS]
    return [bytes.fromhex(text) for text in texts]


def sealed(world: World, device: str) -> list[bytes]:
    """The stored forms of a device's keys."""
    found = world.query("select sealed from domain.device_keys where device_identification = %s", device)
    return [bytes(one) for (one,) in found]
