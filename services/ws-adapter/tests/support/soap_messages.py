"""SOAP messages of the tests: envelopes with the mandatory headers, and requests as a client spells them."""

from __future__ import annotations

from xml.sax.saxutils import escape

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
COMMON = "http://www.opensmartgridplatform.org/schemas/common/2014/10"
ORGANISATION = "DemoGridOrg"
DEVICE = "E0000000000000001"
MANDATORY = {"OrganisationIdentification": ORGANISATION, "UserName": "operator", "ApplicationName": "Portal"}


def envelope(body: str, headers: dict[str, str] | None = None, **more: str) -> bytes:
    """A body with the mandatory headers and more, or with `headers` alone."""
    wanted = {**MANDATORY, **more} if headers is None else headers
    spelled = "".join(f'<h:{name} xmlns:h="{COMMON}">{escape(value)}</h:{name}>' for name, value in wanted.items())
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{spelled}</s:Header><s:Body>{body}</s:Body></s:Envelope>'.encode()
