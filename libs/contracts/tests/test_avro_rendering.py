"""Pydantic models become Avro schemas by fixed rules."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import pytest
from fastavro import parse_schema
from pydantic import Field

from meterstream.contracts.avro import AvroType, UnrenderableType, render
from meterstream.contracts.base import Moment, Record


class Colour(StrEnum):
    RED = "red"


class Inner(Record):
    """Inside."""

    amount: Decimal


class Outer(Record):
    """Outside, told in one sentence.

    This paragraph is not part of the schema.
    """

    first: Inner
    second: Inner | None = None
    moments: list[Moment]
    colour: Colour = Colour.RED
    names: dict[str, str] = Field(default_factory=dict)
    raw: Annotated[bytes, AvroType({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2})]


def test_a_record_is_written_out_once_and_named_afterwards() -> None:
    schema = render(Outer)
    fields = {field["name"]: field for field in schema["fields"]}
    assert fields["first"]["type"]["name"] == "Inner"
    assert fields["second"] == {"name": "second", "type": ["null", "meterstream.Inner"], "default": None}
    assert schema["doc"] == "Outside, told in one sentence."
    parse_schema(schema)


def test_enumerations_are_text_so_that_a_new_name_breaks_no_reader() -> None:
    fields = {field["name"]: field for field in render(Outer)["fields"]}
    assert fields["colour"] == {"name": "colour", "type": "string", "default": "red"}


def test_an_annotation_names_the_avro_type() -> None:
    fields = {field["name"]: field for field in render(Outer)["fields"]}
    assert fields["raw"]["type"]["logicalType"] == "decimal"


def test_moments_are_timestamps_with_microseconds() -> None:
    fields = {field["name"]: field for field in render(Outer)["fields"]}
    assert fields["moments"]["type"]["items"] == {"type": "long", "logicalType": "timestamp-micros"}


@pytest.mark.parametrize("annotation", [int | str, tuple[int, str], dict[int, str], set[int], object])
def test_a_type_without_avro_form_names_model_and_field(annotation: object) -> None:
    model = type("Odd", (Record,), {"__annotations__": {"field": annotation}, "__module__": __name__})
    with pytest.raises(UnrenderableType, match=r"Odd\.field"):
        render(model)


def test_naive_moments_are_refused() -> None:
    class HasMoment(Record):
        at: Moment

    with pytest.raises(ValueError, match="offset from UTC"):
        HasMoment(at=datetime(2026, 1, 1))  # noqa: DTZ001  # the naive moment is the point
    with pytest.raises(ValueError, match="lies outside the years 1 to 9999 in UTC"):
        HasMoment(at=datetime.fromisoformat("9999-12-31T23:59:59-14:00"))
