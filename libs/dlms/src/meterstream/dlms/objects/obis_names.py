"""What a logical name stands for, by its value groups (OBIS: Blue Book clauses 6 and 7; IEC 62056-6-1)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from meterstream.dlms.data import LogicalName

_ABSTRACT: Final = 0
_ELECTRICITY: Final = 1
_CURRENT_VALUE: Final = 255
_LAST_BILLING_PERIOD: Final = 126
_SPECIAL: Final = 93
"""Value group C from here on has one meaning for every medium."""
_MAKERS: Final = range(128, 255)
_RATES: Final = range(1, 64)
_DISTORTION: Final = 124
_HARMONICS: Final = range(1, 121)
_LAST_QUANTITY_PER_PHASE: Final = 80
_QUANTITIES_PER_PHASE: Final = 20
_WITH_HARMONICS: Final = frozenset({11, 12, 31, 32, 51, 52, 71, 72, 90, 91, 92})

_MEDIA: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "abstract",
        1: "electricity",
        4: "heat cost allocator",
        5: "cooling",
        6: "heat",
        7: "gas",
        8: "cold water",
        9: "hot water",
        15: "other",
    }
)

_QUANTITIES: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "general purpose",
        1: "active power import",
        2: "active power export",
        3: "reactive power import",
        4: "reactive power export",
        5: "reactive power QI",
        6: "reactive power QII",
        7: "reactive power QIII",
        8: "reactive power QIV",
        9: "apparent power import",
        10: "apparent power export",
        11: "current",
        12: "voltage",
        13: "power factor",
        14: "supply frequency",
        15: "active power import and export",
        16: "active power import less export",
        17: "active power QI",
        18: "active power QII",
        19: "active power QIII",
        20: "active power QIV",
        81: "angles",
        82: "unitless quantity",
        83: "losses",
        84: "power factor export",
        88: "ampere-squared hours",
        89: "volt-squared hours",
        90: "current, sum of all phases",
        91: "neutral current",
        92: "neutral voltage",
    }
)

_PROCESSING: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "billing period average",
        1: "cumulative minimum 1",
        2: "cumulative maximum 1",
        3: "minimum 1",
        4: "current average 1",
        5: "last average 1",
        6: "maximum 1",
        7: "instantaneous value",
        8: "time integral 1",
        9: "time integral 2",
        10: "time integral 3",
        11: "cumulative minimum 2",
        12: "cumulative maximum 2",
        13: "minimum 2",
        14: "current average 2",
        15: "last average 2",
        16: "maximum 2",
        21: "cumulative minimum 3",
        22: "cumulative maximum 3",
        23: "minimum 3",
        24: "current average 3",
        25: "last average 3",
        26: "maximum 3",
        27: "current average 5",
        28: "current average 6",
        29: "time integral 5",
        30: "time integral 6",
        31: "under limit threshold",
        32: "under limit occurrence counter",
        33: "under limit duration",
        34: "under limit magnitude",
        35: "over limit threshold",
        36: "over limit occurrence counter",
        37: "over limit duration",
        38: "over limit magnitude",
        39: "missing threshold",
        40: "missing occurrence counter",
        41: "missing duration",
        42: "missing magnitude",
        43: "time threshold for under limit",
        44: "time threshold for over limit",
        45: "time threshold for missing magnitude",
        55: "test average",
        58: "time integral 4",
    }
)

_GENERAL_ELECTRICITY: Final[Mapping[tuple[int, int | None], str]] = MappingProxyType(
    {
        (0, None): "identification",
        (1, None): "billing period",
        (2, 0): "firmware identifier",
        (2, 8): "firmware signature",
        (2, None): "program",
        (3, None): "output pulse constant",
        (4, None): "transformer ratio",
        (6, None): "nominal value",
        (7, None): "input pulse constant",
        (8, None): "measurement or recording period",
        (9, None): "time entry",
        (11, None): "measurement algorithm",
    }
)
"""Value groups D and E where C is 0."""

_Pattern: TypeAlias = tuple[int, int | None, int | None]
"""Value groups C, D and E; None stands for any."""

_PURPOSES: Final[Mapping[_Pattern, str]] = MappingProxyType(
    {
        (1, 0, None): "clock",
        (2, 0, None): "modem configuration",
        (2, 1, None): "auto connect",
        (2, 2, None): "auto answer",
        (2, 3, None): "message handler",
        (10, 0, 0): "script table, global meter reset",
        (10, 0, 1): "script table, end of billing period",
        (10, 0, 100): "script table, tariffication",
        (10, 0, 101): "script table, test mode",
        (10, 0, 102): "script table, normal mode",
        (10, 0, 103): "script table, output signals",
        (10, 0, 105): "script table, power quality",
        (10, 0, 106): "script table, disconnect control",
        (10, 0, 107): "script table, image activation",
        (10, 0, 108): "script table, push",
        (10, 0, None): "script table",
        (11, 0, None): "special days table",
        (12, 0, None): "schedule",
        (13, 0, None): "activity calendar",
        (14, 0, None): "register activation",
        (15, 0, 0): "single action schedule, end of billing period",
        (15, 0, 1): "single action schedule, disconnect control",
        (15, 0, 2): "single action schedule, image activation",
        (15, 0, 3): "single action schedule, output control",
        (15, 0, 4): "single action schedule, push",
        (15, None, None): "single action schedule",
        (16, 0, None): "register monitor",
        (16, 1, None): "alarm monitor",
        (16, 2, None): "parameter monitor",
        (17, 0, None): "limiter",
        (18, None, None): "array manager",
        (19, None, None): "payment metering",
        (20, 0, None): "IEC local port setup",
        (21, 0, None): "standard readout",
        (22, 0, None): "IEC HDLC setup",
        (23, None, None): "IEC twisted pair setup",
        (24, 0, None): "M-Bus slave port setup",
        (24, 1, None): "M-Bus client",
        (24, 2, None): "M-Bus value",
        (24, 3, None): "M-Bus profile",
        (24, 4, None): "M-Bus disconnect control",
        (24, 5, None): "M-Bus control log",
        (24, 6, None): "M-Bus master port setup",
        (24, 9, None): "M-Bus diagnostic",
        (25, 0, None): "TCP-UDP setup",
        (25, 1, None): "IPv4 setup",
        (25, 2, None): "MAC address setup",
        (25, 3, None): "PPP setup",
        (25, 4, None): "GPRS modem setup",
        (25, 5, None): "SMTP setup",
        (25, 6, None): "mobile network diagnostic",
        (25, 7, None): "IPv6 setup",
        (25, 9, None): "push setup",
        (25, 10, None): "NTP setup",
        (25, 11, None): "LTE monitoring",
        (26, None, None): "S-FSK PLC setup",
        (27, None, None): "ISO/IEC 8802-2 LLC setup",
        (28, None, None): "PRIME setup",
        (29, None, None): "G3-PLC setup",
        (31, None, None): "wireless mode Q channel",
        (40, 0, None): "association",
        (41, 0, None): "SAP assignment",
        (42, 0, None): "logical device name",
        (43, 0, None): "security setup",
        (43, 1, None): "invocation counter",
        (43, 2, None): "data protection",
        (44, 0, None): "image transfer",
        (44, 1, None): "function control",
        (44, 2, None): "communication port protection",
        (65, None, None): "utility table",
        (66, 0, None): "compact data",
        (93, None, None): "of a consortium",
        (94, None, None): "of a country",
        (96, 1, None): "device ID",
        (96, 2, None): "parameter changes",
        (96, 3, 10): "disconnect control",
        (96, 3, None): "input and output control",
        (96, 4, None): "internal control signals",
        (96, 5, None): "internal operating status",
        (96, 6, None): "battery",
        (96, 7, None): "power failure monitoring",
        (96, 8, None): "operating time",
        (96, 9, None): "environment",
        (96, 10, None): "status register",
        (96, 11, None): "event code",
        (96, 12, None): "communication port log parameter",
        (96, 13, None): "consumer message",
        (96, 14, None): "currently active tariff",
        (96, 15, None): "event counter",
        (96, 20, None): "tamper",
        (97, 97, None): "error register",
        (97, 98, None): "alarm register, filter or descriptor",
        (98, 1, None): "data of billing period 1",
        (98, 2, None): "data of billing period 2",
        (98, 10, None): "register table",
        (99, 1, None): "load profile with period 1",
        (99, 2, None): "load profile with period 2",
        (99, 3, None): "load profile during test",
        (99, 10, None): "connection profile",
        (99, 97, None): "power failure event log",
        (99, 98, None): "event log",
        (99, 99, None): "certification data log",
        (127, None, None): "inactive object",
    }
)


class ObisDescription(NamedTuple):
    """The value groups in words.

    Attributes:
        medium: value group A.
        channel: value group B; 0 means no channel, or the only one.
        purpose: value groups C, D and E: what is measured and how, or what the object is for; "" when they are not of
            the standard or not known here.
        period: value group F: number of the billing period, None for current values.
    """

    medium: str
    channel: int
    purpose: str
    period: int | None

    def __str__(self) -> str:
        parts = [self.medium]
        if self.channel:
            parts.append(f"channel {self.channel}")
        if self.purpose:
            parts.append(self.purpose)
        if self.period is not None:
            parts.append(f"billing period {self.period}")
        return ", ".join(parts)


def describe_obis(name: bytes) -> ObisDescription:
    """Words for a logical name: 1.0.1.8.2.255 is "electricity, active power import, time integral 1, rate 2".

    Refuses none: what is not known is left out.

    Raises: ValueError unless `name` has 6 octets.
    """
    a, b, c, d, e, f = LogicalName(name)
    medium = _MEDIA.get(a, f"medium {a}")
    period = None if f == _CURRENT_VALUE or f > _LAST_BILLING_PERIOD else f
    return ObisDescription(medium, b, _purpose(a, c, d, e), period)


def _purpose(a: int, c: int, d: int, e: int) -> str:
    if c in _MAKERS or d in _MAKERS:
        return "of the maker"
    if a == _ABSTRACT or c >= _SPECIAL:
        return _PURPOSES.get((c, d, e)) or _PURPOSES.get((c, d, None)) or _PURPOSES.get((c, None, None)) or ""
    return _measured(c, d, e) if a == _ELECTRICITY else ""


def _measured(c: int, d: int, e: int) -> str:
    quantity = _quantity(c)
    if not quantity:
        return ""
    if not c:
        return _GENERAL_ELECTRICITY.get((d, e)) or _GENERAL_ELECTRICITY.get((d, None)) or quantity
    parts = [quantity, *([_PROCESSING[d]] if d in _PROCESSING else [])]
    if c in _WITH_HARMONICS and e == _DISTORTION:
        parts.append("total harmonic distortion")
    elif c in _WITH_HARMONICS and e in _HARMONICS:
        parts.append(f"harmonic {e}")
    elif e in _RATES:
        parts.append(f"rate {e}")
    return ", ".join(parts)


def _quantity(c: int) -> str | None:
    if not _QUANTITIES_PER_PHASE < c <= _LAST_QUANTITY_PER_PHASE:
        return _QUANTITIES.get(c)
    phase, number = divmod(c - 1, _QUANTITIES_PER_PHASE)
    return f"{_QUANTITIES[number + 1]} L{phase}"
