"""FindMessageLogs: the kept frames of a device, page by page."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.find_message_logs import (
    OPERATION,
    FindMessageLogsRequest,
    FindMessageLogsResponse,
    MessageLogEntry,
)
from meterstream.domain.model.registers import MESSAGE_LOG_PAGES, LoggedFrame, Needs, page_key, rows
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import device_of

PAGE_SIZE: Final = 30


def needs_page(header: CommandHeader, request: OperationRequest) -> Needs:
    """The page that is asked for."""
    assert isinstance(request, FindMessageLogsRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    if header.device_identification is None:
        return Needs()
    return rows(MESSAGE_LOG_PAGES, page_key(header.device_identification, request.page, PAGE_SIZE))


def find_message_logs(turn: RegistryTurn) -> OperationResponse:
    """The page as it is now, newest first; one beyond the last is empty. Raises: UNKNOWN_DEVICE (201)."""
    request = turn.request
    assert isinstance(request, FindMessageLogsRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device = device_of(turn).identification
    page = turn.world.row(MESSAGE_LOG_PAGES, page_key(device, request.page, PAGE_SIZE))
    if page is None:
        return FindMessageLogsResponse(total_pages=0)
    return FindMessageLogsResponse(
        total_pages=-(-page.total // PAGE_SIZE), entries=[_entry(frame) for frame in page.entries]
    )


def _entry(frame: LoggedFrame) -> MessageLogEntry:
    return MessageLogEntry(
        timestamp=frame.logged_at,
        organisation=frame.organisation,
        device_identification=frame.device_identification,
        decoded_message=frame.decoded,
        encoded_message=frame.encoded,
        incoming=frame.incoming,
        valid=frame.valid,
    )


RULE = RegistryRule(OPERATION, find_message_logs, needs_page)
