"""A meter type from elsewhere is a file: IDIS package 2, with the roles that operations name."""

from __future__ import annotations

import pytest

from meterstream.dlms.data import AttributeRef, LogicalName, MethodRef, Unit
from meterstream.dlms.objects import (
    CHANNELS,
    Access,
    Medium,
    MeterProfile,
    Phases,
    ScalerUnit,
    Source,
    interface_class,
    load_profile,
)

IDIS = load_profile("IDIS", "2.0")
DUTCH = load_profile("SMR", "5.0.0")
READ_WRITE = Access.READ | Access.WRITE


def columns(profile: MeterProfile, role: str, channel: int | None = None) -> list[str]:
    return [str(column.ref) for column in profile.columns(role, channel)]


@pytest.mark.parametrize(
    "role",
    [
        "clock", "active_energy_import", "active_energy_import_rate_1", "active_energy_import_rate_2",
        "active_energy_export", "active_energy_export_rate_1", "active_energy_export_rate_2", "activity_calendar",
        "special_days_table", "image_transfer", "security_setup", "invocation_counter", "device_id_1",
        "logical_device_name", "association_ln", "alarm_register_1", "alarm_filter_1", "power_failure_log",
        "active_firmware_identifier", "number_of_power_failures", "number_of_voltage_sags_for_l3",
        "instantaneous_voltage_l2", "interval_values_e", "daily_values_e", "interval_values_g", "mbus_client_setup",
        "standard_event_log", "fraud_detection_event_log", "mbus_event_log", "gprs_diagnostic",
    ],
)  # fmt: skip
def test_operations_find_the_roles_they_know(role: str) -> None:
    here, there = IDIS.object(role), DUTCH.object(role)
    assert here.class_id == there.class_id
    assert here.attributes.keys() >= {2}
    if role not in ("mbus_event_log", "daily_values_e", "interval_values_g"):
        assert str(here.obis) == str(there.obis)


def test_load_profiles_and_billing() -> None:
    interval, daily, monthly = (IDIS.object(f"{period}_values_e") for period in ("interval", "daily", "monthly"))
    assert [str(item.obis) for item in (interval, daily, monthly)] == [
        "1.0.99.1.0.255", "1.0.99.2.0.255", "0.0.98.1.0.255",
    ]  # fmt: skip
    assert [item.capture_period_s for item in (interval, daily, monthly)] == [900, 86_400, 0]
    assert columns(IDIS, "interval_values_e") == [
        "8/0.0.1.0.0.255/2", "1/0.0.96.10.1.255/2", "3/1.0.1.8.0.255/2", "3/1.0.2.8.0.255/2",
    ]  # fmt: skip
    assert columns(IDIS, "monthly_values_e") == [
        "8/0.0.1.0.0.255/2", "3/1.0.1.8.0.255/2", "3/1.0.1.8.1.255/2", "3/1.0.1.8.2.255/2", "3/1.0.2.8.0.255/2",
        "3/1.0.2.8.1.255/2", "3/1.0.2.8.2.255/2",
    ]  # fmt: skip
    assert interval.attributes[3].access is READ_WRITE
    assert {item.attributes[4].source for item in (interval, daily, monthly)} == {Source.METER}


def test_registers_leave_their_scaler_to_the_meter() -> None:
    for role, expected in (
        ("active_energy_import", ScalerUnit(0, Unit.WATT_HOUR)),
        ("reactive_energy_q3", ScalerUnit(0, Unit.VAR_HOUR)),
        ("apparent_energy_export", ScalerUnit(0, Unit.VOLT_AMPERE_HOUR)),
        ("supply_frequency", ScalerUnit(-1, Unit.HERTZ)),
        ("power_factor", ScalerUnit(-2, Unit.COUNT)),
    ):
        scaler_unit = IDIS.object(role).attributes[3]
        assert (scaler_unit.scaler_unit, scaler_unit.source) == (expected, Source.METER)
    assert IDIS.ref("demand_active_power_import", 4).attribute == 4


@pytest.mark.parametrize("channel", CHANNELS)
def test_four_mbus_channels(channel: int) -> None:
    assert IDIS.ref("mbus_client_setup", 9, channel) == AttributeRef(
        72, LogicalName(bytes((0, channel, 24, 1, 0, 255))), 9
    )
    assert columns(IDIS, "interval_values_g", channel) == [
        "8/0.0.1.0.0.255/2", f"1/0.{channel}.96.10.3.255/2", f"4/0.{channel}.24.2.1.255/2",
        f"4/0.{channel}.24.2.1.255/5",
    ]  # fmt: skip
    valve = IDIS.object("mbus_disconnect_control")
    assert valve.method(2, channel) == MethodRef(70, LogicalName(bytes((0, channel, 24, 4, 0, 255))), 2)
    assert valve.methods[2] == "remote_reconnect"
    log = IDIS.find(7, bytes((0, channel, 24, 5, 0, 255)))
    assert log == (IDIS.object("mbus_control_log"), channel)


def test_disconnector_limiters_logs_and_push() -> None:
    assert IDIS.object("disconnect_control").method(1) == MethodRef(70, LogicalName.parse("0.0.96.3.10.255"), 1)
    assert IDIS.object("disconnect_control").attributes[4].access is READ_WRITE
    assert IDIS.object("limiter_2").attributes.keys() == set(range(2, 12))
    logs = {str(item.obis) for role, item in IDIS.objects.items() if role.endswith("event_log")}
    assert logs == {f"0.0.99.98.{number}.255" for number in range(6)}
    pushes = [item for item in IDIS.objects.values() if item.class_id == 40]
    assert [str(item.obis) for item in pushes] == [f"0.{group}.25.9.0.255" for group in range(1, 8)]
    assert all(item.methods == {1: "push"} for item in pushes)
    assert IDIS.object("image_transfer").methods[4] == "image_activate"


def test_what_is_readable_without_a_key() -> None:
    public = {role for role, item in IDIS.objects.items() if item.public}
    assert {"clock", "logical_device_name", "invocation_counter", "device_id_1"} <= public
    assert not {role for role in public if IDIS.object(role).class_id not in (1, 8, 17)}


def test_the_types_are_those_of_the_classes() -> None:
    for item in IDIS.objects.values():
        known = interface_class(item.class_id, item.version)
        assert known is not None
        assert item.methods.items() <= known.methods.items()
        assert set(item.attributes) == set(known.attributes) - {1}, item.role
        assert {attribute.name for attribute in item.attributes.values()} == {
            attribute.name for number, attribute in known.attributes.items() if number != 1
        }


def test_phases_and_media() -> None:
    assert IDIS.object("instantaneous_current_l1").phases == Phases.SP | Phases.PP
    assert IDIS.object("instantaneous_current_l2").phases is Phases.PP
    assert {item.medium for item in IDIS.objects.values() if item.obis.has_channel} == {Medium.MBUS}
