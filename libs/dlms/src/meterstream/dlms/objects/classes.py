"""Interface classes by id and version: names and types of their attributes, names of their methods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from meterstream.dlms.objects.class_table import CLASS_TABLE

ANY: Final = "any"
"""Type of an attribute that has a CHOICE of types, or that its object decides on."""

_LINE: Final = re.compile(r"(\d+)(?:\.([\d,]+))? ([^:]+?)(?:: (.*))?")
_NOT_USED: Final = "-"


class ClassAttribute(NamedTuple):
    """An attribute of an interface class; `type` as packs spell it (see AttributeType), or ANY."""

    number: int
    name: str
    type: str


_LOGICAL_NAME: Final = ClassAttribute(1, "logical_name", "octet-string")


@dataclass(frozen=True, slots=True)
class InterfaceClass:
    """One version of an interface class; attributes and methods by number."""

    class_id: int
    version: int
    name: str
    attributes: Mapping[int, ClassAttribute]
    methods: Mapping[int, str]


def interface_class(class_id: int, version: int) -> InterfaceClass | None:
    """The class version; None for one that is not known here, which it may be all the same."""
    return _registry().versions.get((class_id, version))


def interface_classes() -> tuple[InterfaceClass, ...]:
    """All class versions that are known with their attributes."""
    return tuple(_registry().versions.values())


def class_name(class_id: int) -> str | None:
    """Such as "profile generic"; None for a class that is not known."""
    return _registry().names.get(class_id)


def attribute_name(class_id: int, attribute: int, version: int | None = None) -> str | None:
    """Such as "buffer"; of the newest version that has the attribute where none is named."""
    if attribute == _LOGICAL_NAME.number:
        return _LOGICAL_NAME.name
    for candidate in _candidates(class_id, version):
        if attribute in candidate.attributes:
            return candidate.attributes[attribute].name
    return None


def method_name(class_id: int, method: int, version: int | None = None) -> str | None:
    """Such as "image_activate"; as attribute_name."""
    return next((one.methods[method] for one in _candidates(class_id, version) if method in one.methods), None)


def _candidates(class_id: int, version: int | None) -> tuple[InterfaceClass, ...]:
    """Newest first."""
    if version is None:
        return _registry().by_id.get(class_id, ())
    known = interface_class(class_id, version)
    return () if known is None else (known,)


class _Registry(NamedTuple):
    names: Mapping[int, str]
    versions: Mapping[tuple[int, int], InterfaceClass]
    by_id: Mapping[int, tuple[InterfaceClass, ...]]


@cache
def _registry() -> _Registry:
    names: dict[int, str] = {}
    versions: dict[tuple[int, int], InterfaceClass] = {}
    for line in CLASS_TABLE.strip().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"no line of the class table: {line}")
        class_id, numbers, name, members = int(match[1]), match[2], match[3], match[4] or ""
        names[class_id] = name
        attributes, _, methods = members.partition("|")
        for version in map(int, numbers.split(",") if numbers else ()):
            versions[class_id, version] = InterfaceClass(
                class_id, version, name, _attributes(attributes.split()), _methods(methods.split())
            )
    by_id: dict[int, tuple[InterfaceClass, ...]] = {}
    for (class_id, _), one in sorted(versions.items(), reverse=True):
        by_id[class_id] = (*by_id.get(class_id, ()), one)
    return _Registry(MappingProxyType(names), MappingProxyType(versions), MappingProxyType(by_id))


def _attributes(texts: list[str]) -> Mapping[int, ClassAttribute]:
    found = {_LOGICAL_NAME.number: _LOGICAL_NAME}
    for number, text in enumerate(texts, _LOGICAL_NAME.number + 1):
        name, _, kind = text.partition("=")
        found[number] = ClassAttribute(number, name, kind)
    return MappingProxyType(found)


def _methods(names: list[str]) -> Mapping[int, str]:
    return MappingProxyType({number: name for number, name in enumerate(names, 1) if name != _NOT_USED})
