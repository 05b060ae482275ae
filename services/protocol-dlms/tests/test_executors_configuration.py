"""Configuration executors against the meter in memory: requests byte for byte, what is kept, what is told."""

from __future__ import annotations

import pytest
from wire import DEVICE, apdu, asked, context, profile, set_list

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.configure_definable_load_profile import ConfigureDefinableLoadProfileRequest
from meterstream.contracts.operations.get_administrative_status import GetAdministrativeStatusRequest
from meterstream.contracts.operations.get_firmware_version import FirmwareModuleType, GetFirmwareVersionRequest
from meterstream.contracts.operations.set_activity_calendar import (
    DayProfile,
    DayProfileAction,
    Season,
    SetActivityCalendarRequest,
    WeekProfile,
)
from meterstream.contracts.operations.set_administrative_status import SetAdministrativeStatusRequest
from meterstream.contracts.operations.set_alarm_notifications import AlarmNotification, SetAlarmNotificationsRequest
from meterstream.contracts.operations.set_clock_configuration import SetClockConfigurationRequest
from meterstream.contracts.operations.set_special_days import SetSpecialDaysRequest, SpecialDay
from meterstream.contracts.operations.set_thd_configuration import SetThdConfigurationRequest
from meterstream.contracts.shared.administrative import AdministrativeStatus
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.shared.profiles import ColumnChoice
from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import (
    Data,
    boolean,
    double_long_unsigned,
    enum,
    long_unsigned,
    null,
    octet_string,
    unsigned,
    visible_string,
)
from meterstream.protocol_dlms.executor import AccessRefused, At, Call
from meterstream.protocol_dlms.executors import (
    configure_definable_load_profile,
    get_administrative_status,
    get_firmware_version,
    set_activity_calendar,
    set_administrative_status,
    set_alarm_notifications,
    set_clock_configuration,
    set_special_days,
    set_thd_configuration,
)
from meterstream.protocol_dlms.meter import method_ref
from meterstream.protocol_dlms.twin import MemoryMeter

DENIED = DataAccessResult.READ_WRITE_DENIED


def meter_with(protocol: str, *targets: At) -> MemoryMeter:
    """A meter that takes writes of these attributes."""
    meter = MemoryMeter(profile(protocol))
    for target in targets:
        meter.put(target, null())
    return meter


class TestSpecialDays:
    REQUEST = SetSpecialDaysRequest(
        special_days=[
            SpecialDay(date=bytes.fromhex("07E80C19FF"), day_id=3),
            SpecialDay(date=bytes.fromhex("FFFF0101FF"), day_id=3),
        ]
    )

    async def test_the_request_of_the_vector(self) -> None:
        meter = meter_with("SMR 5.0.0", At("special_days_table"))
        await set_special_days.execute(self.REQUEST, context(meter))
        (access,) = meter.asked
        assert apdu(access, 0x43) == (
            "C10143000B00000B0000FF020001020203120000090507E80C19FF110302031200010905FFFF0101FF1103"
        )

    async def test_a_refusal(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("special_days_table"), DENIED)
        with pytest.raises(AccessRefused) as caught:
            await set_special_days.execute(self.REQUEST, context(meter))
        assert caught.value.message == "Set special days reported result is: READ_WRITE_DENIED"
        assert caught.value.in_bundle == "AccessResultCode: READ_WRITE_DENIED"
        assert caught.value.details["target"] == "11/0.0.11.0.0.255/2"


def day(number: int, *switches: tuple[int, int]) -> DayProfile:
    actions = [DayProfileAction(start_time=bytes((hour, 0, 0, 0)), script_selector=script) for hour, script in switches]
    return DayProfile(day_id=number, actions=actions)


def season(name: str, week: str, working: DayProfile, free: DayProfile) -> Season:
    days = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), working)
    profile = WeekProfile(name=week, **days, saturday=free, sunday=free)
    return Season(name=name, start=bytes.fromhex("FFFF0101FFFFFFFFFF800000"), week=profile)


