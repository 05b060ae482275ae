"""Renders service descriptions (WSDL 1.1, document/literal over SOAP 1.1) from the facts.

Every operation that the platform serves is described, with body and mandatory headers, also the few that the
incumbent's documents leave out or bind incompletely.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from meterstream.ws_adapter.soap.facts import XSD
from meterstream.ws_adapter.soap.xsd import file_name, to_bytes

WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
SOAP_BINDING: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
TRANSPORT: Final = "http://schemas.xmlsoap.org/soap/http"
LOCATION: Final = "https://localhost:8443"
"""Stands for the address at which the document is served, which takes its place."""
MANDATORY_HEADERS: Final = ("OrganisationIdentification", "UserName", "ApplicationName")


def render_wsdl(service: Mapping[str, Any]) -> bytes:
    """The service description."""
    namespaces: Mapping[str, str] = service["schema_namespaces"]
    root = etree.Element(
        _wsdl("definitions"),
        {"name": service["name"], "targetNamespace": service["target_namespace"]},
        nsmap={
            "wsdl": WSDL,
            "soap": SOAP_BINDING,
            "xsd": XSD,
            "tns": service["target_namespace"],
            **namespaces,
        },
    )
    schema = etree.SubElement(etree.SubElement(root, _wsdl("types")), f"{{{XSD}}}schema")
    for prefix, namespace in namespaces.items():
        etree.SubElement(schema, f"{{{XSD}}}import", {"namespace": namespace, "schemaLocation": file_name(prefix)})
    common = next(prefix for prefix in namespaces if prefix in ("common", "corecommon"))
    _messages(root, service, common)
    port = etree.SubElement(root, _wsdl("portType"), {"name": service["port_type"]})
    binding = etree.SubElement(
        root, _wsdl("binding"), {"name": service["binding"], "type": f"tns:{service['port_type']}"}
    )
    etree.SubElement(binding, _soap("binding"), {"style": "document", "transport": TRANSPORT})
    for operation in service["operations"]:
        described = etree.SubElement(port, _wsdl("operation"), {"name": operation["name"]})
        for direction in ("input", "output"):
            name = _local(operation[direction])
            etree.SubElement(described, _wsdl(direction), {"name": name, "message": f"tns:{name}"})
        _bound(binding, operation)
    served = etree.SubElement(root, _wsdl("service"), {"name": service["wsdl_service"]})
    address = etree.SubElement(
        served, _wsdl("port"), {"name": service["wsdl_port"], "binding": f"tns:{service['binding']}"}
    )
    etree.SubElement(address, _soap("address"), {"location": LOCATION + service["endpoint"]})
    return to_bytes(root)


def _messages(root: etree._Element, service: Mapping[str, Any], common: str) -> None:
    elements: dict[str, str] = {}
    for operation in service["operations"]:
        for direction in ("input", "output"):
            elements[_local(operation[direction])] = operation[direction]
        for header in _headers(operation):
            elements[header] = f"{common}:{header}"
    for name, element in elements.items():
        message = etree.SubElement(root, _wsdl("message"), {"name": name})
        etree.SubElement(message, _wsdl("part"), {"name": name, "element": element})


def _bound(binding: etree._Element, operation: Mapping[str, Any]) -> None:
    bound = etree.SubElement(binding, _wsdl("operation"), {"name": operation["name"]})
    etree.SubElement(bound, _soap("operation"), {"soapAction": ""})
    for direction in ("input", "output"):
        name = _local(operation[direction])
        message = etree.SubElement(bound, _wsdl(direction), {"name": name})
        if direction == "input":
            for header in _headers(operation):
                etree.SubElement(
                    message, _soap("header"), {"message": f"tns:{header}", "part": header, "use": "literal"}
                )
        etree.SubElement(message, _soap("body"), {"parts": name, "use": "literal"})


def _headers(operation: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(operation["headers"]["wsdl"]) or MANDATORY_HEADERS


def _local(name: str) -> str:
    return name.partition(":")[2]


def _wsdl(name: str) -> str:
    return f"{{{WSDL}}}{name}"


def _soap(name: str) -> str:
    return f"{{{SOAP_BINDING}}}{name}"
