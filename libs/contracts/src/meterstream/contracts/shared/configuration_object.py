"""The configuration object of a meter (DSMR P3 and SMR 5 companion standards)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from meterstream.contracts.base import Record
from meterstream.contracts.soap import Soap


class GprsOperationMode(StrEnum):
    """When the modem is on the network: 1 always, 2 after a trigger; DSMR 4.2.2 and SMR 4.3."""

    ALWAYS_ON = "ALWAYS_ON"
    TRIGGERED = "TRIGGERED"


class ConfigurationFlagType(StrEnum):
    """A bit of the configuration; which ones a meter has, and at which place, depends on its protocol version."""

    DISCOVER_ON_OPEN_COVER = "DISCOVER_ON_OPEN_COVER"
    DISCOVER_ON_POWER_ON = "DISCOVER_ON_POWER_ON"
    DYNAMIC_MBUS_ADDRESS = "DYNAMIC_MBUS_ADDRESS"
    PO_ENABLE = "PO_ENABLE"
    HLS_3_ON_P3_ENABLE = "HLS_3_ON_P3_ENABLE"
    HLS_4_ON_P3_ENABLE = "HLS_4_ON_P3_ENABLE"
    HLS_5_ON_P3_ENABLE = "HLS_5_ON_P3_ENABLE"
    HLS_3_ON_P0_ENABLE = "HLS_3_ON_P0_ENABLE"
    HLS_4_ON_P0_ENABLE = "HLS_4_ON_P0_ENABLE"
    HLS_5_ON_P0_ENABLE = "HLS_5_ON_P0_ENABLE"
    DIRECT_ATTACH_AT_POWER_ON = "DIRECT_ATTACH_AT_POWER_ON"
    HLS_6_ON_P3_ENABLE = "HLS_6_ON_P3_ENABLE"
    HLS_7_ON_P3_ENABLE = "HLS_7_ON_P3_ENABLE"
    HLS_6_ON_P0_ENABLE = "HLS_6_ON_P0_ENABLE"
    HLS_7_ON_P0_ENABLE = "HLS_7_ON_P0_ENABLE"


class ConfigurationFlag(Record):
    """One bit and its value."""

    flag: Annotated[ConfigurationFlagType, Soap("ConfigurationFlagType")]
    enabled: Annotated[bool, Soap("Enabled")]


def _each_once(flags: list[ConfigurationFlag]) -> list[ConfigurationFlag]:
    if len({one.flag for one in flags}) < len(flags):
        raise ValueError("names a flag twice")
    return flags


RequestedFlags = Annotated[list[ConfigurationFlag], Field(min_length=1, max_length=10), AfterValidator(_each_once)]
"""Flags to write, each once; the contract takes ten in one request."""


class RequestedConfiguration(Record):
    """What shall change; what is absent, and each flag that is not named, stays as it is."""

    gprs_operation_mode: Annotated[GprsOperationMode | None, Soap("GprsOperationMode")] = None
    flags: Annotated[RequestedFlags | None, Soap("ConfigurationFlags/ConfigurationFlag")] = None


class Configuration(Record):
    """What the meter holds: all flags that its protocol version knows, the mode where there is one."""

    gprs_operation_mode: Annotated[GprsOperationMode | None, Soap("GprsOperationMode")] = None
    flags: Annotated[list[ConfigurationFlag] | None, Soap("ConfigurationFlags/ConfigurationFlag")] = None
