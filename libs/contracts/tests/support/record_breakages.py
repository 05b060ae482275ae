"""Values of a record's fields, and a record with each of its rules broken once; no operation is named here.

Values are what JSON and Avro are made of: text, numbers, octets, moments, lists and dictionaries.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from annotated_types import GroupedMetadata
from pydantic import AfterValidator, BeforeValidator, PlainValidator, TypeAdapter, ValidationError, WrapValidator
from pydantic.fields import FieldInfo

from meterstream.contracts.base import Record

Path = tuple[str | int, ...]

FUNCTIONS = (AfterValidator, BeforeValidator, PlainValidator, WrapValidator)
WHOLE = 2**63
HUGE = 100_000
"""Characters, octets, or so many characters of list."""
SOMEDAY = datetime(2099, 1, 1, tzinfo=UTC)
TEXTS = (
    "E0000000000000001",
    "1",
    "DEM",
    "DEMO",
    "Europe/Amsterdam",
    "1.0.1.8.0.255",
    "10.0.0.1",
    "12345678",
    "https://meters.example.org/",
    "2026-01-01",
    "00" * 4,
)
"""Texts to try until one keeps the rules of a field."""
OFFENCES = ("", "!", "a b", "é", "999.999.999.999.999.999", "_______________________", "[urn:x]", "\t")
"""Texts to try until one breaks them."""


def facets(metadata: Any) -> Iterator[Any]:
    """The rules of a field, those in groups included."""
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from facets(item.metadata)
        elif isinstance(item, GroupedMetadata):
            yield from facets(item)
        else:
            yield item


def limit(rules: Sequence[Any], *names: str) -> Any:
    """The first bound of that name among the facets."""
    found = (getattr(rule, name, None) for rule in rules for name in names)
    return next((bound for bound in found if bound is not None), None)


class Shape(NamedTuple):
    """A field's type without "or None", and its rules."""

    annotation: Any
    rules: list[Any]

    def takes(self, value: Any) -> bool:
        """Whether a value keeps the rules."""
        try:
            TypeAdapter(Annotated[(self.annotation, *self.rules)] if self.rules else self.annotation).validate_python(
                value
            )
        except ValidationError:
            return False
        return True


def shape_of(annotation: Any, metadata: Any = ()) -> Shape:
    """The shape of a field of that type."""
    rules = list(metadata)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape_of(arguments[0], [*rules, *arguments[1:]])
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return shape_of(inner, rules)
    return Shape(annotation, list(facets(rules)))


def plain(value: Any) -> Any:
    """A record's value as text, numbers, octets, moments, lists and dictionaries."""
    if isinstance(value, Record):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Decimal) else value


def some(shape: Shape) -> Any:
    """A value of that shape, as small as its rules allow."""
    annotation, rules = shape
    origin = get_origin(annotation)
    if origin in (list, tuple):
        inner = shape_of(get_args(annotation)[0])
        return [some(inner) for _ in range(max(limit(rules, "min_length") or 0, 1))]
    if origin is dict:
        return {"some": some(shape_of(get_args(annotation)[1]))}
    if origin is Literal:
        return get_args(annotation)[0]
    if issubclass(annotation, Record):
        fields = annotation.model_fields.items()
        return {name: some(shape_of(info.annotation, info.metadata)) for name, info in fields if info.is_required()}
    if issubclass(annotation, Enum):
        return next(iter(annotation)).value
    if annotation is str:
        padded = "x" * (limit(rules, "min_length") or 1)
        fitting = [text for text in (*TEXTS, padded) if shape.takes(text)]
        assert fitting, f"TEXTS has none that keeps {rules}"
        return fitting[0]
    if annotation is bytes:
        return bytes(limit(rules, "min_length") or 1)
    return {bool: True, int: max(1, limit(rules, "ge") or 1), Decimal: "1.5", datetime: SOMEDAY}[annotation]


class Wrong(NamedTuple):
    """A value against a rule: what it breaks, what the problem says of that, and whether Avro's type takes it."""

    label: str
    value: Any
    says: str
    in_avro: bool = False


@dataclass(frozen=True)
class Breakage:
    """A record with one rule broken: where, and a part of the sentence that tells the rule."""

    label: str
    values: dict[str, Any]
    path: Path
    says: str
    in_avro: bool

    @property
    def field(self) -> str:
        """The place as problems name it."""
        return ".".join(map(str, self.path))


def breakages(model: type[Record], example: Record | None) -> Iterator[Breakage]:
    """Each facet broken, each mandatory part missing, unknown parts, wrong types, huge and deep values."""
    base = some(Shape(model, [])) if example is None else plain(example)
    yield from _of_record(model, base, ())


def _of_record(model: type[Record], base: dict[str, Any], path: Path) -> Iterator[Breakage]:
    yield _broken(base, path, Wrong("no object", "text", "Input should be"))
    yield _broken(base, (*path, "unknown_part"), Wrong("unknown", 1, "Extra inputs are not permitted"))
    for name, info in model.model_fields.items():
        place = (*path, name)
        if info.is_required():
            yield _without(base, place)
            yield _broken(base, place, Wrong("null", None, "Input should be"))
        yield from _of_value(shape_of(info.annotation, info.metadata), base, place)


