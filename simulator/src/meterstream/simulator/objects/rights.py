"""Association object (class 15): what an association says about itself, and its secret (Blue Book 4.4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult
from meterstream.dlms.data import Data, DataType, enum, integer, long_unsigned, octet_string, structure, unsigned
from meterstream.dlms.security import Level
from meterstream.simulator.objects.behaviour import Behaviour

if TYPE_CHECKING:
    from meterstream.simulator.meter import SimulatedMeter
    from meterstream.simulator.tree import SimulatedObject

_PARTNERS, _CONTEXT, _MECHANISM, _SECRET, _STATUS = 3, 4, 6, 7, 8
_REPLY_TO_HLS, _CHANGE_SECRET = 1, 2
_ASSOCIATED: Final = 2
_LN, _LN_CIPHERED = 1, 3
_CONTEXT_ARC, _MECHANISM_ARC = 1, 2
_SECRET_OCTETS: Final = range(1, 65)
_PUBLIC, _MANAGEMENT, _LOGICAL_DEVICE = 16, 1, 1


@dataclass(slots=True)
class Secrets:
    """Password of LLS, or secret of HLS 3, 4 or 6, once a client has changed it; None: that of the factory."""

    secret: bytes | None = field(default=None, repr=False)


class Association(Behaviour):
    """Answers differ between the public client's association and that of the management client.

    The secret is never shown. LLS takes another one as the attribute, HLS by method 2 where the level has one: keys of
    GMAC and of signatures are changed by the security setup.
    """

    methods: ClassVar[Mapping[int, str]] = MappingProxyType(
        {_REPLY_TO_HLS: "reply_to_HLS_authentication", _CHANGE_SECRET: "change_HLS_secret"}
    )

    def read(self, meter: SimulatedMeter, item: SimulatedObject, attribute: int, _at: int) -> ReadResult | None:
        level = Level.NONE if item.public else meter.model.level
        if attribute == _PARTNERS:
            return structure(integer(_PUBLIC if item.public else _MANAGEMENT), long_unsigned(_LOGICAL_DEVICE))
        if attribute == _CONTEXT:
            return _registered_name(_CONTEXT_ARC, _LN_CIPHERED if level.ciphered else _LN)
        if attribute == _MECHANISM:
            return _registered_name(_MECHANISM_ARC, mechanism_of(level))
        if attribute == _SECRET:
            return octet_string(b"")
        return enum(_ASSOCIATED) if attribute == _STATUS else None

    def write(
        self, meter: SimulatedMeter, _item: SimulatedObject, attribute: int, data: Data, _at: int
    ) -> DataAccessResult | None:
        if attribute != _SECRET:
            return None
        octets = data.value
        if meter.model.level is not Level.LLS or not isinstance(octets, bytes) or len(octets) not in _SECRET_OCTETS:
            return DataAccessResult.OTHER_REASON
        meter.state(Secrets).secret = octets
        return DataAccessResult.SUCCESS

    def invoke(
        self, meter: SimulatedMeter, _item: SimulatedObject, method: int, data: Data | None, _at: int
    ) -> tuple[ActionResult, Data | None]:
        if method == _REPLY_TO_HLS:  # the association is open: what HLS asks was answered below
            return ActionResult.OTHER_REASON, None
        if data is None or data.type is not DataType.OCTET_STRING or not isinstance(data.value, bytes):
            return ActionResult.TYPE_UNMATCHED, None
        if not meter.model.level.has_secret or len(data.value) not in _SECRET_OCTETS:
            return ActionResult.OTHER_REASON, None
        meter.state(Secrets).secret = data.value
        return ActionResult.SUCCESS, None


def mechanism_of(level: Level) -> int:
    """Tell the number of the authentication mechanism: 0 lowest, 1 LLS, 3 to 7 HLS (IEC 62056-5-3, 7.3.7.2)."""
    if level is Level.NONE:
        return 0
    return 1 if level is Level.LLS else int(level.name[len("HLS")])


def secret_of(meter: SimulatedMeter) -> bytes | None:
    """Give the password or HLS secret a client has set; None: the factory's still holds."""
    secrets = meter.peek(Secrets)
    return None if secrets is None else secrets.secret


def _registered_name(arc: int, number: int) -> Data:
    """2.16.756.5.8.`arc`.`number` as a structure (Blue Book 4.4.4.2)."""
    head = (unsigned(2), unsigned(16), long_unsigned(756), unsigned(5), unsigned(8))
    return structure(*head, unsigned(arc), unsigned(number))
