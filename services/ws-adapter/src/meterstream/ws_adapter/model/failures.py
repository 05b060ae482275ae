"""Failures on their way to a caller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from meterstream.contracts.errors import (
    CODES,
    VALIDATION_ERROR,
    ErrorCode,
    ErrorRecord,
    PlatformError,
    PlatformTrouble,
    error,
)

UNKNOWN_UID: Final = "CorrelationUid is unknown."
WRONG_KIND: Final = "CorrelationUid does not match any data of the requested type."

COMPONENT: Final = "WS_SMART_METERING"
"""How the faces call themselves in failures, in the words of the SOAP contract."""


class ToldByPlatform(PlatformError):
    """A failure that another part of the platform reported; its record goes on unchanged.

    `correlation_uid` names the command that was refused, where its refusal can be fetched as a result too.
    """

    def __init__(self, record: ErrorRecord, correlation_uid: str | None = None) -> None:
        code = CODES.get(record.code) or ErrorCode(record.code, record.number, PlatformTrouble)
        super().__init__(code, record.message, **dict[str, object](record.details))
        self.record = record
        self.correlation_uid = correlation_uid

    def to_record(self, component: str | None = None) -> ErrorRecord:  # noqa: ARG002  # the signature of the base
        """The record as it was told."""
        return self.record


def broken(field: str, rule: str) -> PlatformError:
    """VALIDATION_ERROR that names field and rule."""
    return error("VALIDATION_ERROR", f"{field}: {rule}", field=field, rule=rule)


def renamed(failure: PlatformError, names: Mapping[str, str]) -> PlatformError:
    """A broken rule told with the name that its field has on a face; any other failure as it is."""
    name = names.get(failure.details.get("field", ""))
    if name is None or failure.code is not VALIDATION_ERROR:
        return failure
    return broken(name, failure.details.get("rule", "is wrong"))


def missing(field: str) -> PlatformError:
    """VALIDATION_ERROR for a field that must be there."""
    return broken(field, "is required")


def from_validation(problem: ValidationError, skip: frozenset[str] = frozenset()) -> PlatformError:
    """VALIDATION_ERROR that names the first field that breaks a rule, and counts the others.

    `skip` are the tags of unions, which stand in a location after an index but are no field.
    """
    problems = problem.errors(include_url=False, include_context=False, include_input=False)
    location = problems[0]["loc"]
    parts = [
        str(part)
        for index, part in enumerate(location)
        if not (part in skip and index and isinstance(location[index - 1], int))
    ]
    field = ".".join(parts) or "request"
    rule = problems[0]["msg"].removeprefix("Value error, ")
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return error("VALIDATION_ERROR", f"{field}: {rule}{more}", field=field, rule=rule)