def calendar(*seasons: Season) -> SetActivityCalendarRequest:
    return SetActivityCalendarRequest(
        calendar_name="CAL2024",
        activate_passive_calendar_time=bytes.fromhex("FFFFFFFFFFFFFFFFFF800000"),
        seasons=list(seasons),
    )


class TestActivityCalendar:
    TABLES = tuple(At("activity_calendar", attribute) for attribute in (6, 7, 8, 9))
    REQUEST = calendar(season("1", "1", day(1, (7, 2), (23, 1)), day(2, (0, 1))))

    async def test_the_requests_of_the_vector_in_two_exchanges(self) -> None:
        meter = meter_with("DSMR 4.2.2", *self.TABLES)
        await set_activity_calendar.execute(self.REQUEST, context(meter))
        invokes = (0x41, 0x42, 0x43, 0x44, 0x4E)
        assert [apdu(access, invoke) for access, invoke in zip(meter.asked, invokes, strict=True)] == [
            "C10141001400000D0000FF0600090743414C32303234",
            "C10142001400000D0000FF070001010203090101090CFFFF0101FFFFFFFFFF800000090101",
            "C10143001400000D0000FF0800010102080901011101110111011101110111021102",
            (
                "C10144001400000D0000FF090001020202110101020203090407000000090600000A0064FF120002020309041700000009060000"
                "0A0064FF1200010202110201010203090400000000090600000A0064FF120001"
            ),
            "C3014E001400000D0000FF01010F00",
        ]
        assert meter.exchanges == 2

    async def test_weeks_and_days_once_and_in_the_order_of_the_request(self) -> None:
        working, free, other = day(3, (0, 1)), day(1, (0, 2)), day(2, (6, 1))
        request = calendar(
            season("2", "7", working, free), season("1", "4", other, free), season("3", "7", working, free)
        )
        meter = meter_with("SMR 5.5", *self.TABLES)
        await set_activity_calendar.execute(request, context(meter))
        weeks, days = (meter.values[meter.profile.ref("activity_calendar", number)] for number in (8, 9))
        assert [week.value[0].value for week in weeks.value] == [b"\x07", b"\x04"]  # type: ignore[union-attr,index]  # a table
        assert [one.value[0].value for one in days.value] == [3, 1, 2]  # type: ignore[union-attr,index]  # a table

    async def test_refused_tables_are_told_together_and_nothing_is_activated(self) -> None:
        meter = meter_with("SMR 5.0.0", *self.TABLES)
        meter.put(At("activity_calendar", 7), DENIED)
        meter.put(At("activity_calendar", 9), DataAccessResult.TYPE_UNMATCHED)
        with pytest.raises(PlatformError) as caught:
            await set_activity_calendar.execute(self.REQUEST, context(meter))
        assert caught.value.message == (
            "SEASONS: Result(READ_WRITE_DENIED), request(ARRAY), "
            "classId(20), obisCode(0.0.13.0.0.255), attributeId(7)\n"
            "DAYS: Result(TYPE_UNMATCHED), request(ARRAY), classId(20), obisCode(0.0.13.0.0.255), attributeId(9)"
        )
        assert "action" not in {kind for kind, _, _ in meter.asked}

    async def test_a_refused_activation(self) -> None:
        meter = meter_with("SMR 5.0.0", *self.TABLES)
        meter.methods[method_ref(meter.profile, Call("activity_calendar", 1))] = ActionResult.OTHER_REASON
        with pytest.raises(PlatformError) as caught:
            await set_activity_calendar.execute(self.REQUEST, context(meter))
        assert caught.value.message == (
            "Activating the activity calendar failed. MethodResult is: OTHER_REASON "
            "ClassId: 20 obisCode: 0.0.13.0.0.255 method id: 1"
        )


