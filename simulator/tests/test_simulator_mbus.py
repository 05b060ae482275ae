"""M-Bus devices of a meter: plan, coming and going as operations do it, registers, profiles, status, events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    DataType,
    LogicalName,
    MethodRef,
    double_long_unsigned,
    integer,
    long_unsigned,
    null,
    octet_string,
    unsigned,
)
from meterstream.simulator.mbus import bus as mbus
from meterstream.simulator.mbus.device import (
    MbusIdentity,
    MBusPlan,
    Medium,
    consumed,
    from_bcd,
    manufacturer_code,
    manufacturer_letters,
    to_bcd,
)
from meterstream.simulator.mbus.state import MbusState
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.options import MbusOptions

MANAGEMENT = 1
CLIENT, REGISTER, DATA, PROFILE = 72, 4, 1, 7
SUCCESS = (ActionResult.SUCCESS, None)
ALL_MEDIA = MbusOptions(MBusPlan.parse("gas,water,thermal,electricity"))
OPEN_TIME = octet_string(bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF"))
BEGIN = bytes.fromhex("07EA070FFF0C071E")
"""The test clock at the start, as the meters show it."""
Maker = Callable[..., SimulatedMeter]


def ref(class_id: int, obis: str, attribute: int = 2) -> AttributeRef:
    return AttributeRef(class_id, LogicalName.parse(obis), attribute)


def get(meter: SimulatedMeter, class_id: int, obis: str, attribute: int = 2) -> Any:
    value = meter.get(MANAGEMENT, ref(class_id, obis, attribute), None)
    assert isinstance(value, Data), value
    return value.value


def put(meter: SimulatedMeter, class_id: int, obis: str, attribute: int, data: Data) -> DataAccessResult:
    return meter.set(MANAGEMENT, ref(class_id, obis, attribute), None, data)


def act(meter: SimulatedMeter, channel: int, method: int, data: Data | None) -> tuple[ActionResult, Data | None]:
    return meter.action(MANAGEMENT, MethodRef(CLIENT, LogicalName.parse(f"0.{channel}.24.1.0.255"), method), data)


def channel_of(meter: SimulatedMeter, channel: int) -> list[Any]:
    """Attributes 5 to 9: primary address, identification number, manufacturer, version, device type."""
    return [get(meter, CLIENT, f"0.{channel}.24.1.0.255", attribute) for attribute in range(5, 10)]


def codes(meter: SimulatedMeter, log: int) -> list[int]:
    """List what has been logged since the test began."""
    rows = get(meter, PROFILE, f"0.0.99.98.{log}.255")
    return [row.value[1].value for row in rows if row.value[0].value >= BEGIN]


def alarms(meter: SimulatedMeter) -> int:
    value = get(meter, DATA, "0.0.97.98.0.255")
    assert isinstance(value, int)
    return value


def quiet(meter: SimulatedMeter) -> None:
    """Clear what meters come with in alarm register 1."""
    assert put(meter, DATA, "0.0.97.98.0.255", 2, double_long_unsigned(0)) is DataAccessResult.SUCCESS


def captured(meter: SimulatedMeter, obis: str) -> float | None:
    moment = CosemDateTime.from_bytes(get(meter, REGISTER, obis, 5)).to_datetime()
    return None if moment is None else moment.timestamp()


# --- plan and identity ---


def test_plans_are_read_from_text() -> None:
    plan = MBusPlan.parse("gas, water", "-,thermal,,electricity")
    assert [plan.medium(1, channel) for channel in (1, 2, 3, 4)] == [Medium.GAS, Medium.WATER, None, None]
    assert [plan.medium(4, channel) for channel in (1, 2, 3, 4)] == [None, Medium.THERMAL, None, Medium.ELECTRICITY]
    with pytest.raises(ValueError, match="mbus names 'oil', expected gas, water, thermal, electricity or -"):
        MBusPlan.parse("gas,oil")
    with pytest.raises(ValueError, match="layout of 5 channels"):
        MBusPlan.parse("gas,gas,gas,gas,gas")
    with pytest.raises(ValueError, match="at least one layout"):
        MBusPlan(())


def test_short_ids() -> None:
    assert (to_bcd(12049260), from_bcd(0x12049260), from_bcd(0x1204926A)) == (0x12049260, 12049260, None)
    assert manufacturer_code("LGB") == 12514
    assert manufacturer_letters(12514) == "LGB"
    assert manufacturer_letters(0) == "???"
    with pytest.raises(ValueError, match="three capital letters"):
        manufacturer_code("lgb")
    assert MbusIdentity(12345678, 1, 2, 99).equipment_identifier == ""


@pytest.mark.parametrize(
    ("protocol", "identification", "version"),
    [("DSMR 4.2.2", 0x25000007, 66), ("SMR 4.3", 0x25000007, 66), ("SMR 5.0.0", 25000007, 0x50)],
)
def test_the_client_tells_who_is_there(make_meter: Maker, protocol: str, identification: int, version: int) -> None:
    meter = make_meter(protocol, 7, mbus=ALL_MEDIA)
    assert channel_of(meter, 2) == [10, identification, manufacturer_code("KAM"), version, 7]
    assert get(meter, DATA, "0.2.96.1.1.255") == b"W0001000025000007"
    assert [channel_of(meter, channel)[4] for channel in (1, 2, 3, 4)] == [3, 7, 4, 2]
    assert meter.peek(MbusState) is None, "reading makes no state"


def test_an_empty_channel(make_meter: Maker) -> None:
    meter = make_meter()
    assert channel_of(meter, 3) == [0, 0, 0, 0, 0]
    assert get(meter, DATA, "0.3.96.1.1.255") == b""
    assert get(meter, CLIENT, "0.3.24.1.0.255", 14) == 0
    assert get(meter, CLIENT, "0.3.24.1.0.255", 13) == 99
    assert get(meter, CLIENT, "0.3.24.1.0.255", 10) == 0
    assert meter.get(MANAGEMENT, ref(REGISTER, "0.3.24.2.1.255", 5), None) == OPEN_TIME
    assert act(meter, 3, 3, integer(0)) == (ActionResult.TEMPORARY_FAILURE, None)


def test_devices_of_a_fleet_are_different(make_meter: Maker) -> None:
    seen = {
        get(make_meter(number=number, mbus=ALL_MEDIA), CLIENT, f"0.{channel}.24.1.0.255", 6)
        for number in (1, 2, 3, 1000)
        for channel in (1, 2, 3, 4)
    }
    assert len(seen) == 16


# --- registers and profiles ---


def test_registers_rise_with_their_medium(make_meter: Maker, clock: Any) -> None:
    meter = make_meter(mbus=ALL_MEDIA)
    before = [get(meter, REGISTER, f"0.{channel}.24.2.2.255") for channel in (1, 2, 3, 4)]
    clock.seconds += 7 * 86400
    rise = [get(meter, REGISTER, f"0.{channel}.24.2.2.255") - value for channel, value in enumerate(before, 1)]
    litres, water, megajoules, watt_hours = rise
    assert 5_000 < litres < 100_000
    assert 300 < water < 10_000
    assert 100 < megajoules < 4_000
    assert 1_000 < watt_hours < 100_000
    units = [[part.value for part in get(meter, REGISTER, f"0.{channel}.24.2.2.255", 3)] for channel in (1, 2, 3, 4)]
    assert units == [[-3, 14], [-3, 13], [6, 25], [0, 30]]


def test_readings_are_hourly_and_every_five_minutes(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    hour, five = clock.seconds // 3600 * 3600, clock.seconds // 300 * 300
    assert captured(meter, "0.1.24.2.2.255") == hour
    assert captured(meter, "0.1.24.2.1.255") == five
    assert get(meter, REGISTER, "0.1.24.2.2.255") == consumed(Medium.GAS, meter.number, 1, int(hour))
    assert get(meter, REGISTER, "0.1.24.2.1.255") == consumed(Medium.GAS, meter.number, 1, int(five))
    assert act(meter, 1, 3, integer(0)) == SUCCESS
    assert captured(meter, "0.1.24.2.2.255") == int(clock.seconds)
    assert act(meter, 1, 3, unsigned(0)) == (ActionResult.TYPE_UNMATCHED, None)


@pytest.mark.parametrize("profile", ["0.2.24.3.0.255", "0.2.24.3.1.255", "0.2.24.3.2.255"])
def test_profiles_are_consistent_with_the_register(make_meter: Maker, clock: Any, profile: str) -> None:
    meter = make_meter(mbus=ALL_MEDIA)
    rows = [[cell.value for cell in row.value] for row in get(meter, PROFILE, profile)]
    assert len(rows) > 10
    values = [row[2] for row in rows]
    assert values == sorted(values)
    for row in rows[-3:]:
        moment = CosemDateTime.from_bytes(row[0]).to_datetime()
        assert moment is not None
        assert row[2] == consumed(Medium.WATER, meter.number, 2, int(moment.timestamp()))
        assert row[3] == row[0], "captured in the same moment"
        assert not row[1] & 0x04
    assert values[-1] <= get(meter, REGISTER, "0.2.24.2.2.255")


def test_the_combined_profile_of_dsmr_4_has_all_channels(make_meter: Maker) -> None:
    meter = make_meter("DSMR 4.2.2", mbus=ALL_MEDIA)
    row = get(meter, PROFILE, "1.0.99.2.0.255")[-1].value
    moment = CosemDateTime.from_bytes(row[0].value).to_datetime()
    assert moment is not None
    expected = [
        consumed(medium, meter.number, channel, int(moment.timestamp())) for channel, medium in enumerate(Medium, 1)
    ]
    assert [row[6 + 2 * place].value for place in range(4)] == expected


# --- coupling and decoupling, as the operations do them ---


def test_coupling_a_wired_device_and_decoupling_it(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.0.0")
    name = "0.2.24.1.0.255"
    for attribute, value in (
        (6, double_long_unsigned(12345678)),
        (7, long_unsigned(manufacturer_code("ELS"))),
        (8, unsigned(0x50)),
        (9, unsigned(3)),
        (5, unsigned(2)),
    ):
        assert put(meter, CLIENT, name, attribute, value) is DataAccessResult.SUCCESS
    assert channel_of(meter, 2) == [2, 12345678, 0x1593, 0x50, 3]
    assert get(meter, DATA, "0.2.96.1.1.255") == b"G0001000012345678"
    assert captured(meter, "0.2.24.2.2.255") == int(clock.seconds), "read at once"
    first = get(meter, REGISTER, "0.2.24.2.2.255")
    clock.seconds += 86400
    assert get(meter, REGISTER, "0.2.24.2.2.255") > first
    rows = [[cell.value for cell in row.value] for row in get(meter, PROFILE, "0.2.24.3.0.255")]
    assert [row[2] for row in rows[:3]] == [0, 0, 0], "before it came"
    assert rows[0][3] == OPEN_TIME.value
    assert rows[-1][2] == get(meter, REGISTER, "0.2.24.2.2.255")

    assert act(meter, 2, 2, integer(0)) == SUCCESS
    assert channel_of(meter, 2)[0] == 0
    assert (get(meter, CLIENT, name, 13), get(meter, CLIENT, name, 14)) == (99, 0)
    for attribute, value in (
        (6, double_long_unsigned(0)), (7, long_unsigned(0)), (8, unsigned(0)), (9, unsigned(0)), (5, unsigned(0)),
    ):  # fmt: skip
        assert put(meter, CLIENT, name, attribute, value) is DataAccessResult.SUCCESS
    assert channel_of(meter, 2) == [0, 0, 0, 0, 0]
    clock.seconds += 7200
    assert meter.get(MANAGEMENT, ref(REGISTER, "0.2.24.2.2.255", 5), None) == OPEN_TIME
    kept = [[cell.value for cell in row.value] for row in get(meter, PROFILE, "0.2.24.3.0.255")]
    assert rows[-1] in kept, "what was captured stays"


def test_a_version_put_right_leaves_the_device_as_it_is(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    value = get(meter, REGISTER, "0.1.24.2.2.255")
    assert put(meter, CLIENT, "0.1.24.1.0.255", 8, unsigned(66)) is DataAccessResult.SUCCESS
    assert channel_of(meter, 1)[3] == 66
    assert get(meter, REGISTER, "0.1.24.2.2.255") == value
    assert get(meter, CLIENT, "0.1.24.1.0.255", 14) == 4


def test_the_identification_is_bcd_up_to_version_0(make_meter: Maker) -> None:
    meter = make_meter("DSMR 4.2.2")
    name = "0.2.24.1.0.255"
    assert put(meter, CLIENT, name, 6, double_long_unsigned(0x12345678)) is DataAccessResult.SUCCESS
    assert get(meter, CLIENT, name, 6) == 0x12345678
    assert put(meter, CLIENT, name, 6, double_long_unsigned(0x1234567A)) is DataAccessResult.OTHER_REASON
    assert put(meter, CLIENT, name, 6, unsigned(1)) is DataAccessResult.TYPE_UNMATCHED
    smr5 = make_meter()
    assert put(smr5, CLIENT, name, 6, double_long_unsigned(100_000_000)) is DataAccessResult.OTHER_REASON
    assert put(smr5, CLIENT, name, 5, unsigned(251)) is DataAccessResult.OTHER_REASON


@pytest.mark.parametrize(
    ("unsigned_only", "first"), [(False, ActionResult.SUCCESS), (True, ActionResult.TYPE_UNMATCHED)]
)
def test_slave_deinstall_by_edition(make_meter: Maker, unsigned_only: bool, first: ActionResult) -> None:
    meter = make_meter(mbus=MbusOptions(unsigned_deinstall=unsigned_only))
    assert act(meter, 1, 2, integer(0)) == (first, None)
    assert (channel_of(meter, 1)[0] == 0) is (first is ActionResult.SUCCESS)
    assert act(meter, 1, 2, unsigned(0)) == SUCCESS
    assert act(meter, 1, 2, null()) == (ActionResult.TYPE_UNMATCHED, None)
    assert channel_of(meter, 1)[0] == 0


@pytest.mark.parametrize("strangers", [True, False])
def test_slave_install_takes_a_device_up_again(make_meter: Maker, clock: Any, strangers: bool) -> None:
    meter = make_meter(mbus=MbusOptions(strangers=strangers))
    assert act(meter, 1, 1, unsigned(4)) == (ActionResult.OTHER_REASON, None), "it is installed"
    assert act(meter, 2, 1, unsigned(4)) == (ActionResult.OTHER_REASON, None), "nothing is there"
    assert act(meter, 1, 2, unsigned(0)) == SUCCESS
    clock.seconds += 3600
    assert act(meter, 1, 1, integer(4)) == (ActionResult.TYPE_UNMATCHED, None)
    assert act(meter, 1, 1, unsigned(4)) == SUCCESS
    assert channel_of(meter, 1)[0] == 4
    assert captured(meter, "0.1.24.2.2.255") == int(clock.seconds)


def test_devices_that_are_not_there_are_not_read(make_meter: Maker, clock: Any) -> None:
    meter = make_meter(mbus=MbusOptions(strangers=False))
    for attribute, value in ((6, double_long_unsigned(12345678)), (9, unsigned(3))):
        assert put(meter, CLIENT, "0.2.24.1.0.255", attribute, value) is DataAccessResult.SUCCESS
    clock.seconds += 3600
    assert meter.get(MANAGEMENT, ref(REGISTER, "0.2.24.2.2.255", 5), None) == OPEN_TIME
    assert act(meter, 2, 3, integer(0)) == (ActionResult.TEMPORARY_FAILURE, None)


# --- discovery and exchange ---


def test_a_new_device_is_discovered(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    quiet(meter)
    at = int(clock.seconds * 1000)
    assert mbus.install(meter, Medium.WATER, at) == 2
    assert alarms(meter) == 1 << 25
    assert codes(meter, 3) == [115]
    address, identification, manufacturer, version, kind = channel_of(meter, 2)
    assert (address, version, kind) == (0, 0x50, 7)
    assert (identification, manufacturer) == (26_000_003, manufacturer_code("KAM"))
    assert get(meter, CLIENT, "0.2.24.1.0.255", 14) == 0
    assert [mbus.install(meter, Medium.GAS, at), mbus.install(meter, Medium.GAS, at)] == [3, 4]
    with pytest.raises(ValueError, match="meter 3 has a device on every M-Bus channel"):
        mbus.install(meter, Medium.GAS, at)
    with pytest.raises(ValueError, match="meter 3 has a device on M-Bus channel 1"):
        mbus.install(meter, Medium.GAS, at, 1)
    with pytest.raises(ValueError, match="M-Bus channel 5 is outside 1 to 4"):
        mbus.install(meter, Medium.GAS, at, 5)


def test_a_device_is_swapped(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    quiet(meter)
    old_id, old_value = channel_of(meter, 1)[1], get(meter, REGISTER, "0.1.24.2.2.255")
    mbus.report(meter, 1, 0, int(clock.seconds * 1000))
    identity = mbus.swap(meter, 1, int(clock.seconds * 1000))
    assert channel_of(meter, 1)[1:] == list(identity)
    assert identity.identification != old_id
    assert get(meter, REGISTER, "0.1.24.2.6.255") == 0
    assert get(meter, REGISTER, "0.1.24.2.2.255") != old_value
    assert alarms(meter) >> 24 & 1
    clock.seconds += 7200
    rows = [[cell.value for cell in row.value] for row in get(meter, PROFILE, "0.1.24.3.0.255")]
    assert rows[-3][2] == old_value, "rows of the former device stay"
    assert rows[-1][2] == get(meter, REGISTER, "0.1.24.2.2.255")
    assert mbus.swap(meter, 1, int(clock.seconds * 1000)).identification not in (old_id, identity.identification)
    with pytest.raises(ValueError, match="no device on M-Bus channel 2"):
        mbus.swap(meter, 2, int(clock.seconds * 1000))
    assert mbus.swap(meter, 2, int(clock.seconds * 1000), Medium.THERMAL).device_type == 4


def test_a_device_that_vanishes_is_missed_at_the_next_reading(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    quiet(meter)
    value = get(meter, REGISTER, "0.1.24.2.2.255")
    mbus.vanish(meter, 1, int(clock.seconds * 1000))
    assert codes(meter, 3) == []
    clock.seconds += 3 * 3600
    assert codes(meter, 3) == [100]
    assert alarms(meter) == 1 << 16
    assert get(meter, REGISTER, "0.1.24.2.2.255") == value
    assert get(meter, REGISTER, "0.1.24.2.2.255", 4) == 0x04
    assert get(meter, CLIENT, "0.1.24.1.0.255", 11) == 0x10
    assert get(meter, 77, "0.1.24.9.0.255", 4) == 2
    last = get(meter, PROFILE, "0.1.24.3.0.255")[-1].value
    assert last[1].value & 0x04, "the row says that its value is not valid"
    mbus.vanish(meter, 1, int(clock.seconds * 1000), present=True)
    clock.seconds += 3600
    assert codes(meter, 3) == [100, 101]
    assert get(meter, REGISTER, "0.1.24.2.2.255") > value
    assert get(meter, 77, "0.1.24.9.0.255", 4) == 1
    with pytest.raises(ValueError, match="meter 3 has no device on M-Bus channel 2"):
        mbus.vanish(meter, 2, 0)
    with pytest.raises(ValueError, match="meter 3 has no device on M-Bus channel 2"):
        mbus.report(meter, 2, 0, 0)


def test_a_device_that_does_not_answer_is_not_installed(make_meter: Maker, clock: Any) -> None:
    meter = make_meter()
    mbus.vanish(meter, 1, int(clock.seconds * 1000))
    assert act(meter, 1, 2, unsigned(0)) == SUCCESS
    assert act(meter, 1, 1, unsigned(0)) == (ActionResult.TEMPORARY_FAILURE, None)


# --- status ---


def test_status_bits_are_reported_and_cleared_by_mask(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    quiet(meter)
    at = int(clock.seconds * 1000)
    for bit in (0, 5, 16):
        mbus.report(meter, 1, bit, at)
    status = 1 | 1 << 5 | 1 << 16
    assert get(meter, REGISTER, "0.1.24.2.6.255") == status
    assert get(meter, CLIENT, "0.1.24.1.0.255", 12) == 0x21
    assert get(meter, CLIENT, "0.1.24.1.0.255", 11) == 0x04
    assert codes(meter, 6) == [0x8080, 0x8085, 0x8090]
    assert codes(meter, 3) == [102, 103]
    assert alarms(meter) == 1 << 3 | 1 << 20

    mask = put(meter, DATA, "0.1.94.31.10.255", 2, double_long_unsigned(status & ~1))
    assert mask is DataAccessResult.SUCCESS
    assert act(meter, 1, 4, unsigned(0)) == (ActionResult.TYPE_UNMATCHED, None)
    assert act(meter, 1, 4, integer(0)) == SUCCESS
    assert get(meter, REGISTER, "0.1.24.2.6.255") == 1
    assert get(meter, CLIENT, "0.1.24.1.0.255", 12) == 0
    assert act(meter, 1, 4, integer(0)) == SUCCESS
    assert get(meter, REGISTER, "0.1.24.2.6.255") == 1, "the mask is used up"
    with pytest.raises(ValueError, match="bit 32 of the M-Bus status"):
        mbus.report(meter, 1, 32, at)


def test_synchronize_clock(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.1")
    mbus.report(meter, 1, mbus.CLOCK_SYNC_ERROR, int(clock.seconds * 1000))
    assert act(meter, 1, 5, integer(0)) == SUCCESS
    assert get(meter, REGISTER, "0.1.24.2.6.255") == 0
    assert codes(meter, 3) == [104]
    assert act(meter, 2, 5, integer(0)) == (ActionResult.TEMPORARY_FAILURE, None)
    assert act(meter, 1, 5, null()) == (ActionResult.TYPE_UNMATCHED, None)


def test_versions_and_diagnostic(make_meter: Maker) -> None:
    meter = make_meter()
    assert get(meter, REGISTER, "0.1.24.2.11.255") == bytes.fromhex("00400011")
    assert get(meter, REGISTER, "0.1.24.2.7.255") == b"G4"
    assert get(meter, REGISTER, "0.2.24.2.7.255") == b""
    assert get(meter, 77, "0.1.24.9.0.255", 2) > 40
    definition = get(meter, CLIENT, "0.1.24.1.0.255", 3)
    assert [part.value for part in definition[0].value] == [b"\x0c", b"\x13"]


def test_every_method_is_in_the_object_list(make_meter: Maker) -> None:
    entries = get(make_meter(), 15, "0.0.40.0.0.255")
    client = next(entry.value for entry in entries if entry.value[2].value == LogicalName.parse("0.1.24.1.0.255"))
    methods = client[3].value[1].value
    assert [method.value[0].value for method in methods] == list(range(1, 9))
    assert client[0].type is DataType.LONG_UNSIGNED


def test_what_a_client_writes_takes_the_place_of_an_override(make_meter: Maker) -> None:
    meter = make_meter("DSMR 4.2.2")
    assert (
        meter.override(ref(CLIENT, "0.1.24.1.0.255", 6), double_long_unsigned(0xA2056731)) is DataAccessResult.SUCCESS
    )
    assert get(meter, CLIENT, "0.1.24.1.0.255", 6) == 0xA2056731
    assert put(meter, CLIENT, "0.1.24.1.0.255", 6, double_long_unsigned(0)) is DataAccessResult.SUCCESS
    assert get(meter, CLIENT, "0.1.24.1.0.255", 6) == 0
