"""Everything that a meter has told of itself as one JSON text: objects, attributes, values, rights.

Nulls are left out. Long values are cut and say so: the text stays of a size that can be sent on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import AttributeRef, BitString, CosemDateTime, Data, DataType, LogicalName, Unit, scale
from meterstream.dlms.errors import DecodeError
from meterstream.dlms.objects import (
    CosemObject,
    MeterProfile,
    ObjectView,
    Phases,
    attribute_name,
    class_name,
    describe_obis,
)
from meterstream.protocol_dlms.model.association_list import attribute_mode
from meterstream.protocol_dlms.model.cosem_text import to_text
from meterstream.protocol_dlms.model.registers import scaler_attribute

MOST_VALUES: Final = 30_000
"""Values of all attributes together, of arrays and structures each of their elements."""
MOST_OF_ONE: Final = 400
_MOST_OCTETS: Final = 512
_LOGICAL_NAME: Final = 6
_DATE_TIME: Final = 12
_OCTETS: Final = (DataType.OCTET_STRING, DataType.DATE_TIME)

Answers = Mapping[int, Data | DataAccessResult | None]


class ObjectAnswers(NamedTuple):
    """An object and what came of its attributes, by number; None: was not asked for, for it holds a secret."""

    item: ObjectView
    answers: Answers


def as_json(objects: Iterable[ObjectAnswers], profile: MeterProfile) -> str:
    """The text of the whole meter."""
    writer = _Writer(profile)
    return json.dumps([writer.object(one) for one in objects], indent=2)


class _Writer:
    """Writes objects until all values together are used up."""

    def __init__(self, profile: MeterProfile) -> None:
        self._profile = profile
        self._left = MOST_VALUES

    def object(self, told: ObjectAnswers) -> dict[str, Any]:
        view = told.item
        known = self._profile.find(view.class_id, view.logical_name)
        item = None if known is None else known[0]
        kind = class_name(view.class_id) or f"class {view.class_id}"
        return _without_nulls(
            {
                "tag": (kind.replace(" ", "_") if item is None else item.role).upper(),
                "description": str(describe_obis(view.logical_name)),
                "class-id": view.class_id,
                "version": view.version,
                "obis": str(view.logical_name),
                "group": None if item is None else item.medium.name,
                "meterTypes": None if item is None else [phase.name for phase in Phases if phase in item.phases],
                "attributes": [
                    self._attribute(view, number, answer, item, told.answers) for number, answer in told.answers.items()
                ],
            }
        )

    def _attribute(
        self,
        view: ObjectView,
        number: int,
        answer: Data | DataAccessResult | None,
        item: CosemObject | None,
        all_: Answers,
    ) -> dict[str, Any]:
        known = None if item is None else item.attributes.get(number)
        name = attribute_name(view.class_id, number, view.version) if known is None else known.name
        seen = view.attributes.get(number)
        told: dict[str, Any] = {
            "id": number,
            "description": name,
            "valuetype": None if known is None else known.source.name,
            "access": None if seen is None else attribute_mode(seen.rights).value,
        }
        if isinstance(answer, Data):
            told |= self._value(answer, view, number, all_)
        elif answer is not None:
            told["error"] = answer.name
        elif seen is not None and seen.readable:
            told["withheld"] = True
        return _without_nulls(told)

    def _value(self, data: Data, view: ObjectView, number: int, all_: Answers) -> dict[str, Any]:
        cutter = _Cutter(min(MOST_OF_ONE, self._left))
        short = cutter.cut(data)
        self._left -= cutter.used
        value = _scaled(short, view, number, all_) or readable(short)
        return {
            "datatype": data.type.name.lower().replace("_", "-"),
            "value": value,
            "rawValue": to_text(short),
            "truncated": True if cutter.truncated else None,
        }


class _Cutter:
    """Cuts a value to so many elements."""

    def __init__(self, left: int) -> None:
        self._left = left
        self.used = 0
        self.truncated = False

    def cut(self, data: Data) -> Data:
        """The value, with as many elements as there is room for."""
        self.used += 1
        value = data.value
        if isinstance(value, tuple):
            elements: list[Data] = []
            for element in value:
                if self.used >= self._left:
                    self.truncated = True
                    break
                elements.append(self.cut(element))
            # A compact-array is told as an array: its elements are.
            kind = DataType.ARRAY if data.type is DataType.COMPACT_ARRAY else data.type
            return Data(kind, tuple(elements))
        if isinstance(value, str | bytes) and len(value) > _MOST_OCTETS:
            self.truncated = True
            short = value[:_MOST_OCTETS]
            return Data(
                data.type, BitString(short) if isinstance(short, str) and isinstance(value, BitString) else short
            )
        return data


def readable(data: Data) -> str | None:
    """A value for people; None for null-data."""
    value = data.value
    match value:
        case None:
            return None
        case tuple():
            if (unit := _scaler_unit(data)) is not None:
                return unit
            return f"[{', '.join(readable(element) or 'null' for element in value)}]"
        case bytes() if data.type in _OCTETS:
            return _octets(value)
        case bytes():
            return value.hex().upper()
        case bool():
            return "true" if value else "false"
    return str(value)


def _octets(octets: bytes) -> str:
    if len(octets) == _LOGICAL_NAME:
        return str(LogicalName(octets))
    if len(octets) == _DATE_TIME and (moment := _moment(octets)) is not None:
        return moment
    text = octets.decode("latin-1")
    return text if octets and text.isascii() and text.isprintable() else octets.hex().upper()


def _moment(octets: bytes) -> str | None:
    """As ISO 8601; None where parts are open, or no calendar has it."""
    try:
        moment = CosemDateTime.from_bytes(octets).to_datetime()
    except DecodeError:
        return None
    return None if moment is None else moment.isoformat()


def _scaler_unit(data: Data) -> str | None:
    """A structure of scaler and unit, by its types; None: something else."""
    match data.value:
        case (Data(type=DataType.INTEGER, value=int(scaler)), Data(type=DataType.ENUM, value=int(unit))):
            names = {one.value: one.name for one in Unit}
            return f"{scaler}, {names.get(unit, unit or 'UNDEFINED')}"
    return None


def _scaled(data: Data, view: ObjectView, number: int, answers: Answers) -> str | None:
    """A register's value in its unit; None where it is none, or its scaler was not told."""
    attribute = scaler_attribute(view.class_id, number)
    told = None if attribute is None else answers.get(attribute)
    if not isinstance(told, Data) or not isinstance(data.value, int) or isinstance(data.value, bool):
        return None
    match told.value:
        case (Data(value=int(scaler)), Data(value=int(unit))) if -128 <= scaler <= 127:
            names = {one.value: f" {one.name}" for one in Unit}
            return f"{scale(data.value, scaler):f}{names.get(unit, '')}"
    return None


def _without_nulls(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}


def attributes_of(view: ObjectView) -> list[AttributeRef]:
    """What is asked of an object: what the client may read, but its logical name, which the list has told."""
    return [
        AttributeRef(view.class_id, view.logical_name, number)
        for number, attribute in view.attributes.items()
        if attribute.readable and number > 1 and (view.class_id, number) not in SECRETS
    ]


SECRETS: Final = frozenset({(15, 7), (19, 7), (19, 8), (19, 9), (44, 5), (45, 3), (46, 4)})
"""(class, attribute) of passwords and codes: association LN secret, passwords of the local port, PPP authentication,
PIN of the modem, login password of SMTP setup. What nobody needs to see is not asked for."""
