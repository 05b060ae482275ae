"""SOAP headers: who calls, and what is asked about the command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, Literal

from meterstream.contracts.errors import PlatformError, error
from meterstream.ws_adapter.model.failures import renamed
from meterstream.ws_adapter.model.submission import Options
from meterstream.ws_adapter.soap.envelope import PlainFault
from meterstream.ws_adapter.soap.facts import load_headers
from meterstream.ws_adapter.soap.services import ServiceOperation

LOWEST: Final = 0
HIGHEST: Final = 9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_SHOWN: Final = 80
_NUMBER: Final = re.compile(r"^[+-]?[0-9]{1,19}$")

HEADER_OF_FIELD: Final = {
    "organisation": "OrganisationIdentification",
    "user": "UserName",
    "application": "ApplicationName",
    "priority": "MessagePriority",
    "schedule_time": "ScheduleTime",
    "response_url": "ResponseUrl",
    "correlation_uid": "CorrelationUid",
    "device_identification": "DeviceIdentification",
}
"""How the fields of a command's header are called on this face."""


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """How one operation treats its headers."""

    priority: int
    wrong_number: Literal["fault", "technical_fault", "ignored"]


@cache
def rules_of(operation: ServiceOperation) -> HeaderRules:
    """The rules of an operation, those of all others where it has none of its own."""
    facts = load_headers()
    return HeaderRules(**facts["operations"].get(f"{operation.service}/{operation.name}", facts["default"]))


def check_mandatory(headers: Mapping[str, str]) -> None:
    """Raises: PlainFault for the first mandatory header that is missing or empty."""
    for name in load_headers()["mandatory"]:
        if not headers.get(name):
            raise PlainFault(f'{name} Soap Header is ""')


def read_options(headers: Mapping[str, str], operation: ServiceOperation) -> Options:
    """What the optional headers say; those that the operation does not honour say nothing.

    Raises: PlainFault, TECHNICAL_ERROR for a number that is none; VALIDATION_ERROR for a CorrelationUid or ResponseUrl
    that breaks its rule.
    """
    heard = {name: headers[name] for name in operation.optional_headers if headers.get(name)}
    rules = rules_of(operation)
    priority = _number(heard, "MessagePriority", rules)
    return Options(
        correlation_uid=headers.get("CorrelationUid") or None,
        priority=rules.priority if priority is None else min(max(priority, LOWEST), HIGHEST),
        schedule_time=_moment(heard, "ScheduleTime", rules),
        expires_at=_moment(heard, "MaxScheduleTime", rules),
        bypass_retry=heard.get("BypassRetry", "").lower() == "true",
        response_url=heard.get("ResponseUrl"),
    )


def in_words_of_headers(failure: PlatformError) -> PlatformError:
    """A broken rule of a command's header, told with the header's name on this face."""
    return renamed(failure, HEADER_OF_FIELD)


def _number(headers: Mapping[str, str], name: str, rules: HeaderRules) -> int | None:
    text = headers.get(name)
    if text is None:
        return None
    if _NUMBER.match(text):
        return int(text)
    _wrong(name, text, rules)
    return None


def _moment(headers: Mapping[str, str], name: str, rules: HeaderRules) -> datetime | None:
    milliseconds = _number(headers, name, rules)
    if milliseconds is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        _wrong(name, headers[name], rules)
        return None


def _wrong(name: str, text: str, rules: HeaderRules) -> None:
    sentence = f"{name} Soap Header is no number in its range: {text[:_LONGEST_SHOWN]!r}"
    match rules.wrong_number:
        case "fault":
            raise PlainFault(sentence)
        case "technical_fault":
            raise error("TECHNICAL_ERROR", sentence, field=name, rule="number")
