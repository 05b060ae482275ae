"""FindStoredEvents: what an organisation was told of its devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_stored_events import (
    OPERATION,
    FindStoredEventsRequest,
    FindStoredEventsResponse,
)
from meterstream.contracts.shared.paging import Page
from meterstream.contracts.shared.stored_events import StoredEvent
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader

COUNTED: Final = 100_000
"""Events are counted up to here: nobody leafs further, and counting millions would hold everybody else up."""


async def find_stored_events(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse | PlatformError]:
    """A page for each request, newest first, or UNKNOWN_DEVICE (201), UNAUTHORIZED (301)."""
    answers: list[OperationResponse | PlatformError] = []
    for header, request in asked:
        assert isinstance(request, FindStoredEventsRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        refused = await _refusal(reader, header.organisation, request.device_identification)
        answers.append(refused or await _page(reader, header.organisation, request))
    return answers


async def _refusal(reader: RegistryReader, organisation: str, device: str | None) -> PlatformError | None:
    if device is None:
        return None
    asked = {"organisation": organisation, "device": device, "function": OPERATION.function}
    (standing,) = await reader.read("event_standing", asked)
    field = "request.device_identification"
    if not standing["is_known"]:
        return CODES["UNKNOWN_DEVICE"](f"{field}: there is no device {device}", field=field, device=device)
    if not standing["is_allowed"]:
        return CODES["UNAUTHORIZED"](
            f"organisation {organisation} may not {OPERATION.function} for device {device}",
            field=field,
            function=OPERATION.function,
        )
    return None


async def _page(
    reader: RegistryReader, organisation: str, request: FindStoredEventsRequest
) -> FindStoredEventsResponse:
    types = request.event_types
    wanted = {
        "organisation": organisation,
        "device": request.device_identification,
        "begin": request.begin,
        "end": request.end,
        "description": request.description,
        "prefix": request.description_starts_with,
        "event_types": None if types is None else [kind.value for kind in types],
    }
    (counted,) = await reader.read("count_stored_events", wanted | {"most": COUNTED})
    size, page = request.page_size, request.page
    found = await reader.read("find_stored_events", wanted | {"size": size, "skip": size * page})
    return FindStoredEventsResponse(
        events=[StoredEvent.model_validate(row) for row in found],
        page=Page(total_pages=-(-counted["total"] // size), page_size=size, current_page=page),
    )


RULE = QueryRule(OPERATION, find_stored_events)
