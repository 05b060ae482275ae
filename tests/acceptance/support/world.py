"""What a scenario has done so far, and the doings that the steps of several features share."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from every_operation import Case
from soap_client import Asked, SoapClient, SoapRefusal, flat

from meterstream.contracts.operations.add_device import AddDeviceRequest
from meterstream.demo.client import Platform
from meterstream.demo.fleet import Fleet

DEADLINE_S = 60.0
Table = list[list[str]]


@dataclass
class World:
    """What a scenario has done so far."""

    platform: Platform
    fleet: Fleet
    soap: SoapClient
    rest: requests.Session
    free: dict[str, Iterator[int]]
    meters: dict[str, int] = field(default_factory=dict)
    asked: Asked | None = None
    answer: dict[str, str] = field(default_factory=dict)
    refusal: SoapRefusal | None = None
    outcome: dict[str, Any] = field(default_factory=dict)

    def finish(self, operation: str, device: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry an operation out over REST and wait for its result, good or bad."""
        base = f"{self.platform.stack.https_addresses[0]}/v1/operations"
        body = {"device_identification": device, "request": request}
        told = self.rest.post(f"{base}/{operation}", json=body, timeout=30)
        assert told.status_code in (200, 202), told.text
        uid = told.json()["correlation_uid"]
        self.rest.get(f"{base}/{uid}/events", timeout=DEADLINE_S)  # the stream ends with the result
        found = self.rest.get(f"{base}/{uid}", timeout=30).json()
        assert found["final"], f"no result of {operation}"
        return dict(found)

    def number_of(self, device: str) -> int:
        """Of a simulated meter."""
        return self.meters[device]

    def install(self, device: str, version: str, settings: dict[str, Any]) -> None:
        """Register the next free simulated meter of a version under an identification."""
        number = next(self.free[version])
        case = Case.of(self.fleet, number, self.platform.installer)
        submission, _ = case.installation()
        request = submission.request
        assert isinstance(request, AddDeviceRequest)
        described = request.device.model_copy(update=settings)
        changed = request.model_copy(update={"device": described, "overwrite": True})
        found = self.finish("AddDevice", device, changed.model_dump(mode="json", exclude_none=True))
        assert found["state"] == "ok", found
        self.meters[device] = number

    def cell(self, text: str) -> Any:
        """A cell as a value: what `typed` makes of it, {} an empty element; "a key" of 16 octets as clients send it."""
        if match := re.fullmatch(r"a key(?: of ([0-9]+) octets)?", text):
            return self.platform.installer.encrypt(os.urandom(int(match.group(1) or 16))).hex()
        return {} if text == "{}" else typed(text)

    def ask(self, operation: str, device: str, values: dict[str, Any], headers: dict[str, str]) -> None:
        """Ask and fetch; a fault at either is the refusal."""
        self.answer, self.refusal, self.asked = {}, None, None
        try:
            self.asked = self.soap.ask(operation, device, values, headers)
            self.answer = flat(self.soap.answer(self.asked))
        except SoapRefusal as refusal:
            self.refusal = refusal


def rows(table: Table) -> dict[str, str]:
    """A table of two columns without its head."""
    return dict(table[1:])


def typed(text: str) -> Any:
    """A cell as a value of JSON: true, false, numbers, else text."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else text
