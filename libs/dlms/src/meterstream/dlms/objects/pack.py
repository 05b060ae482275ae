"""One pack file -> its objects, checked one by one; what refers to other objects is checked by the loader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from meterstream.dlms.data import LogicalName, Unit
from meterstream.dlms.objects.classes import ANY, InterfaceClass, interface_class, interface_classes
from meterstream.dlms.objects.model import (
    INTEGER_RANGES,
    Access,
    Attribute,
    AttributeType,
    CaptureSpec,
    CosemObject,
    GasMeterRule,
    Medium,
    Phases,
    PowerQuality,
    ScalerUnit,
    Source,
    Value,
)
from meterstream.dlms.objects.nodes import Node
from meterstream.dlms.objects.obis import ObisTemplate

_CLASS_IDS: Final = range(1, 0x10000)
_VERSIONS: Final = range(256)
_SCALERS: Final = range(-128, 128)
_EVENT_CODES: Final = range(0x10000)

_UNITS: Final[Mapping[str, Unit | None]] = {
    "undefined": None,
    "%": Unit.PERCENT,
    "A": Unit.AMPERE,
    "Ah": Unit.AMPERE_HOUR,
    "Hz": Unit.HERTZ,
    "J": Unit.JOULE,
    "K": Unit.KELVIN,
    "Pa": Unit.PASCAL,
    "V": Unit.VOLT,
    "VA": Unit.VOLT_AMPERE,
    "VAh": Unit.VOLT_AMPERE_HOUR,
    "W": Unit.WATT,
    "Wh": Unit.WATT_HOUR,
    "bar": Unit.BAR,
    "count": Unit.COUNT,
    "d": Unit.DAY,
    "dB": Unit.DB,
    "dBm": Unit.DBM,
    "deg": Unit.DEGREE,
    "degC": Unit.DEGREE_CELSIUS,
    "h": Unit.HOUR,
    "kg": Unit.KILOGRAM,
    "l": Unit.LITRE,
    "m3": Unit.CUBIC_METRE,
    "m3/h": Unit.CUBIC_METRE_PER_HOUR,
    "min": Unit.MINUTE,
    "s": Unit.SECOND,
    "var": Unit.VAR,
    "varh": Unit.VAR_HOUR,
}
_ACCESS: Final[Mapping[str, Access]] = {"r": Access.READ, "rw": Access.READ | Access.WRITE}
_REQUESTS: Final = ("actual_sp", "actual_pp", "periodic_sp", "periodic_pp")
_COLUMN: Final = re.compile(r"([a-z][a-z0-9_]*)(?:@([1-4]))?\.([1-9][0-9]?)", re.ASCII)


class ProtocolName(NamedTuple):
    """Protocol name and version, such as ("SMR", "5.0.0")."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Pack:
    """One file as read; `nodes` keeps where each object stands, for errors found later."""

    node: Node
    protocol: ProtocolName | None
    inherits: Node | None
    objects: Mapping[str, CosemObject]
    nodes: Mapping[str, Node]
    methods: Mapping[int, Mapping[int, str]]
    gas_meters: tuple[GasMeterRule, ...]


def parse_pack(document: Node) -> Pack:
    """Read a pack.

    Raises:
        PackError: naming file, line and the rule that is broken.
    """
    parts = document.mapping(("objects",), ("protocol", "inherits", "methods", "gas_meters"))
    nodes = parts["objects"].mapping()
    return Pack(
        node=document,
        protocol=_protocol(parts["protocol"]) if "protocol" in parts else None,
        inherits=parts.get("inherits"),
        objects=MappingProxyType({role: _object(role, node) for role, node in nodes.items()}),
        nodes=MappingProxyType(nodes),
        methods=_methods(parts["methods"]) if "methods" in parts else {},
        gas_meters=tuple(_gas_meter(node) for node in parts["gas_meters"].items()) if "gas_meters" in parts else (),
    )


def _protocol(node: Node) -> ProtocolName:
    parts = node.mapping(("name", "version"), ())
    return ProtocolName(parts["name"].text(), parts["version"].text())


def _methods(node: Node) -> dict[int, Mapping[int, str]]:
    found: dict[int, Mapping[int, str]] = {}
    for class_id, names in node.numbered().items():
        known = {number for one in interface_classes() if one.class_id == class_id for number in one.methods}
        numbered = names.numbered()
        for number, name in numbered.items():
            if known and number not in known:
                raise name.error(f"class {class_id} has no method {number}")
        found[class_id] = MappingProxyType({number: name.text() for number, name in numbered.items()})
    return found


def _gas_meter(node: Node) -> GasMeterRule:
    parts = node.mapping(("contains",), ("scaler", "unit"))
    return GasMeterRule(tuple(text.text() for text in parts["contains"].items()), _scaler_unit(node, parts))