class TestClockConfiguration:
    REQUEST = SetClockConfigurationRequest(
        time_zone_offset=-60,
        daylight_savings_begin=bytes.fromhex("FFFF03FE0702000000FFC400"),
        daylight_savings_end=bytes.fromhex("FFFF0AFE0703000000FF8880"),
    )
    ATTRIBUTES = tuple(At("clock", number) for number in (3, 5, 6, 8))

    async def test_the_list_of_the_vector(self) -> None:
        meter = meter_with("DSMR 2.2", *self.ATTRIBUTES)
        await set_clock_configuration.execute(self.REQUEST, context(meter))
        assert set_list(meter.asked, 0x42) == (
            "C104420400080000010000FF030000080000010000FF050000080000010000FF060000080000010000FF08000410FFC4090CFFFF03FE07"
            "02000000FFC400090CFFFF0AFE0703000000FF88800301"
        )
        assert meter.exchanges == 1

    async def test_every_result_is_told(self) -> None:
        meter = meter_with("SMR 5.1", *self.ATTRIBUTES)
        meter.put(At("clock", 6), DataAccessResult.OTHER_REASON)
        with pytest.raises(PlatformError) as caught:
            await set_clock_configuration.execute(self.REQUEST, context(meter))
        assert caught.value.message == (
            f"Clock configuration was not set successfully for device {DEVICE.identification}. "
            "ResultCode: [SUCCESS, SUCCESS, OTHER_REASON, SUCCESS]"
        )
        assert caught.value.details["refused"] == "clock attribute 6"


class TestDefinableLoadProfile:
    COLUMNS, PERIOD = At("definable_load_profile", 3), At("definable_load_profile", 4)
    VOLTAGE = ColumnChoice(class_id=3, logical_name="1.0.32.7.0.255", attribute=2)
    CLOCK = ColumnChoice(class_id=8, logical_name="0.0.1.0.0.255", attribute=2)
    REQUEST = ConfigureDefinableLoadProfileRequest(capture_objects=[VOLTAGE, CLOCK], capture_period=300)

    async def test_the_requests_of_the_vector_in_one_exchange(self) -> None:
        meter = meter_with("SMR 5.0.0", self.COLUMNS, self.PERIOD)
        await configure_definable_load_profile.execute(self.REQUEST, context(meter))
        columns, period = meter.asked
        assert apdu(columns, 0x4B) == (
            "C1014B000700015E1F06FF03000102020412000809060000010000FF0F02120000020412000309060100200700FF0F02120000"
        )
        assert apdu(period, 0x4C) == "C1014C000700015E1F06FF0400060000012C"
        assert meter.exchanges == 1

    @pytest.mark.parametrize(("refused", "name"), [(COLUMNS, "capture objects"), (PERIOD, "capture period")])
    async def test_a_refusal_names_the_attribute(self, refused: At, name: str) -> None:
        meter = meter_with("SMR 5.0.0", self.COLUMNS, self.PERIOD)
        meter.put(refused, DENIED)
        with pytest.raises(AccessRefused) as caught:
            await configure_definable_load_profile.execute(self.REQUEST, context(meter))
        assert caught.value.message == (
            f"Attribute '{name}' of the definable load profile was not set successfully. ResultCode: READ_WRITE_DENIED"
        )

    async def test_reading_tells_whether_a_lost_write_took_effect(self) -> None:
        meter = meter_with("SMR 5.0.0", self.COLUMNS, self.PERIOD)
        verify = configure_definable_load_profile.verify
        assert await verify(self.REQUEST, context(meter)) is None
        await configure_definable_load_profile.execute(self.REQUEST, context(meter))
        assert await verify(self.REQUEST, context(meter)) is not None
        meter.put(self.PERIOD, double_long_unsigned(900))
        assert await verify(self.REQUEST, context(meter)) is None
        columns_only = ConfigureDefinableLoadProfileRequest(capture_objects=[self.VOLTAGE])
        assert await verify(columns_only, context(meter)) is not None
        other = ConfigureDefinableLoadProfileRequest(capture_objects=[self.CLOCK])
        assert await verify(other, context(meter)) is None


