"""What switching the debug mode on and off share."""

from __future__ import annotations

from dataclasses import replace

from meterstream.domain.model.rules import RegistryTurn
from meterstream.domain.rules._devices import connected_device_of, revise


def switch_debugging(turn: RegistryTurn, *, debug: bool) -> int:
    """The revision of the device's record that says so; the same one where it did already.

    Raises: UNKNOWN_DEVICE (201), VALIDATION_ERROR (401) for a device without sessions of its own.
    """
    device = connected_device_of(turn)
    if device.debug != debug:
        device = revise(turn, replace(device, debug=debug))
    return device.revision