def _object(role: str, node: Node) -> CosemObject:
    parts = node.mapping(
        ("class", "version", "obis", "medium"),
        ("phases", "public", "power_quality", "captures", "selectable", "scaler_of_event", "attributes"),
    )
    attributes = parts["attributes"].numbered() if "attributes" in parts else {}
    class_id = parts["class"].integer(_CLASS_IDS)
    version = parts["version"].integer(_VERSIONS)
    parsed = {number: _attribute(number, item) for number, item in attributes.items()}
    _check_class(interface_class(class_id, version), parsed, attributes)
    return CosemObject(
        role=role,
        class_id=class_id,
        version=version,
        obis=_obis(parts["obis"]),
        medium=Medium(parts["medium"].choice(tuple(medium.value for medium in Medium))),
        phases=_phases(parts.get("phases")),
        public=parts["public"].boolean() if "public" in parts else False,
        attributes=MappingProxyType(parsed),
        methods={},
        captures=tuple(_capture(item) for item in parts["captures"].items()) if "captures" in parts else (),
        selectable=tuple(item.text() for item in parts["selectable"].items()) if "selectable" in parts else (),
        power_quality=_power_quality(parts["power_quality"]) if "power_quality" in parts else None,
        scaler_of_event=_scaler_of_event(parts.get("scaler_of_event")),
    )


def _check_class(known: InterfaceClass | None, attributes: Mapping[int, Attribute], nodes: Mapping[int, Node]) -> None:
    """Attributes that a class version does not have, or has with another type, are mistakes, unless they say so."""
    if known is None:
        return  # of a maker, or newer than the registry
    for number, attribute in attributes.items():
        node = nodes[number]
        parts = node.mapping()
        beyond = "beyond_class" in parts and parts["beyond_class"].boolean()
        rule = _departure(known, attribute)
        if beyond != (rule is not None):
            one = f"class {known.class_id} version {known.version} ({known.name})"
            raise node.error(f"{one} has {rule or f'an attribute {number} like this'}")


def _departure(known: InterfaceClass, attribute: Attribute) -> str | None:
    """How an attribute departs from its class; None: it does not."""
    listed = known.attributes.get(attribute.number)
    if listed is None:
        return f"no attribute {attribute.number}"
    if listed.type not in (ANY, attribute.type.value):
        return f"attribute {attribute.number} ({listed.name}) as {listed.type}, not {attribute.type.value}"
    return None


def _obis(node: Node) -> ObisTemplate:
    try:
        return ObisTemplate(node.text())
    except ValueError as error:
        raise node.error(str(error)) from error


def _phases(node: Node | None) -> Phases:
    phases = Phases(0)
    if node is None:
        return Phases.SP | Phases.PP
    for item in node.items():
        phases |= Phases[item.choice(tuple(Phases.__members__))]
    if not phases:
        raise node.error("expected SP, PP or both")
    return phases


def _power_quality(node: Node) -> PowerQuality:
    parts = node.mapping(("profile", "requests"), ())
    return PowerQuality(
        parts["profile"].choice(("private", "public")),
        frozenset(item.choice(_REQUESTS) for item in parts["requests"].items()),
    )


def _scaler_of_event(node: Node | None) -> Mapping[int, str]:
    events = {} if node is None else node.numbered()
    for code, role in events.items():
        if code not in _EVENT_CODES:
            raise role.error(f"event code {code} is outside 1 to {_EVENT_CODES.stop - 1}")
    return MappingProxyType({code: role.text() for code, role in events.items()})


def _capture(node: Node) -> CaptureSpec:
    match = _COLUMN.fullmatch(node.text())
    if match is None:
        raise node.error(f'{node.text()!r} is no column; expected "role.attribute" or "role@channel.attribute"')
    role, channel, attribute = match.groups()
    return CaptureSpec(role, int(attribute), None if channel is None else int(channel))


def _attribute(number: int, node: Node) -> Attribute:
    parts = node.mapping(("name", "type", "access", "source"), ("value", "scaler", "unit", "beyond_class"))
    if number not in range(2, 128):
        raise node.error(f"attribute {number} is outside 2 to 127")
    kind = AttributeType(parts["type"].choice(tuple(kind.value for kind in AttributeType)))
    scaler_unit = _scaler_unit(node, parts)
    if scaler_unit is not None and kind is not AttributeType.SCALER_UNIT:
        raise node.error(f"scaler and unit belong to type scaler-unit, not {kind}")
    return Attribute(
        number=number,
        name=parts["name"].text(),
        type=kind,
        access=_ACCESS[parts["access"].choice(tuple(_ACCESS))],
        source=Source(parts["source"].choice(tuple(source.value for source in Source))),
        value=_value(kind, parts["value"]) if "value" in parts else None,
        scaler_unit=scaler_unit,
    )


def _scaler_unit(node: Node, parts: Mapping[str, Node]) -> ScalerUnit | None:
    if ("scaler" in parts) != ("unit" in parts):
        raise node.error("scaler and unit go together")
    if "scaler" not in parts:
        return None
    return ScalerUnit(parts["scaler"].integer(_SCALERS), _UNITS[parts["unit"].choice(tuple(_UNITS))])


def _value(kind: AttributeType, node: Node) -> Value:
    if kind in INTEGER_RANGES:
        return node.integer(INTEGER_RANGES[kind])
    if kind is AttributeType.BOOLEAN:
        return node.boolean()
    if kind is AttributeType.OCTET_STRING:
        try:
            return LogicalName.parse(node.text())
        except ValueError as error:
            raise node.error(str(error)) from error
    raise node.error(f"a value of type {kind} cannot be laid down in a pack")
