"""The released schemas: rendered from the contract, kept as files, compared and never edited.

`schemas/avro/<topic>/<Record>/NNN.avsc`: the highest number equals what the contract renders, and can read all
numbers before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

from meterstream.contracts.avro import render
from meterstream.contracts.base import Record
from meterstream.contracts.catalogue import records_by_topic
from meterstream.contracts.compatibility import incompatibilities


def schema_directory() -> Path:
    """Where the released schemas lie: inside the installed distribution, or in the source tree."""
    packaged = Path(__file__).with_name("released")
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[5] / "schemas" / "avro"


def fingerprint_of(schema: dict[str, Any]) -> bytes:
    """CRC-64-AVRO of the schema's canonical form, 8 octets in the order of the single-object encoding."""
    digest: str = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    return bytes.fromhex(digest)


@dataclass(frozen=True, eq=False)
class ReleasedSchema:
    """One released schema of a record."""

    topic: str
    record: str
    number: int
    schema: dict[str, Any]
    fingerprint: bytes


def read_released(directory: Path) -> Iterator[ReleasedSchema]:
    """Every released schema, oldest first within a record."""
    for path in sorted(directory.glob("*/*/*.avsc")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        yield ReleasedSchema(path.parts[-3], path.parts[-2], int(path.stem), schema, fingerprint_of(schema))


@cache
def rendered(model: type[Record]) -> dict[str, Any]:
    """The schema of a record as the contract has it now."""
    return render(model)


def as_text(schema: dict[str, Any]) -> str:
    """A schema as it is kept in a file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def without_words(schema: Any) -> Any:
    """A schema without its documentation, which reads and writes the same."""
    if isinstance(schema, list):
        return [without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: without_words(value) for name, value in schema.items() if name != "doc"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that keeps the schema files from matching the contract."""

    topic: str
    record: str
    problem: str

    def __str__(self) -> str:
        return f"{self.topic}/{self.record}: {self.problem}"


def check(directory: Path) -> list[Finding]:
    """All that is wrong with the files: missing, not the newest, incompatible, two schemas of one fingerprint."""
    released: dict[tuple[str, str], list[ReleasedSchema]] = {}
    for item in read_released(directory):
        released.setdefault((item.topic, item.record), []).append(item)
    findings: list[Finding] = []
    by_fingerprint: dict[bytes, tuple[str, str]] = {}
    for topic, models in records_by_topic().items():
        for model in models:
            schema = rendered(model)
            parse_schema(schema, _write_hint=False)
            findings += _check_record(topic, model.__name__, schema, released.pop((topic, model.__name__), []))
    findings += [Finding(topic, record, "is released but no longer in the contract") for topic, record in released]
    for item in read_released(directory):
        text = as_text(without_words(item.schema))
        other = by_fingerprint.setdefault(item.fingerprint, (item.record, text))
        if other != (item.record, text):
            findings.append(Finding(item.topic, item.record, f"has the fingerprint of another schema of {other[0]}"))
    return findings


def _check_record(topic: str, record: str, schema: dict[str, Any], files: list[ReleasedSchema]) -> Iterator[Finding]:
    if not files:
        yield Finding(topic, record, "has no file")
        return
    if as_text(files[-1].schema) != as_text(schema):
        yield Finding(topic, record, f"{files[-1].number:03}.avsc is not what the contract renders")
    for older in files:
        for problem in incompatibilities(reader=schema, writer=older.schema):
            yield Finding(topic, record, f"cannot read {older.number:03}.avsc: {problem}")


def write(directory: Path, *, release: bool) -> list[Path]:
    """Write what the contract renders: as the next number if `release`, else in place of the newest.

    Other words alone are no release: they replace those of the newest.
    """
    written: list[Path] = []
    for topic, models in records_by_topic().items():
        for model in models:
            folder = directory / topic / model.__name__
            existing = sorted(folder.glob("*.avsc"))
            text = as_text(rendered(model))
            newest = existing[-1].read_text(encoding="utf-8") if existing else "null"
            if newest == text:
                continue
            number = int(existing[-1].stem) if existing else 0
            same = without_words(json.loads(newest)) == without_words(rendered(model))
            number += 0 if existing and (same or not release) else 1
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{number:03}.avsc"
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written
