"""Webhooks: a JSON body, signed as the open specification Standard Webhooks 1.0 tells.

    webhook-id         the delivery's id, the same in every repeat
    webhook-timestamp  seconds since 1970-01-01T00:00:00Z, of this attempt
    webhook-signature  v1,<base64 of HMAC-SHA256(secret, "<id>.<timestamp>.<body>")>

A receiver computes the signature over the bytes that came, compares in constant time, refuses timestamps that are
minutes away, and drops ids that it has seen.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from datetime import datetime
from typing import Final
from urllib.parse import quote
from uuid import UUID

from meterstream.notification.model.notice import Notice
from meterstream.notification.model.retry import Delivered, Outcome, Refused

CONTENT_TYPE: Final = "application/json"
SECRET_PREFIX: Final = b"whsec_"


def webhook_body(notice: Notice) -> bytes:
    """The JSON body; the same bytes in every attempt."""
    facts = {
        "type": "event.occurred" if notice.is_event else "command.finished",
        "organisation": notice.organisation,
        "correlation_uid": notice.correlation_uid,
        "operation": notice.operation,
        "device": notice.device_identification,
        "status": notice.status.value,
        "error_code": notice.error_code,
        "message": notice.message,
        "finished_at": notice.finished_at.isoformat().replace("+00:00", "Z"),
        "link": result_link(notice.correlation_uid),
    }
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def result_link(correlation_uid: str) -> str:
    """The path on the REST face under which the result is fetched."""
    return f"/v1/operations/{quote(correlation_uid, safe='')}"


def signature_headers(delivery_id: UUID, moment: datetime, body: bytes, secret: bytes) -> dict[str, str]:
    """The three headers of a signed attempt. Raises: ValueError for a secret that `signing_key` refuses."""
    timestamp = int(moment.timestamp())
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.digest(signing_key(secret), signed, "sha256")
    return {
        "webhook-id": str(delivery_id),
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def signing_key(secret: bytes) -> bytes:
    """The key of a secret: its octets, or what follows `whsec_` in base64 (the specification's spelling).

    Raises: ValueError for an empty secret or broken base64; says nothing of the content.
    """
    key = secret
    if secret.startswith(SECRET_PREFIX):
        try:
            key = base64.b64decode(secret[len(SECRET_PREFIX) :], validate=True)
        except binascii.Error:
            raise ValueError("the secret is no base64 after whsec_") from None
    if not key:
        raise ValueError("the secret is empty")
    return key


def judge_answer(status: int) -> Outcome:
    """What a receiver's answer means: any status of the 200s takes the notification, 410 never wants one again."""
    if 200 <= status < 300:
        return Delivered()
    return Refused(f"HTTP status {status}", permanent=status == 410)
