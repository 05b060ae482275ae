"""A newer schema must read what an older one wrote; every reason against it is named."""

from __future__ import annotations

from typing import Any

import pytest

from meterstream.contracts.compatibility import incompatibilities


def record(*fields: dict[str, Any], name: str = "R") -> dict[str, Any]:
    return {"type": "record", "name": name, "namespace": "n", "fields": list(fields)}


def field(name: str, kind: Any, **extra: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **extra}


INNER = record(field("a", "long"), name="Inner")

COMPATIBLE = {
    "equal": (record(field("a", "long")), record(field("a", "long"))),
    "a new field with default": (record(field("a", "long", default=1)), record()),
    "a field left out": (record(), record(field("a", "long"))),
    "int became long": (record(field("a", "long")), record(field("a", "int"))),
    "became optional": (record(field("a", ["null", "long"], default=None)), record(field("a", "long"))),
    "by name": (
        record(field("x", INNER), field("y", "n.Inner")),
        record(field("x", INNER), field("y", "n.Inner")),
    ),
}

INCOMPATIBLE = {
    "a new field without default": (record(field("a", "long")), record(), "a: is new and has no default"),
    "became mandatory": (record(field("a", "long")), record(field("a", ["null", "long"])), "a: null became long"),
    "text became number": (record(field("a", "long")), record(field("a", "string")), "a: string became long"),
    "an array's items": (
        record(field("a", {"type": "array", "items": "long"})),
        record(field("a", {"type": "array", "items": "string"})),
        "a[]: string became long",
    ),
    "deep inside": (
        record(field("x", record(field("a", "boolean"), name="Inner"))),
        record(field("x", INNER)),
        "x.a: long became boolean",
    ),
    "the logical type": (
        record(field("a", {"type": "long", "logicalType": "timestamp-micros"})),
        record(field("a", {"type": "long", "logicalType": "timestamp-millis"})),
        "a: logical type ('timestamp-millis', None, None) became ('timestamp-micros', None, None)",
    ),
    "another record": (record(name="Other"), record(), "record: R became Other"),
}


@pytest.mark.parametrize("case", COMPATIBLE)
def test_reads(case: str) -> None:
    reader, writer = COMPATIBLE[case]
    assert incompatibilities(reader=reader, writer=writer) == []


@pytest.mark.parametrize("case", INCOMPATIBLE)
def test_names_what_it_cannot_read(case: str) -> None:
    reader, writer, problem = INCOMPATIBLE[case]
    assert incompatibilities(reader=reader, writer=writer) == [problem]
