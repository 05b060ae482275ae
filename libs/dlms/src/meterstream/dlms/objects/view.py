"""What a meter says it has: the object list of an association, typed and bounded.

Association LN (class 15, versions 0 to 3) lists objects with the rights of the client that asks; association SN (class
12) lists base names, and the rights apart from them. IEC 62056-6-2, 4.4.3 and 4.4.4; Blue Book 4.4.3 and 4.4.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Flag
from types import MappingProxyType
from typing import Final, TypeVar

from meterstream.dlms.data import Data, DataType, LogicalName
from meterstream.dlms.errors import DecodeError, LimitExceeded

ASSOCIATION_LN: Final = 15
CURRENT_ASSOCIATION: Final = LogicalName.parse("0.0.40.0.0.255")
SHORT_NAME_STEP: Final = 8
"""Attributes of an object with a base name are 8 apart (IEC 62056-6-2, 4.1.3)."""

_FLAGS_FROM: Final = 3
_NEWEST: Final = 3
_LISTS: Final = (DataType.ARRAY, DataType.COMPACT_ARRAY)

T = TypeVar("T")


class Rights(Flag):
    """What a client may do, and how it must be protected; the bits of an access mode of version 3.

    Of a method READ says that it may be invoked. Versions 1 and 2 know authentication only, version 0 nothing of it.
    """

    READ = 0x01
    WRITE = 0x02
    AUTHENTICATED_REQUEST = 0x04
    ENCRYPTED_REQUEST = 0x08
    SIGNED_REQUEST = 0x10
    AUTHENTICATED_RESPONSE = 0x20
    ENCRYPTED_RESPONSE = 0x40
    SIGNED_RESPONSE = 0x80


NO_RIGHTS: Final = Rights(0)
_READ_WRITE: Final = Rights.READ | Rights.WRITE
_ATTRIBUTE_MODES: Final = (
    NO_RIGHTS,
    Rights.READ,
    Rights.WRITE,
    _READ_WRITE,
    Rights.READ | Rights.AUTHENTICATED_REQUEST,
    Rights.WRITE | Rights.AUTHENTICATED_REQUEST,
    _READ_WRITE | Rights.AUTHENTICATED_REQUEST,
)
_METHOD_MODES: Final = (NO_RIGHTS, Rights.READ, Rights.READ | Rights.AUTHENTICATED_REQUEST)
_METHOD_BITS: Final = ~Rights.WRITE


@dataclass(frozen=True, slots=True)
class ViewLimits:
    """Bounds on a list: objects, and attributes and methods of one of them."""

    max_objects: int = 8_192
    max_members: int = 256


DEFAULT_VIEW_LIMITS: Final = ViewLimits()


@dataclass(frozen=True, slots=True)
class AttributeView:
    """Rights to an attribute, and the access selectors that it takes."""

    number: int
    rights: Rights
    selectors: tuple[int, ...] = ()

    @property
    def readable(self) -> bool:
        return Rights.READ in self.rights

    @property
    def writable(self) -> bool:
        return Rights.WRITE in self.rights


@dataclass(frozen=True, slots=True)
class ObjectView:
    """An object as the meter lists it.

    Attributes:
        base_name: short name of its attribute 1; None in a list of association LN.
        methods: rights by number; READ where it may be invoked.
    """

    class_id: int
    version: int
    logical_name: LogicalName
    attributes: Mapping[int, AttributeView] = field(default_factory=lambda: MappingProxyType({}))
    methods: Mapping[int, Rights] = field(default_factory=lambda: MappingProxyType({}))
    base_name: int | None = None

    def __str__(self) -> str:
        return f"class {self.class_id} version {self.version}, {self.logical_name}"

    def short_name(self, attribute: int) -> int | None:
        """Short name of an attribute; None in a list of association LN."""
        return None if self.base_name is None else (self.base_name + SHORT_NAME_STEP * (attribute - 1)) & 0xFFFF


class AssociationView:
    """The objects of one association, in the meter's order; immutable.

    Attributes:
        version: of the association class that the list was read by.
        duplicates: objects listed again under a class and logical name that an earlier one has.
    """

    __slots__ = ("_by_class", "_by_name", "duplicates", "objects", "version")

    def __init__(self, version: int, objects: Iterable[ObjectView]) -> None:
        self.version = version
        self.objects = tuple(objects)
        self._by_name: dict[tuple[int, bytes], ObjectView] = {}
        for item in self.objects:
            self._by_name.setdefault((item.class_id, item.logical_name), item)
        self.duplicates = tuple(
            item for item in self.objects if self._by_name[item.class_id, item.logical_name] is not item
        )
        self._by_class: dict[int, list[ObjectView]] = {}
        for item in self._by_name.values():
            self._by_class.setdefault(item.class_id, []).append(item)

    def find(self, class_id: int, logical_name: bytes) -> ObjectView | None:
        """The object of this class and logical name; None: the meter lists none."""
        return self._by_name.get((class_id, logical_name))

    def named(self, logical_name: bytes) -> tuple[ObjectView, ...]:
        """All objects of a logical name, whatever their class."""
        return tuple(item for item in self._by_name.values() if item.logical_name == logical_name)

    def of_class(self, class_id: int) -> tuple[ObjectView, ...]:
        return tuple(self._by_class.get(class_id, ()))


def decode_object_list(
    data: Data, version: int | None = None, limits: ViewLimits = DEFAULT_VIEW_LIMITS
) -> AssociationView:
    """Attribute 2 of association LN.

    Args:
        version: of the association class, 0 to 3; None takes it from the list's own entry of 0.0.40.0.0.255.
    Raises: DecodeError, which names the object and the rule; LimitExceeded.
    """
    elements = _elements(data, "the object list", limits.max_objects)
    if version is None:
        version = _own_version(elements)
    if not 0 <= version <= _NEWEST:
        raise DecodeError(f"association LN has versions 0 to {_NEWEST}, not {version}")
    return AssociationView(version, _each(elements, lambda element: _listed(element, version, limits)))


def decode_short_name_list(
    data: Data, rights: Data | None = None, version: int = 4, limits: ViewLimits = DEFAULT_VIEW_LIMITS
) -> AssociationView:
    """Attribute 2 of association SN, with attribute 3 (access_rights_list) where the meter has it.

    Args:
        version: of association SN: from 4 on the access modes are those of association LN version 3.
    Raises: DecodeError, which names the object and the rule; LimitExceeded.
    """
    modes = _FLAGS_FROM if version > _FLAGS_FROM else 1
    elements = _elements(data, "the object list", limits.max_objects)
    lines = () if rights is None else _elements(rights, "the access rights list", limits.max_objects)
    by_name = dict(_each(lines, lambda line: _rights_line(line, modes, limits)))
    return AssociationView(version, _each(elements, lambda element: _short_listed(element, by_name)))


def _own_version(elements: tuple[Data, ...]) -> int:
    for element in elements:
        match element.value:
            case (Data(value=15), Data(value=int(version)), Data(value=bytes(name)), *_) if name == CURRENT_ASSOCIATION:
                return version
    raise DecodeError(f"the object list has no {CURRENT_ASSOCIATION}: its version has to be given")


def _each(elements: tuple[Data, ...], read: Callable[[Data], T]) -> list[T]:
    found: list[T] = []
    for number, element in enumerate(elements):
        try:
            found.append(read(element))
        except DecodeError as error:
            raise DecodeError(f"object {number}: {error}") from error
    return found


def _listed(element: Data, version: int, limits: ViewLimits) -> ObjectView:
    class_id, number, name, rights = _members(element, 4, "an object")
    attributes, methods = _members(rights, 2, "access rights")
    return ObjectView(
        _number(class_id, 0xFFFF, "class id"),
        _number(number, 0xFF, "version"),
        _name(name),
        _attributes(attributes, version, limits),
        _methods(methods, version, limits),
    )


def _short_listed(
    element: Data, rights: Mapping[int, tuple[Mapping[int, AttributeView], Mapping[int, Rights]]]
) -> ObjectView:
    base, class_id, number, name = _members(element, 4, "an object")
    base_name = _base_name(base)
    attributes, methods = rights.get(base_name, (MappingProxyType({}), MappingProxyType({})))
    return ObjectView(
        _number(class_id, 0xFFFF, "class id"),
        _number(number, 0xFF, "version"),
        _name(name),
        attributes,
        methods,
        base_name,
    )


def _rights_line(
    line: Data, modes: int, limits: ViewLimits
) -> tuple[int, tuple[Mapping[int, AttributeView], Mapping[int, Rights]]]:
    base, attributes, methods = _members(line, 3, "access rights")
    return _base_name(base), (_attributes(attributes, modes, limits), _methods(methods, modes, limits))


def _attributes(data: Data, version: int, limits: ViewLimits) -> Mapping[int, AttributeView]:
    found: dict[int, AttributeView] = {}
    for item in _elements(data, "attribute access", limits.max_members):
        number, mode, selectors = _members(item, 3, "the access to an attribute")
        attribute = _number(number, 0x7F, "attribute", -0x80)
        rights = _rights(mode, version, _ATTRIBUTE_MODES, f"attribute {attribute}")
        found[attribute] = AttributeView(attribute, rights, _selectors(selectors, limits))
    return MappingProxyType(found)


def _methods(data: Data, version: int, limits: ViewLimits) -> Mapping[int, Rights]:
    found: dict[int, Rights] = {}
    for item in _elements(data, "method access", limits.max_members):
        number, mode = _members(item, 2, "the access to a method")
        method = _number(number, 0x7F, "method", -0x80)
        found[method] = _rights(mode, version, _METHOD_MODES, f"method {method}") & _METHOD_BITS
    return MappingProxyType(found)


def _rights(mode: Data, version: int, modes: tuple[Rights, ...], what: str) -> Rights:
    """Boolean and enum are taken in every version: makes differ in the one they use."""
    value = _number(mode, 0xFF, f"access mode of {what}")
    if version >= _FLAGS_FROM:
        return Rights(value)
    if value >= len(modes):
        raise DecodeError(f"{what}: version {version} has no access mode {value}")
    return modes[value]


def _selectors(data: Data, limits: ViewLimits) -> tuple[int, ...]:
    if data.type is DataType.NULL_DATA:
        return ()
    items = _elements(data, "access selectors", limits.max_members)
    return tuple(_number(item, 0xFF, "access selector", -0x80) for item in items)


def _elements(data: Data, what: str, most: int) -> tuple[Data, ...]:
    if data.type is DataType.NULL_DATA:
        return ()
    if data.type not in _LISTS or not isinstance(data.value, tuple):
        raise DecodeError(f"{what} is {data.type.name}, not an array")
    if len(data.value) > most:
        raise LimitExceeded(f"{what} has {len(data.value)} elements, {most} are allowed")
    return data.value


def _members(data: Data, count: int, what: str) -> tuple[Data, ...]:
    if data.type is not DataType.STRUCTURE or not isinstance(data.value, tuple):
        raise DecodeError(f"{what} is {data.type.name}, not a structure")
    if len(data.value) != count:
        raise DecodeError(f"{what} has {len(data.value)} members, not {count}")
    return data.value


def _number(data: Data, most: int, what: str, least: int = 0) -> int:
    value = data.value
    if not isinstance(value, int):
        raise DecodeError(f"{what} is {data.type.name}, not a number")
    if not least <= value <= most:
        raise DecodeError(f"{what} {value} is outside {least} to {most}")
    return int(value)


def _base_name(data: Data) -> int:
    """Signed by its type, unsigned by what it means."""
    return _number(data, 0xFFFF, "base name", -0x8000) & 0xFFFF


def _name(data: Data) -> LogicalName:
    if data.type is not DataType.OCTET_STRING or not isinstance(data.value, bytes) or len(data.value) != 6:
        raise DecodeError("a logical name is an octet-string of 6")
    return LogicalName(data.value)
