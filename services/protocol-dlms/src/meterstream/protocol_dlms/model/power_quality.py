"""Power quality: which objects of a meter's type belong to a data set, and the rows for analytics out of them."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.shared.profiles import PowerQualityProfileType
from meterstream.dlms.objects import CosemObject, MeterProfile

_ORDER: Final = (
    "instantaneous_active_power_import",
    "instantaneous_active_power_export",
    "instantaneous_active_power_import_l",
    "instantaneous_active_power_export_l",
    "instantaneous_active_current_total_over_all_phases",
    "instantaneous_current_l",
    "instantaneous_voltage_l",
    "average_active_power_import_l",
    "average_active_power_export_l",
    "average_reactive_power_import_l",
    "average_reactive_power_export_l",
    "average_current_l",
    "average_voltage_l",
    "number_of_power_failures",
    "number_of_long_power_failures",
    "number_of_voltage_sags_for_l",
    "number_of_voltage_swells_for_l",
)
"""Kinds of objects as clients have always seen them follow each other; a role is a kind and the phase."""


def actual_objects(kind: PowerQualityProfileType, profile: MeterProfile, *, polyphase: bool) -> list[CosemObject]:
    """Objects of a data set that are read at once, in the order of the answer."""
    request = "actual_pp" if polyphase else "actual_sp"
    found = [item for item in profile.objects.values() if belongs(item, kind, request)]
    return sorted(found, key=lambda item: _rank(item.role))


def belongs(item: CosemObject, kind: PowerQualityProfileType, request: str) -> bool:
    """Whether an object belongs to a data set and to a request for it."""
    quality = item.power_quality
    return quality is not None and quality.profile == kind.value.lower() and request in quality.requests


def _rank(role: str) -> tuple[int, str]:
    kind = role.rstrip("123")
    return (_ORDER.index(kind) if kind in _ORDER else len(_ORDER)), role


def periodic_objects(
    kind: PowerQualityProfileType, profile: MeterProfile, role: str, *, polyphase: bool
) -> frozenset[str]:
    """Roles of the objects of a data set that a profile may capture; none where the type lacks the profile."""
    if role not in profile.objects:
        return frozenset()
    request = "periodic_pp" if polyphase else "periodic_sp"
    selectable = profile.object(role).selectable
    return frozenset(name for name in selectable if belongs(profile.object(name), kind, request))
