"""What meters remember survives being written down: every kind of state, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    LogicalName,
    MethodRef,
    array,
    double_long_unsigned,
    integer,
    octet_string,
    structure,
)
from meterstream.simulator.agenda import Agenda
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.keytransfer import KeyTransferFaults
from meterstream.simulator.objects.rights import Secrets
from meterstream.simulator.state.codec import StateCodec
from meterstream.simulator.world.supply import Supply
from meterstream.simulator.world.tariff import FACTORY

MANAGEMENT = 1
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
CALENDAR = LogicalName.parse("0.0.13.0.0.255")
DISCONNECTOR = LogicalName.parse("0.0.96.3.10.255")
CLOCK = LogicalName.parse("0.0.1.0.0.255")
Maker = Callable[..., SimulatedMeter]


def _busy(meter: SimulatedMeter, now: float) -> None:
    """Leave state of every kind."""
    later = datetime.fromtimestamp(now, AMSTERDAM) + timedelta(hours=1)
    moment = CosemDateTime.from_datetime(later).to_data()
    for attribute, data in ((7, FACTORY.seasons), (8, FACTORY.weeks), (9, FACTORY.days), (10, moment)):
        meter.set(MANAGEMENT, AttributeRef(20, CALENDAR, attribute), None, data)
    meter.action(MANAGEMENT, MethodRef(70, DISCONNECTOR, 1), integer(0))
    meter.action(MANAGEMENT, MethodRef(8, CLOCK, 5), structure(moment, moment, moment))
    meter.set(MANAGEMENT, meter.model.profile.ref("alarm_register_1", 2), None, double_long_unsigned(0))
    meter.set(MANAGEMENT, meter.model.profile.ref("definable_load_profile", 4), None, double_long_unsigned(300))
    meter.state(Secrets).secret = b"secret"
    meter.state(KeyTransferFaults).drop_after.append(2)
    day = structure(octet_string(bytes((12, 0, 0, 0))), octet_string(bytes.fromhex("07EA1301FF")))
    meter.set(MANAGEMENT, meter.model.profile.ref("phase_outage_test", 4), None, array((day,)))


def _value(meter: SimulatedMeter, role: str) -> Any:
    value = meter.get(MANAGEMENT, meter.model.profile.ref(role, 2), None)
    assert isinstance(value, Data)
    return value.value


def test_every_kind_of_state_is_written_and_read(make_meter: Maker, clock: Any) -> None:
    meter = make_meter("SMR 5.5")
    _busy(meter, clock())
    states = list(meter.states())
    assert len(states) >= 8
    codec = StateCodec("seed")
    for state in states:
        plain = codec.plain(state, b"3")
        assert b"secret".hex() not in str(plain)
        assert codec.value(plain, b"3") == state


def test_a_meter_goes_on_where_it_was(make_meter: Maker, clock: Any) -> None:
    """The clock moves on while nothing runs; what was planned for that time is done at the next contact."""
    before, after = make_meter("SMR 5.5"), make_meter("SMR 5.5")
    _busy(before, clock())
    codec = StateCodec("seed")
    for state in before.states():
        after.restore(codec.value(codec.plain(state, b"3"), b"3"))
    for (name, attribute), data in before.written_values():
        after.keep(after.tree.objects[name], attribute, data)
    assert after.peek(Supply) == before.peek(Supply)
    assert after.peek(Agenda) == before.peek(Agenda)
    registers = ("active_energy_import", "active_energy_import_rate_1", "active_energy_import_rate_2")
    clock.seconds += 7200
    assert [_value(after, role) for role in registers] == [_value(before, role) for role in registers]
    assert [row[1] for row in after.events("standard_event_log")] == [11, 19, 9]
    assert list(after.events("standard_event_log")) == list(before.events("standard_event_log"))
