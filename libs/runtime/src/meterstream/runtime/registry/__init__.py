"""Schema registry (Confluent's API): ids for schemas and back, and the wire format that carries them."""

from __future__ import annotations

from meterstream.runtime.registry.client import RegistryClient
from meterstream.runtime.registry.frame import FRAME_BYTES, SchemaIds, shared_ids
from meterstream.runtime.registry.subjects import SchemaRegistry, Subject, apply_schemas, load_schema_ids, subjects

__all__ = [
    "FRAME_BYTES",
    "RegistryClient",
    "SchemaIds",
    "SchemaRegistry",
    "Subject",
    "apply_schemas",
    "load_schema_ids",
    "shared_ids",
    "subjects",
]
