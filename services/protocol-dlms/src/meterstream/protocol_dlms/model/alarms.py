"""Bits of the alarm registers, of their filters and of pushed alarms.

Registers 1 to 3 are {1, 0.0.97.98.0.255}, .1 and .2, their filters .10, .11 and .12; bit 0 is the least significant of
the double-long-unsigned. Source: DSMR P3 companion standard 4.2.2, SMR 5.2 and 5.5, alarm descriptors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from meterstream.contracts.shared.alarms import AlarmType
from meterstream.dlms.objects import MeterProfile

_CHANNELS: Final = range(1, 5)
_PHASES: Final = range(1, 4)


def _numbered(first: int, prefix: str, numbers: range) -> dict[int, AlarmType]:
    return {first + place: AlarmType(f"{prefix}{number}") for place, number in enumerate(numbers)}


_FIRST: Final = {
    0: AlarmType.CLOCK_INVALID,
    1: AlarmType.REPLACE_BATTERY,
    2: AlarmType.POWER_UP,
    3: AlarmType.AUXILIARY_EVENT,
    4: AlarmType.CONFIGURATION_CHANGED,
    8: AlarmType.PROGRAM_MEMORY_ERROR,
    9: AlarmType.RAM_ERROR,
    10: AlarmType.NV_MEMORY_ERROR,
    11: AlarmType.MEASUREMENT_SYSTEM_ERROR,
    12: AlarmType.WATCHDOG_ERROR,
    13: AlarmType.FRAUD_ATTEMPT,
    **_numbered(16, "COMMUNICATION_ERROR_M_BUS_CHANNEL_", _CHANNELS),
    **_numbered(20, "FRAUD_ATTEMPT_M_BUS_CHANNEL_", _CHANNELS),
    **_numbered(24, "NEW_M_BUS_DEVICE_DISCOVERED_CHANNEL_", _CHANNELS),
    **_numbered(28, "PHASE_OUTAGE_DETECTED_L", _PHASES),
    31: AlarmType.PHASE_OUTAGE_TEST_INDICATION,
}
_SECOND: Final = {
    **_numbered(0, "VOLTAGE_SAG_IN_PHASE_DETECTED_L", _PHASES),
    **_numbered(3, "VOLTAGE_SWELL_IN_PHASE_DETECTED_L", _PHASES),
    **_numbered(8, "THD_OVERLIMIT_IN_PHASE_L", _PHASES),
    **_numbered(11, "THD_LONG_OVERLIMIT_IN_PHASE_L", _PHASES),
}
_THIRD: Final = {0: AlarmType.LAST_GASP, 1: AlarmType.LAST_GASP_TEST}

REGISTERS: Final[Mapping[int, Mapping[int, AlarmType]]] = MappingProxyType(
    {number: MappingProxyType(bits) for number, bits in ((1, _FIRST), (2, _SECOND), (3, _THIRD))}
)
"""Alarm by bit, by register."""

_MASKS: Final = {alarm: (number, 1 << bit) for number, bits in REGISTERS.items() for bit, alarm in bits.items()}


class Alarms(NamedTuple):
    """What a register says: alarms, lowest bit first, and the bits that have no name."""

    known: tuple[AlarmType, ...]
    unknown_bits: tuple[int, ...]


def read_register(number: int, value: int) -> Alarms:
    """Args: number of the register, 1 to 3; value, 32 bits."""
    names = REGISTERS[number]
    bits = [bit for bit in range(value.bit_length()) if value >> bit & 1]
    return Alarms(tuple(names[bit] for bit in bits if bit in names), tuple(bit for bit in bits if bit not in names))


def register_of(alarm: AlarmType) -> int:
    """The register in which an alarm has its bit, 1 to 3."""
    return _MASKS[alarm][0]


def mask_of(number: int, alarms: Iterable[AlarmType]) -> int:
    """The value of a register in which just those of `alarms` are set that belong to it."""
    mask = 0
    for alarm in alarms:
        register, bit = _MASKS[alarm]
        if register == number:
            mask |= bit
    return mask


def registers_of(profile: MeterProfile) -> dict[int, str]:
    """Roles of the alarm registers that meters of a type have, by number of the register."""
    roles = {number: f"alarm_register_{number}" for number in REGISTERS}
    return {number: role for number, role in roles.items() if role in profile.objects}
