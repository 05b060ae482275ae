"""What a meter behind the meter role has to offer."""

from __future__ import annotations

from typing import Protocol

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult, Selection
from meterstream.dlms.data import AttributeRef, Data, MethodRef


class DropLine(Exception):
    """Raised by an application that wants the connection closed instead of an answer, before or after its effect."""


class MeterApplication(Protocol):
    """The objects of one logical device; `client_sap` tells which association asks, for rights differ."""

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult: ...

    def set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult: ...

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]: ...
