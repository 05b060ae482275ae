"""What can still be read of a message whose record breaks a rule of the contract."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader

from meterstream.contracts.base import Record
from meterstream.contracts.schemas import fingerprint_of, rendered
from meterstream.runtime.codec import HEADER_BYTES


@cache
def _own_schema(model: type[Record]) -> tuple[bytes, Any]:
    schema = rendered(model)
    return fingerprint_of(schema), parse_schema(schema, named_schemas={})


def readable_fields(raw: bytes, model: type[Record]) -> dict[str, Any] | None:
    """The fields of a message in the newest schema of `model`, before they are held against the model's rules.

    None where the body does not follow the schema, or was written in an older one.
    """
    fingerprint, schema = _own_schema(model)
    if raw[2:HEADER_BYTES] != fingerprint:
        return None
    body = BytesIO(raw[HEADER_BYTES:])
    try:
        fields = schemaless_reader(body, schema, None)
    except Exception:  # fastavro raises whatever the bytes provoke; the caller reports the message as unreadable
        return None
    return fields if isinstance(fields, dict) and not body.read(1) else None
