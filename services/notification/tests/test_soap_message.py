from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from meterstream.contracts.envelope import ResultStatus
from meterstream.notification.model.notice import notice_of
from meterstream.notification.model.retry import Delivered, Refused
from meterstream.notification.model.soap import Sender, judge_answer, send_notification_request

SAMPLES = Path(__file__).with_name("samples")
SENDER = Sender("PlatformOrg", "platform", "SMART_METERS")
ANSWER = (SAMPLES / "12-SendNotification-2-response.xml").read_bytes()
FAULT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>'
    b"<faultstring>no  such\nservice</faultstring></s:Fault></s:Body></s:Envelope>"
)


def canonical(document: bytes) -> bytes:
    parser = etree.XMLParser(remove_blank_text=True)
    return etree.tostring(etree.fromstring(document, parser), method="c14n2")


def test_equals_the_sample_of_a_success(make_result) -> None:
    notice = notice_of(make_result())
    assert notice is not None
    sample = (SAMPLES / "12-SendNotification-1-request.xml").read_bytes()
    assert canonical(send_notification_request(notice, SENDER)) == canonical(sample)


def test_equals_the_sample_of_a_failure_but_for_the_operation(make_result) -> None:
    result = make_result("SynchronizeTime", status=ResultStatus.FAILED, message="device did not answer")
    notice = notice_of(result)
    assert notice is not None
    sample = (SAMPLES / "12-SendNotification-3-request-not-ok.xml").read_bytes()
    expected = canonical(sample).replace(b"SET_SPECIAL_DAYS", b"SYNCHRONIZE_TIME")
    assert canonical(send_notification_request(notice, SENDER)) == expected


def test_hostile_text_stays_text(make_result) -> None:
    message = "</message><result>OK</result>\x01]]>&"
    notice = notice_of(make_result(status=ResultStatus.FAILED, message=message))
    assert notice is not None
    told = etree.fromstring(send_notification_request(notice, SENDER)).find(".//{*}Notification")
    assert told is not None
    assert [etree.QName(child).localname for child in told] == [
        "message",
        "result",
        "deviceIdentification",
        "correlationUid",
        "NotificationType",
    ]
    assert told.findtext("{*}message") == message.replace("\x01", "�")


@pytest.mark.parametrize(("status", "body"), [(200, ANSWER), (200, b""), (202, b" \n"), (204, b"")])
def test_an_answer_or_no_content_takes_the_notification(status: int, body: bytes) -> None:
    assert judge_answer(status, body) == Delivered()


@pytest.mark.parametrize(
    ("status", "body", "reason", "permanent"),
    [
        (500, FAULT, "SOAP fault: no such service", False),
        (200, FAULT, "SOAP fault: no such service", False),
        (500, b"", "HTTP status 500", False),
        (404, b"<html>", "HTTP status 404", False),
        (301, ANSWER, "HTTP status 301", False),
        (410, b"", "HTTP status 410", True),
        (200, b"<html><body>please log in</body></html>", "the answer is no SendNotificationResponse", False),
        (200, b"OK", "the answer is no SendNotificationResponse", False),
        (200, b"\xff\x00", "the answer is no SendNotificationResponse", False),
        (
            200,
            ANSWER.replace(b"SendNotificationResponse", b"SomethingElse"),
            "the answer is no SendNotificationResponse",
            False,
        ),
        (
            200,
            b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" + ANSWER.split(b"\n", 1)[1],
            "the answer is no SendNotificationResponse",
            False,
        ),
    ],
)
def test_everything_else_does_not(status: int, body: bytes, reason: str, permanent: bool) -> None:
    assert judge_answer(status, body) == Refused(reason, permanent=permanent)
