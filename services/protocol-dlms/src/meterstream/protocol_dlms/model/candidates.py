"""Which keys to try on a meter, and in which order, when it is not certain which ones it holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import product
from typing import Final, NamedTuple

from meterstream.contracts.errors import error
from meterstream.contracts.records import KeyKind, KeyState, SealedKey

MAX_CANDIDATES: Final = 4
"""Meters lock after repeated failures."""


class KeySet(NamedTuple):
    """The keys of one association; `password` for LLS only."""

    encryption: SealedKey
    authentication: SealedKey
    password: SealedKey | None = None

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Ids of the keys that an association proves."""
        return tuple(key.key_id for key in self if key is not None)


def _rank(key: SealedKey, proven_last: Collection[str]) -> int:
    """Lower is likelier: what the last association stood with, unless it was withdrawn since, then by state."""
    known = key.key_id in proven_last
    match key.state:
        case KeyState.ACTIVE:
            return 0 if known else 1 if key.proven else 2
        case KeyState.NEW:
            return 0 if known else 4
        case KeyState.WITHDRAWN:
            return 3 if known else 5
        case KeyState.EXPIRED:
            return 3 if known else 6


def _ordered(keys: Sequence[SealedKey], kind: KeyKind, proven_last: Collection[str]) -> list[SealedKey]:
    """Raises: KEY_NOT_PRESENT."""
    found = [key for key in keys if key.kind is kind]
    if not found:
        raise error("KEY_NOT_PRESENT", f"the device has no {kind}", kind=kind.value)
    if len(found) > 1:
        found.sort(key=lambda key: _rank(key, proven_last))
    return found


def password_of(keys: Sequence[SealedKey], proven_last: Collection[str] = ()) -> SealedKey:
    """The likeliest LLS password. Raises: KEY_NOT_PRESENT."""
    return _ordered(keys, KeyKind.LLS_PASSWORD, proven_last)[0]


def candidates(
    keys: Sequence[SealedKey], proven_last: Collection[str] = (), *, password: bool = False
) -> tuple[KeySet, ...]:
    """Key sets to try, the likeliest first, at most four; one alone leaves no doubt.

    Keys are replaced one kind after another, the authentication key first, so sets differ in few keys from the
    likeliest before they differ in many: old, new AK, new EK, both new. A password is replaced before both: where all
    three are in doubt, sets that follow that order come first, and there are four of them.

    Raises: KEY_NOT_PRESENT.
    """
    encryption = _ordered(keys, KeyKind.E_METER_ENCRYPTION_KEY_UNICAST, proven_last)
    authentication = _ordered(keys, KeyKind.E_METER_AUTHENTICATION_KEY, proven_last)
    words: Sequence[SealedKey | None] = _ordered(keys, KeyKind.LLS_PASSWORD, proven_last) if password else (None,)
    if len(encryption) == len(authentication) == len(words) == 1:
        return (KeySet(encryption[0], authentication[0], words[0]),)
    asked = len(words) > 1
    ranked = sorted(
        product(range(len(encryption)), range(len(authentication)), range(len(words))),
        key=lambda places: (max(places), asked and list(places) != sorted(places), sum(places), places),
    )
    return tuple(KeySet(encryption[ek], authentication[ak], words[word]) for ek, ak, word in ranked[:MAX_CANDIDATES])
