"""Behaviours of M-Bus objects by class and role."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meterstream.simulator.mbus.client import MbusClient
from meterstream.simulator.mbus.registers import (
    MbusDeviceId,
    MbusDiagnostic,
    MbusProfileStatus,
    MbusRegister,
    MbusStatus,
    MbusVersion,
)
from meterstream.simulator.mbus.valve import MbusValve
from meterstream.simulator.objects.behaviour import Behaviour

_VERSIONS: Final = ("model", "hardware_version", "metrology_version", "other_firmware_version", "simple_version_info")

MBUS_BEHAVIOURS: Final[Mapping[int | str, Behaviour]] = MappingProxyType(
    {
        72: MbusClient(),
        77: MbusDiagnostic(),
        "mbus_master_value": MbusRegister(),
        "mbus_master_value_5min": MbusRegister(),
        "mbus_device_id_1": MbusDeviceId(),
        "mbus_disconnect_control": MbusValve(),
        "read_mbus_status": MbusStatus(),
        **{f"amr_profile_status_{period}_g": MbusProfileStatus() for period in ("hourly", "daily", "monthly")},
        **{f"mbus_device_config_{name}": MbusVersion() for name in _VERSIONS},
    }
)