def _of_value(shape: Shape, base: dict[str, Any], place: Path) -> Iterator[Breakage]:
    for wrong in wrong_values(shape):
        yield _broken(base, place, wrong)
    value = _at(base, place)
    if value is None or value == []:
        value = some(shape)
    filled = _put(base, place, value)
    annotation, _ = shape
    if get_origin(annotation) in (list, tuple):
        inner = shape_of(get_args(annotation)[0])
        yield from _of_value(inner, filled, (*place, 0))
    elif isinstance(annotation, type) and issubclass(annotation, Record):
        yield from _of_record(annotation, filled, place)


def wrong_values(shape: Shape) -> Iterator[Wrong]:
    """Values that a field of that shape does not take."""
    annotation, rules = shape
    yield Wrong("deep", _deep(100), "nput should be")  # "should be a valid list" of a list: its item, one level down
    origin = get_origin(annotation)
    if origin in (list, tuple):
        yield Wrong("no list", "text", "Input should be a valid")
        yield from _wrong_lengths(shape, [some(shape_of(get_args(annotation)[0]))])
    elif origin is dict:
        yield Wrong("no object", "text", "Input should be a")
    elif origin is Literal or (isinstance(annotation, type) and issubclass(annotation, Enum)):
        yield Wrong("none of them", "NONE_OF_THEM", "Input should be", in_avro=True)
        yield Wrong("huge", "x" * HUGE, "Input should be", in_avro=True)
    elif annotation is str:
        yield Wrong("no text", 7, "valid string")
        yield from _wrong_texts(shape)
    elif annotation is bytes:
        yield Wrong("no hexadecimal", "no octets!", "hex")
        yield from _wrong_lengths(shape, b"\0")
    elif annotation is bool:
        yield Wrong("no truth", "perhaps", "valid boolean")
        yield Wrong("a number", 1, "valid boolean")
        yield Wrong("a word", "true", "valid boolean")
    elif annotation is int:
        yield from _wrong_numbers(rules)
    elif annotation is Decimal:
        yield Wrong("no number", "many", "valid decimal", in_avro=True)
        yield Wrong("not finite", "NaN", "finite number", in_avro=True)
    elif annotation is datetime:
        yield Wrong("no moment", "soon", "valid datetime")
        yield Wrong("a number", 1_700_000_000, "valid datetime")
        yield Wrong("without offset", "2099-01-01T00:00:00", "offset from UTC")
        yield Wrong("no year", "0001-01-01T00:00:00+14:00", "years 1 to 9999")


def _wrong_numbers(rules: Sequence[Any]) -> Iterator[Wrong]:
    yield Wrong("no number", "many", "valid integer")
    yield Wrong("a fraction", 1.5, "valid integer")
    yield Wrong("digits in text", "1", "valid integer")
    yield Wrong("a truth", True, "valid integer")  # a value
    least, above = limit(rules, "ge"), limit(rules, "gt")
    most, below = limit(rules, "le"), limit(rules, "lt")
    for label, bound, step, says in (
        ("beyond the least", least, -1, "greater than or equal"),
        ("at the bound below", above, 0, "greater than"),
        ("beyond the most", most, 1, "less than or equal"),
        ("at the bound above", below, 0, "less than"),
    ):
        if bound is not None:
            yield Wrong(label, bound + step, says, in_avro=-WHOLE <= bound + step < WHOLE)
    yield Wrong("huge", 10**60, "less than" if most is not None or below is not None else "")


def _wrong_texts(shape: Shape) -> Iterator[Wrong]:
    yield from _wrong_lengths(shape, "x")
    rules = shape.rules
    yield Wrong("U+0000", (limit(rules, "min_length") or 1) * "\0", "", in_avro=True)
    if limit(rules, "pattern") is not None or any(isinstance(rule, FUNCTIONS) for rule in rules):
        shortest, longest = limit(rules, "min_length") or 0, limit(rules, "max_length") or 100
        fitting = (text for text in OFFENCES if shortest <= len(text) <= longest)
        offence = next((text for text in fitting if not shape.takes(text)), None)
        if offence is not None:
            yield Wrong("against its rule", offence, "", in_avro=True)


def _wrong_lengths(shape: Shape, unit: Any) -> Iterator[Wrong]:
    shortest, longest = limit(shape.rules, "min_length"), limit(shape.rules, "max_length")
    if shortest:
        yield Wrong("too short", unit * (shortest - 1), "at least", in_avro=True)
    if longest is not None:
        yield Wrong("too long", unit * (longest + 1), "at most", in_avro=True)
        many = HUGE // len(repr(unit)) if isinstance(unit, list) else HUGE
        yield Wrong("huge", unit * max(many, longest + 2), "at most", in_avro=True)


def _deep(levels: int) -> Any:
    return [_deep(levels - 1)] if levels else []


def _broken(base: dict[str, Any], path: Path, wrong: Wrong) -> Breakage:
    values = wrong.value if not path else _put(base, path, wrong.value)
    field = ".".join(map(str, path))
    return Breakage(f"{field} {wrong.label}", values, path, wrong.says, wrong.in_avro)


def _without(base: dict[str, Any], path: Path) -> Breakage:
    values = deepcopy(base)
    owner = _at(values, path[:-1])
    owner.pop(path[-1], None)
    return Breakage(f"{'.'.join(map(str, path))} missing", values, path, "Field required", in_avro=False)


def _at(values: Any, path: Path) -> Any:
    for part in path:
        values = values.get(part) if isinstance(values, dict) else values[int(part)]
    return values


def _put(base: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy in which that place holds the value."""
    values = deepcopy(base)
    owner = _at(values, path[:-1])
    owner[path[-1]] = value
    return values
