"""The base of every model that crosses a service boundary."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import core_schema

NO_NUL: Final = "^[^\\x00]*$"
"""What every text keeps to: U+0000 has no place in XML, nor in PostgreSQL."""


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("holds no character U+0000")
    return text


def _refuse_nul(schema: Any, model: type[BaseModel]) -> None:
    """Give each text of a model a pattern, or a check beside its own; models inside have theirs already."""
    if isinstance(schema, list):
        parts = schema
    elif not isinstance(schema.get("type"), str):
        parts = list(schema.values())  # the fields of a model
    elif schema["type"] == "function-after" and schema["function"]["function"] is _without_nul:
        return
    else:
        parts = [part for name, part in schema.items() if name not in ("metadata", "serialization", "default")]
    for part in parts:
        if isinstance(part, dict) and part.get("type") == "str":
            _refuse_nul_in(part)
        elif isinstance(part, list) or (isinstance(part, dict) and part.get("cls", model) is model):
            _refuse_nul(part, model)


def _refuse_nul_in(text: Any) -> None:
    if "pattern" not in text:
        text["pattern"] = NO_NUL
    elif text["pattern"] != NO_NUL:
        inner = dict(text)
        text.clear()
        text.update(core_schema.no_info_after_validator_function(_without_nul, inner))


class Record(BaseModel):
    """An immutable value with an Avro record of the same name; unknown fields are refused, and U+0000 in any text.

    JSON spells bytes as hexadecimal text, as the field's documents do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="hex", val_json_bytes="hex")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        schema = handler(source)
        _refuse_nul(schema, cls)
        return schema


def _to_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("needs an offset from UTC")
    if moment.tzinfo is UTC:  # as they come from Avro and from our clocks
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from None


def _decimal_schema() -> dict[str, Any]:
    return {"type": "string", "format": "decimal", "examples": ["18422.107"]}


Moment = Annotated[datetime, AfterValidator(_to_utc)]
"""An aware moment, kept in UTC; Avro timestamp-micros."""

ExactDecimal = Annotated[Decimal, PlainSerializer(str, return_type=str), WithJsonSchema(_decimal_schema())]
"""A decimal number that keeps its digits; text in Avro and JSON."""

DeviceIdentification = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9]{16,40}$")]
"""16 to 40 letters and digits; usually 5 characters of manufacturer and type, then 12 digits."""

OrganisationIdentification = Annotated[str, StringConstraints(pattern=r"^[^\s]{1,40}$")]
"""1 to 40 characters without white space; equals the common name of the organisation's certificate."""

CorrelationUid = Annotated[str, StringConstraints(min_length=20, max_length=255, pattern=r"^[\x21-\x7e ]+$")]
"""Names one command within its organisation; opaque, 20 to 255 printable characters."""

ObisCode = Annotated[str, StringConstraints(pattern=r"^([0-9]{1,3}\.){5}[0-9]{1,3}$")]
"""A logical name as text, A.B.C.D.E.F, each 0 to 255 (IEC 62056-6-1)."""
