"""What a scenario has done so far, and the doings that the steps of several features share."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import requests
from every_operation import Case
from soap_client import Asked, SoapClient, SoapRefusal, flat

from meterstream.contracts.operations.add_device import AddDeviceRequest, DeviceModel
from meterstream.demo.client import Platform
from meterstream.demo.fleet import Fleet

DEADLINE_S = 60.0
Table = list[list[str]]
SoapOf = Callable[..., SoapClient]
"""The client of an organisation, by its own certificate or another one's."""


@dataclass
class World:
    """What a scenario has done so far."""

    platform: Platform
    fleet: Fleet
    soap: SoapClient
    rest: requests.Session
    free: dict[str, Iterator[int]]
    meters: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    mbus_devices: list[str] = field(default_factory=list)
    asked: Asked | None = None
    sent: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, str] = field(default_factory=dict)
    refusal: SoapRefusal | None = None
    outcome: dict[str, Any] = field(default_factory=dict)

    def finish(self, operation: str, device: str | None, request: dict[str, Any]) -> dict[str, Any]:
        """Carry an operation out over REST and wait for its result, good or bad."""
        base = f"{self.platform.stack.https_addresses[0]}/v1/operations"
        body = {"request": request} if device is None else {"device_identification": device, "request": request}
        told = self.rest.post(f"{base}/{operation}", json=body, timeout=30)
        assert told.status_code in (200, 202), told.text
        if told.status_code == 200:
            return {"state": "ok", "result": told.json()}
        uid = told.json()["correlation_uid"]
        self.rest.get(f"{base}/{uid}/events", timeout=DEADLINE_S)  # the stream ends with the result
        found = self.rest.get(f"{base}/{uid}", timeout=30).json()
        assert found["final"], f"no result of {operation}"
        return dict(found)

    def number_of(self, device: str) -> int:
        """Of a simulated meter."""
        return self.meters[device]

    def path(self, device: str, below: str) -> str:
        """Of the simulator's control interface, below a meter."""
        return f"/meters/{self.number_of(device)}/{below}"

    def install(self, device: str, version: str, settings: dict[str, Any], model: dict[str, Any] | None = None) -> None:
        """Register the next free simulated meter of a version under an identification."""
        number = next(self.free[version])
        case = Case.of(self.fleet, number, self.platform.installer)
        submission, _ = case.installation()
        request = submission.request
        assert isinstance(request, AddDeviceRequest)
        described = request.device.model_copy(update=settings)
        changed = request.model_copy(update={"device": described, "overwrite": True})
        if model is not None:
            changed = changed.model_copy(update={"device_model": DeviceModel.model_validate(model)})
        found = self.finish("AddDevice", device, changed.model_dump(mode="json", exclude_none=True))
        assert found["state"] == "ok", found
        self.meters[device] = number
        self.versions[device] = version

    def done(self, operation: str, device: str, request: dict[str, Any]) -> None:
        """Carry an operation out over REST, with success."""
        found = self.finish(operation, device, request)
        assert found["state"] == "ok", found

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the registry's database."""
        with psycopg.connect(self.platform.stack.dsn("domain")) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def clear(self) -> None:
        """Take the M-Bus devices of the scenario out of the registry: others give the same names to theirs."""
        for device in self.mbus_devices:
            self.forget(device)

    def forget(self, device: str) -> None:
        """Take a device out of the registry, if it is there."""
        base = f"{self.platform.stack.https_addresses[0]}/v1/operations"
        body = {"device_identification": device, "request": {}}
        told = self.rest.post(f"{base}/RemoveDevice", json=body, timeout=30)
        assert told.ok or told.json()["code"] == "UNKNOWN_DEVICE", told.text

    def model(self, manufacturer: str, model: str) -> None:
        """Register a manufacturer with one model, unless an earlier scenario did."""
        if manufacturer in flat(self.soap.call("FindAllManufacturers", {})).values():
            return
        named = {"Code": manufacturer, "Name": manufacturer, "UsePrefix": False, "Id": 0}
        self.soap.call("AddManufacturer", {"Manufacturer": named})
        described = {"Manufacturer": manufacturer, "ModelCode": model, "Description": model}
        self.soap.call("AddDeviceModel", {"DeviceModel": described})

    def firmware(self, operation: str, file: str, model: tuple[str, str], changes: dict[str, Any]) -> None:
        """Register a firmware file for a model, named by its manufacturer and its code. Raises: SoapRefusal."""
        described = {
            "Identification": file,
            "Id": 0,
            "DeviceModels": [{"Manufacturer": model[0], "ModelCode": model[1]}],
            "PushToNewDevices": False,
            "Active": True,
            "FirmwareModuleData": {"ModuleVersionActive": "1"},
        } | changes
        numbered = {} if operation == "AddFirmware" else {"Id": 0}
        self.soap.call(operation, {"Firmware": described, **numbered})

    def cell(self, text: str) -> Any:
        """A cell as a value: what `typed` makes of it, {} an empty element, or what its words say.

        "a key" is one of 16 octets, encrypted as clients send it; "5 minutes ago" in milliseconds since 1970. What
        stands in quotes is text.
        """
        if match := re.fullmatch(r"a key(?: of ([0-9]+) octets)?", text):
            return self.platform.installer.encrypt(os.urandom(int(match.group(1) or 16))).hex()
        if match := re.fullmatch(r"([0-9]+) strange octets", text):
            return os.urandom(int(match.group(1))).hex()
        if match := re.fullmatch(r"([0-9]+) minutes ago", text):
            return int((time.time() - 60 * int(match.group(1))) * 1000)
        if match := re.fullmatch(r"""(["'])(.*)\1""", text):
            return match.group(2)
        return {} if text == "{}" else typed(text)

    def ask(
        self,
        operation: str,
        device: str,
        values: dict[str, Any],
        headers: dict[str, str],
        by: SoapClient | None = None,
    ) -> None:
        """Ask and fetch, as the owner unless somebody else is to; a fault at either is the refusal."""
        client = by or self.soap
        self.answer, self.refusal, self.asked, self.sent = {}, None, None, values
        try:
            self.asked = client.ask(operation, device, values, headers)
            self.answer = flat(client.answer(self.asked))
        except SoapRefusal as refusal:
            self.refusal = refusal


def rows(table: Table) -> dict[str, str]:
    """A table of two columns without its head."""
    return dict(table[1:])


def typed(text: str) -> Any:
    """A cell as a value of JSON: true, false, numbers, else text; what begins with a zero is text."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?(?:0|[1-9][0-9]*)", text) else text
