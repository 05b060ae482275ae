"""Avro single-object encoding (Apache Avro 1.12): C3 01, the schema's CRC-64-AVRO fingerprint, the body.

Read is also Confluent's wire format, with the ids that are known from a registry.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final, TypeVar

from fastavro import parse_schema, schemaless_reader
from pydantic import ValidationError

from meterstream.contracts.base import Record
from meterstream.contracts.catalogue import records_by_topic
from meterstream.contracts.schemas import fingerprint_of, read_released, rendered, schema_directory
from meterstream.runtime.avro_writer import Write, writer_of
from meterstream.runtime.errors import UnknownSchema, UnknownSchemaId, UnreadableMessage
from meterstream.runtime.registry.frame import FRAME, FRAME_BYTES, SchemaIds, schema_mark, shared_ids

MARKER: Final = b"\xc3\x01"
HEADER_BYTES: Final = 10

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """A record and the schema in which one release writes it; `reader` is None where that is our own."""

    model: type[Record]
    writer: Any
    reader: Any | None


class Codec:
    """Turns records of the contract into bytes and back; knows every released schema of each."""

    def __init__(
        self,
        models: Iterable[type[Record]] | None = None,
        directory: Path | None = None,
        ids: SchemaIds | None = None,
    ) -> None:
        self._ids = SchemaIds() if ids is None else ids
        if models is None:
            models = [model for group in records_by_topic().values() for model in group]
        self._writers: dict[type[Record], tuple[bytes, Write]] = {}
        self._forms: dict[bytes, _Form] = {}
        parsed: dict[str, tuple[type[Record], Any]] = {}
        for model in models:
            schema = rendered(model)
            fingerprint = fingerprint_of(schema)
            own = parse_schema(schema, named_schemas={})
            self._writers[model] = (MARKER + fingerprint, writer_of(schema))
            self._forms[fingerprint] = _Form(model, own, None)
            parsed[model.__name__] = (model, own)
        for released in read_released(directory or schema_directory()):
            if released.fingerprint in self._forms or released.record not in parsed:
                continue
            model, own = parsed[released.record]
            writer = parse_schema(released.schema, named_schemas={})
            self._forms[released.fingerprint] = _Form(model, writer, own)

    def encode(self, record: Record) -> bytes:
        """The record in its newest schema.

        Raises: KeyError for a record that is not of the contract.
        """
        header, write = self._writers[type(record)]
        parts = [header]
        write(record, parts.append)
        return b"".join(parts)

    def decode(self, raw: bytes) -> Record:
        """The record in `raw`.

        Raises: UnreadableMessage, UnknownSchema.
        """
        raw = self.single_object(raw)
        form = self._form(raw)
        buffer = BytesIO(raw)
        buffer.seek(HEADER_BYTES)
        try:
            fields = schemaless_reader(buffer, form.writer, form.reader)
        except Exception as error:  # fastavro raises whatever the bytes provoke
            raise UnreadableMessage(f"{form.model.__name__}: body does not follow its schema") from error
        if buffer.tell() != len(raw):
            raise UnreadableMessage(f"{form.model.__name__}: {len(raw) - buffer.tell()} bytes too many")
        try:
            return form.model.model_validate(fields)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "record"
            raise UnreadableMessage(f"{form.model.__name__}.{field}: {first['msg']}") from None

    def decode_as(self, raw: bytes, model: type[R]) -> R:
        """The record in `raw`, which must be a `model`.

        Raises: UnreadableMessage, UnknownSchema.
        """
        record = self.decode(raw)
        if not isinstance(record, model):
            raise UnreadableMessage(f"a {type(record).__name__} where a {model.__name__} belongs")
        return record

    def type_of(self, raw: bytes) -> type[Record]:
        """Which record `raw` claims to be, from its fingerprint alone.

        Raises: UnreadableMessage, UnknownSchema.
        """
        return self._form(self.single_object(raw)).model

    def single_object(self, raw: bytes) -> bytes:
        """The message in single-object encoding, as it is stored and carried inside others.

        Raises: UnreadableMessage, UnknownSchema.
        """
        if raw[:1] != FRAME:
            return raw
        if len(raw) < FRAME_BYTES:
            raise UnreadableMessage("no Avro in Confluent's wire format (00 and an id)")
        single = self._ids.single_object(raw)
        if single is raw:
            raise UnknownSchemaId(schema_mark(raw))
        return single

    def _form(self, raw: bytes) -> _Form:
        if len(raw) < HEADER_BYTES or raw[:2] != MARKER:
            raise UnreadableMessage("no Avro single-object encoding (C3 01 and a fingerprint)")
        fingerprint = raw[2:HEADER_BYTES]
        form = self._forms.get(fingerprint)
        if form is None:
            raise UnknownSchema(fingerprint)
        return form


@cache
def shared_codec() -> Codec:
    """The codec of this process."""
    return Codec(ids=shared_ids())
