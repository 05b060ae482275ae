"""The Dutch profiles hold the facts of their companion standards."""

from __future__ import annotations

import pytest

from meterstream.dlms.data import AttributeRef, CaptureObject, DataType, LogicalName, MethodRef, Unit
from meterstream.dlms.objects import (
    Access,
    AttributeType,
    ChannelError,
    MeterProfile,
    Phases,
    ProfileError,
    ScalerUnit,
    Source,
    UnknownObjectError,
    UnknownProfileError,
    available_profiles,
    load_profile,
)

# Objects of the companion standard, and what comes on top: 14 of packs/base.yaml, the electricity profiles with
# their status objects, the invocation counter.
COUNTS = {
    ("DSMR", "2.2"): 49 + 14 + 1,
    ("DSMR", "4.2.2"): 86 + 14 + 1,
    ("SMR", "4.3"): 86 + 1 + 14 + 1 + 1,
    ("SMR", "5.0.0"): 103 + 14 + 3 + 3 + 1,
    ("SMR", "5.1"): 103 + 4 + 14 + 3 + 3 + 1,
    ("SMR", "5.2"): 103 + 4 + 39 + 14 + 3 + 3 + 1,
    ("SMR", "5.5"): 103 + 4 + 39 + 4 + 14 + 3 + 3 + 1,
}
ATTRIBUTES = {
    ("DSMR", "2.2"): 135 + 21 + 7,
    ("DSMR", "4.2.2"): 225 + 21 + 7,
    ("SMR", "4.3"): 232 + 21 + 7 + 1,
    ("SMR", "5.0.0"): 302 + 21 + 21 + 3 + 1,
    ("SMR", "5.1"): 314 + 21 + 21 + 3 + 1,
    ("SMR", "5.2"): 397 + 21 + 21 + 3 + 1,
    ("SMR", "5.5"): 408 + 21 + 21 + 3 + 1,
}


def test_seven_dutch_profiles_and_three_from_elsewhere_are_shipped() -> None:
    assert sorted(available_profiles()) == sorted([*COUNTS, ("IDIS", "2.0"), ("IDIS", "2.0-S1"), ("LG", "E650")])


def test_the_security_suite_is_laid_down_by_the_type() -> None:
    suites = {protocol: load_profile(*protocol).security_suite for protocol in available_profiles()}
    assert {protocol for protocol, suite in suites.items() if suite} == {("IDIS", "2.0-S1")}
    agreeing = load_profile("IDIS", "2.0-S1")
    assert (agreeing.security_suite, agreeing.object("security_setup").methods[3]) == (1, "key_agreement")
    assert agreeing.objects.keys() == load_profile("IDIS", "2.0").objects.keys()
    assert MeterProfile("TINY", "1", {}).security_suite == 0


@pytest.mark.parametrize("protocol", COUNTS, ids=" ".join)
def test_counts(protocol: tuple[str, str]) -> None:
    profile = load_profile(*protocol)

    assert (profile.name, profile.version) == protocol
    assert len(profile.objects) == COUNTS[protocol]
    assert sum(len(item.attributes) for item in profile.objects.values()) == ATTRIBUTES[protocol]


def test_a_profile_is_built_once() -> None:
    assert load_profile("SMR", "5.0.0") is load_profile("SMR", "5.0.0")


def test_unknown_protocol() -> None:
    with pytest.raises(UnknownProfileError, match=r"protocol SMR 6\.0.*DSMR 4\.2\.2") as caught:
        load_profile("SMR", "6.0")
    assert caught.value.code == "PROFILE_UNKNOWN"
    assert isinstance(caught.value, ProfileError)


@pytest.mark.parametrize("protocol", COUNTS, ids=" ".join)
def test_clock_and_energy_are_the_same_everywhere(protocol: tuple[str, str]) -> None:
    profile = load_profile(*protocol)
    clock = profile.object("clock")
    assert clock.public
    assert clock.attributes[2].access == Access.READ | Access.WRITE
    assert clock.attributes[3].value == -60
    assert profile.ref("clock", 2) == AttributeRef(8, bytes((0, 0, 1, 0, 0, 255)), 2)
    names = {
        "active_energy_import": "1.0.1.8.0.255",
        "active_energy_import_rate_1": "1.0.1.8.1.255",
        "active_energy_import_rate_2": "1.0.1.8.2.255",
        "active_energy_export": "1.0.2.8.0.255",
        "active_energy_export_rate_1": "1.0.2.8.1.255",
        "active_energy_export_rate_2": "1.0.2.8.2.255",
    }
    for role, name in names.items():
        register = profile.object(role)
        assert (register.class_id, str(register.obis)) == (3, name)
        assert register.attributes[2].type is AttributeType.DOUBLE_LONG_UNSIGNED
        assert register.attributes[3].scaler_unit == ScalerUnit(0, Unit.WATT_HOUR)
        assert register.attributes[3].source is Source.CONSTANT


