"""States of device keys: which may be in the meter, which is.

No key is ever lost or deleted. A key that was given counts as ACTIVE at once and is unproven until an association
has stood with it; what it displaced stays a candidate (WITHDRAWN and unproven) as long as nothing tells it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from meterstream.contracts.key_transfers import KeyOutcome
from meterstream.contracts.records import KeyKind, KeyState

ASSOCIATED: Final = frozenset(
    {KeyKind.E_METER_AUTHENTICATION_KEY, KeyKind.E_METER_ENCRYPTION_KEY_UNICAST, KeyKind.LLS_PASSWORD}
)
"""Kinds that an association proves; keys of the others count by the answer to their transfer."""

CANDIDATES_PER_KIND: Final = 4
"""Withdrawn keys of one kind that still travel in the record: a worker tries at most four."""


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A key of the registry; `sealed` is its envelope at rest, `changed_at` the last change of state."""

    key_id: str
    kind: KeyKind
    state: KeyState
    proven: bool
    sealed: bytes
    changed_at: datetime
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GivenKey:
    """A key as a client gave it, sealed at rest already; the id tells equal bytes of one device."""

    key_id: str
    kind: KeyKind
    sealed: bytes


def give(present: Sequence[DeviceKey], given: Iterable[GivenKey], now: datetime) -> tuple[DeviceKey, ...]:
    """The keys of a device after AddDevice.

    Each given key becomes ACTIVE and unproven, unless it is the active one already. The former ACTIVE and NEW keys
    of its kind become WITHDRAWN and unproven: the meter may still hold them.
    """
    keys = {(key.kind, key.key_id): key for key in present}
    for new in given:
        former = keys.get((new.kind, new.key_id))
        if former is not None and former.state is KeyState.ACTIVE:
            continue
        for identity, key in keys.items():
            if key.kind is new.kind and key.state in (KeyState.ACTIVE, KeyState.NEW):
                keys[identity] = replace(key, state=KeyState.WITHDRAWN, proven=False, changed_at=now)
        keys[new.kind, new.key_id] = DeviceKey(
            key_id=new.key_id,
            kind=new.kind,
            state=KeyState.ACTIVE,
            proven=False,
            sealed=former.sealed if former else new.sealed,
            changed_at=now,
        )
    return tuple(keys.values())


def retire(present: Iterable[DeviceKey], now: datetime) -> tuple[DeviceKey, ...]:
    """The keys of a removed device: kept, but candidates for nobody who may add the device later."""
    return tuple(
        key if key.state is KeyState.EXPIRED else replace(key, state=KeyState.EXPIRED, proven=False, changed_at=now)
        for key in present
    )


def prove(present: Sequence[DeviceKey], key_ids: Iterable[str], observed_at: datetime) -> tuple[DeviceKey, ...]:
    """The keys after an association stood with `key_ids`; an observation older than a stored one changes nothing.

    The proven key becomes ACTIVE. The former ACTIVE key becomes EXPIRED where it had been proven, or where the proven
    one was NEW: an association, for which the former was there, has brought that into the meter. Else it becomes
    WITHDRAWN: then it was given but never seen in the meter, and stays a candidate.
    """
    keys = {(key.kind, key.key_id): key for key in present}
    for key_id in key_ids:
        for key in [key for key in keys.values() if key.key_id == key_id]:
            if _is_settled(key) or _is_overtaken(key, keys.values(), observed_at):
                continue
            for other in _actives(keys.values(), key):
                was_there = other.proven or key.state is KeyState.NEW
                state = KeyState.EXPIRED if was_there else KeyState.WITHDRAWN
                keys[other.kind, other.key_id] = replace(other, state=state, changed_at=observed_at)
            keys[key.kind, key.key_id] = replace(
                key, state=KeyState.ACTIVE, proven=True, proven_at=observed_at, changed_at=observed_at
            )
    return tuple(keys.values())


def new_key(present: Iterable[DeviceKey], kind: KeyKind) -> DeviceKey | None:
    """The key of a kind that is on its way into the meter, or of which nobody knows whether it is there."""
    return next((key for key in present if key.kind is kind and key.state is KeyState.NEW), None)


