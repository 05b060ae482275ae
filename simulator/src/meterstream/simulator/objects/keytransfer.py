"""Security setup (class 64): key transfer, and activation of a stricter security policy (Blue Book 4.4.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.data import Data, DataType
from meterstream.dlms.errors import ConfigurationError, DecipherError, DecodeError
from meterstream.dlms.meter import DropLine, SecurityKeys
from meterstream.dlms.security import unwrap_key
from meterstream.simulator.objects.behaviour import Behaviour
from meterstream.simulator.world.tariff import elements, parts

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

UNICAST, BROADCAST, AUTHENTICATION, MASTER = range(4)
"""Key ids of global_key_transfer."""

_POLICY: Final = 2
_SECURITY_ACTIVATE, _GLOBAL_KEY_TRANSFER = 1, 2


@dataclass(slots=True)
class KeyTransferFaults:
    """How the next key transfers of a meter go wrong.

    Attributes:
        refusals: action results (codes) that the next transfers get, without effect.
        drop_before: key ids whose next transfer ends the connection without effect.
        drop_after: key ids whose next transfer takes effect, and ends the connection instead of being answered.
    """

    refusals: list[int] = field(default_factory=list)
    drop_before: list[int] = field(default_factory=list)
    drop_after: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Master:
    """The master key once a client has changed it; None: that of the factory."""

    key: bytes | None = field(default=None, repr=False)


def master_of(meter: SimulatedMeter) -> bytes:
    """The master key that the meter has now.

    Raises:
        LookupError: it has none.
    """
    changed = meter.peek(Master)
    return (changed and changed.key) or meter.model.factory_keys(meter.number).master


class SecuritySetup(Behaviour):
    """Keys come wrapped (RFC 3394) with the meter's master key, and are in force from the next request on.

    Whether the answer to the transfer is already sealed with them is a habit of the make (`Habits`).
    """

    methods: ClassVar[Mapping[int, str]] = MappingProxyType(
        {_SECURITY_ACTIVATE: "security_activate", _GLOBAL_KEY_TRANSFER: "global_key_transfer"}
    )
    policies: ClassVar[frozenset[int]] = frozenset(range(4))
    """Those that it takes."""

    def invoke(
        self, meter: SimulatedMeter, item: SimulatedObject, method: int, data: Data | None, _at: int
    ) -> tuple[ActionResult, Data | None]:
        if method == _SECURITY_ACTIVATE:
            return self._activate(meter, item, data), None
        try:
            wrapped = keys_by_id(data)
        except DecodeError:
            return ActionResult.TYPE_UNMATCHED, None
        return _transfer(meter, wrapped), None

    def _activate(self, meter: SimulatedMeter, item: SimulatedObject, data: Data | None) -> ActionResult:
        """Take a policy that demands everything the present one does."""
        if data is None or data.type is not DataType.ENUM or not isinstance(data.value, int):
            return ActionResult.TYPE_UNMATCHED
        written = meter.written(item, _POLICY)
        present = (item.attributes[_POLICY].read(meter, 0) if written is None else written).value
        if data.value not in self.policies or not isinstance(present, int) or present & ~data.value:
            return ActionResult.OTHER_REASON
        meter.keep(item, _POLICY, data)
        return ActionResult.SUCCESS


def keys_by_id(data: Data | None) -> dict[int, bytes]:
    """Read array of structure{enum key id, octet-string key data}: a wrapped key, or what agrees on one.

    Raises:
        DecodeError: anything else, or nothing.
    """
    found: dict[int, bytes] = {}
    for element in elements(data) if data is not None else ():
        key_id, wrapped = parts(element, DataType.ENUM, DataType.OCTET_STRING)
        if isinstance(key_id.value, int) and isinstance(wrapped.value, bytes):
            found[key_id.value] = wrapped.value
    if not found:
        raise DecodeError("no key is named")
    return found


def _transfer(meter: SimulatedMeter, wrapped: dict[int, bytes]) -> ActionResult:
    faults = meter.peek(KeyTransferFaults)
    if faults is not None:
        if faults.refusals:
            return ActionResult(faults.refusals.pop(0))
        if _strike(faults.drop_before, wrapped):
            raise DropLine("key transfer not executed")
    try:
        present, keys = _unwrapped(meter, wrapped)
        install(meter, present, keys)
    except (ConfigurationError, DecipherError, LookupError):
        return ActionResult.OTHER_REASON
    if faults is not None and _strike(faults.drop_after, wrapped):
        raise DropLine("key transfer executed, not answered")
    return ActionResult.SUCCESS


def install(meter: SimulatedMeter, present: SecurityKeys, keys: Mapping[int, bytes]) -> None:
    """Put keys in force, from the next request on.

    Raises:
        ConfigurationError: a key of another length than those of the suite.
    """
    encryption, authentication = (
        keys.get(UNICAST, present.encryption_key),
        keys.get(AUTHENTICATION, present.authentication_key),
    )
    meter.keys = SecurityKeys(encryption, authentication, present.suite)
    if UNICAST in keys:
        meter.last_counters = None
    if MASTER in keys:
        meter.state(Master).key = keys[MASTER]


def _unwrapped(meter: SimulatedMeter, wrapped: dict[int, bytes]) -> tuple[SecurityKeys, dict[int, bytes]]:
    """The present keys, and those that were wrapped.

    Raises:
        ConfigurationError: a key of another length.
        DecipherError: a key was not wrapped with this meter's master key.
        LookupError: the meter has no keys, no master key, or takes no key of that kind.
    """
    present = meter.keys
    if present is None or BROADCAST in wrapped or not wrapped.keys() <= set(range(4)):
        raise LookupError("no such key is taken")
    master = master_of(meter)
    keys = {key_id: unwrap_key(master, octets) for key_id, octets in wrapped.items()}
    if any(len(key) != len(present.encryption_key) for key in keys.values()):
        raise ConfigurationError("a key of another length")
    return present, keys


def _strike(key_ids: list[int], wrapped: dict[int, bytes]) -> bool:
    """Take the first planned fault that concerns one of the keys off the list."""
    for key_id in key_ids:
        if key_id in wrapped:
            key_ids.remove(key_id)
            return True
    return False