def _columns(profile: MeterProfile, role: str, channel: int | None = None) -> list[str]:
    return [f"{column.ref}" for column in profile.columns(role, channel)]


DAILY_DSMR = [
    "8/0.0.1.0.0.255/2",
    "1/0.0.96.10.2.255/2",
    "3/1.0.1.8.1.255/2",
    "3/1.0.1.8.2.255/2",
    "3/1.0.2.8.1.255/2",
    "3/1.0.2.8.2.255/2",
    "4/0.1.24.2.1.255/2",
    "4/0.1.24.2.1.255/5",
    "4/0.2.24.2.1.255/2",
    "4/0.2.24.2.1.255/5",
    "4/0.3.24.2.1.255/2",
    "4/0.3.24.2.1.255/5",
    "4/0.4.24.2.1.255/2",
    "4/0.4.24.2.1.255/5",
]


@pytest.mark.parametrize("protocol", [("DSMR", "4.2.2"), ("SMR", "4.3")], ids=" ".join)
def test_dsmr_electricity_profiles(protocol: tuple[str, str]) -> None:
    profile = load_profile(*protocol)
    interval = profile.object("interval_values_e")
    daily = profile.object("daily_values_combined")
    monthly = profile.object("monthly_values_combined")

    assert (str(interval.obis), interval.capture_period_s, interval.entries) == ("1.0.99.1.0.255", 900, 960)
    assert (str(daily.obis), daily.capture_period_s, daily.entries) == ("1.0.99.2.0.255", 86400, 40)
    assert (str(monthly.obis), monthly.capture_period_s, monthly.entries) == ("0.0.98.1.0.255", 0, 13)
    assert _columns(profile, "interval_values_e") == [
        "8/0.0.1.0.0.255/2",
        "1/0.0.96.10.2.255/2",
        "3/1.0.1.8.0.255/2",
        "3/1.0.2.8.0.255/2",
    ]
    assert _columns(profile, "daily_values_combined") == DAILY_DSMR
    assert _columns(profile, "monthly_values_combined") == [DAILY_DSMR[0], *DAILY_DSMR[2:]]


def test_dsmr_2_2_has_no_gas_capture_times() -> None:
    columns = _columns(load_profile("DSMR", "2.2"), "daily_values_combined")
    assert columns == [*DAILY_DSMR[:6], *(f"4/0.{channel}.24.2.1.255/2" for channel in (1, 2, 3, 4))]


@pytest.mark.parametrize("version", ["5.0.0", "5.1", "5.2", "5.5"])
def test_smr5_electricity_profiles(version: str) -> None:
    profile = load_profile("SMR", version)
    registers = DAILY_DSMR[2:6]

    assert _columns(profile, "interval_values_e")[1] == "1/0.0.96.10.2.255/2"
    assert _columns(profile, "daily_values_e") == [DAILY_DSMR[0], "1/0.0.96.10.4.255/2", *registers]
    assert _columns(profile, "monthly_values_e") == [DAILY_DSMR[0], "1/0.0.96.10.6.255/2", *registers]
    assert str(profile.object("monthly_values_e").obis) == "1.0.98.1.0.255"
    with pytest.raises(UnknownObjectError, match="daily_values_combined in protocol SMR"):
        profile.object("daily_values_combined")


def test_gas_profile_takes_the_channel_it_is_asked_for() -> None:
    profile = load_profile("SMR", "5.0.0")
    assert _columns(profile, "interval_values_g", 3) == [
        "8/0.0.1.0.0.255/2",
        "1/0.3.96.10.3.255/2",
        "4/0.3.24.2.2.255/2",
        "4/0.3.24.2.2.255/5",
    ]
    column = profile.columns("interval_values_g", 3)[2]
    assert column.capture_object() == CaptureObject(4, LogicalName.parse("0.3.24.2.2.255"), 2, 0)


@pytest.mark.parametrize(
    ("role", "channel"), [("mbus_client_setup", None), ("mbus_client_setup", 5), ("mbus_client_setup", 0), ("clock", 1)]
)
def test_channels_are_checked(role: str, channel: int | None) -> None:
    with pytest.raises(ChannelError):
        load_profile("SMR", "5.0.0").ref(role, 2, channel)


