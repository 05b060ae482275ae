"""What the message log of a device says of an attempt that is followed by another, in the words that clients know."""

from __future__ import annotations

import hashlib
from datetime import datetime

from meterstream.contracts.events import MessageLog
from meterstream.domain.model.stored import StoredCommand


def retry_note(row: StoredCommand, device: str, noted_at: datetime) -> MessageLog:
    """The note of the attempt that `row` has just failed in; the same however often it is made."""
    text = f"retry count= {row.attempt}, correlationuid= {row.correlation_uid}"
    named = f"{row.organisation}|{row.correlation_uid}|{row.attempt}"
    return MessageLog(
        log_id=hashlib.sha256(named.encode()).hexdigest(),
        device_identification=device,
        organisation=row.organisation,
        correlation_uid=row.correlation_uid,
        number=row.attempt,
        logged_at=noted_at,
        incoming=False,
        decoded=text,
        encoded=text.encode().hex(),
        size=len(text),
    )
