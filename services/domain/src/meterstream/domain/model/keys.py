"""States of device keys: which may be in the meter, which is.

No key is ever lost or deleted. A key that was given counts as ACTIVE at once and is unproven until an association
has stood with it; what it displaced stays a candidate (WITHDRAWN and unproven) as long as nothing tells it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from meterstream.contracts.records import KeyKind, KeyState

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

    The proven key becomes ACTIVE. The former ACTIVE key becomes EXPIRED where it had been proven, else WITHDRAWN:
    then it was given but never seen in the meter, and stays a candidate.
    """
    keys = {(key.kind, key.key_id): key for key in present}
    for key_id in key_ids:
        for key in [key for key in keys.values() if key.key_id == key_id]:
            if _is_settled(key) or _is_overtaken(key, keys.values(), observed_at):
                continue
            for other in _actives(keys.values(), key):
                state = KeyState.EXPIRED if other.proven else KeyState.WITHDRAWN
                keys[other.kind, other.key_id] = replace(other, state=state, changed_at=observed_at)
            keys[key.kind, key.key_id] = replace(
                key, state=KeyState.ACTIVE, proven=True, proven_at=observed_at, changed_at=observed_at
            )
    return tuple(keys.values())


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
