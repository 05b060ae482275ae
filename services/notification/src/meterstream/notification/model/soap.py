"""The SendNotification message of the smart-metering SOAP contract (SOAP 1.1, document/literal)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lxml import etree

from meterstream.notification.model.notice import Notice, printable
from meterstream.notification.model.retry import Delivered, Outcome, Refused

ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
HEADERS: Final = "http://www.opensmartgridplatform.org/schemas/common"
"""The namespace of the headers that the platform sends has no date part, unlike that of the WSDL."""
NOTIFICATION: Final = "http://www.opensmartgridplatform.org/schemas/smartmetering/sm-notification/2014/10"

CONTENT_TYPE: Final = "text/xml; charset=utf-8"

_PREFIXES: Final = {"soapenv": ENVELOPE, "common": HEADERS, "notification": NOTIFICATION}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who the platform says it is, in the three headers of its requests."""

    organisation: str
    user: str
    application: str


def send_notification_request(notice: Notice, sender: Sender) -> bytes:
    """The request that tells a SOAP client of a result; the client fetches the data by the correlation uid."""
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap=_PREFIXES)
    header = etree.SubElement(envelope, f"{{{ENVELOPE}}}Header")
    _text(header, HEADERS, "OrganisationIdentification", sender.organisation)
    _text(header, HEADERS, "UserName", sender.user)
    _text(header, HEADERS, "ApplicationName", sender.application)
    body = etree.SubElement(envelope, f"{{{ENVELOPE}}}Body")
    request = etree.SubElement(body, f"{{{NOTIFICATION}}}SendNotificationRequest")
    told = etree.SubElement(request, f"{{{NOTIFICATION}}}Notification")
    if notice.message is not None:
        _text(told, NOTIFICATION, "message", notice.message)
    _text(told, NOTIFICATION, "result", "OK" if notice.succeeded else "NOT_OK")
    _text(told, NOTIFICATION, "deviceIdentification", notice.device_identification or "")
    _text(told, NOTIFICATION, "correlationUid", notice.correlation_uid)
    _text(told, NOTIFICATION, "NotificationType", notice.notification_type)
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)


def _text(parent: etree._Element, namespace: str, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{namespace}}}{name}").text = printable(text)


def judge_answer(status: int, body: bytes) -> Outcome:
    """What a receiver's answer means: taken with a SendNotificationResponse, or with no content at all."""
    answer = _first_of_body(body)
    if answer is not None and _local(answer) == "Fault":
        text = " ".join((answer.findtext("faultstring") or "without a text").split())
        return Refused(f"SOAP fault: {printable(text)[:200]}")
    if not 200 <= status < 300:
        return Refused(f"HTTP status {status}", permanent=status == 410)
    if not body.strip() or (answer is not None and _local(answer) == "SendNotificationResponse"):
        return Delivered()
    return Refused("the answer is no SendNotificationResponse")


def _first_of_body(body: bytes) -> etree._Element | None:
    """The first element in the answer's SOAP body; without entities, documents of others and network access."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        envelope = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if envelope.getroottree().docinfo.internalDTD is not None or envelope.tag != f"{{{ENVELOPE}}}Envelope":
        return None
    found = envelope.find(f"{{{ENVELOPE}}}Body/*")
    return found if found is not None and isinstance(found.tag, str) else None


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname
