"""CloudEvents attributes as Kafka headers (CloudEvents 1.0, Kafka protocol binding, binary mode)."""

from __future__ import annotations

from datetime import datetime

Headers = tuple[tuple[str, bytes], ...]

_SPEC_VERSION = ("ce_specversion", b"1.0")
_CONTENT_TYPE = ("content-type", b"application/avro")


def ce_headers(record: str, service: str, ce_id: str, moment: datetime, traceparent: bytes | None = None) -> Headers:
    """Headers of one produced record; the same event keeps its `ce_id` over repeats."""
    headers: Headers = (
        _SPEC_VERSION,
        _CONTENT_TYPE,
        ("ce_id", ce_id.encode()),
        ("ce_type", record.encode()),
        ("ce_source", f"/meterstream/{service}".encode()),
        ("ce_time", moment.isoformat().encode()),
    )
    return headers if traceparent is None else (*headers, ("traceparent", traceparent))
