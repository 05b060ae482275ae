"""Scaler and unit of registers as a meter's type lays them down: looked up in the meter once, known from then on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from meterstream.contracts.errors import PlatformError
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import AttributeRef, Data, enum, integer, structure
from meterstream.dlms.objects import Medium, MeterProfile, ScalerUnit, Source
from meterstream.protocol_dlms.executor import SCALER_UNIT, At, Target
from meterstream.protocol_dlms.model.quantities import read_scaler_unit


@lru_cache(maxsize=64)
def laid_down_scalers(profile: MeterProfile) -> Mapping[AttributeRef, ScalerUnit]:
    """Of the electricity registers in the fixed columns of the type's profiles, by the attribute that has them."""
    found: dict[AttributeRef, ScalerUnit] = {}
    for role in sorted({spec.role for item in profile.objects.values() for spec in item.captures}):
        item = profile.object(role)
        attribute = item.attributes.get(SCALER_UNIT)
        if attribute is None or attribute.source is not Source.CONSTANT or item.medium is not Medium.ELECTRICITY:
            continue
        if attribute.scaler_unit is not None:
            found[item.ref(SCALER_UNIT)] = attribute.scaler_unit
    return MappingProxyType(found)


class LaidDownScalers:
    """What is known of the scalers of one meter.

    Attributes:
        verified: the meter has them as its type lays them down; they need not be asked for any more.
    """

    def __init__(self, profile: MeterProfile, *, verified: bool = False) -> None:
        self._profile = profile
        self._told = laid_down_scalers(profile)
        self._differ = False
        self.verified = verified

    def known(self, target: Target) -> Data | None:
        """The value without asking: for who names a role. Who names an attribute wants the meter's own word."""
        if not self.verified or not isinstance(target, At) or target.attribute != SCALER_UNIT:
            return None
        told = None if target.channel is not None else self._told.get(self._profile.ref(target.role, SCALER_UNIT))
        return None if told is None else structure(integer(told.scaler), enum(told.unit or 0))

    def along(self, refs: Iterable[AttributeRef]) -> list[AttributeRef]:
        """What else to ask for with `refs`, so that the next time nothing of it has to be."""
        asked = frozenset(refs)
        if self.verified or self._differ or not asked & self._told.keys():
            return []
        return [ref for ref in self._told if ref not in asked]

    def note(self, answers: Mapping[AttributeRef, Data | DataAccessResult]) -> None:
        """Compare what a meter says with its type; one that differs is asked every time."""
        if self.verified or not answers.keys() & self._told.keys():
            return
        compared = [_agrees(answers.get(ref), told) for ref, told in self._told.items() if ref in answers]
        self._differ = self._differ or not all(compared)
        self.verified = len(compared) == len(self._told) and not self._differ


def _agrees(answer: Data | DataAccessResult | None, told: ScalerUnit) -> bool:
    if not isinstance(answer, Data):
        return False
    try:
        return read_scaler_unit(answer, "scaler and unit") == told
    except PlatformError:
        return False
