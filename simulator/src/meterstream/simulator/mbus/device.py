"""M-Bus devices behind the four channels of a meter: media, identities, what they measure, and the fleet's plan."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, Self

from meterstream.dlms.data import Unit
from meterstream.simulator.world.curve import household, mixed

CHANNELS: Final = (1, 2, 3, 4)
NUMBERS: Final = 10**8
"""Identification numbers have eight decimal digits."""

_EMPTY: Final = ("", "-")
_CHANNEL_STEP: Final = 25_000_000
_GENERATION_STEP: Final = 1_000_000
_VERSION_OF_SMR5: Final = 0x50
_VERSION_BEFORE: Final = 66
_MEGAJOULE_PER_CUBIC_METRE: Final = 35


class Medium(StrEnum):
    """What a device measures."""

    GAS = "gas"
    WATER = "water"
    THERMAL = "thermal"
    ELECTRICITY = "electricity"


class MediumFacts(NamedTuple):
    """What all devices of one medium have in common.

    Attributes:
        device_type: of EN 13757-3, as attribute 9 of the M-Bus client carries it.
        manufacturer: three letters of the FLAG association.
        letter: the equipment identifier begins with it.
        scaler, unit: of the register; gas is in cubic metres corrected for temperature, heat in MJ.
        data_block: DIF and VIF of the register in the telegram (EN 13757-3).
        model: what the device configuration names.
    """

    device_type: int
    manufacturer: str
    letter: str
    scaler: int
    unit: Unit
    data_block: tuple[bytes, bytes]
    model: str


FACTS: Final[Mapping[Medium, MediumFacts]] = MappingProxyType(
    {
        Medium.GAS: MediumFacts(3, "LGB", "G", -3, Unit.CUBIC_METRE_CORRECTED, (b"\x0c", b"\x13"), "G4"),
        Medium.WATER: MediumFacts(7, "KAM", "W", -3, Unit.CUBIC_METRE, (b"\x0c", b"\x13"), "Q3 2.5"),
        Medium.THERMAL: MediumFacts(4, "LUG", "T", 6, Unit.JOULE, (b"\x0c", b"\x0e"), "QN 1.5"),
        Medium.ELECTRICITY: MediumFacts(2, "ISK", "E", 0, Unit.WATT_HOUR, (b"\x04", b"\x03"), "MT174"),
    }
)
_BY_DEVICE_TYPE: Final = {facts.device_type: medium for medium, facts in FACTS.items()}


def medium_of(device_type: int) -> Medium | None:
    """Tell what devices of a type measure; None: nothing this simulator knows."""
    return _BY_DEVICE_TYPE.get(device_type)


class MbusIdentity(NamedTuple):
    """The short id of a device: what attributes 6 to 9 of the M-Bus client carry.

    Attributes:
        identification: the number that its eight digits stand for.
        manufacturer: three letters of five bits each (EN 13757-3).
    """

    identification: int = 0
    manufacturer: int = 0
    version: int = 0
    device_type: int = 0

    @property
    def medium(self) -> Medium | None:
        """What such a device measures; None: nothing this simulator knows."""
        return medium_of(self.device_type)

    @property
    def equipment_identifier(self) -> str:
        """17 characters: letter of the medium, type code 0001 and the number as 12 digits; empty for no device."""
        medium = self.medium
        if medium is None or not self.identification:
            return ""
        return f"{FACTS[medium].letter}0001{self.identification:012d}"


NOBODY: Final = MbusIdentity()


def manufacturer_code(letters: str) -> int:
    """Pack three capital letters into 15 bits (EN 13757-3).

    Raises:
        ValueError: anything else.
    """
    if len(letters) != 3 or not set(letters) <= set(string.ascii_uppercase):
        raise ValueError(f"manufacturer {letters!r} is not three capital letters")
    first, second, third = (ord(letter) - 64 for letter in letters)
    return first << 10 | second << 5 | third


def manufacturer_letters(code: int) -> str:
    """Unpack a manufacturer; a question mark stands for what is no letter."""
    parts = (code >> shift & 0x1F for shift in (10, 5, 0))
    return "".join(chr(64 + part) if 1 <= part <= 26 else "?" for part in parts)


def to_bcd(identification: int) -> int:
    """Write the eight digits as hexadecimal ones: 12345678 -> 0x12345678."""
    return int(f"{identification:08d}", 16)


def from_bcd(value: int) -> int | None:
    """Read eight BCD digits; None: there is a digit above 9."""
    text = f"{value:08x}"
    return int(text) if text.isdigit() else None


def identity_of(medium: Medium, number: int, channel: int, generation: int, *, smr5: bool) -> MbusIdentity:
    """Tell who the device on a channel of a meter is.

    Its number is the meter's plus 25 million for each channel above the first and 1 million for each device that was
    there before: different for all devices of a fleet of less than a million meters.
    """
    identification = number + (channel - 1) * _CHANNEL_STEP + generation * _GENERATION_STEP
    facts = FACTS[medium]
    return MbusIdentity(
        identification=identification % NUMBERS,
        manufacturer=manufacturer_code(facts.manufacturer),
        version=_VERSION_OF_SMR5 if smr5 else _VERSION_BEFORE,
        device_type=facts.device_type,
    )


def consumed(medium: Medium, number: int, channel: int, time: int) -> int:
    """Tell what has gone through a device up to a moment: never falls, and belongs to the meter's household.

    Args:
        number: of the meter.
        time: seconds since 1970 (UTC).

    Returns:
        Litres of gas or water, MJ, or Wh.
    """
    home = household(number)
    if medium is Medium.GAS:
        return home.gas(time)
    percent = 75 + mixed(number, channel) % 50
    if medium is Medium.THERMAL:
        return home.gas(time) * _MEGAJOULE_PER_CUBIC_METRE * percent // 100_000
    electricity = home.imported(1, time) + home.imported(2, time)
    return electricity * percent // (2_500 if medium is Medium.WATER else 400)


@dataclass(frozen=True, slots=True)
class MBusPlan:
    """Which devices meters have from the start: meter n has the ((n - 1) mod count)th layout.

    Attributes:
        layouts: media on channel 1, 2, 3 and 4; None: no device.
    """

    layouts: tuple[tuple[Medium | None, ...], ...] = ((Medium.GAS,),)

    def __post_init__(self) -> None:
        """Check the layouts.

        Raises:
            ValueError: there is none, or one with more than four channels.
        """
        if not self.layouts:
            raise ValueError("mbus is empty, expected at least one layout")
        for layout in self.layouts:
            if len(layout) > len(CHANNELS):
                raise ValueError(f"mbus has a layout of {len(layout)} channels, expected {len(CHANNELS)} at most")

    @classmethod
    def parse(cls, *texts: str) -> Self:
        """Read layouts: "gas,-,water" is gas on channel 1 and water on channel 3, "-" no device at all.

        Raises:
            ValueError: naming what is wrong.
        """
        return cls(tuple(tuple(_medium(name.strip()) for name in text.split(",")) for text in texts))

    def medium(self, number: int, channel: int) -> Medium | None:
        """Tell what a meter has on a channel from the start."""
        layout = self.layouts[(number - 1) % len(self.layouts)]
        return layout[channel - 1] if channel <= len(layout) else None


def _medium(name: str) -> Medium | None:
    if name in _EMPTY:
        return None
    if name not in tuple(Medium):
        raise ValueError(f"mbus names {name!r}, expected {', '.join(Medium)} or - for an empty channel")
    return Medium(name)