class TestThdConfiguration:
    REQUEST = SetThdConfigurationRequest(
        min_duration_normal_to_over=1200,
        min_duration_over_to_normal=1080,
        time_threshold=96000,
        value_hysteresis=5,
        value_threshold=50,
    )
    ROLES = (
        "thd_value_threshold",
        "thd_value_hysteresis",
        "thd_min_duration_normal_to_over",
        "thd_min_duration_over_to_normal",
        "thd_time_threshold",
    )

    async def test_five_writes_in_one_exchange(self) -> None:
        meter = meter_with("SMR 5.2", *map(At, self.ROLES))
        await set_thd_configuration.execute(self.REQUEST, context(meter))
        assert [(str(ref), data) for _, ref, data in meter.asked] == [
            ("3/1.0.11.35.124.255/2", long_unsigned(50)),
            ("3/0.1.94.31.21.255/2", long_unsigned(5)),
            ("3/0.1.94.31.22.255/2", double_long_unsigned(1200)),
            ("3/0.1.94.31.23.255/2", double_long_unsigned(1080)),
            ("3/1.0.11.44.124.255/2", double_long_unsigned(96000)),
        ]
        assert meter.exchanges == 1

    async def test_every_result_is_told(self) -> None:
        meter = meter_with("SMR 5.5", *map(At, self.ROLES[1:]))
        with pytest.raises(PlatformError) as caught:
            await set_thd_configuration.execute(self.REQUEST, context(meter))
        assert caught.value.message == (
            "THD configuration resulted in: [OBJECT_UNDEFINED, SUCCESS, SUCCESS, SUCCESS, SUCCESS]"
        )
        assert caught.value.details["refused"] == "thd_value_threshold"


class TestAdministrativeStatus:
    STATUS = At("administrative_in_out")

    async def test_the_request_of_the_vector(self) -> None:
        meter = meter_with("DSMR 4.2.2", self.STATUS)
        request = SetAdministrativeStatusRequest(status=AdministrativeStatus.ON)
        await set_administrative_status.execute(request, context(meter))
        assert apdu(meter.asked[0], 0x4D) == "C1014D000100015E1F00FF02001602"

    @pytest.mark.parametrize(("value", "status"), [(enum(0), "UNDEFINED"), (enum(1), "OFF"), (unsigned(2), "ON")])
    async def test_reads_any_kind_of_number(self, value: Data, status: str) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(self.STATUS, value)
        response = await get_administrative_status.execute(GetAdministrativeStatusRequest(), context(meter))
        assert response.status == status

    @pytest.mark.parametrize(
        ("value", "told"),
        [
            (boolean(True), "Received unexpected result data."),
            (null(), "Received unexpected result data."),
            (enum(3), "administrative_in_out: a status is 0 to 2"),
        ],
    )
    async def test_other_values(self, value: Data, told: str) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(self.STATUS, value)
        with pytest.raises(PlatformError) as caught:
            await get_administrative_status.execute(GetAdministrativeStatusRequest(), context(meter))
        assert caught.value.message == told
        assert caught.value.code.name == "ILLEGAL_RESPONSE"


def alarms(**wanted: bool) -> SetAlarmNotificationsRequest:
    return SetAlarmNotificationsRequest(
        notifications=[AlarmNotification(alarm_type=AlarmType(name), enabled=on) for name, on in wanted.items()]
    )


