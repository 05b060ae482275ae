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
_POLICIES: Final = range(4)


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

    def invoke(
        self, meter: SimulatedMeter, item: SimulatedObject, method: int, data: Data | None, _at: int
    ) -> tuple[ActionResult, Data | None]:
        if method == _SECURITY_ACTIVATE:
            return _activate(meter, item, data), None
        try:
            wrapped = _wrapped_keys(data)
        except DecodeError:
            return ActionResult.TYPE_UNMATCHED, None
        return _transfer(meter, wrapped), None


def _activate(meter: SimulatedMeter, item: SimulatedObject, data: Data | None) -> ActionResult:
    """Take a policy that demands everything the present one does."""
    if data is None or data.type is not DataType.ENUM or not isinstance(data.value, int):
        return ActionResult.TYPE_UNMATCHED
    written = meter.written(item, _POLICY)
    present = (item.attributes[_POLICY].read(meter, 0) if written is None else written).value
    if data.value not in _POLICIES or not isinstance(present, int) or present & ~data.value:
        return ActionResult.OTHER_REASON
    meter.keep(item, _POLICY, data)
    return ActionResult.SUCCESS


def _wrapped_keys(data: Data | None) -> dict[int, bytes]:
    """Read array of structure{enum key id, octet-string wrapped key}.

    Raises:
        DecodeError: anything else, or nothing.
    """
    found: dict[int, bytes] = {}
    for element in elements(data) if data is not None else ():
        key_id, wrapped = parts(element, DataType.ENUM, DataType.OCTET_STRING)
        if isinstance(key_id.value, int) and isinstance(wrapped.value, bytes):
            found[key_id.value] = wrapped.value
    if not found:
        raise DecodeError("no key is transferred")
    return found


def _transfer(meter: SimulatedMeter, wrapped: dict[int, bytes]) -> ActionResult:
    faults = meter.peek(KeyTransferFaults)
    if faults is not None:
        if faults.refusals:
            return ActionResult(faults.refusals.pop(0))
        if _strike(faults.drop_before, wrapped):
            raise DropLine("key transfer not executed")
    try:
        replaced = _replaced(meter, wrapped)
    except (ConfigurationError, DecipherError, LookupError):
        return ActionResult.OTHER_REASON
    if replaced is None:
        return ActionResult.OTHER_REASON
    keys, master = replaced
    if UNICAST in wrapped:
        meter.last_counters = None
    if master is not None:
        meter.state(Master).key = master
    meter.keys = keys
    if faults is not None and _strike(faults.drop_after, wrapped):
        raise DropLine("key transfer executed, not answered")
    return ActionResult.SUCCESS


def _replaced(meter: SimulatedMeter, wrapped: dict[int, bytes]) -> tuple[SecurityKeys, bytes | None] | None:
    """Unwrap all keys; None: one of them has a kind or length that the meter does not take.

    Raises:
        ConfigurationError: a key of another length.
        DecipherError: a key was not wrapped with this meter's master key.
        LookupError: the meter has no master key.
    """
    present = meter.keys
    if present is None or BROADCAST in wrapped or not wrapped.keys() <= set(range(4)):
        return None
    master = master_of(meter)
    keys = {key_id: unwrap_key(master, octets) for key_id, octets in wrapped.items()}
    if any(len(key) != len(present.encryption_key) for key in keys.values()):
        return None
    encryption = keys.get(UNICAST, present.encryption_key)
    return SecurityKeys(encryption, keys.get(AUTHENTICATION, present.authentication_key)), keys.get(MASTER)


def _strike(key_ids: list[int], wrapped: dict[int, bytes]) -> bool:
    """Take the first planned fault that concerns one of the keys off the list."""
    for key_id in key_ids:
        if key_id in wrapped:
            key_ids.remove(key_id)
            return True
    return False
