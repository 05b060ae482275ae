"""Objects that meters have beyond those the pack of their companion standard lists; object lists name them too."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from meterstream.dlms.data import Unit
from meterstream.dlms.objects import Access, Attribute, AttributeType, CosemObject, Medium, Phases, ScalerUnit, Source
from meterstream.dlms.objects.model import Value
from meterstream.dlms.objects.obis import ObisTemplate

_ALL_PHASES: Final = Phases.SP | Phases.PP
_READ_WRITE: Final = Access.READ | Access.WRITE


def _object(
    role: str, class_id: int, obis: str, *attributes: Attribute, medium: Medium = Medium.ABSTRACT
) -> CosemObject:
    by_number = MappingProxyType({attribute.number: attribute for attribute in attributes})
    template = ObisTemplate(obis)
    return CosemObject(role, class_id, 0, template, medium, _ALL_PHASES, False, by_number, MappingProxyType({}))


def _attribute(
    number: int, name: str, kind: AttributeType, access: Access = Access.READ, value: Value | None = None
) -> Attribute:
    source = Source.CLIENT if Access.WRITE in access else Source.DYNAMIC
    return Attribute(number, name, kind, access, source, value)


def _value(kind: AttributeType, access: Access = Access.READ, value: Value | None = None) -> Attribute:
    return _attribute(2, "value", kind, access, value)


EXTRAS: Final = (
    _object("error_object", 1, "0.0.97.97.0.255", _value(AttributeType.DOUBLE_LONG_UNSIGNED, _READ_WRITE)),
    _object("active_tariff", 1, "0.0.96.14.0.255", _value(AttributeType.OCTET_STRING)),
    *(
        _object(f"device_id_{number + 1}", 1, f"0.0.96.1.{number}.255", _value(AttributeType.OCTET_STRING))
        for number in (3, 4, 7, 8)
    ),
    _object(
        "instantaneous_active_power_total",
        3,
        "1.0.15.7.0.255",
        _value(AttributeType.DOUBLE_LONG_UNSIGNED),
        Attribute(
            3,
            "scaler_unit",
            AttributeType.SCALER_UNIT,
            Access.READ,
            Source.CONSTANT,
            scaler_unit=ScalerUnit(0, Unit.WATT),
        ),
        medium=Medium.ELECTRICITY,
    ),
)
"""Error object, tariff in force, further device identifications, sum of the active powers."""
