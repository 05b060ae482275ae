"""Failures as SOAP faults, in the shapes of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from lxml import etree

from meterstream.contracts.errors import CODES, ErrorRecord
from meterstream.ws_adapter.model.failures import UNKNOWN_UID, WRONG_KIND
from meterstream.ws_adapter.soap.envelope import SOAP
from meterstream.ws_adapter.soap.text import clean
from meterstream.ws_adapter.soap.validation import Violation

COMMON: Final = "http://www.opensmartgridplatform.org/schemas/common/2014/10"
SPRING_WS: Final = "http://springframework.org/spring-ws"
XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"

COMPONENTS: Final = frozenset(
    {
        "WS_SMART_METERING", "WS_CORE", "DOMAIN_CORE", "DOMAIN_SMART_METERING", "OSGP_CORE", "PROTOCOL_DLMS",
        "SECRET_MANAGEMENT", "UNKNOWN",
    }
)  # fmt: skip
_DOMAIN: Final = "DOMAIN"
_METERING: Final = frozenset({"WS_SMART_METERING", "DOMAIN_SMART_METERING"})
"""Parts of which the core services have one of their own."""
_ELSEWHERE: Final = MappingProxyType(
    {
        **dict.fromkeys((101, 104, 301, 405, 407), "WS_SMART_METERING"),
        201: "DOMAIN_CORE",
        **dict.fromkeys((205, 417), "OSGP_CORE"),
        **dict.fromkeys((802, 803, 804, 806), "PROTOCOL_DLMS"),
    }
)
"""What domain finds out, and clients of the contract know from another part of the platform; by code."""
_SENTENCES: Final = {UNKNOWN_UID, WRONG_KIND}
"""Messages that stand in place of the code's name."""


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A fault as it goes into the body."""

    code: str
    text: str
    detail: tuple[etree._Element, ...] = ()

    def element(self) -> etree._Element:
        """soap:Fault."""
        fault = etree.Element(f"{{{SOAP}}}Fault", nsmap={"soapenv": SOAP, "common": COMMON})
        etree.SubElement(fault, "faultcode").text = f"soapenv:{self.code}"
        text = etree.SubElement(fault, "faultstring")
        text.set(XML_LANG, "en")
        text.text = clean(self.text)
        if self.detail:
            etree.SubElement(fault, "detail").extend(self.detail)
        return fault


def server_fault(text: str) -> SoapFault:
    """A fault without detail."""
    return SoapFault("Server", text)


def must_understand_fault() -> SoapFault:
    """A header that must be understood and is not."""
    return SoapFault("MustUnderstand", "One or more mandatory SOAP header blocks not understood")


def validation_fault(violations: list[Violation]) -> SoapFault:
    """The body breaks the schema."""
    detail = []
    for violation in violations:
        element = etree.Element(f"{{{SPRING_WS}}}ValidationError", nsmap={"sws": SPRING_WS})
        element.text = clean(violation.text)
        detail.append(element)
    return SoapFault("Client", "Validation error", tuple(detail))


def fault_of(failure: ErrorRecord, *, core: bool = False) -> SoapFault:
    """A functional fault where the code has a number, else a technical one; `core`: of one of the core services."""
    kind = "TechnicalFault" if failure.number is None else "FunctionalFault"
    return _fault(kind, fault_fields(failure, core=core))


def technical_fault_of(failure: ErrorRecord, *, core: bool = False) -> SoapFault:
    """A technical fault, whatever the code."""
    return fault_of(failure.model_copy(update={"number": None}), core=core)


def fault_fields(failure: ErrorRecord, *, core: bool = False) -> dict[str, str]:
    """Code, message, component and cause of a failure, as functional faults, technical faults and FaultResponses say.

    A technical failure has no code there: its stable name goes where the cause's class does.
    """
    details = failure.details
    sentence = failure.message
    fields = {"Component": component_of(failure, core=core)}
    if failure.number is None:
        fields["Message"] = sentence
        cause, why = failure.code, "; ".join(f"{name}: {value}" for name, value in details.items())
    else:
        fields["Code"] = str(failure.number)
        fields["Message"] = sentence if sentence in _SENTENCES else failure.code
        why = "" if sentence in (failure.code, *_SENTENCES) else sentence
        known = CODES.get(failure.code)
        cause = known.kind.__name__ if why and known is not None else ""
    fields["InnerException"] = details.get("cause", cause)
    fields["InnerMessage"] = details.get("cause_message", why)
    return {name: clean(value) for name, value in fields.items()}


def component_of(failure: ErrorRecord, *, core: bool) -> str:
    """The contract's name of the part that reports."""
    name = failure.component
    if name == _DOMAIN:
        name = _ELSEWHERE.get(failure.number or 0, "DOMAIN_SMART_METERING")
    if core and name in _METERING:
        return "WS_CORE"
    return name if name in COMPONENTS else "UNKNOWN"


def _fault(kind: str, fields: dict[str, str]) -> SoapFault:
    detail = etree.Element(f"{{{COMMON}}}{kind}", nsmap={"common": COMMON})
    for name in ("Code", "Message", "Component", "InnerException", "InnerMessage"):
        if name in fields:
            etree.SubElement(detail, f"{{{COMMON}}}{name}").text = fields[name]
    return SoapFault("Server", fields["Message"], (detail,))
