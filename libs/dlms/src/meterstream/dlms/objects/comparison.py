"""Pack and meter side by side: what a pack names and the meter does not have, or has otherwise, and the reverse."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from meterstream.dlms.data import LogicalName
from meterstream.dlms.objects.classes import attribute_name, class_name
from meterstream.dlms.objects.model import Access, CosemObject, MeterProfile
from meterstream.dlms.objects.obis_names import describe_obis
from meterstream.dlms.objects.view import AssociationView, ObjectView, Rights


class DifferenceKind(StrEnum):
    """What differs; the first six keep operations from working, the others are what the pack does not use."""

    OBJECT_MISSING = "the meter has no such object"
    CLASS_DIFFERS = "the logical name is of another class"
    ATTRIBUTE_MISSING = "the meter has no such attribute"
    NOT_READABLE = "the client may not read it"
    NOT_WRITABLE = "the client may not write it"
    METHOD_MISSING = "the client may not invoke it"
    VERSION_DIFFERS = "another version of the class"
    ATTRIBUTE_UNKNOWN = "the pack has no such attribute"
    OBJECT_UNKNOWN = "the pack has no such object"


class Difference(NamedTuple):
    """One difference.

    Attributes:
        role: of the object in the pack; None: the pack has none.
        number: of the attribute or method, where it is about one.
        detail: what each side says, "" where the kind says it all.
    """

    kind: DifferenceKind
    role: str | None
    class_id: int
    logical_name: LogicalName
    number: int | None = None
    detail: str = ""

    @property
    def hinders(self) -> bool:
        """Whether an operation that uses the object would fail."""
        return self.kind not in (
            DifferenceKind.VERSION_DIFFERS,
            DifferenceKind.ATTRIBUTE_UNKNOWN,
            DifferenceKind.OBJECT_UNKNOWN,
        )

    def __str__(self) -> str:
        name = class_name(self.class_id)
        where = f"class {self.class_id}{f' ({name})' if name else ''}, {self.logical_name}"
        if self.number is not None:
            where += f", {'method' if self.kind is DifferenceKind.METHOD_MISSING else 'attribute'} {self.number}"
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.role or describe_obis(self.logical_name)}: {where}: {self.kind}{detail}"


def compare(profile: MeterProfile, view: AssociationView) -> list[Difference]:
    """Differences in the order of the pack, then objects of the meter that the pack does not have.

    Objects that a pack only names, without attributes, are not looked for.
    """
    found: list[Difference] = []
    for item in profile.objects.values():
        for channel in item.obis.channels() if item.attributes else ():
            found += _object(item, item.obis.logical_name(channel), view)
    found += (
        Difference(DifferenceKind.OBJECT_UNKNOWN, None, listed.class_id, listed.logical_name, None, _size(listed))
        for listed in view.objects
        if profile.find(listed.class_id, listed.logical_name) is None
    )
    return found


def _object(item: CosemObject, name: LogicalName, view: AssociationView) -> Iterator[Difference]:
    def difference(kind: DifferenceKind, number: int | None = None, detail: str = "") -> Difference:
        return Difference(kind, item.role, item.class_id, name, number, detail)

    listed = view.find(item.class_id, name)
    if listed is None:
        others = view.named(name)
        if others:
            yield difference(DifferenceKind.CLASS_DIFFERS, None, f"class {others[0].class_id} in the meter")
        else:
            yield difference(DifferenceKind.OBJECT_MISSING)
        return
    if listed.version != item.version:
        detail = f"{item.version} in the pack, {listed.version} in the meter"
        yield difference(DifferenceKind.VERSION_DIFFERS, None, detail)
    for kind, number, detail in (*_attributes(item, listed), *_methods(item, listed)):
        yield difference(kind, number, detail)


def _attributes(item: CosemObject, listed: ObjectView) -> Iterator[tuple[DifferenceKind, int, str]]:
    if not listed.attributes:
        return  # a list of short names without rights
    for number, attribute in item.attributes.items():
        seen = listed.attributes.get(number)
        if seen is None:
            yield DifferenceKind.ATTRIBUTE_MISSING, number, attribute.name
        elif Access.READ in attribute.access and not seen.readable:
            yield DifferenceKind.NOT_READABLE, number, attribute.name
        elif Access.WRITE in attribute.access and not seen.writable:
            yield DifferenceKind.NOT_WRITABLE, number, attribute.name
    for number in listed.attributes:
        if number != 1 and number not in item.attributes:
            name = attribute_name(item.class_id, number, listed.version)
            yield DifferenceKind.ATTRIBUTE_UNKNOWN, number, name or ""


def _methods(item: CosemObject, listed: ObjectView) -> Iterator[tuple[DifferenceKind, int, str]]:
    if not listed.methods:
        return  # many makes list none at all
    for number, name in item.methods.items():
        if Rights.READ not in listed.methods.get(number, Rights(0)):
            yield DifferenceKind.METHOD_MISSING, number, name


def _size(listed: ObjectView) -> str:
    return (
        f"version {listed.version}, attributes {', '.join(map(str, sorted(listed.attributes)))}"
        if listed.attributes
        else ""
    )
