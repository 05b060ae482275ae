"""Objects of a meter as text, and what differs from a pack."""

from __future__ import annotations

from typing import Final, NamedTuple

from meterstream.dlms.objects.classes import class_name
from meterstream.dlms.objects.comparison import Difference, compare
from meterstream.dlms.objects.model import MeterProfile
from meterstream.dlms.objects.obis_names import describe_obis
from meterstream.dlms.objects.view import AssociationView, ObjectView, Rights

_LETTERS: Final = ((Rights.READ, "r"), (Rights.WRITE, "w"))


class ViewReport(NamedTuple):
    """The text, and whether an operation would miss something that the pack promises."""

    text: str
    hindered: bool


def describe_view(view: AssociationView, profile: MeterProfile | None = None) -> ViewReport:
    """With `profile` the differences, else a line an object: class, version, logical name, rights, what it is."""
    if profile is None:
        lines = [f"association version {view.version}, {len(view.objects)} objects", *map(_line, view.objects)]
        return ViewReport("\n".join([*lines, *_duplicates(view)]), hindered=False)
    differences = compare(profile, view)
    hindering = [difference for difference in differences if difference.hinders]
    others = [difference for difference in differences if not difference.hinders]
    lines = [
        f"{profile} beside {len(view.objects)} objects of the meter",
        *_section("in the way of operations", hindering),
        *_section("not used by the pack, or of another version", others),
        *_duplicates(view),
    ]
    return ViewReport("\n".join(lines), bool(hindering))


def _section(title: str, differences: list[Difference]) -> list[str]:
    return [f"{title}: {len(differences)}", *(f"  {difference}" for difference in differences)]


def _duplicates(view: AssociationView) -> list[str]:
    return [f"listed again: {item}" for item in view.duplicates]


def _line(item: ObjectView) -> str:
    name = class_name(item.class_id) or "unknown"
    attributes = " ".join(f"{number}:{_letters(one.rights)}" for number, one in item.attributes.items())
    methods = " ".join(f"m{number}" for number, rights in item.methods.items() if Rights.READ in rights)
    rights = " ".join(part for part in (attributes, methods) if part)
    what = describe_obis(item.logical_name)
    return f"{item.class_id:5} v{item.version} {item.logical_name!s:<17} {name}; {what}" + (
        f"; {rights}" if rights else ""
    )


def _letters(rights: Rights) -> str:
    return "".join(letter for right, letter in _LETTERS if right in rights) or "-"
