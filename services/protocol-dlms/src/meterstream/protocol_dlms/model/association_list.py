"""The object list of an association, typed, and its rights in the words of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meterstream.contracts.operations.get_association_ln_objects import (
    AccessRights,
    AssociationObject,
    AttributeAccess,
    AttributeAccessMode,
    MethodAccess,
    MethodAccessMode,
)
from meterstream.dlms.data import AttributeRef, Data, DataType, LogicalName
from meterstream.dlms.errors import DecodeError, LimitExceeded
from meterstream.dlms.objects import AssociationView, MeterProfile, ObjectView, Rights, decode_object_list
from meterstream.protocol_dlms.model.quantities import unexpected

ASSOCIATION_LN: Final = 15
CURRENT_ASSOCIATION: Final = LogicalName.parse("0.0.40.0.0.255")
OBJECT_LIST: Final = AttributeRef(ASSOCIATION_LN, CURRENT_ASSOCIATION, 2)

_PLAIN: Final = Rights.READ | Rights.WRITE
_MODES: Final[Mapping[Rights, tuple[AttributeAccessMode, AttributeAccessMode]]] = MappingProxyType(
    {
        Rights.READ: (AttributeAccessMode.READ_ONLY, AttributeAccessMode.AUTHENTICATED_READ_ONLY),
        Rights.WRITE: (AttributeAccessMode.WRITE_ONLY, AttributeAccessMode.AUTHENTICATED_WRITE_ONLY),
        _PLAIN: (AttributeAccessMode.READ_AND_WRITE, AttributeAccessMode.AUTHENTICATED_READ_AND_WRITE),
    }
)


def read_object_list(data: Data, profile: MeterProfile) -> AssociationView:
    """Attribute 2 of the current association, by the version of the class that the list itself names.

    Where it does not list itself, the version is that of the meter's type; from version 3 on modes are bit masks.

    Raises: ILLEGAL_RESPONSE, with object and rule.
    """
    try:
        return decode_object_list(data, None if _lists_itself(data) else _version(profile))
    except (DecodeError, LimitExceeded) as failure:
        raise unexpected(str(OBJECT_LIST), f"Unexpected type of element: {failure}") from failure


def association_object(item: ObjectView) -> AssociationObject:
    """An object with its rights; how an access is protected is told as AUTHENTICATED, whatever protects it."""
    return AssociationObject(
        class_id=item.class_id,
        version=item.version,
        logical_name=bytes(item.logical_name),
        access_rights=AccessRights(
            attributes=[
                AttributeAccess(attribute=one.number, mode=attribute_mode(one.rights), selectors=list(one.selectors))
                for one in item.attributes.values()
            ],
            methods=[MethodAccess(method=number, mode=method_mode(rights)) for number, rights in item.methods.items()],
        ),
    )


def attribute_mode(rights: Rights) -> AttributeAccessMode:
    """What may be done with an attribute."""
    modes = _MODES.get(rights & _PLAIN)
    if modes is None:
        return AttributeAccessMode.NO_ACCESS
    return modes[bool(rights & ~_PLAIN)]


def method_mode(rights: Rights) -> MethodAccessMode:
    """Whether a method may be invoked."""
    if Rights.READ not in rights:
        return MethodAccessMode.NO_ACCESS
    return MethodAccessMode.AUTHENTICATED_ACCESS if rights & ~_PLAIN else MethodAccessMode.ACCESS


def _lists_itself(data: Data) -> bool:
    elements = data.value if data.type is DataType.ARRAY and isinstance(data.value, tuple) else ()
    for element in elements:
        match element.value:
            case (Data(value=15), Data(value=int()), Data(value=bytes(name)), *_) if name == CURRENT_ASSOCIATION:
                return True
    return False


def _version(profile: MeterProfile) -> int:
    known = profile.find(ASSOCIATION_LN, CURRENT_ASSOCIATION)
    return 0 if known is None else known[0].version