class TestAlarmNotifications:
    FILTERS = tuple(At(f"alarm_filter_{number}") for number in (1, 2, 3))

    async def test_the_request_of_the_vector(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(self.FILTERS[0], double_long_unsigned(0x0F000001))
        await set_alarm_notifications.execute(alarms(REPLACE_BATTERY=True), context(meter))
        assert apdu(meter.asked[1], 0x43) == "C101430001000061620AFF0200060F000003"

    async def test_bits_without_a_name_stay(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(self.FILTERS[0], double_long_unsigned(0xC0E1))
        await set_alarm_notifications.execute(alarms(CLOCK_INVALID=False, POWER_UP=True), context(meter))
        assert meter.values[meter.profile.ref("alarm_filter_1", 2)] == double_long_unsigned(0xC0E4)

    async def test_a_filter_that_is_right_is_not_written(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(self.FILTERS[0], double_long_unsigned(4))
        await set_alarm_notifications.execute(alarms(POWER_UP=True, CLOCK_INVALID=False), context(meter))
        assert asked(meter) == ["get 1/0.0.97.98.10.255/2"]

    async def test_all_filters_in_two_exchanges(self) -> None:
        meter = MemoryMeter(profile("SMR 5.5"))
        for target in self.FILTERS:
            meter.put(target, double_long_unsigned(0))
        wanted = alarms(LAST_GASP=True, VOLTAGE_SAG_IN_PHASE_DETECTED_L2=True, POWER_UP=True)
        await set_alarm_notifications.execute(wanted, context(meter))
        assert [meter.values[meter.profile.ref(target.role, 2)] for target in self.FILTERS] == [
            double_long_unsigned(value) for value in (4, 2, 1)
        ]
        assert meter.exchanges == 2

    async def test_alarms_of_a_filter_that_the_version_lacks_are_passed_over(self) -> None:
        meter = MemoryMeter(profile("SMR 5.1"))
        await set_alarm_notifications.execute(alarms(LAST_GASP=True), context(meter))
        assert meter.asked == []

    async def test_refusals(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        with pytest.raises(PlatformError, match="expected to contain an alarm filter is null") as unread:
            await set_alarm_notifications.execute(alarms(POWER_UP=True), context(meter))
        assert unread.value.details["result"] == "OBJECT_UNDEFINED"
        held = meter.profile.ref("alarm_filter_1", 2)
        meter.values[held] = lambda _: (meter.values.update({held: DENIED}), double_long_unsigned(0))[1]
        with pytest.raises(AccessRefused, match="alarm register was not SUCCESS: READ_WRITE_DENIED"):
            await set_alarm_notifications.execute(alarms(POWER_UP=True), context(meter))


class TestFirmwareVersion:
    ROLES = (
        "active_firmware_identifier",
        "module_active_firmware_identifier",
        "communication_module_active_firmware_identifier",
        "mbus_driver_active_firmware_identifier",
    )

    @pytest.mark.parametrize(("protocol", "modules"), [("DSMR 2.2", 3), ("SMR 4.3", 3), ("SMR 5.0.0", 4)])
    async def test_modules_of_the_version_in_one_exchange(self, protocol: str, modules: int) -> None:
        meter = MemoryMeter(profile(protocol))
        for role in self.ROLES[:modules]:
            meter.put(At(role), octet_string(b"\x00V 1.\x1f2\x7f"))
        response = await get_firmware_version.execute(GetFirmwareVersionRequest(), context(meter))
        assert [read.module_type for read in response.versions] == list(FirmwareModuleType)[:modules]
        assert {read.version for read in response.versions} == {"V 1.2"}
        assert meter.exchanges == 1

    async def test_a_module_that_the_meter_lacks_is_left_out(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At(self.ROLES[0]), visible_string("A"))
        meter.put(At(self.ROLES[2]), null())
        response = await get_firmware_version.execute(GetFirmwareVersionRequest(), context(meter))
        assert [read.version for read in response.versions] == ["A"]

    @pytest.mark.parametrize("value", [DENIED, double_long_unsigned(1), DataAccessResult.OBJECT_UNDEFINED, null()])
    async def test_other_answers(self, value: Data | DataAccessResult) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At(self.ROLES[1]), value)
        with pytest.raises(PlatformError):
            await get_firmware_version.execute(GetFirmwareVersionRequest(), context(meter))
