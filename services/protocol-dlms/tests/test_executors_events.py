"""Event logs, outages and alarms, against meters in memory; answers and requests are worked examples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from wire import NOW, apdu, asked, context, profile, set_list

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations import test_alarm_scheduler as scheduler_contract
from meterstream.contracts.operations.clear_alarm_register import ClearAlarmRegisterRequest
from meterstream.contracts.operations.find_events import EventLogCategory, EventLogRange, FindEventsRequest
from meterstream.contracts.operations.get_outages import GetOutagesRequest
from meterstream.contracts.operations.read_alarm_register import ReadAlarmRegisterRequest
from meterstream.contracts.shared.alarms import AlarmType
from meterstream.contracts.shared.event_types import EventType
from meterstream.dlms.apdu import DataAccessResult, decode_get_response
from meterstream.dlms.apdu.get import GetResponseNormal
from meterstream.dlms.data import (
    CosemDateTime,
    Data,
    Selection,
    array,
    double_long_unsigned,
    long_unsigned,
    null,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from meterstream.protocol_dlms.executor import AccessRefused, At, Device
from meterstream.protocol_dlms.executors import (
    clear_alarm_register,
    find_events,
    get_outages,
    read_alarm_register,
)
from meterstream.protocol_dlms.executors import test_alarm_scheduler as scheduler
from meterstream.protocol_dlms.model.events import LOGS, event_type
from meterstream.protocol_dlms.twin import MemoryMeter

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
STANDARD = EventLogCategory.STANDARD_EVENT_LOG
EVENTS = (
    "C401470001030202090C07E80701FF0A000000FF888011020202090C07E80702FF0B1E0500FF888011500202090C07E80703FF00000000"
    "FF888011FF"
)
OUTAGES = "C4014E0001020202090C07E80701FF0C030000FF888006000000B40202090C07E80702FF0C060000FF88800600000168"
ALARMS = "C40144000602022104"


def answer(hexadecimal: str) -> Data:
    """The value in a plain get-response."""
    response = decode_get_response(bytes.fromhex(hexadecimal))
    assert isinstance(response, GetResponseNormal)
    assert isinstance(response.result, Data)
    return response.result


def july(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2024, 7, day, hour, minute, second, tzinfo=AMSTERDAM)


def clock(moment: datetime) -> Data:
    return CosemDateTime.from_datetime(moment).to_data()


def log(category: EventLogCategory = STANDARD, begin: int = 1, end: int = 4) -> EventLogRange:
    return EventLogRange(category=category, begin_date=july(begin), end_date=july(end))


def with_log(protocol: str, value: Data | DataAccessResult, category: EventLogCategory = STANDARD) -> MemoryMeter:
    meter = MemoryMeter(profile(protocol))
    meter.put(At(LOGS[category]), value)
    return meter


class TestFindEvents:
    @pytest.mark.parametrize(
        ("protocol", "middle"), [("SMR 5.0.0", EventType.OVER_VOLTAGE_L1), ("DSMR 4.2.2", EventType.PV_VOLTAGE_SAG_L1)]
    )
    async def test_reads_the_vector(self, protocol: str, middle: EventType) -> None:
        meter = with_log(protocol, answer(EVENTS))
        found = await find_events.execute(FindEventsRequest(logs=[log()]), context(meter))
        assert [(event.timestamp, event.code, event.event_type) for event in found.events] == [
            (july(1, 10), 2, EventType.POWER_RETURNED),
            (july(2, 11, 30, 5), 80, middle),
            (july(3), 255, EventType.EVENTLOG_CLEARED),
        ]
        assert {event.category for event in found.events} == {STANDARD}
        assert apdu(meter.asked[0], 0x47) == (
            "C0014700070000636200FF0201010204020412000809060000010000FF0F02120000090C07E80701FF00000000FF8880090C07E80704"
            "FF00000000FF88800100"
        )

    async def test_events_outside_the_range_are_left_out(self) -> None:
        meter = with_log("SMR 5.0.0", answer(EVENTS))
        found = await find_events.execute(FindEventsRequest(logs=[log(begin=2, end=3)]), context(meter))
        assert [event.code for event in found.events] == [80, 255]

    async def test_logs_in_the_order_of_the_request(self) -> None:
        meter = with_log("SMR 5.0.0", answer(EVENTS))
        counted = [structure(clock(july(1)), unsigned(7), long_unsigned(501))]
        meter.put(At("communication_session_event_log"), array(counted))
        logs = [log(EventLogCategory.COMMUNICATION_SESSION_LOG), log()]
        found = await find_events.execute(FindEventsRequest(logs=logs), context(meter))
        assert [event.counter for event in found.events] == [501, None, None, None]
        assert meter.exchanges == 2

    async def test_magnitude_and_duration_have_the_scale_of_the_register_of_the_event(self) -> None:
        category = EventLogCategory.POWER_QUALITY_EXTENDED_EVENT_LOG
        rows = [
            structure(clock(july(1)), unsigned(93), long_unsigned(2305), long_unsigned(150)),
            structure(clock(july(1)), long_unsigned(96), long_unsigned(2600), long_unsigned(5)),
            structure(clock(july(1)), unsigned(7), long_unsigned(1), long_unsigned(2)),
        ]
        found = await find_events.execute(
            FindEventsRequest(logs=[log(category)]), context(with_log("SMR 5.2", array(rows), category))
        )
        details = [[(detail.name, detail.value) for detail in event.details] for event in found.events]
        assert details == [
            [("magnitude", "230.5 V"), ("duration", "15.0 s")],
            [("magnitude", "260.0 V"), ("duration", "0.5 s")],
            [],
        ]

    async def test_distortion_is_told_in_percent(self) -> None:
        category = EventLogCategory.POWER_QUALITY_THD_EVENT_LOG
        rows = [structure(clock(july(1)), unsigned(51), long_unsigned(12))]
        meter = with_log("SMR 5.5", array(rows), category)
        (event,) = (await find_events.execute(FindEventsRequest(logs=[log(category)]), context(meter))).events
        assert [(detail.name, detail.value) for detail in event.details] == [("magnitude", "12 %")]

    async def test_a_log_that_the_version_lacks_keeps_all_of_them_from_being_read(self) -> None:
        meter = with_log("SMR 5.0.0", answer(EVENTS))
        logs = [log(), log(EventLogCategory.AUXILIARY_EVENT_LOG)]
        with pytest.raises(PlatformError) as caught:
            await find_events.execute(FindEventsRequest(logs=logs), context(meter))
        assert caught.value.message == "No address found for AUXILIARY_EVENT_LOG in protocol SMR 5.0.0"
        assert caught.value.code.number == 416
        assert meter.exchanges == 0

    async def test_a_refusal_names_the_category(self) -> None:
        meter = with_log("SMR 5.0.0", DataAccessResult.READ_WRITE_DENIED)
        with pytest.raises(AccessRefused) as caught:
            await find_events.execute(FindEventsRequest(logs=[log()]), context(meter))
        told = "Getting the events for  STANDARD_EVENT_LOG from the meter resulted in: READ_WRITE_DENIED"
        assert caught.value.message == told
        assert caught.value.details["target"] == "7/0.0.99.98.0.255/2"

    async def test_the_whole_log_where_ranges_are_refused(self) -> None:
        def rows(selection: Selection | None) -> Data | DataAccessResult:
            return answer(EVENTS) if selection is None else DataAccessResult.OTHER_REASON

        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("standard_event_log"), rows)
        found = await find_events.execute(FindEventsRequest(logs=[log(begin=2, end=3)]), context(meter))
        assert [event.code for event in found.events] == [80, 255]

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ([null(), unsigned(1)], "1 events have no time"),
            ([octet_string(b"\xff" * 9 + b"\x80\x00\xff"), unsigned(1)], "1 events have no time"),
            ([clock(july(1)), visible_string("1")], "expected a number, got VISIBLE_STRING"),
            ([clock(july(1)), null()], "eventData value for event code is not a number"),
            ([clock(july(1))], "rows have neither 2 nor 2 columns"),
            ([unsigned(1), unsigned(1)], "UNSIGNED is no date-time"),
        ],
    )
    async def test_rows_that_are_no_events(self, row: Sequence[Data], reason: str) -> None:
        meter = with_log("SMR 5.0.0", array([structure(*row)]))
        with pytest.raises(PlatformError, match=reason) as caught:
            await find_events.execute(FindEventsRequest(logs=[log()]), context(meter))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"
        assert "standard_event" in caught.value.message


@pytest.mark.parametrize(
    ("code", "protocol", "name"),
    [
        (1, "SMR", "POWER_FAILURE"),
        (25, "SMR", "LAST_GASP_TEST"),
        (59, "SMR", "THD_LONG_OVER_LIMIT_L3"),
        (76, "SMR", "RETRIEVE_INTERVAL_DATA_G"),
        (79, "DSMR", "UNDER_VOLTAGE_L3"),
        (82, "SMR", "OVER_VOLTAGE_L3"),
        (82, "DSMR", "PV_VOLTAGE_SAG_L3"),
        (83, "SMR", "VOLTAGE_L1_NORMAL"),
        (85, "DSMR", "PV_VOLTAGE_SWELL_L3"),
        (89, "SMR", "PHASE_OUTAGE_TEST"),
        (92, "SMR", "PHASE_RETURNED_L3"),
        (98, "SMR", "VOLTAGE_SWELL_IN_PHASE_L3"),
        (99, "SMR", "LAST_GASP"),
        (100, "DSMR", "COMMUNICATION_ERROR_M_BUS_CHANNEL_1"),
        (137, "SMR", "DEAD_BATTERY_ERROR_M_BUS_DEVICE_CHANNEL_4"),
        (249, "SMR", "MANUFACTURER_SPECIFIC_249"),
        (0x1201, "SMR", "MBUS_FW_UPGRADE_BLOCK_SIZE_NOT_SUPPORTED_CHANNEL_3"),
        (0x8080, "SMR", "MBUS_STATUS_BIT_0_BATTERY_LOW_CHANNEL_1"),
        (0x839F, "SMR", "MBUS_STATUS_BIT_31_MANUFACTURER_SPECIFIC_CHANNEL_4"),
        (0x81A1, "SMR", "KEY_ACKNOWLEDGED_BY_MBUS_DEVICE_ON_CHANNEL_2"),
        (0xFFFF, "SMR", "AUXILIARY_EVENTLOG_CLEARED"),
        (26, "SMR", "UNKNOWN_EVENT_HEADEND"),
        (-1, "SMR", "UNKNOWN_EVENT_HEADEND"),
        (0x1008, "SMR", "UNKNOWN_EVENT_HEADEND"),
    ],
)
def test_names_of_events(code: int, protocol: str, name: str) -> None:
    assert event_type(code, protocol) is EventType(name)


class TestGetOutages:
    async def test_reads_the_vector(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("power_failure_log"), answer(OUTAGES))
        found = await get_outages.execute(GetOutagesRequest(), context(meter))
        assert [(outage.end_time, outage.duration) for outage in found.outages] == [
            (july(1, 12, 3), 180),
            (july(2, 12, 6), 360),
        ]
        assert apdu(meter.asked[0], 0x4E) == "C0014E00070100636100FF0200"

    async def test_a_refusal_in_the_words_of_the_operation(self) -> None:
        with pytest.raises(AccessRefused) as caught:
            await get_outages.execute(GetOutagesRequest(), context(MemoryMeter(profile("DSMR 2.2"))))
        words = "Getting the outages from POWER_FAILURE_EVENT_LOG from the meter resulted in: OBJECT_UNDEFINED"
        assert caught.value.message == words

    async def test_an_outage_without_duration(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("power_failure_log"), array([structure(clock(july(1)), null())]))
        (outage,) = (await get_outages.execute(GetOutagesRequest(), context(meter))).outages
        assert outage.duration is None

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            (structure(null(), double_long_unsigned(1)), "outage 0 has no end time"),
            (structure(clock(july(1)), visible_string("1")), "expected a number, got VISIBLE_STRING"),
            (structure(clock(july(1)), Data(double_long_unsigned(0).type, -1)), "out of range"),
            (structure(clock(july(1))), "1 values in 2 columns"),
        ],
    )
    async def test_rows_that_are_no_outages(self, row: Data, reason: str) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("power_failure_log"), array([row]))
        with pytest.raises(PlatformError, match=reason) as caught:
            await get_outages.execute(GetOutagesRequest(), context(meter))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"


class TestAlarmRegisters:
    async def test_reads_the_vector(self) -> None:
        meter = MemoryMeter(profile("DSMR 4.2.2"))
        meter.put(At("alarm_register_1"), answer(ALARMS))
        found = await read_alarm_register.execute(ReadAlarmRegisterRequest(), context(meter))
        assert found.alarms == [
            AlarmType.POWER_UP,
            AlarmType.PROGRAM_MEMORY_ERROR,
            AlarmType.FRAUD_ATTEMPT,
            AlarmType.COMMUNICATION_ERROR_M_BUS_CHANNEL_2,
            AlarmType.NEW_M_BUS_DEVICE_DISCOVERED_CHANNEL_2,
        ]

    @pytest.mark.parametrize(
        ("protocol", "alarms"),
        [
            ("DSMR 2.2", [AlarmType.CLOCK_INVALID]),
            ("SMR 5.1", [AlarmType.CLOCK_INVALID]),
            ("SMR 5.2", [AlarmType.CLOCK_INVALID, AlarmType.VOLTAGE_SAG_IN_PHASE_DETECTED_L1]),
            (
                "SMR 5.5",
                [AlarmType.CLOCK_INVALID, AlarmType.VOLTAGE_SAG_IN_PHASE_DETECTED_L1, AlarmType.LAST_GASP],
            ),
        ],
    )
    async def test_all_registers_of_the_version_in_one_list(self, protocol: str, alarms: list[AlarmType]) -> None:
        meter = MemoryMeter(profile(protocol))
        registers = [role for role in meter.profile.objects if role.startswith("alarm_register_")]
        for role in registers:
            meter.put(At(role), double_long_unsigned(1 | 1 << 6))  # bit 6 has no name in any of them
        assert (await read_alarm_register.execute(ReadAlarmRegisterRequest(), context(meter))).alarms == alarms
        assert meter.exchanges == 1
        await clear_alarm_register.execute(ClearAlarmRegisterRequest(), context(meter))
        assert meter.exchanges == 2
        assert (await read_alarm_register.execute(ReadAlarmRegisterRequest(), context(meter))).alarms == []

    async def test_the_write_of_the_vector(self) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("alarm_register_1"), double_long_unsigned(5))
        await clear_alarm_register.execute(ClearAlarmRegisterRequest(), context(meter))
        assert [apdu(access, 0x4E) for access in meter.asked] == ["C1014E00010000616200FF02000600000000"]

    async def test_the_writes_of_three_registers_are_one_request(self) -> None:
        meter = MemoryMeter(profile("SMR 5.5"))
        for number in (1, 2, 3):
            meter.put(At(f"alarm_register_{number}"), double_long_unsigned(5))
        await clear_alarm_register.execute(ClearAlarmRegisterRequest(), context(meter))
        assert set_list(meter.asked, 0x42) == (
            "C1044203" + "".join(f"0001000061620{number}FF0200" for number in range(3)) + "03" + "0600000000" * 3
        )

    async def test_refusals_name_the_register(self) -> None:
        meter = MemoryMeter(profile("SMR 5.2"))
        meter.put(At("alarm_register_1"), double_long_unsigned(0))
        for execution, words in (
            (read_alarm_register.execute(ReadAlarmRegisterRequest(), context(meter)), "retrieving"),
            (clear_alarm_register.execute(ClearAlarmRegisterRequest(), context(meter)), "clear"),
        ):
            with pytest.raises(AccessRefused) as caught:
                await execution
            told = f"AccessResultCode for {words} alarm register was not SUCCESS: OBJECT_UNDEFINED"
            assert caught.value.message == told
            assert caught.value.details["target"] == "1/0.0.97.98.1.255/2"

    @pytest.mark.parametrize("value", [null(), Data(double_long_unsigned(0).type, 1 << 32), array()])
    async def test_values_that_are_no_register(self, value: Data) -> None:
        meter = MemoryMeter(profile("SMR 5.0.0"))
        meter.put(At("alarm_register_1"), value)
        with pytest.raises(PlatformError, match="alarm_register_1") as caught:
            await read_alarm_register.execute(ReadAlarmRegisterRequest(), context(meter))
        assert caught.value.code.name == "ILLEGAL_RESPONSE"


TEST_TYPES = scheduler_contract.TestAlarmType


def alarm_at(kind: scheduler_contract.TestAlarmType, moment: datetime) -> scheduler_contract.TestAlarmSchedulerRequest:
    return scheduler_contract.TestAlarmSchedulerRequest(schedule_time=moment, alarm_type=kind)


class TestSchedulerOfTestAlarms:
    async def test_the_write_of_the_vector(self) -> None:
        meter = MemoryMeter(profile("SMR 5.1"))
        meter.put(At("phase_outage_test", 4), array())
        moment = datetime(2024, 7, 15, 10, 30, 0, 999_999, tzinfo=UTC)
        await scheduler.execute(alarm_at(TEST_TYPES.PARTIAL_POWER_OUTAGE, moment), context(meter))
        assert [apdu(access, 0x49) for access in meter.asked] == [
            "C10149001600000F0104FF04000101020209040C1E0000090507E8070FFF"
        ]

    async def test_last_gasp_has_a_scheduler_of_its_own(self) -> None:
        meter = MemoryMeter(profile("SMR 5.5"))
        meter.put(At("last_gasp_test", 4), array())
        await scheduler.execute(alarm_at(TEST_TYPES.LAST_GASP, NOW), context(meter))
        assert asked(meter) == ["set 22/0.0.15.2.4.255/4"]

    @pytest.mark.parametrize(
        ("protocol", "kind", "identification", "message"),
        [
            (
                "SMR 5.0.0",
                TEST_TYPES.PARTIAL_POWER_OUTAGE,
                "TEST1024000000001",
                "Did not find PHASE_OUTAGE_TEST object for device 24000000001 for channel null",
            ),
            (
                "SMR 5.2",
                TEST_TYPES.LAST_GASP,
                "METER-A",
                "Did not find LAST_GASP_TEST object for device METER-A for channel null",
            ),
        ],
    )
    async def test_versions_without_it(
        self, protocol: str, kind: scheduler_contract.TestAlarmType, identification: str, message: str
    ) -> None:
        meter = MemoryMeter(profile(protocol))
        with pytest.raises(PlatformError) as caught:
            await scheduler.execute(alarm_at(kind, NOW), context(meter, Device(identification)))
        assert caught.value.message == message
        assert caught.value.code.number == 416
        assert meter.exchanges == 0

    async def test_a_refusal(self) -> None:
        meter = MemoryMeter(profile("SMR 5.5"))
        meter.put(At("last_gasp_test", 4), DataAccessResult.OTHER_REASON)
        with pytest.raises(AccessRefused, match=r"^AccessResultCode for scheduleTestAlarm: OTHER_REASON$"):
            await scheduler.execute(alarm_at(TEST_TYPES.LAST_GASP, NOW), context(meter))
