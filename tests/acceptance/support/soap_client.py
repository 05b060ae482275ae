"""A client of the SOAP services made from their descriptions alone, as an upstream system's would be (zeep)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import zeep
from lxml import etree
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.transports import Transport

from meterstream.contracts.catalogue import load_operations
from meterstream.ws_adapter.soap.facts import load_facts

HEADERS = "http://www.opensmartgridplatform.org/schemas/common/2014/10"
NOT_READY = "405"
NOT_FOUND = "NOT FOUND"
"""How the core services tell that a result is not there yet."""
DEADLINE_S = 60.0
ACTIONS = "Actions"
REPEATED = ("AlarmNotification", "ConfigurationFlag")
"""Elements of which zeep wants the sequence around them repeated."""
ONLY = "value"
"""Path of the one value of an answer that has no other; zeep hands out just the value."""


class SoapRefusal(Exception):
    """A fault: its code where it has one, and its words."""

    def __init__(self, fault: Fault) -> None:
        detail = fault.detail
        texts = {} if detail is None else {etree.QName(one).localname: one.text or "" for one in detail.iter()}
        self.code = texts.get("Code", "")
        self.words = " ".join([str(fault.message), *texts.values()])
        super().__init__(f"{self.code} {self.words}")


@dataclass(frozen=True)
class Asked:
    """An acknowledged request."""

    service: str
    operation: str
    device: str
    correlation_uid: str


class SoapClient:
    """All services, each loaded when it is needed first."""

    def __init__(self, base: str, organisation: str, certificate: Path, key: Path, authority: Path) -> None:
        self._base = base
        self._organisation = organisation
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.cert = (str(certificate), str(key))
        self._session.verify = str(authority)
        self._facts = {service["name"]: service for service in load_facts().services}
        self._clients: dict[str, zeep.Client] = {}

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def ask(
        self, operation: str, device: str, values: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> Asked:
        """Send a request and read its acknowledgement. Raises: SoapRefusal."""
        service = self._service_of(operation)
        told = self._call(service, operation, nested({device_element(operation): device, **values}), headers or {})
        return Asked(service, operation, device, told["CorrelationUid"])

    def call(self, operation: str, values: Mapping[str, Any], *, service: str | None = None) -> dict[str, Any]:
        """What is answered at once. Raises: SoapRefusal."""
        return self._call(service or self._service_of(operation), operation, nested(values), {})

    def answer(self, asked: Asked) -> dict[str, Any]:
        """Fetch the result, again and again until it is there. Raises: SoapRefusal, TimeoutError."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            try:
                found = self.fetch(asked)
            except SoapRefusal as refusal:
                if refusal.code != NOT_READY:
                    raise
            else:
                if found.get("Result") != NOT_FOUND:
                    return found
        raise TimeoutError(f"no result of {asked.operation} in {DEADLINE_S:g} s")

    def fetch(self, asked: Asked) -> dict[str, Any]:
        """Ask for the result once. Raises: SoapRefusal."""
        device = "DeviceId" if asked.service.startswith("Core") else "DeviceIdentification"
        values = {device: asked.device, "CorrelationUid": asked.correlation_uid}
        return self._call(asked.service, self._operation(asked.service, asked.operation)["result_by"], values, {})

    def _call(
        self, service: str, operation: str, values: Mapping[str, Any], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        client = self._client(service)
        try:
            told = client.service[operation](_soapheaders=self._headers(headers), **values)
        except Fault as fault:
            raise SoapRefusal(fault) from fault
        found = serialize_object(told, dict)
        return found if isinstance(found, dict) else {ONLY: found}

    def _client(self, service: str) -> zeep.Client:
        if service not in self._clients:
            address = f"{self._base}{self._facts[service]['endpoint']}?wsdl"
            transport = Transport(session=self._session, timeout=30, operation_timeout=30)
            # Strictly read, zeep takes a repeated sequence in an extension once and refuses the rest.
            self._clients[service] = zeep.Client(address, transport=transport, settings=zeep.Settings(strict=False))
        return self._clients[service]

    def _headers(self, more: Mapping[str, str]) -> list[etree._Element]:
        mandatory = {"OrganisationIdentification": self._organisation, "UserName": "tester", "ApplicationName": "Test"}
        found = []
        for name, value in (mandatory | dict(more)).items():
            element = etree.Element(f"{{{HEADERS}}}{name}")
            element.text = value
            found.append(element)
        return found

    def _service_of(self, operation: str) -> str:
        """The smart-metering services come first where the core ones have the name too."""
        found = [
            name for name in self._facts if any(one["name"] == operation for one in self._facts[name]["operations"])
        ]
        return min(found, key=lambda name: name.startswith("Core"))

    def _operation(self, service: str, operation: str) -> dict[str, Any]:
        described: dict[str, Any] = next(one for one in self._facts[service]["operations"] if one["name"] == operation)
        return described


def device_element(operation: str) -> str:
    """Path of the element that names the device in an operation's request."""
    paths = [
        binding.device
        for known in load_operations().values()
        for binding in known.soap_bindings
        if binding.operation == operation and binding.device is not None
    ]
    return paths[0] if paths else "DeviceIdentification"


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by path, "SetAdministrativeStatusData/Status", as elements below each other.

    Items of lists are numbered from 1, also the actions of a bundle: "Actions/1/GetAdministrativeStatusRequest". "{}"
    is an empty element.
    """
    found: dict[str, Any] = {}
    actions: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        first, _, rest = path.partition("/")
        if first == ACTIONS:
            number, _, below = rest.partition("/")
            _put(actions.setdefault(number, {}), below, value)
        else:
            _put(found, path, value)
    found = {name: _listed(value) for name, value in found.items()}
    if actions:
        found[ACTIONS] = {"_value_1": [_listed(actions[number]) for number in sorted(actions, key=int)]}
    return found


def _listed(value: Any) -> Any:
    """What is numbered becomes a list."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(one) for name, one in value.items()}
    for name in REPEATED:
        if isinstance(repeated := inner.get(name), list):
            return {"_value_1": [{name: one} for one in repeated]}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _put(place: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split("/")
    for name in parents:
        place = place.setdefault(name, {})
    place[last] = {} if value == "{}" else value


def flat(value: Any, path: str = "") -> dict[str, str]:
    """Every text of an answer by its path; items of lists are numbered from 1."""
    if isinstance(value, dict):
        found: dict[str, str] = {}
        for name, one in value.items():
            below = path if name == "_value_1" else f"{path}/{name}".lstrip("/")
            found |= flat(one, below)
        return found
    if isinstance(value, etree._Element):  # more of them than the schema lets there be
        return {f"{path}/{etree.QName(one).localname}": one.text for one in value.iter() if one.text and not len(one)}
    if isinstance(value, (list, deque)):
        found = {}
        for number, one in enumerate(value, 1):
            found |= flat(one, f"{path}/{number}")
        return found
    return {} if value is None else {path: str(value)}
