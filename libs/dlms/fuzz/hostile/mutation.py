"""What becomes of a valid frame in hostile hands; everything follows from the random source, so a seed repeats it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, NamedTuple

from hostile.structure import (
    envelopes_of,
    mend_checks,
    mend_ciphered,
    mend_header,
    mend_lengths,
    number_of_block,
    spoil_block,
    spoil_frame,
)

_TELLING_OCTETS: Final = bytes.fromhex("00017F8081828384FEFF")
_BOMBS: Final = (
    bytes.fromhex("84FFFFFFFF"),
    bytes.fromhex("83FFFFFF"),
    bytes.fromhex("82FFFF"),
    bytes.fromhex("81FF"),
    bytes.fromhex("0182FFFF00"),
    bytes.fromhex("0201") * 40,
    bytes.fromhex("0101") * 40,
    bytes.fromhex("13" + "0113" * 20),
    bytes.fromhex("130082FFFF"),
)
_MOST_OCTETS: Final = 4_096


class Material(NamedTuple):
    """What a mutation works with: `octets` to change, other frames to mix in."""

    random: Random
    octets: bytes
    others: Sequence[bytes]


Mutation = Callable[[Material], bytes]


def _flip(given: Material) -> bytes:
    random, octets, _ = given
    at = random.randrange(len(octets) * 8)
    return octets[: at >> 3] + bytes((octets[at >> 3] ^ 1 << (at & 7),)) + octets[(at >> 3) + 1 :]


def _overwrite(given: Material) -> bytes:
    random, octets, _ = given
    at = random.randrange(len(octets))
    return octets[:at] + bytes((random.choice(_TELLING_OCTETS),)) + octets[at + 1 :]


def _remove(given: Material) -> bytes:
    random, octets, _ = given
    start, end = _slice(random, octets)
    return octets[:start] + octets[end:]


def _repeat(given: Material) -> bytes:
    random, octets, _ = given
    start, end = _slice(random, octets)
    return octets[:end] + octets[start:end] * random.randint(1, 4) + octets[end:]


def _swap(given: Material) -> bytes:
    random, octets, _ = given
    a, b, c, d = sorted(random.randint(0, len(octets)) for _ in range(4))
    return octets[:a] + octets[c:d] + octets[b:c] + octets[a:b] + octets[d:]


def _insert(given: Material) -> bytes:
    random, octets, _ = given
    at = random.randint(0, len(octets))
    return octets[:at] + random.randbytes(random.randint(1, 12)) + octets[at:]


def _bomb(given: Material) -> bytes:
    random, octets, _ = given
    at = random.randint(0, len(octets))
    bomb = random.choice(_BOMBS)
    return octets[:at] + bomb + octets[at + random.choice((0, len(bomb))) :]


def _splice(given: Material) -> bytes:
    random, octets, others = given
    other = random.choice(others)
    return octets[: random.randint(0, len(octets))] + other[random.randint(0, len(other)) :]


def _other(given: Material) -> bytes:
    random, _, others = given
    return random.choice(others)


def _noise(given: Material) -> bytes:
    random = given.random
    return random.randbytes(random.randint(1, 64))


def _cut(given: Material) -> bytes:
    random, octets, _ = given
    return octets[: random.randrange(len(octets))]


_MUTATIONS: Final[tuple[Mutation, ...]] = (
    _flip, _flip, _overwrite, _overwrite, _remove, _repeat, _swap, _insert, _bomb, _splice, _other, _noise, _cut,
)  # fmt: skip


def _slice(random: Random, octets: bytes) -> tuple[int, int]:
    start, end = sorted(random.randint(0, len(octets)) for _ in range(2))
    return start, min(end, start + 64)


def spoil(random: Random, octets: bytes, others: Sequence[bytes]) -> bytes:
    """One to four mutations of `octets`; `others` are frames to mix in. At most 4,096 octets, at least one."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        octets = random.choice(_MUTATIONS)(Material(random, octets, others))[:_MOST_OCTETS] or b"\x00"
    return octets


def in_pieces(random: Random, octets: bytes) -> tuple[bytes, ...]:
    """As the line delivers it: mostly whole, sometimes cut."""
    if random.random() < 0.75:
        return (octets,)
    cuts = sorted(random.randint(0, len(octets)) for _ in range(random.randint(1, 3)))
    return tuple(octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True))


def spoil_line(random: Random, octets: bytes, others: Sequence[bytes]) -> bytes:
    """One frame of several spoilt: its APDU, its block number or its HDLC fields; lengths and checks hold."""
    envelopes = envelopes_of(octets)
    if not envelopes:
        return mend_header(spoil(random, octets, others))
    place = random.randrange(len(envelopes))
    envelope = envelopes[place]
    apdu = _spoil_apdu(random, envelope.apdu, others)
    if envelope.frame is not None and random.random() < 0.5:
        keeps = random.random() < 0.7
        frame = spoil_frame(random, envelope.frame, envelope.llc + (envelope.apdu if keeps else apdu))
        if random.random() < 0.2:
            frame = mend_checks(spoil(random, frame, others))
        spoilt = frame
    else:
        spoilt = envelope._replace(apdu=apdu).encode()
    frames = [each.encode() for each in envelopes]
    frames[place] = spoilt
    if random.random() < 0.2:
        random.shuffle(frames)
    if random.random() < 0.1:
        frames.insert(random.randint(0, len(frames)), random.choice(frames))
    return b"".join(frames)


def _spoil_apdu(random: Random, apdu: bytes, others: Sequence[bytes]) -> bytes:
    if not apdu:
        return random.randbytes(random.randint(0, 8))
    if random.random() < 0.3 and number_of_block(apdu) is not None:
        return spoil_block(random, apdu)
    return mend_ciphered(spoil_content(random, apdu, others))


def spoil_content(random: Random, octets: bytes, others: Sequence[bytes]) -> bytes:
    """As `spoil`, for APDUs: block numbers too, and often the lengths around what changed are mended."""
    if random.random() < 0.2 and number_of_block(octets) is not None:
        return spoil_block(random, octets)
    spoilt = spoil(random, octets, others)
    return mend_lengths(random, octets, spoilt) if random.random() < 0.4 else spoilt
