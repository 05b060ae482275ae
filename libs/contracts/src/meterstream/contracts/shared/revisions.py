"""Answers of operations that change what the platform knows of a device."""

from __future__ import annotations

from meterstream.contracts.operation import OperationResponse


class RevisedDevice(OperationResponse):
    """The revision of the device's record that the platform works with from now on."""

    revision: int
