"""Event logs of a meter: their roles, their columns, and the names of the numbers that they hold.

Source: DSMR P3 companion standard 4.2.2 and SMR 5.0 to 5.5, event logs 0.0.99.98.x.255.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from meterstream.contracts.operations.find_events import EventDetail, EventLogCategory
from meterstream.contracts.shared.event_types import EventType
from meterstream.dlms.data import Unit, scale
from meterstream.dlms.objects import MeterProfile

LOGS: Final[Mapping[EventLogCategory, str]] = MappingProxyType(
    {
        EventLogCategory.STANDARD_EVENT_LOG: "standard_event_log",
        EventLogCategory.FRAUD_DETECTION_LOG: "fraud_detection_event_log",
        EventLogCategory.COMMUNICATION_SESSION_LOG: "communication_session_event_log",
        EventLogCategory.M_BUS_EVENT_LOG: "mbus_event_log",
        EventLogCategory.POWER_QUALITY_EVENT_LOG: "power_quality_event_log",
        EventLogCategory.AUXILIARY_EVENT_LOG: "auxiliary_event_log",
        EventLogCategory.POWER_QUALITY_EXTENDED_EVENT_LOG: "power_quality_extended_event_log",
        EventLogCategory.POWER_QUALITY_THD_EVENT_LOG: "power_quality_thd_event_log",
    }
)
"""Role of the log in the profile packs."""

_PHASES: Final = ("L1", "L2", "L3")
_CHANNELS: Final = range(1, 5)
_OLDER: Final = "DSMR"


def _row(first: int, *names: str) -> dict[int, EventType]:
    return {first + place: EventType(name) for place, name in enumerate(names)}


def _phases(first: int, *prefixes: str) -> dict[int, EventType]:
    return _row(first, *(f"{prefix}_{phase}" for prefix in prefixes for phase in _PHASES))


def _normal(first: int) -> dict[int, EventType]:
    return _row(first, *(f"VOLTAGE_{phase}_NORMAL" for phase in _PHASES))


_MBUS_EVENTS: Final = (
    "COMMUNICATION_ERROR_M_BUS",
    "COMMUNICATION_OK_M_BUS",
    "REPLACE_BATTERY_M_BUS",
    "FRAUD_ATTEMPT_M_BUS",
    "CLOCK_ADJUSTED_M_BUS",
    "NEW_M_BUS_DEVICE_DISCOVERED",
    "PERMANENT_ERROR_FROM_M_BUS_DEVICE",
    "DEAD_BATTERY_ERROR_M_BUS_DEVICE",
)
_UPGRADE_EVENTS: Final = (
    "SUCCESSFUL",
    "BLOCK_SIZE_NOT_SUPPORTED",
    "IMAGE_SIZE_TOO_BIG",
    "INVALID_BLOCK_NUMBER",
    "DATA_RECEIVE_ERROR",
    "IMAGE_NOT_COMPLETE_ERROR",
    "INVALID_SECURITY_ERROR",
    "INVALID_FIRMWARE_FOR_THIS_DEVICE",
)
MBUS_STATUS_BITS: Final = (
    *("BATTERY_LOW", "BATTERY_CONSUMPTION_TOO_HIGH", "REVERSE_FLOW", "TAMPER_P2", "TAMPER_P0", "TAMPER_CASE"),
    *("TAMPER_MAGNETIC", "TEMP_OUT_OF_RANGE", "CLOCK_SYNC_ERROR", "SW_ERROR", "WATCHDOG_ERROR", "SYSTEM_HW_ERROR"),
    *("CFG_CALIBRATION_ERROR", "HIGH_FLOW_GREATER_THAN_QMAX", "TEMP_SENSOR_ERROR", "RESERVED", "P0_ENABLED"),
    *("NEW_KEY_ACCEPTED", "NEW_KEY_REJECTED", "RESERVED"),
    *("MANUFACTURER_SPECIFIC",) * 12,
)
"""Names of the bits of the read status register {4, 0.x.24.2.6.255}, lowest first."""


def _of_channel(channel: int) -> dict[int, EventType]:
    """Events of an M-Bus device: log 3 by decade, auxiliary log by the second hexadecimal digit."""
    place = (channel - 1) << 8
    suffix = f"CHANNEL_{channel}"
    bits = [f"MBUS_STATUS_BIT_{bit}_{name}_{suffix}" for bit, name in enumerate(MBUS_STATUS_BITS)]
    return {
        **_row(90 + 10 * channel, *(f"{name}_{suffix}" for name in _MBUS_EVENTS)),
        **_row(0x1000 + place, *(f"MBUS_FW_UPGRADE_{name}_{suffix}" for name in _UPGRADE_EVENTS)),
        **_row(0x8080 + place, *bits),
        **_row(
            0x80A0 + place,
            f"KEY_SENT_TO_MBUS_DEVICE_ON_{suffix}",
            f"KEY_ACKNOWLEDGED_BY_MBUS_DEVICE_ON_{suffix}",
        ),
    }


_EVENTS: Final[Mapping[int, EventType]] = MappingProxyType(
    {
        **_row(1, "POWER_FAILURE", "POWER_RETURNED", "CLOCK_UPDATE", "CLOCK_ADJUSTED_OLD_TIME"),
        **_row(5, "CLOCK_ADJUSTED_NEW_TIME", "CLOCK_INVALID", "REPLACE_BATTERY", "BATTERY_VOLTAGE_LOW"),
        **_row(9, "TARIFF_ACTIVATED", "ERROR_REGISTER_CLEARED", "ALARM_REGISTER_CLEARED"),
        **_row(12, "HARDWARE_ERROR_PROGRAM_MEMORY", "HARDWARE_ERROR_RAM", "HARDWARE_ERROR_NV_MEMORY"),
        **_row(15, "WATCHDOG_ERROR", "HARDWARE_ERROR_MEASUREMENT_SYSTEM", "FIRMWARE_READY_FOR_ACTIVATION"),
        **_row(18, "FIRMWARE_ACTIVATED", "PASSIVE_TARIFF_UPDATED", "SUCCESSFUL_SELFCHECK_AFTER_FIRMWARE_UPDATE"),
        **_row(21, "COMMUNICATION_MODULE_REMOVED", "COMMUNICATION_MODULE_INSERTED", "ERROR_REGISTER_2_CLEARED"),
        **_row(24, "ALARM_REGISTER_2_CLEARED", "LAST_GASP_TEST"),
        **_row(40, "TERMINAL_COVER_REMOVED", "TERMINAL_COVER_CLOSED", "STRONG_DC_FIELD_DETECTED"),
        **_row(43, "NO_STRONG_DC_FIELD_ANYMORE", "METER_COVER_REMOVED", "METER_COVER_CLOSED"),
        **_row(46, "FAILED_LOGIN_ATTEMPT", "CONFIGURATION_CHANGE", "MODULE_COVER_OPENED", "MODULE_COVER_CLOSED"),
        **_phases(51, "THD_OVER_LIMIT", "THD_NORMAL", "THD_LONG_OVER_LIMIT"),
        **_row(71, "METROLOGICAL_MAINTENANCE", "TECHNICAL_MAINTENANCE", "RETRIEVE_METER_READINGS_E"),
        **_row(74, "RETRIEVE_METER_READINGS_G", "RETRIEVE_INTERVAL_DATA_E", "RETRIEVE_INTERVAL_DATA_G"),
        **_phases(77, "UNDER_VOLTAGE", "OVER_VOLTAGE"),
        **_normal(83),
        **_phases(86, "PHASE_OUTAGE"),
        **_row(89, "PHASE_OUTAGE_TEST"),
        **_phases(90, "PHASE_RETURNED", "VOLTAGE_SAG_IN_PHASE", "VOLTAGE_SWELL_IN_PHASE"),
        **_row(99, "LAST_GASP"),
        **{code: EventType(f"MANUFACTURER_SPECIFIC_{code}") for code in range(230, 250)},
        **_row(255, "EVENTLOG_CLEARED"),
        **{code: event for channel in _CHANNELS for code, event in _of_channel(channel).items()},
        **_row(0xFFFF, "AUXILIARY_EVENTLOG_CLEARED"),
    }
)
_OLDER_EVENTS: Final = MappingProxyType(_phases(80, "PV_VOLTAGE_SAG", "PV_VOLTAGE_SWELL"))

_MEASURED: Final = {Unit.VOLT: "V", Unit.SECOND: "s", Unit.PERCENT: "%"}


def event_type(code: int, protocol: str) -> EventType:
    """The name of an event; codes 80 to 85 mean something else to meters of the DSMR generations."""
    if protocol.startswith(_OLDER) and code in _OLDER_EVENTS:
        return _OLDER_EVENTS[code]
    return _EVENTS.get(code, EventType.UNKNOWN_EVENT_HEADEND)


def event_detail(name: str, raw: int, code: int, role: str, profile: MeterProfile) -> EventDetail | None:
    """Magnitude or duration as text, such as "230.5 V".

    Scaler and unit are those that the companion standard gives the register to which the event belongs; None: it
    gives none for this event.

    Args:
        role: of the logged object.
    """
    register = profile.object(role).scaler_of_event.get(code)
    if register is None:
        return None
    scaler_unit = profile.object(register).attributes[3].scaler_unit
    if scaler_unit is None or scaler_unit.unit not in _MEASURED:
        return None
    amount = scale(raw, scaler_unit.scaler)
    places = max(-scaler_unit.scaler, 0)
    return EventDetail(name=name, value=f"{amount.quantize(Decimal(1).scaleb(-places))} {_MEASURED[scaler_unit.unit]}")
