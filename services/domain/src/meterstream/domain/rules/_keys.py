"""What rules on keys share: which key a request hands over, stored as NEW before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.records import KeyKind
from meterstream.domain.model.keys import GivenKey, new_key, propose
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import Departure

METER_KEYS: Final = (KeyKind.E_METER_AUTHENTICATION_KEY, KeyKind.E_METER_ENCRYPTION_KEY_UNICAST)


def needs_keys(header: CommandHeader, request: OperationRequest) -> Needs:
    """The device with its gateway and M-Bus devices: their keys change before the request goes out."""
    devices = {header.device_identification, getattr(request, "mbus_device_identification", None)} - {None}
    return Needs(kin=frozenset(device for device in devices if device), changes=True)


def hand_over_meter_keys(
    departure: Departure, kinds: Iterable[KeyKind], choose: Callable[[KeyKind], GivenKey]
) -> list[NewKey]:
    """Keys of an electricity meter; none while another NEW key is undecided: then the attempt finds out about it.

    Args:
        kinds: what is replaced.
        choose: the key of a kind, where no earlier attempt of the command had one.

    Raises: KEY_NOT_PRESENT (806) where the meter has no key of one of the kinds: there is nothing to replace.
    """
    device = departure.subject.device.identification
    present = departure.subject.world.keys(device)
    chosen: dict[KeyKind, GivenKey] = {}
    for kind in kinds:
        if not any(key.kind is kind for key in present):
            raise CODES["KEY_NOT_PRESENT"](
                f"{device} has no {kind} to replace", field="request", rule="a key that the device has", key=kind
            )
        chosen[kind] = _former(departure, device, kind) or choose(kind)
    for kind, key in chosen.items():
        undecided = new_key(present, kind)
        if undecided is not None and undecided.key_id != key.key_id:
            return []
    return _store(departure, device, chosen)


def hand_over_mbus_key(departure: Departure, device: str, kind: KeyKind) -> list[NewKey]:
    """A key of an M-Bus device that the platform makes; one that is NEW already is sent again, which mends whatever
    broke.

    Raises: KEY_NOT_PRESENT (806) where the device has no default key to send others under.
    """
    present = departure.subject.world.keys(device)
    if not any(key.kind is KeyKind.G_METER_MASTER_KEY for key in present):
        default = KeyKind.G_METER_MASTER_KEY
        rule = "an M-Bus device with a default key"
        raise CODES["KEY_NOT_PRESENT"](
            f"{device} has no {default}", field="request", rule=rule, key=default, device=device
        )
    waiting = new_key(present, kind)
    if waiting is not None:
        return [NewKey(device_identification=device, kind=kind, key_id=waiting.key_id)]
    key = _former(departure, device, kind) or departure.make_key(device, kind)
    return _store(departure, device, {kind: key})


def _store(departure: Departure, device: str, chosen: Mapping[KeyKind, GivenKey]) -> list[NewKey]:
    world = departure.subject.world
    before = world.keys(device)
    after = before
    for key in chosen.values():
        after = propose(after, key, departure.now)
    if after != before:
        world.put_keys(device, after)
        gateway = departure.subject.device.gateway
        if gateway is not None:
            world.revise(gateway.identification)
    return [NewKey(device_identification=device, kind=kind, key_id=key.key_id) for kind, key in chosen.items()]


def _former(departure: Departure, device: str, kind: KeyKind) -> GivenKey | None:
    """The key that an earlier attempt had with it: whatever has become of it since, there is no second one."""
    key_id = departure.former.get((device, kind))
    held = departure.subject.world.keys(device)
    found = next((key for key in held if key.kind is kind and key.key_id == key_id), None)
    return None if found is None else GivenKey(found.key_id, found.kind, found.sealed)
