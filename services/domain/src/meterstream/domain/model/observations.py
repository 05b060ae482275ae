"""What meters tell of devices and the registry keeps: of each kind the newest observation of a device stands.

Rows of a kind are written by `learn_<name>` in `observations.sql`, which leaves what was observed later as it is; a new
kind is a model and its statement. Nothing has to be read before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final, Generic, TypeVar

from pydantic import Field

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.shared.relays import RelayState


class Observation(Record):
    """Something that is true of a device since `observed_at`, unless something later is known."""

    device_identification: str
    observed_at: Moment


S = TypeVar("S", bound=Observation)


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """Observations of one shape; `key_of` tells which of them displace each other."""

    name: str
    model: type[S]
    key_of: Callable[[S], str]


class TimeZone(Observation):
    """The zone in which a meter keeps time; a name of the IANA time zone database."""

    time_zone: str


class SystemTitle(Observation):
    """What a meter calls itself in its associations (IEC 62056-5-3, 4.3.4); 8 octets in hexadecimal digits."""

    system_title: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class RelaySeen(Observation):
    """What the disconnect control of a device said (IEC 62056-6-2, class 70, attributes 2 and 3).

    `source` is the operation that read it.
    """

    output_state: bool
    control_state: RelayState
    source: str


class HlsFlags(Observation):
    """Which authentication mechanisms the management client of a meter may use; None where nothing was said of one."""

    hls3_active: bool | None = None
    hls4_active: bool | None = None
    hls5_active: bool | None = None


class ModuleVersion(Observation):
    """The firmware version of one module, as the meter told it."""

    module: str
    version: str


TIME_ZONES: Final = Kind("time_zones", TimeZone, lambda seen: seen.device_identification)
SYSTEM_TITLES: Final = Kind("system_titles", SystemTitle, lambda seen: seen.device_identification)
RELAYS: Final = Kind("relays", RelaySeen, lambda seen: seen.device_identification)
HLS_FLAGS: Final = Kind("hls_flags", HlsFlags, lambda seen: seen.device_identification)
MODULE_VERSIONS: Final = Kind(
    "module_versions", ModuleVersion, lambda seen: f"{seen.device_identification} {seen.module}"
)

KINDS: Final[tuple[Kind[Observation], ...]] = (  # type: ignore[assignment]  # read through the models' common base
    TIME_ZONES,
    SYSTEM_TITLES,
    RELAYS,
    HLS_FLAGS,
    MODULE_VERSIONS,
)
"""Every kind, in the order in which they are written."""
