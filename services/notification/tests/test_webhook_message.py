from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from meterstream.contracts.catalogue import answered_by_events
from meterstream.contracts.envelope import ResultStatus
from meterstream.notification.model.notice import notice_of, notices_of
from meterstream.notification.model.retry import Delivered, Refused
from meterstream.notification.model.webhook import judge_answer, signature_headers, signing_key, webhook_body

MOMENT = datetime(2022, 11, 8, 17, 26, 54, tzinfo=UTC)
DELIVERY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def test_body_holds_the_envelope_and_none_of_the_data(make_result) -> None:
    result = make_result(status=ResultStatus.FAILED, message="device did not answer")
    notice = notice_of(result)
    assert notice is not None
    assert json.loads(webhook_body(notice)) == {
        "type": "command.finished",
        "organisation": "DemoGridOrg",
        "correlation_uid": result.header.correlation_uid,
        "operation": "GetActualMeterReads",
        "device": "E0000000000000001",
        "status": "failed",
        "error_code": "CONNECTION_REFUSED",
        "message": "device did not answer",
        "finished_at": "2025-03-14T02:30:00Z",
        "link": "/v1/operations/DemoGridOrg%7C%7C%7CE0000000000000001%7C%7C%7C20250314026863797"
        "%7C%7C%7C39dbc3b1-2fe2-44af-a4f5-e11eff9e3ae4",
    }


def test_an_event_is_told_as_such(make_event) -> None:
    (notice,) = notices_of(make_event(), answered_by_events())
    body = json.loads(webhook_body(notice))
    assert (body["type"], body["correlation_uid"]) == ("event.occurred", "0123456789abcdef0123456789abcdef")
    assert (body["device"], body["status"], body["error_code"]) == ("E0000000000000001", "ok", None)
    assert body["link"] == "/v1/operations/0123456789abcdef0123456789abcdef"


def test_signature_covers_id_timestamp_and_body() -> None:
    headers = signature_headers(DELIVERY, MOMENT, b'{"a":1}', b"top secret")
    signed = f"{DELIVERY}.1667928414.".encode() + b'{"a":1}'
    expected = base64.b64encode(hmac.new(b"top secret", signed, hashlib.sha256).digest()).decode()
    assert headers == {
        "webhook-id": str(DELIVERY),
        "webhook-timestamp": "1667928414",
        "webhook-signature": f"v1,{expected}",
    }


def test_a_secret_in_the_specifications_spelling_is_the_octets_behind_it() -> None:
    assert signing_key(b"whsec_" + base64.b64encode(b"octets")) == b"octets"
    assert signing_key(b"as it is") == b"as it is"


@pytest.mark.parametrize("secret", [b"", b"whsec_", b"whsec_%%%"])
def test_an_unusable_secret_is_refused_without_telling_it(secret: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the secret is (empty|no base64 after whsec_)$"):
        signing_key(secret)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_good_status_takes_it(status: int) -> None:
    assert judge_answer(status) == Delivered()


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
def test_any_other_is_tried_again(status: int) -> None:
    assert judge_answer(status) == Refused(f"HTTP status {status}")


def test_gone_means_never_again() -> None:
    assert judge_answer(410) == Refused("HTTP status 410", permanent=True)
