"""Whether a reader's Avro schema can read what a writer's schema wrote (Apache Avro 1.12, schema resolution)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Named = dict[str, dict[str, Any]]

PROMOTIONS = {
    ("int", "long"), ("int", "float"), ("int", "double"),
    ("long", "float"), ("long", "double"), ("float", "double"),
    ("string", "bytes"), ("bytes", "string"),
}  # fmt: skip


def incompatibilities(*, reader: Any, writer: Any) -> list[str]:
    """Every reason why `reader` cannot read `writer`, with the path of the field; empty where it can."""
    return list(_differ(reader, writer, "", _names(reader), _names(writer), set()))


def _names(schema: Any, found: Named | None = None, namespace: str = "") -> Named:
    found = {} if found is None else found
    if isinstance(schema, list):
        for branch in schema:
            _names(branch, found, namespace)
    elif isinstance(schema, dict):
        namespace = schema.get("namespace", namespace)
        if schema["type"] in ("record", "enum", "fixed"):
            found[_full_name(schema["name"], namespace)] = schema
            for field in schema.get("fields", ()):
                _names(field["type"], found, namespace)
        elif schema["type"] == "array":
            _names(schema["items"], found, namespace)
        elif schema["type"] == "map":
            _names(schema["values"], found, namespace)
        else:
            _names(schema["type"], found, namespace)
    return found


def _full_name(name: str, namespace: str) -> str:
    return name if "." in name or not namespace else f"{namespace}.{name}"


def _resolve(schema: Any, names: Named) -> Any:
    if isinstance(schema, str) and schema in names:
        return names[schema]
    if isinstance(schema, dict) and isinstance(schema["type"], (dict, list)):
        return _resolve(schema["type"], names)
    return schema


def _kind(schema: Any) -> str:
    if isinstance(schema, list):
        return "union"
    return str(schema["type"]) if isinstance(schema, dict) else str(schema)


def _differ(
    reader: Any, writer: Any, path: str, readers: Named, writers: Named, seen: set[tuple[str, str]]
) -> Iterator[str]:
    reader, writer = _resolve(reader, readers), _resolve(writer, writers)
    kinds = _kind(reader), _kind(writer)
    where = path or "record"
    match kinds:
        case (_, "union"):
            for branch in writer:
                yield from _differ(reader, branch, path, readers, writers, seen)
        case ("union", _):
            if not any(not list(_differ(b, writer, path, readers, writers, set(seen))) for b in reader):
                yield f"{where}: no branch of the union takes {kinds[1]}"
        case ("record", "record"):
            names = (reader["name"], writer["name"])
            if names[0].rpartition(".")[2] != names[1].rpartition(".")[2]:
                yield f"{where}: {names[1]} became {names[0]}"
            if names in seen:
                return
            seen.add(names)
            written = {field["name"]: field for field in writer["fields"]}
            for field in reader["fields"]:
                inner = f"{path}.{field['name']}" if path else field["name"]
                if field["name"] in written:
                    yield from _differ(field["type"], written[field["name"]]["type"], inner, readers, writers, seen)
                elif "default" not in field:
                    yield f"{inner}: is new and has no default"
        case ("array", "array"):
            yield from _differ(reader["items"], writer["items"], f"{where}[]", readers, writers, seen)
        case ("map", "map"):
            yield from _differ(reader["values"], writer["values"], f"{where}{{}}", readers, writers, seen)
        case _:
            if kinds[0] != kinds[1] and (kinds[1], kinds[0]) not in PROMOTIONS:
                yield f"{where}: {kinds[1]} became {kinds[0]}"
            elif _logical(reader) != _logical(writer):
                yield f"{where}: logical type {_logical(writer)} became {_logical(reader)}"


def _logical(schema: Any) -> tuple[Any, ...] | None:
    if not isinstance(schema, dict) or "logicalType" not in schema:
        return None
    return schema["logicalType"], schema.get("precision"), schema.get("scale")
