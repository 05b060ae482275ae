"""Manufacturers and the models of their devices (fman: Manufacturer, DeviceModel)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from meterstream.contracts.base import Record
from meterstream.contracts.soap import Soap

ManufacturerCode = Annotated[str, StringConstraints(min_length=1, max_length=4, pattern=r"^\S+$")]
"""1 to 4 characters without white space; meters announce three letters (FLAG association)."""

ModelCode = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""A manufacturer's name of a model."""

Number = Annotated[int, Field(ge=0, le=2147483647)]
"""The registry's own number of an entry: told in answers, without meaning where an entry is made."""


class Manufacturer(Record):
    """Who makes devices. With `use_prefix`, identifications of its devices begin with its code."""

    number: Annotated[Number, Soap("Id")] = 0
    code: Annotated[ManufacturerCode, Soap("Code")]
    name: Annotated[Annotated[str, StringConstraints(min_length=1, max_length=50)], Soap("Name")]
    use_prefix: Annotated[bool, Soap("UsePrefix")] = False


class ModelEntry(Record):
    """A model; manufacturer and code together name it."""

    manufacturer: Annotated[ManufacturerCode, Soap("Manufacturer")]
    model_code: Annotated[ModelCode | None, Soap("ModelCode")] = None
    description: Annotated[Annotated[str, StringConstraints(max_length=255)] | None, Soap("Description")] = None
