"""What an organisation is told about a finished command, or an event."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meterstream.contracts.catalogue import answering, load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.events import Event
from meterstream.contracts.operation import Kind, Operation, Result

MAX_MESSAGE: Final = 2000
"""Characters of an error text that a notification carries; the whole text is met at retrieval."""

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Notice:
    """The facts of a result or an event that a notification tells; never the data.

    `notification_type` is the device function of the operation (NotificationType of the SOAP contract). `message` is
    the error's text, None when the command succeeded.
    """

    organisation: str
    correlation_uid: str
    operation: str
    notification_type: str
    device_identification: str | None
    status: ResultStatus
    finished_at: datetime
    error_code: str | None = None
    message: str | None = None

    @property
    def is_event(self) -> bool:
        """Whether nobody asked: `operation` is what an event answers, `correlation_uid` the event's id."""
        known = load_operations().get(self.operation)
        return known is not None and known.from_event is not None

    @property
    def succeeded(self) -> bool:
        """Whether the command did what was asked."""
        return self.status is ResultStatus.OK


def notice_of(result: Result) -> Notice | None:
    """The notice of a result; None for synchronous operations, whose caller holds the answer already."""
    operation, header, error = result.operation, result.header, result.error
    if operation.kind is Kind.SYNCHRONOUS:
        return None
    return Notice(
        organisation=header.organisation,
        correlation_uid=header.correlation_uid,
        operation=operation.name,
        notification_type=operation.function,
        device_identification=header.device_identification,
        status=result.status,
        finished_at=result.finished_at,
        error_code=None if error is None else error.code,
        message=None if result.status is ResultStatus.OK else _message(result),
    )


def notices_of(event: Event, operations: Iterable[Operation]) -> list[Notice]:
    """A notice for each organisation that may know of the event; none of an event that no operation fetches."""
    operation = answering(event, operations)
    if operation is None:
        return []
    return [
        Notice(
            organisation=organisation,
            correlation_uid=event.event_id,
            operation=operation.name,
            notification_type=operation.function,
            device_identification=event.device_identification,
            status=ResultStatus.OK,
            finished_at=event.recorded_at,
        )
        for organisation in event.organisations
    ]


def _message(result: Result) -> str:
    text = result.error.message if result.error is not None else result.status.value
    return printable(text)[:MAX_MESSAGE]


def printable(text: str) -> str:
    """`text` with each character that XML 1.0 (section 2.2) cannot carry replaced; a meter's bytes may be in it."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
