"""Renders pydantic models as Avro schemas (Apache Avro 1.12).

Rules: a model is a record of the namespace `meterstream` with its class's name; text, enumerations and decimals are
strings (so that a new name breaks no reader); whole numbers are long; moments are timestamp-micros; an optional
field is a union with null, default null. A name is written out once and referred to afterwards.
"""

from __future__ import annotations

import inspect
import types
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

NAMESPACE = "meterstream"

Schema = str | list[Any] | dict[str, Any]


@dataclass(frozen=True, eq=False)
class AvroType:
    """Annotation that names a field's Avro type where the rules above do not fit."""

    schema: dict[str, Any]


PRIMITIVES: dict[type, Schema] = {
    bool: "boolean",
    int: "long",
    float: "double",
    str: "string",
    bytes: "bytes",
    Decimal: "string",
    datetime: {"type": "long", "logicalType": "timestamp-micros"},
}


class UnrenderableType(TypeError):
    """A model uses a type that has no Avro form."""


def render(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of `model`, self-contained."""
    schema = _record(model, set())
    if not isinstance(schema, dict):
        raise UnrenderableType(f"{model.__name__} is no record")
    return schema


def _record(model: type[BaseModel], named: set[str]) -> Schema:
    full_name = f"{NAMESPACE}.{model.__name__}"
    if full_name in named:
        return full_name
    named.add(full_name)
    schema: dict[str, Any] = {"type": "record", "name": model.__name__, "namespace": NAMESPACE}
    if doc := inspect.getdoc(model):
        schema["doc"] = doc.split("\n\n", 1)[0].replace("\n", " ")
    schema["fields"] = [_field(model, name, info, named) for name, info in model.model_fields.items()]
    return schema


def _field(model: type[BaseModel], name: str, info: FieldInfo, named: set[str]) -> dict[str, Any]:
    try:
        schema = _schema(info.annotation, info.metadata, named)
    except UnrenderableType as error:
        raise UnrenderableType(f"{model.__name__}.{name}: {error}") from None
    field: dict[str, Any] = {"name": name, "type": schema}
    if info.description:
        field["doc"] = info.description
    default = info.get_default(call_default_factory=True, validated_data={})
    if default is not PydanticUndefined:
        field["default"] = _default(default)
    return field


def _default(value: Any) -> Any:
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return value.decode("latin-1")
        case list() | dict() if not value:
            return value
    raise UnrenderableType(f"default {value!r} has no Avro form")


def _schema(annotation: Any, metadata: list[Any], named: set[str]) -> Schema:
    for item in metadata:
        if isinstance(item, AvroType):
            return item.schema
    origin = get_origin(annotation)
    arguments = get_args(annotation)
    if origin is Annotated:
        return _schema(arguments[0], list(arguments[1:]), named)
    if origin in (Union, types.UnionType):
        others = [argument for argument in arguments if argument is not type(None)]
        if len(others) != 1 or len(others) == len(arguments):
            raise UnrenderableType("only unions with None are rendered")
        return ["null", _schema(others[0], [], named)]
    if origin in (list, tuple):
        if origin is tuple and (len(arguments) != 2 or arguments[1] is not Ellipsis):
            raise UnrenderableType("only tuples of one element type are rendered")
        return {"type": "array", "items": _schema(arguments[0], [], named)}
    if origin is dict:
        if arguments[0] is not str:
            raise UnrenderableType("the keys of a map are text")
        return {"type": "map", "values": _schema(arguments[1], [], named)}
    if origin is Literal:
        return "string"
    if not isinstance(annotation, type):
        raise UnrenderableType(f"{annotation!r} has no Avro form")
    if issubclass(annotation, BaseModel):
        return _record(annotation, named)
    if issubclass(annotation, Enum):
        return "string"
    if annotation in PRIMITIVES:
        return PRIMITIVES[annotation]
    raise UnrenderableType(f"{annotation.__name__} has no Avro form")