def test_unknown_role_attribute_and_method() -> None:
    profile = load_profile("DSMR", "4.2.2")
    with pytest.raises(UnknownObjectError, match=r"object lte_diagnostic in protocol DSMR 4\.2\.2"):
        profile.ref("lte_diagnostic", 2)
    with pytest.raises(UnknownObjectError, match="attribute 10"):
        profile.ref("clock", 10)
    with pytest.raises(UnknownObjectError, match="method 9"):
        profile.object("mbus_client_setup").method(9, channel=1)
    assert profile.ref("clock", 1).attribute == 1


def test_inheritance_replaces_whole_objects_and_adds() -> None:
    dsmr, smr43, smr52 = load_profile("DSMR", "4.2.2"), load_profile("SMR", "4.3"), load_profile("SMR", "5.2")

    assert "cdma_diagnostic" not in dsmr.object("definable_load_profile").selectable
    assert "cdma_diagnostic" in smr43.object("definable_load_profile").selectable
    assert smr43.object("clock") == dsmr.object("clock")
    assert "lte_diagnostic" in smr52.object("definable_load_profile").selectable
    assert smr52.object("alarm_register_1").class_id == 1
    assert {"invocation_counter"} == smr43.objects.keys() - dsmr.objects.keys() - {"cdma_diagnostic"}
    assert load_profile("SMR", "5.5").object("last_gasp_test").phases == Phases.PP


def test_spot_values_of_later_versions() -> None:
    smr5, smr55 = load_profile("SMR", "5.0.0"), load_profile("SMR", "5.5")

    assert smr5.object("association_ln").version == 3
    assert load_profile("DSMR", "4.2.2").object("association_ln").version == 1
    assert smr5.object("instantaneous_voltage_l1").attributes[3].scaler_unit == ScalerUnit(-1, Unit.VOLT)
    assert smr5.object("instantaneous_current_l1").attributes[3].scaler == -2
    assert smr5.object("mbus_client_setup").version == 1
    assert smr55.object("push_setup_udp").attributes[5].value == 5
    assert smr55.object("thd_value_threshold").attributes[3].unit is Unit.PERCENT
    assert smr55.object("thd_current_over_limit_counter_l1").attributes[3].unit is Unit.COUNT
    assert smr55.object("read_mbus_status").attributes[3].scaler_unit == ScalerUnit(0, None)
    extended = smr55.object("power_quality_extended_event_magnitude")
    assert extended.scaler_of_event[93] == "magnitude_of_last_voltage_sag_in_phase_l1"
    quality = smr5.object("instantaneous_current_l1").power_quality
    assert quality is not None
    assert quality.profile == "private"
    assert quality.requests == {"actual_sp", "actual_pp", "periodic_sp"}


def test_methods_come_from_the_class() -> None:
    profile = load_profile("SMR", "5.0.0")
    assert profile.object("security_setup").method(2) == MethodRef(64, LogicalName.parse("0.0.43.0.0.255"), 2)
    assert profile.object("mbus_client_setup").methods[2] == "slave_deinstall"
    assert profile.object("active_energy_import").methods == {}


def test_find_tells_object_and_channel() -> None:
    profile = load_profile("SMR", "5.0.0")
    found = profile.find(72, LogicalName.parse("0.2.24.1.0.255"))
    assert found is not None
    assert (found[0].role, found[1]) == ("mbus_client_setup", 2)
    assert profile.find(71, LogicalName.parse("0.2.24.1.0.255")) is None


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("E,G4A,,,", ScalerUnit(-3, Unit.CUBIC_METRE)),
        ("E,G16,,,", ScalerUnit(-2, Unit.CUBIC_METRE)),
        ("E,G4SRT 1.2L,,,", None),
        ("E,other,,,", None),
    ],
)
def test_gas_scaler_by_model(model: str, expected: ScalerUnit | None) -> None:
    assert load_profile("SMR", "5.0.0").gas_scaler(model) == expected


def test_wire_types() -> None:
    types = {item.type for item in load_profile("SMR", "5.5").object("association_ln").attributes.values()}
    assert AttributeType.OBJECT_LIST in types
    assert AttributeType.OBJECT_LIST.data_type is DataType.ARRAY
    assert AttributeType.SCALER_UNIT.data_type is DataType.STRUCTURE
    assert AttributeType.DOUBLE_LONG_UNSIGNED.data_type is DataType.DOUBLE_LONG_UNSIGNED


def test_profiles_cannot_be_changed() -> None:
    profile = load_profile("SMR", "5.0.0")
    with pytest.raises(TypeError):
        profile.objects["clock"] = profile.object("clock")
    with pytest.raises(TypeError):
        del profile.object("clock").attributes[2]
