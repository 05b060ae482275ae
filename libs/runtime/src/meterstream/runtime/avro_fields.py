"""A record as the values that fastavro writes, made in one pass over its fields.

An optional record becomes the pair (full name, values): fastavro then takes the union's branch by its name, where it
would otherwise validate the whole value against each branch first, which doubled the cost of an answer with readings.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from meterstream.contracts.avro import NAMESPACE, AvroType
from meterstream.contracts.base import Record

Convert = Callable[[Any], Any]


def fields_of(record: Record) -> dict[str, Any]:
    """The values of a record by field; moments and octets stay what they are."""
    values = dict(record.__dict__)
    for name, convert in _conversions(type(record)):
        values[name] = convert(values[name])
    return values


@cache
def _conversions(model: type[BaseModel]) -> tuple[tuple[str, Convert], ...]:
    """What to do with the fields that fastavro does not take as they are."""
    found = ((name, _conversion(info.annotation, info.metadata)) for name, info in model.model_fields.items())
    return tuple((name, convert) for name, convert in found if convert is not None)


def _conversion(annotation: Any, metadata: list[Any]) -> Convert | None:
    if any(isinstance(item, AvroType) for item in metadata):
        return None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _conversion(arguments[0], list(arguments[1:]))
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return _optional(inner)
    if origin in (list, tuple):
        each = _conversion(arguments[0], [])
        return None if each is None else lambda values: [each(value) for value in values]
    if annotation is Decimal:
        return str
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return fields_of
    return None


def _optional(inner: Any) -> Convert | None:
    if get_origin(inner) is Annotated:
        inner = get_args(inner)[0]
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return lambda value: None if value is None else (f"{NAMESPACE}.{type(value).__name__}", fields_of(value))
    convert = _conversion(inner, [])
    return None if convert is None else lambda value: None if value is None else convert(value)
