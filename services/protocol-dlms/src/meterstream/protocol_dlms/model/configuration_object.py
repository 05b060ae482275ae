"""The configuration object of a meter {1, 0.1.94.31.3.255, 2}: its bits by protocol version, and its two shapes.

DSMR 4.2.2 and SMR 4.3: structure of GPRS operation mode (enum) and 16 bits; SMR 5: 16 bits. Bit 0 is the first one on
the wire. Source: DSMR P3 companion standard 4.2.2, SMR 4.3 and 5.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.shared.configuration_object import (
    Configuration,
    ConfigurationFlag,
    ConfigurationFlagType,
    GprsOperationMode,
)
from meterstream.dlms.data import BitString, Data, DataType, bit_string, enum, structure
from meterstream.dlms.objects import AttributeType, MeterProfile
from meterstream.protocol_dlms.model.quantities import read_integer

ROLE: Final = "configuration_object"
_VALUE: Final = 2
_BITS: Final = 16
_MODES: Final = {1: GprsOperationMode.ALWAYS_ON, 2: GprsOperationMode.TRIGGERED}
_MODE_NUMBERS: Final = {mode: number for number, mode in _MODES.items()}

_Flag = ConfigurationFlagType
_DSMR: Final = {
    _Flag.DISCOVER_ON_OPEN_COVER: 0,
    _Flag.DISCOVER_ON_POWER_ON: 1,
    _Flag.DYNAMIC_MBUS_ADDRESS: 2,
    _Flag.PO_ENABLE: 3,
    _Flag.HLS_3_ON_P3_ENABLE: 4,
    _Flag.HLS_4_ON_P3_ENABLE: 5,
    _Flag.HLS_5_ON_P3_ENABLE: 6,
    _Flag.HLS_3_ON_P0_ENABLE: 7,
    _Flag.HLS_4_ON_P0_ENABLE: 8,
    _Flag.HLS_5_ON_P0_ENABLE: 9,
}
_SMR_4: Final = _DSMR | {_Flag.DIRECT_ATTACH_AT_POWER_ON: 10}
_SMR_5: Final = {
    _Flag.PO_ENABLE: 3,
    _Flag.HLS_5_ON_P3_ENABLE: 6,
    _Flag.HLS_5_ON_P0_ENABLE: 9,
    _Flag.DIRECT_ATTACH_AT_POWER_ON: 10,
    _Flag.HLS_6_ON_P3_ENABLE: 11,
    _Flag.HLS_7_ON_P3_ENABLE: 12,
    _Flag.HLS_6_ON_P0_ENABLE: 13,
    _Flag.HLS_7_ON_P0_ENABLE: 14,
}


class Held(NamedTuple):
    """What a meter holds: number of the GPRS mode where it has one, and all bits, those without a name too."""

    mode: int | None
    bits: str


class Layout(NamedTuple):
    """Where a protocol version has its flags; `structured`: with a GPRS mode before them."""

    protocol: str
    structured: bool
    positions: Mapping[ConfigurationFlagType, int]

    @classmethod
    def of(cls, profile: MeterProfile) -> Layout:
        """Raises: UnknownObjectError for a profile without this object."""
        structured = profile.object(ROLE).attributes[_VALUE].type is AttributeType.STRUCTURE
        positions = _SMR_5 if not structured else _SMR_4 if profile.name == "SMR" else _DSMR
        return cls(str(profile), structured, MappingProxyType(positions))

    def read(self, data: Data) -> Held:
        """Raises: ILLEGAL_RESPONSE, which names object, attribute and rule."""
        if not self.structured:
            return Held(None, _read_bits(data))
        members = data.value
        if data.type is not DataType.STRUCTURE or not isinstance(members, tuple):
            raise _unexpected(f"Expected ConfigurationObject ResultData as Complex, but got: {data.type.name}")
        if len(members) != 2:
            raise _unexpected(
                f"Expected ConfigurationObject ResultData as Complex with 2 elements, but got {len(members)}"
            )
        return Held(read_integer(members[0], "GPRS operation mode"), _read_bits(members[1]))

    def configuration(self, held: Held) -> Configuration:
        """All flags of this version; the mode where the meter has one that the contract knows."""
        flags = [
            ConfigurationFlag(flag=flag, enabled=held.bits[position] == "1")
            for flag, position in self.positions.items()
        ]
        return Configuration(gprs_operation_mode=_MODES.get(held.mode) if held.mode else None, flags=flags)

    def check(self, flags: Iterable[ConfigurationFlag]) -> None:
        """Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL for a flag to set that this version has not."""
        for flag in flags:
            if flag.enabled and flag.flag not in self.positions:
                raise error(
                    "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
                    f"ConfigurationFlagTypeDto {flag.flag} not known for protocol {self.protocol}",
                    flag=flag.flag,
                )

    def knows(self, flag: ConfigurationFlagType) -> bool:
        """Whether this version has the flag."""
        return flag in self.positions

    def changed(self, held: Held, flags: Iterable[ConfigurationFlag], mode: GprsOperationMode | None = None) -> Data:
        """The value to write: what the meter holds, bits without a name included, but for what is named here.

        Flags that this version has not, and the mode where it has none, change nothing.
        Raises: ILLEGAL_RESPONSE where the meter holds no mode and none is given.
        """
        bits = list(held.bits)
        for flag in flags:
            if (position := self.positions.get(flag.flag)) is not None:
                bits[position] = "1" if flag.enabled else "0"
        value = bit_string("".join(bits))
        if not self.structured:
            return value
        number = held.mode if mode is None else _MODE_NUMBERS[mode]
        if number is None:
            raise _unexpected("the meter holds no GPRS operation mode, and none is given")
        if not 0 <= number <= 0xFF:
            raise _unexpected("the GPRS operation mode is no enum")
        return structure(enum(number), value)


def _read_bits(data: Data) -> str:
    if data.type is not DataType.BIT_STRING or not isinstance(data.value, BitString):
        raise _unexpected(f"Expected bit-string data as Configuration object result data, but got: {data.type.name}")
    if len(data.value) < _BITS:
        raise _unexpected(f"Expected {_BITS} bits as Configuration object result data, but got {len(data.value)}")
    return data.value


def _unexpected(rule: str) -> PlatformError:
    return error("ILLEGAL_RESPONSE", rule, value=ROLE, target="1/0.1.94.31.3.255/2")
