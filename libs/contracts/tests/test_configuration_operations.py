"""Value rules of the operations that configure a meter, beyond types and bounds of single fields."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from meterstream.contracts.catalogue import find_operation, load_operations
from meterstream.contracts.errors import InvalidRequest
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.get_keys import ActiveKey
from meterstream.contracts.operations.replace_keys import ReplaceKeysRequest
from meterstream.contracts.operations.set_activity_calendar import SetActivityCalendarRequest
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.shared.configuration_object import ConfigurationFlagType
from meterstream.contracts.shared.date_time import CosemDate, CosemDateTime, CosemTime
from meterstream.contracts.shared.keys import SecretType

MBUS = "G0001000000000017"
DATE, TIME, DATE_TIME = TypeAdapter(CosemDate), TypeAdapter(CosemTime), TypeAdapter(CosemDateTime)


def read(operation: str, **fields: Any) -> OperationRequest:
    return load_operations()[operation].request.model_validate(fields)


def refused(operation: str, **fields: Any) -> InvalidRequest:
    with pytest.raises(ValidationError) as caught:
        read(operation, **fields)
    return InvalidRequest.from_validation(caught.value, "request")


# Activity calendar


def day(number: int, *scripts: int) -> dict[str, Any]:
    actions = [{"start_time": bytes((hour, 0, 0, 0)), "script_selector": script} for hour, script in enumerate(scripts)]
    return {"day_id": number, "actions": actions}


def week(name: str, working: dict[str, Any], free: dict[str, Any] | None = None) -> dict[str, Any]:
    days = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), working)
    return {"name": name, **days, "saturday": free or working, "sunday": free or working}


def season(name: str, held: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "start": bytes.fromhex("FFFF0401FF00000000FF8880"), "week": held}


def calendar(*seasons: dict[str, Any], name: str = "CAL1") -> dict[str, Any]:
    return {
        "calendar_name": name,
        "activate_passive_calendar_time": bytes.fromhex("FFFFFFFEFFFFFFFFFF000000"),
        "seasons": list(seasons),
    }


def test_a_calendar_may_use_weeks_and_days_again() -> None:
    working, free = day(0, 1, 2), day(1, 1)
    held = [season(str(number), week("1" if number % 2 else "2", working, free)) for number in range(4)]
    request = SetActivityCalendarRequest.model_validate(calendar(*held))
    assert [one.week.name for one in request.seasons] == ["2", "1", "2", "1"]
    assert {profile.day_id for one in request.seasons for profile in one.week.days} == {0, 1}


@pytest.mark.parametrize(
    ("seasons", "rule"),
    [
        ([season("1", week("1", day(0, 1)))] * 2, "Not all seasons have a unique name"),
        (
            [season("1", week("1", day(0, 1))), season("2", week("1", day(1, 1)))],
            "Weekprofiles with same name have different day profiles",
        ),
        (
            [season("1", week("1", day(0, 1))), season("2", week("2", day(0, 2)))],
            "Dayprofiles with same dayid have different switching points",
        ),
        (
            [season(str(n), week(str(n), day(2 * n, 1), day(2 * n + 1, 2))) for n in range(3)],
            "Maximum number of days supported (4) is exceeded: 6",
        ),
        ([season(str(n), week("1", day(0, 1))) for n in range(5)], "at most 4 items"),
        ([], "at least 1 item"),
    ],
)
def test_a_calendar_that_no_meter_can_hold_is_refused(seasons: list[dict[str, Any]], rule: str) -> None:
    problem = refused("SetActivityCalendar", **calendar(*seasons))
    assert problem.details["field"] == "request.seasons"
    assert rule in problem.message


@pytest.mark.parametrize("name", ["", "10", "A", "٣"])
def test_seasons_and_weeks_are_named_by_one_digit(name: str) -> None:
    held = week("1", day(0, 1))
    assert refused("SetActivityCalendar", **calendar(season(name, held))).details["field"] == "request.seasons.0.name"
    of_week = refused("SetActivityCalendar", **calendar(season("1", {**held, "name": name})))
    assert of_week.details["field"] == "request.seasons.0.week.name"


def test_a_calendars_name_has_at_most_eight_characters() -> None:
    held = season("1", week("1", day(0, 1)))
    assert read("SetActivityCalendar", **calendar(held, name="CALENDAR"))
    assert (
        refused("SetActivityCalendar", **calendar(held, name="CALENDARS")).details["field"] == "request.calendar_name"
    )


# Dates and times


@pytest.mark.parametrize("text", ["FFFFFFFFFF", "07E90C19FF", "FFFFFEFE07", "FFFFFDFD01", "00000101FF"])
def test_dates_with_and_without_wildcards(text: str) -> None:
    assert DATE.validate_python(bytes.fromhex(text)).hex().upper() == text


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("07E90019FF", "month cannot be 00"),
        ("07E90D19FF", "month cannot be 0D"),
        ("07E90C00FF", "day of month cannot be 00"),
        ("07E90C20FF", "day of month cannot be 20"),
        ("07E90C1900", "day of week cannot be 00"),
        ("07E90C1908", "day of week cannot be 08"),
        ("07E90C19", "at least 5 bytes"),
        ("07E90C19FF00", "at most 5 bytes"),
    ],
)
def test_octets_that_are_no_date(text: str, part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        DATE.validate_python(bytes.fromhex(text))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("18000000", "hour cannot be 18"),
        ("003C0000", "minute cannot be 3C"),
        ("00003C00", "second cannot be 3C"),
        ("00000064", "hundredths of a second cannot be 64"),
    ],
)
def test_octets_that_are_no_time(text: str, part: str) -> None:
    with pytest.raises(ValidationError, match=part):
        TIME.validate_python(bytes.fromhex(text))
    with pytest.raises(ValidationError, match=part):
        DATE_TIME.validate_python(bytes.fromhex(f"FFFFFFFFFF{text}800000"))


@pytest.mark.parametrize(
    ("deviation", "valid"), [(-840, True), (720, True), (-0x8000, True), (-841, False), (721, False)]
)
def test_the_deviation_is_one_that_a_time_zone_has(deviation: int, valid: bool) -> None:
    octets = bytes.fromhex("FFFFFFFFFFFFFFFFFF") + deviation.to_bytes(2, "big", signed=True) + b"\x00"
    if valid:
        assert DATE_TIME.validate_python(octets) == octets
    else:
        with pytest.raises(ValidationError, match=f"not {deviation}"):
            DATE_TIME.validate_python(octets)


def octet(least: int, most: int, *wildcards: int) -> st.SearchStrategy[bytes]:
    return st.sampled_from([*range(least, most + 1), *wildcards]).map(lambda value: bytes((value,)))


deviations = st.just(-0x8000) | st.integers(-840, 720)
moments = st.tuples(
    st.binary(min_size=2, max_size=2),
    octet(1, 12, 0xFD, 0xFE, 0xFF),
    octet(1, 31, 0xFD, 0xFE, 0xFF),
    octet(1, 7, 0xFF),
    octet(0, 23, 0xFF),
    octet(0, 59, 0xFF),
    octet(0, 59, 0xFF),
    octet(0, 99, 0xFF),
    deviations.map(lambda minutes: minutes.to_bytes(2, "big", signed=True)),
    st.binary(min_size=1, max_size=1),
).map(b"".join)


@given(moments)
def test_every_date_and_time_of_the_blue_book_is_taken(octets: bytes) -> None:
    assert DATE_TIME.validate_python(octets) == octets


def test_octets_are_hexadecimal_text_in_json() -> None:
    example = load_operations()["SetClockConfiguration"].examples[0]
    assert '"FFFF03FE0702000000FFC400"' in example.model_dump_json().upper()


# Push setup, alarms, configuration object, profile


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({}, "needs host and port, push_objects, or both"),
        ({"push_objects": []}, "needs host and port, push_objects, or both"),
        ({"host": "localhost"}, "host and port go together"),
        ({"port": 9598}, "host and port go together"),
    ],
)
def test_a_push_setup_of_alarms_has_something_to_set(fields: dict[str, Any], rule: str) -> None:
    assert rule in refused("SetPushSetupAlarm", **fields).message


@pytest.mark.parametrize("operation", ["SetPushSetupAlarm", "SetPushSetupSms", "SetPushSetupLastGasp"])
@pytest.mark.parametrize(
    ("host", "port", "field"),
    [
        ("", 1, "host"),
        ("a b", 1, "host"),
        ("häuser.example", 1, "host"),
        ("h" * 256, 1, "host"),
        ("host", 0, "port"),
        ("host", 65536, "port"),
    ],
)
def test_a_destination_is_a_host_and_a_port(operation: str, host: str, port: int, field: str) -> None:
    assert refused(operation, host=host, port=port).details["field"] == f"request.{field}"
    assert read(operation, host="[2001:db8::1]", port=65535)


def test_an_alarm_is_named_once() -> None:
    every = [{"alarm_type": kind, "enabled": True} for kind in AlarmType]
    assert read("SetAlarmNotifications", notifications=every)
    contradiction = [*every, {"alarm_type": AlarmType.POWER_UP, "enabled": False}]
    assert "names an alarm twice" in refused("SetAlarmNotifications", notifications=contradiction).message
    assert refused("SetAlarmNotifications", notifications=[]).details["field"] == "request.notifications"


def test_a_flag_is_named_once_and_ten_fit_into_a_request() -> None:
    flags = [{"flag": kind, "enabled": False} for kind in ConfigurationFlagType]
    assert read("SetConfigurationObject", configuration={"flags": flags[:10]})
    for wrong in (flags[:11], [flags[0], flags[0]], []):
        problem = refused("SetConfigurationObject", configuration={"flags": wrong})
        assert problem.details["field"] == "request.configuration.flags"


@pytest.mark.parametrize("fields", [{}, {"capture_objects": []}])
def test_a_load_profile_has_something_to_configure(fields: dict[str, Any]) -> None:
    assert "needs capture_objects, capture_period" in refused("ConfigureDefinableLoadProfile", **fields).message
    assert read("ConfigureDefinableLoadProfile", capture_period=0)
    assert refused("ConfigureDefinableLoadProfile", capture_period=2**32).details["field"] == "request.capture_period"


RANDOMISATION = {
    "direct_attach": (0, 1),
    "randomisation_start_window": (1, 65535),
    "multiplication_factor": (1, 7),
    "number_of_retries": (1, 31),
}


@pytest.mark.parametrize("field", RANDOMISATION)
def test_randomisation_settings_have_bounds(field: str) -> None:
    least, most = RANDOMISATION[field]
    fitting = {name: bounds[0] for name, bounds in RANDOMISATION.items()}
    for value in (least, most):
        assert read("SetRandomisationSettings", **{**fitting, field: value})
    for value in (least - 1, most + 1):
        assert refused("SetRandomisationSettings", **{**fitting, field: value}).details["field"] == f"request.{field}"


# Keys


@pytest.mark.parametrize("kind", SecretType)
def test_an_mbus_device_takes_three_kinds_of_keys(kind: SecretType) -> None:
    fields = {"mbus_device_identification": MBUS, "secret_type": kind}
    if kind in (
        SecretType.G_METER_ENCRYPTION_KEY,
        SecretType.G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY,
        SecretType.G_METER_OPTICAL_PORT_KEY,
    ):
        assert read("SetKeyOnGMeter", **fields)
    else:
        problem = refused("SetKeyOnGMeter", **fields)
        assert problem.details["field"] == "request.secret_type"
        assert "must be one of G_METER_ENCRYPTION_KEY, " in problem.message


def test_one_to_four_kinds_of_keys_can_be_fetched() -> None:
    kinds = list(SecretType)
    assert read("GetKeys", secret_types=kinds[:4])
    for wrong in ([], kinds[:5]):
        assert refused("GetKeys", secret_types=wrong).details["field"] == "request.secret_types"


def test_keys_show_in_no_representation() -> None:
    secret = b"\x5a" * 256
    request = ReplaceKeysRequest(authentication_key=secret, encryption_key=secret)
    fetched = ActiveKey(secret_type=SecretType.E_METER_MASTER_KEY, secret_value=secret)
    for shown in (repr(request), str(request), repr(fetched), str(fetched)):
        assert "5a" not in shown.lower()
        assert "ZZ" not in shown


@pytest.mark.parametrize("length", [0, 16, 63, 1025])
def test_a_key_is_given_encrypted(length: int) -> None:
    problem = refused("ReplaceKeys", authentication_key=bytes(256), encryption_key=bytes(length))
    assert problem.details["field"] == "request.encryption_key"
    assert "00" * 8 not in problem.message


def test_the_older_name_is_known() -> None:
    assert find_operation("SetEncryptionKeyExchangeOnGMeter").name == "SetKeyOnGMeter"


# What a second run would do on the meter


@pytest.mark.parametrize("operation", ["ConfigureDefinableLoadProfile", "SetRelayStatus"])
def test_what_a_second_run_could_harm_is_not_repeated_blindly(operation: str) -> None:
    assert not load_operations()[operation].repeatable


@pytest.mark.parametrize(
    "operation", ["ReplaceKeys", "GenerateAndReplaceKeys", "SetKeyOnGMeter", "SetMbusUserKeyByChannel"]
)
def test_keys_are_stored_before_they_are_sent_so_that_a_second_run_sends_the_same(operation: str) -> None:
    assert load_operations()[operation].repeatable