def propose(present: Sequence[DeviceKey], proposed: GivenKey, now: datetime) -> tuple[DeviceKey, ...]:
    """The keys with a NEW one, to be stored before anything is sent; an ACTIVE key of the same octets stays as it is.

    Octets that the device had before keep their envelope. There must be no other NEW key of that kind.
    """
    keys = {(key.kind, key.key_id): key for key in present}
    identity = (proposed.kind, proposed.key_id)
    former = keys.get(identity)
    if former is not None and former.state in (KeyState.ACTIVE, KeyState.NEW):
        return tuple(present)
    if new_key(present, proposed.kind) is not None:
        raise ValueError(f"another {proposed.kind} is undecided")
    keys[identity] = DeviceKey(
        key_id=proposed.key_id,
        kind=proposed.kind,
        state=KeyState.NEW,
        proven=False,
        sealed=former.sealed if former else proposed.sealed,
        changed_at=now,
    )
    return tuple(keys.values())


def decide(
    present: Sequence[DeviceKey], key_id: str, outcome: KeyOutcome, observed_at: datetime
) -> tuple[DeviceKey, ...]:
    """The keys after an attempt found out what became of one; what it found before the key was proposed is old news.

    Refused or absent: NEW becomes WITHDRAWN, and stays a candidate where associations use its kind. Transferred: it
    becomes ACTIVE where no association could prove it. Undecided: nothing changes, it may be in the meter.
    """
    key = next((key for key in present if key.key_id == key_id and key.changed_at <= observed_at), None)
    if key is None:
        return tuple(present)
    if outcome in (KeyOutcome.REFUSED, KeyOutcome.ABSENT):
        if key.state is KeyState.NEW:
            return _with(present, replace(key, state=KeyState.WITHDRAWN, changed_at=observed_at))
        if key.state is KeyState.ACTIVE and key.kind not in ASSOCIATED and outcome is KeyOutcome.ABSENT:
            return _with(present, replace(key, state=KeyState.EXPIRED, changed_at=observed_at))
    if outcome is KeyOutcome.TRANSFERRED and key.kind not in ASSOCIATED and key.state is not KeyState.ACTIVE:
        formers = [replace(other, state=KeyState.EXPIRED, changed_at=observed_at) for other in _actives(present, key)]
        return _with(present, *formers, replace(key, state=KeyState.ACTIVE, changed_at=observed_at))
    return tuple(present)


def _with(present: Iterable[DeviceKey], *changed: DeviceKey) -> tuple[DeviceKey, ...]:
    return tuple(({(key.kind, key.key_id): key for key in (*present, *changed)}).values())


def _is_settled(key: DeviceKey) -> bool:
    return key.state is KeyState.ACTIVE and key.proven


def _is_overtaken(key: DeviceKey, keys: Iterable[DeviceKey], observed_at: datetime) -> bool:
    """Whether the kind was changed after the observation: given anew, retired, or another one proven."""
    if key.state is KeyState.EXPIRED:
        return key.changed_at >= observed_at
    return any(
        other.changed_at > observed_at for other in keys if other.kind is key.kind and other.state is KeyState.ACTIVE
    )


def _actives(keys: Iterable[DeviceKey], but: DeviceKey) -> list[DeviceKey]:
    return [key for key in keys if key.kind is but.kind and key.state is KeyState.ACTIVE and key.key_id != but.key_id]


def in_record(keys: Iterable[DeviceKey]) -> Iterator[DeviceKey]:
    """The keys that protocol-dlms may need: ACTIVE, NEW, and the newest unproven WITHDRAWN of each kind."""
    withdrawn: dict[KeyKind, int] = {}
    order = {KeyState.ACTIVE: 0, KeyState.NEW: 1, KeyState.WITHDRAWN: 2, KeyState.EXPIRED: 3}
    for key in sorted(keys, key=lambda key: (key.kind, order[key.state], -key.changed_at.timestamp(), key.key_id)):
        if key.state is KeyState.WITHDRAWN and not key.proven:
            withdrawn[key.kind] = withdrawn.get(key.kind, 0) + 1
            if withdrawn[key.kind] <= CANDIDATES_PER_KIND:
                yield key
        elif key.state in (KeyState.ACTIVE, KeyState.NEW):
            yield key
