"""Life cycle of devices."""

from __future__ import annotations

from enum import StrEnum


class DeviceLifecycleStatus(StrEnum):
    """Where a device is in its life, as the organisation keeps it; the platform acts on IN_USE alone."""

    NEW_IN_INVENTORY = "NEW_IN_INVENTORY"
    READY_FOR_USE = "READY_FOR_USE"
    REGISTERED = "REGISTERED"
    REGISTERED_BUILD_IN_FAILED = "REGISTERED_BUILD_IN_FAILED"
    REGISTERED_INSTALL_FAILED = "REGISTERED_INSTALL_FAILED"
    REGISTERED_UPDATE_FAILED = "REGISTERED_UPDATE_FAILED"
    IN_USE = "IN_USE"
    RETURNED_TO_INVENTORY = "RETURNED_TO_INVENTORY"
    UNDER_TEST = "UNDER_TEST"
    DESTROYED = "DESTROYED"
