"""The objects of a profile as simulated meters offer them: built once per profile and client, shared by all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Final

from meterstream.dlms.data import (
    BY_RANGE,
    CaptureObject,
    Data,
    DataType,
    array,
    enum,
    integer,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
)
from meterstream.dlms.objects import Access, Attribute, CosemObject, MeterProfile, Phases
from meterstream.simulator.layout import ASSOCIATION, BUFFER, CAPTURE_OBJECTS, OBJECT_LIST, PROFILE_GENERIC
from meterstream.simulator.objects.behaviour import NO_METHODS, Behaviour
from meterstream.simulator.objects.behaviours import behaviour_of
from meterstream.simulator.objects.extras import EXTRAS
from meterstream.simulator.values import Reader, constant, reader_for

_READ, _WRITE = 1, 2
_ACCESS: Final = 1
_SELECTORS: Final = array((integer(BY_RANGE),))
_VALUE: Final = ((2, 0),)
_CAPTURED: Final = {47: ((6, 3), (6, 4)), 72: ((11, 0),), 77: ((2, 0),)}
_CAPTURED_CHANNELS: Final = 2


@dataclass(frozen=True, slots=True)
class SimulatedAttribute:
    """One attribute of one object; `type` is the tag a SET must carry."""

    number: int
    readable: bool
    writable: bool
    type: DataType
    read: Reader


@dataclass(frozen=True, slots=True)
class SimulatedObject:
    """One object on one channel as one client sees it.

    Attributes:
        methods: those this client may invoke, by number.
        columns: what a profile captures at first.
        public: the public client sees this.
    """

    definition: CosemObject
    channel: int | None
    logical_name: bytes
    attributes: Mapping[int, SimulatedAttribute]
    behaviour: Behaviour
    methods: Mapping[int, str]
    columns: tuple[CaptureObject, ...] = ()
    public: bool = False

    @property
    def class_id(self) -> int:
        return self.definition.class_id

    @property
    def role(self) -> str:
        return self.definition.role


class ObjectTree:
    """What one client sees of a meter of one profile.

    `hidden` are names the meter has and this client may not see; `by_role` leaves out objects of M-Bus channels.
    """

    __slots__ = ("by_role", "hidden", "objects", "profile", "single_phase")

    def __init__(self, profile: MeterProfile, *, public: bool, single_phase: bool = False) -> None:
        objects: dict[bytes, SimulatedObject] = {}
        hidden: set[bytes] = set()
        for definition in (*profile.objects.values(), *_extras(profile)):
            for channel in definition.obis.channels():
                name = definition.obis.logical_name(channel)
                if not definition.attributes or _is_lacking(definition, single_phase=single_phase):
                    continue
                if public and not definition.public and definition.class_id != ASSOCIATION:
                    hidden.add(name)
                    continue
                objects[name] = _object(profile, definition, channel, name, public=public, single_phase=single_phase)
        for item in list(objects.values()):
            if item.class_id == ASSOCIATION:
                objects[item.logical_name] = _with_object_list(item, objects)
        self.profile = profile
        self.single_phase = single_phase
        self.objects: Mapping[bytes, SimulatedObject] = MappingProxyType(objects)
        self.by_role: Mapping[str, SimulatedObject] = MappingProxyType(
            {item.role: item for item in objects.values() if item.channel is None}
        )
        self.hidden = frozenset(hidden)


@cache
def object_tree(profile: MeterProfile, *, public: bool, single_phase: bool = False) -> ObjectTree:
    """Give the tree of a profile, built once for all fleets of the process."""
    return ObjectTree(profile, public=public, single_phase=single_phase)


def _extras(profile: MeterProfile) -> tuple[CosemObject, ...]:
    """List what meters have beyond the pack, unless the pack has come to list it."""
    return tuple(
        extra
        for extra in EXTRAS
        if extra.role not in profile.objects
        and profile.find(extra.class_id, extra.obis.logical_name(extra.obis.channels()[0])) is None
    )


def _object(
    profile: MeterProfile,
    definition: CosemObject,
    channel: int | None,
    name: bytes,
    *,
    public: bool,
    single_phase: bool,
) -> SimulatedObject:
    columns = (
        _columns(profile, definition, channel, single_phase=single_phase)
        if definition.class_id == PROFILE_GENERIC
        else ()
    )
    attributes = {1: SimulatedAttribute(1, True, False, DataType.OCTET_STRING, constant(octet_string(name)))}
    for attribute in definition.attributes.values():
        attributes[attribute.number] = SimulatedAttribute(
            number=attribute.number,
            readable=Access.READ in attribute.access,
            writable=Access.WRITE in attribute.access and not public,
            type=attribute.type.data_type,
            read=_reader(definition, attribute, channel, columns),
        )
    behaviour = behaviour_of(definition.role, definition.class_id, definition.version)
    methods = NO_METHODS if public else behaviour.methods
    return SimulatedObject(definition, channel, name, MappingProxyType(attributes), behaviour, methods, columns, public)


def _reader(
    definition: CosemObject, attribute: Attribute, channel: int | None, columns: tuple[CaptureObject, ...]
) -> Reader:
    if definition.class_id == PROFILE_GENERIC and attribute.number == CAPTURE_OBJECTS:
        return constant(array(column.to_data() for column in columns))
    return reader_for(definition, attribute, channel)


def _columns(
    profile: MeterProfile, definition: CosemObject, channel: int | None, *, single_phase: bool
) -> tuple[CaptureObject, ...]:
    """List the fixed columns; a profile whose columns the client chooses starts with all it may take."""
    if definition.captures:
        return tuple(column.capture_object() for column in profile.columns(definition.role, channel))
    selectable = [profile.object(role) for role in definition.selectable]
    return tuple(
        column
        for captured in selectable
        if not _is_lacking(captured, single_phase=single_phase)
        for column in _first_columns(captured)
    )


def _is_lacking(definition: CosemObject, *, single_phase: bool) -> bool:
    return single_phase and Phases.SP not in definition.phases


def _first_columns(captured: CosemObject) -> Iterator[CaptureObject]:
    """List what is captured of an object: its value, signal quality and bit error rate, M-Bus status and signal."""
    for channel in captured.obis.channels()[:_CAPTURED_CHANNELS]:
        name = captured.obis.logical_name(channel)
        for attribute, data_index in _CAPTURED.get(captured.class_id, _VALUE):
            yield CaptureObject(captured.class_id, name, attribute, data_index)


def _with_object_list(item: SimulatedObject, objects: Mapping[bytes, SimulatedObject]) -> SimulatedObject:
    entries = constant(array(_list_element(each) for each in objects.values()))
    plain = item.attributes[OBJECT_LIST]
    listed = SimulatedAttribute(plain.number, plain.readable, plain.writable, plain.type, entries)
    return replace(item, attributes=MappingProxyType({**item.attributes, OBJECT_LIST: listed}))


def _list_element(item: SimulatedObject) -> Data:
    """Write an element of the object list (Blue Book 4.4.4.2); both forms of access modes agree on these values."""
    rights = (
        structure(
            integer(attribute.number),
            enum(_READ * attribute.readable | _WRITE * attribute.writable),
            _SELECTORS if item.class_id == PROFILE_GENERIC and attribute.number == BUFFER else null(),
        )
        for attribute in item.attributes.values()
    )
    return structure(
        long_unsigned(item.class_id),
        unsigned(item.definition.version),
        octet_string(item.logical_name),
        structure(array(rights), array(structure(integer(number), enum(_ACCESS)) for number in item.methods)),
    )
