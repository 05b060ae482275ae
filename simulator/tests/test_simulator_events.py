"""Event logs: what they tell of the years before, what is added, and the counters and alarms that go with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterstream.dlms.apdu import DataAccessResult, Selection
from meterstream.dlms.data import (
    BY_RANGE,
    CosemDateTime,
    Data,
    array,
    bit_string,
    double_long_unsigned,
    enum,
    octet_string,
    range_descriptor,
    structure,
    unsigned,
)
from meterstream.dlms.objects import load_profile
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.reboot import power_off, power_on
from meterstream.simulator.world.curve import EPOCH
from meterstream.simulator.world.history import past_power_failures, past_quality_events, past_rows
from meterstream.simulator.world.quality import log_power_failure, log_voltage_event

MANAGEMENT = 1
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LOGS = {
    "standard_event_log": 2, "fraud_detection_event_log": 2, "mbus_event_log": 2, "communication_session_event_log": 3,
    "power_quality_event_log": 2, "auxiliary_event_log": 2, "power_quality_extended_event_log": 4,
    "power_quality_thd_event_log": 3, "power_failure_log": 2,
}  # fmt: skip
Maker = Callable[..., SimulatedMeter]


def _get(meter: SimulatedMeter, role: str, attribute: int = 2, selection: Selection | None = None) -> Any:
    value = meter.get(MANAGEMENT, meter.model.profile.ref(role, attribute), selection)
    assert isinstance(value, Data), (role, value)
    return value.value


def _set(meter: SimulatedMeter, role: str, data: Data) -> DataAccessResult:
    return meter.set(MANAGEMENT, meter.model.profile.ref(role, 2), None, data)


def _rows(meter: SimulatedMeter, role: str) -> list[tuple[float, ...]]:
    rows = []
    for row in _get(meter, role):
        moment = CosemDateTime.from_data(row.value[0]).to_datetime()
        assert moment is not None
        rows.append((moment.timestamp(), *(cell.value for cell in row.value[1:])))
    return rows


# --- years of service ---


@pytest.mark.parametrize("role", LOGS)
def test_a_log_tells_of_the_years_before(make_meter: Maker, clock: Any, role: str) -> None:
    meter = make_meter("SMR 5.5")
    rows = _rows(meter, role)
    assert rows
    assert {len(row) for row in rows} == {LOGS[role]}
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert rows[0][0] >= EPOCH
    assert rows[-1][0] <= clock()
    assert len(rows) <= _get(meter, role, 8)
    assert len(rows) == _get(meter, role, 7)
    assert not list(meter.states())
    clock.seconds += 365 * 86400
    assert len(set(_rows(meter, role)) - set(rows)) > 3


@settings(deadline=None)
@given(st.sampled_from(sorted(LOGS)), st.integers(1, 10**6), st.integers(0, 9 * 365 * 86400), st.integers(0, 10**7))
def test_what_a_log_told_once_it_tells_later(role: str, number: int, age: int, later: int) -> None:
    early = past_rows(role, number, EPOCH + age, 5000)
    late = past_rows(role, number, EPOCH + age + later, 5000)
    assert all(row[0] <= EPOCH + age for row in early)
    assert set(early) <= set(late)
    assert past_rows(role, number, EPOCH + age, 3) == early[-3:]


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(0, 9 * 365 * 86400))
def test_counters_agree_with_the_logs(number: int, age: int) -> None:
    now = EPOCH + age
    assert past_power_failures(number, now) == len(past_rows("power_failure_log", number, now, 5000))
    rows = past_rows("power_quality_extended_event_log", number, now, 5000)
    for code in range(93, 99):
        assert past_quality_events(code, number, now) == sum(row[1] == code for row in rows)


def test_long_power_failures_are_in_both_logs(make_meter: Maker) -> None:
    meter = make_meter()
    failures, standard = _rows(meter, "power_failure_log"), _rows(meter, "standard_event_log")
    assert len(failures) == 10
    end, duration = failures[-1]
    assert duration >= 180
    assert (end, 2) in standard
    assert (end - duration, 1) in standard


def test_covers_are_closed_after_they_were_opened(make_meter: Maker) -> None:
    codes = [row[1] for row in _rows(make_meter(), "fraud_detection_event_log")]
    follow = {40: 41, 44: 45, 42: 43, 48: 49}
    assert all(later == follow[code] for code, later in pairwise(codes) if code in follow)


# --- what happens now ---


def test_what_happens_is_added_and_old_rows_leave(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    before = _rows(meter, "fraud_detection_event_log")
    clock.seconds += 60
    meter.log("fraud_detection_event_log", 44, meter.model.now_ms())
    after = _rows(meter, "fraud_detection_event_log")
    assert after == [*before[1:], (clock(), 44)]
    for _ in range(200):
        meter.log("fraud_detection_event_log", 45, meter.model.now_ms())
    assert [row[1] for row in _rows(meter, "fraud_detection_event_log")] == [45] * 30
    meter.log("power_quality_thd_event_log", 51, meter.model.now_ms(), 120)
    assert not meter.events("power_quality_thd_event_log")


def test_a_log_is_read_by_range(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    now = datetime.fromtimestamp(clock(), AMSTERDAM)
    meter.log("standard_event_log", 9, meter.model.now_ms())
    limits = (
        CosemDateTime.from_datetime(now - timedelta(days=1)),
        CosemDateTime.from_datetime(now + timedelta(days=1)),
    )
    rows = _get(meter, "standard_event_log", 2, Selection(BY_RANGE, range_descriptor(*limits)))
    assert rows[-1] == structure(octet_string(meter.zone.octets(int(clock()))), unsigned(9))
    assert len(rows) < 3


def test_a_power_failure_of_three_minutes_is_a_long_one(make_meter: Maker) -> None:
    meter = make_meter()
    at = meter.model.now_ms()
    before = _get(meter, "number_of_long_power_failures")
    log_power_failure(meter, 179, at)
    assert _get(meter, "number_of_long_power_failures") == before
    for _ in range(12):
        log_power_failure(meter, 600, at)
    assert _get(meter, "number_of_long_power_failures") == before + 12
    assert [row[1] for row in _rows(meter, "power_failure_log")] == [600] * 10


def test_a_meter_notes_how_long_its_power_was_away(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    power_off(meter, meter.model.now_ms())
    clock.seconds += 300
    power_on(meter, meter.model.now_ms(), clock_lost=False)
    assert _rows(meter, "power_failure_log")[-1] == (clock(), 300)
    assert [code for _, code in meter.events("standard_event_log")] == [1, 2]


def test_rows_of_the_past_have_the_counts_of_the_past(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("DSMR 4.2.2")
    begin = clock()
    for _ in range(3):
        clock.seconds += 900
        log_power_failure(meter, 200, meter.model.now_ms())
    failures = meter.model.profile.ref("number_of_long_power_failures", 2)
    now = _get(meter, "number_of_long_power_failures")
    read = meter.tree.objects[failures.logical_name].attributes[2].read
    counts = [read(meter, int(begin + 900 * place) * 1000).value for place in range(4)]
    assert counts == [now - 3, now - 2, now - 1, now]
    clock.seconds += 2 * 365 * 86400
    assert _get(meter, "number_of_long_power_failures") == now


@pytest.mark.parametrize("role", [role for role in LOGS if role != "power_failure_log"])
def test_the_last_event_of_a_log_can_be_read(make_meter: Maker, role: str) -> None:
    meter = make_meter("SMR 5.5")
    names = [column.role for column in meter.model.profile.columns(role)[1:]]
    assert tuple(_get(meter, name) for name in names) == _rows(meter, role)[-1][1:]
    values = tuple(range(7, 7 + len(names)))
    meter.log(role, values[0], meter.model.now_ms(), *values[1:])
    assert tuple(_get(meter, name) for name in names) == values


def test_the_last_distortion_of_a_phase_can_be_read(make_meter: Maker) -> None:
    meter = make_meter("SMR 5.2")
    for phase in (1, 2, 3):
        codes = (50 + phase, 53 + phase, 56 + phase)
        logged = [row[2] for row in _rows(meter, "power_quality_thd_event_log") if row[1] in codes]
        assert _get(meter, f"magnitude_of_last_current_over_limit_thd_in_phase_l{phase}") == logged[-1]


def test_a_voltage_sag_is_logged_counted_and_raises_its_alarm(make_meter: Maker) -> None:
    meter = make_meter("SMR 5.2")
    at = meter.model.now_ms()
    _set(meter, "alarm_register_2", double_long_unsigned(0))
    before = _get(meter, "number_of_voltage_sags_for_l2")
    log_voltage_event(meter, 94, 1950, 12, at)
    assert _get(meter, "number_of_voltage_sags_for_l2") == before + 1
    assert _rows(meter, "power_quality_extended_event_log")[-1] == (at // 1000, 94, 1950, 12)
    assert _get(meter, "magnitude_of_last_voltage_sag_in_phase_l2") == 1950
    assert _get(meter, "duration_of_last_voltage_sag_in_phase_l2") == 12
    assert _get(meter, "alarm_register_2") == 1 << 1
    with pytest.raises(ValueError, match="code 99"):
        log_voltage_event(meter, 99, 1, 1, at)
    with pytest.raises(LookupError, match="no extended power quality log"):
        log_voltage_event(make_meter("SMR 5.1"), 94, 1, 1, at)


# --- alarms ---


def test_alarm_registers_start_with_alarms(make_meter: Maker) -> None:
    meter = make_meter("SMR 5.5")
    assert [_get(meter, f"alarm_register_{number}") for number in (1, 2, 3)] == [0x02022104, 3, 3]


@pytest.mark.parametrize(("register", "code"), [(1, 11), (2, 24)])
def test_clearing_a_register_is_an_event(make_meter: Maker, register: int, code: int) -> None:
    meter = make_meter("SMR 5.5")
    role = f"alarm_register_{register}"
    assert _set(meter, role, double_long_unsigned(0)) is DataAccessResult.SUCCESS
    assert _get(meter, role) == 0
    assert [row[1] for row in meter.events("standard_event_log")] == [code]


def test_a_client_clears_bits_and_sets_none(make_meter: Maker) -> None:
    meter = make_meter()
    assert _set(meter, "alarm_register_1", double_long_unsigned(0x0000_0105)) is DataAccessResult.SUCCESS
    assert _get(meter, "alarm_register_1") == 0x0000_0104


def test_alarms_add_up(make_meter: Maker) -> None:
    meter = make_meter("SMR 5.5")
    for register, bit in ((1, 13), (1, 31), (3, 1)):
        meter.raise_alarm(register, bit, meter.model.now_ms())
    assert _get(meter, "alarm_register_1") == 0x02022104 | 1 << 13 | 1 << 31
    assert _get(meter, "alarm_register_3") == 3
    with pytest.raises(LookupError, match="no alarm register 2"):
        make_meter("SMR 5.0.0").raise_alarm(2, 0, 0)
    with pytest.raises(ValueError, match="bit 32"):
        meter.raise_alarm(1, 32, 0)


def test_the_error_object_is_cleared_by_writing(make_meter: Maker) -> None:
    meter = make_meter()
    item = meter.tree.by_role["error_object"]
    meter.keep(item, 2, double_long_unsigned(0x30))
    ref = load_profile("SMR", "5.0.0").ref("alarm_register_1", 2)._replace(logical_name=item.logical_name)
    assert meter.set(MANAGEMENT, ref, None, double_long_unsigned(0)) is DataAccessResult.SUCCESS
    assert meter.get(MANAGEMENT, ref, None) == double_long_unsigned(0)
    assert [row[1] for row in meter.events("standard_event_log")] == [10]


# --- configuration ---


@pytest.mark.parametrize(
    ("protocol", "data", "result"),
    [
        ("SMR 5.0.0", bit_string("0001001000100000"), DataAccessResult.SUCCESS),
        ("SMR 5.0.0", bit_string("1"), DataAccessResult.OTHER_REASON),
        ("SMR 5.0.0", structure(enum(1), bit_string("0" * 16)), DataAccessResult.TYPE_UNMATCHED),
        ("DSMR 4.2.2", structure(enum(2), bit_string("0" * 16)), DataAccessResult.SUCCESS),
        ("DSMR 4.2.2", structure(bit_string("0" * 16)), DataAccessResult.TYPE_UNMATCHED),
        ("SMR 4.3", structure(enum(1), bit_string("0" * 8)), DataAccessResult.OTHER_REASON),
    ],
)
def test_a_configuration_change_is_an_event(
    make_meter: Maker, protocol: str, data: Data, result: DataAccessResult
) -> None:
    meter = make_meter(protocol)
    assert _set(meter, "configuration_object", data) is result
    changed = result is DataAccessResult.SUCCESS
    assert [row[1] for row in meter.events("fraud_detection_event_log")] == ([47] if changed else [])
    assert (_get(meter, "configuration_object") == data.value) is changed


def test_administrative_status_has_three_values(make_meter: Maker) -> None:
    meter = make_meter()
    for number in range(3):
        assert _set(meter, "administrative_in_out", enum(number)) is DataAccessResult.SUCCESS
        assert _get(meter, "administrative_in_out") == number
    assert _set(meter, "administrative_in_out", enum(3)) is DataAccessResult.OTHER_REASON


# --- test alarms ---


def _at(moment: datetime) -> Data:
    time = octet_string(bytes((moment.hour, moment.minute, moment.second, 0)))
    date = octet_string(moment.year.to_bytes(2, "big") + bytes((moment.month, moment.day, 0xFF)))
    return array((structure(time, date),))


@pytest.mark.parametrize(
    ("role", "register", "bit", "code"), [("phase_outage_test", 1, 31, 89), ("last_gasp_test", 3, 1, 25)]
)
def test_a_test_alarm_comes_when_it_is_due(
    make_meter: Maker, clock: Any, role: str, register: int, bit: int, code: int
) -> None:
    meter = make_meter("SMR 5.5")
    _set(meter, "alarm_register_3", double_long_unsigned(0))
    ref = meter.model.profile.ref(role, 4)
    moment = datetime.fromtimestamp(clock(), AMSTERDAM) + timedelta(minutes=10)
    assert meter.set(MANAGEMENT, ref, None, _at(moment)) is DataAccessResult.SUCCESS
    clock.seconds += 599
    assert not _get(meter, f"alarm_register_{register}") >> bit & 1
    clock.seconds += 1
    assert _get(meter, f"alarm_register_{register}") >> bit & 1
    assert list(meter.events("power_quality_event_log")) == [(int(moment.timestamp()), code)]
    clock.seconds += 86400
    _get(meter, "clock")
    assert len(meter.events("power_quality_event_log")) == 1


def test_a_test_alarm_can_be_withdrawn(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.5")
    ref = meter.model.profile.ref("phase_outage_test", 4)
    moment = datetime.fromtimestamp(clock(), AMSTERDAM) + timedelta(minutes=10)
    meter.set(MANAGEMENT, ref, None, _at(moment))
    assert meter.set(MANAGEMENT, ref, None, array()) is DataAccessResult.SUCCESS
    clock.seconds += 3600
    assert not _get(meter, "alarm_register_1") >> 31 & 1
    two = array((*_at(moment).value, *_at(moment).value))
    assert meter.set(MANAGEMENT, ref, None, two) is DataAccessResult.OTHER_REASON
    assert meter.set(MANAGEMENT, ref, None, array((unsigned(1),))) is DataAccessResult.TYPE_UNMATCHED
