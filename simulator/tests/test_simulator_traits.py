"""What meters differ in by number: phases and drift of the clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import CosemDateTime, Data
from meterstream.simulator.fleet import SimulatedFleet
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.settings import FleetSettings
from meterstream.simulator.traits import Traits

MANAGEMENT = 1
Maker = Callable[..., SimulatedMeter]


def _read(meter: SimulatedMeter, role: str, attribute: int = 2) -> Any:
    value = meter.get(MANAGEMENT, meter.model.profile.ref(role, attribute), None)
    assert isinstance(value, Data), (role, value)
    return value.value


def test_a_share_of_the_meters_has_one_phase() -> None:
    fleet = SimulatedFleet(FleetSettings(meters=400, traits=Traits(single_phase=0.25)))
    single = [number for number in range(1, 401) if fleet.meter(number).tree.single_phase]
    assert 70 < len(single) < 130
    again = SimulatedFleet(FleetSettings(meters=400, traits=Traits(single_phase=0.25)))
    assert single == [number for number in range(1, 401) if again.meter(number).tree.single_phase]


@pytest.mark.parametrize("protocol", ["DSMR 4.2.2", "SMR 5.5"])
def test_a_single_phase_meter_has_no_objects_of_the_others(make_meter: Maker, protocol: str) -> None:
    meter, poly = make_meter(protocol, traits=Traits(single_phase=1)), make_meter(protocol)
    phase_2 = meter.model.profile.ref("instantaneous_voltage_l2", 2)
    assert meter.get(MANAGEMENT, phase_2, None) is DataAccessResult.OBJECT_UNDEFINED
    assert len(_read(meter, "association_ln")) == len(meter.tree.objects) < len(poly.tree.objects)
    columns = _read(meter, "definable_load_profile", 3)
    rows = _read(meter, "definable_load_profile")
    assert len(rows[-1].value) == len(columns)
    single, total = _read(meter, "instantaneous_current_l1"), _read(poly, "instantaneous_current_l1")
    assert abs(single - 3 * total) <= 3


def test_clocks_drift_until_they_are_set(make_meter: Maker, clock: Any) -> None:
    meter = make_meter(number=5, traits=Traits(clock_drift_ppm=100))
    drift = meter.model.traits.drift_ppm(5)
    assert 0 < abs(drift) <= 100
    assert meter.clock_offset_ms == 0
    clock.seconds += 1_000_000
    assert meter.clock_offset_ms == 1000 * drift
    now = CosemDateTime.from_datetime(datetime.fromtimestamp(clock(), UTC))._replace(deviation=0, status=0)
    relaxed = make_meter("DSMR 4.2.2", number=5, traits=Traits(clock_drift_ppm=100))
    clock.seconds += 1_000_000
    assert relaxed.clock_offset_ms == 1000 * drift
    late = relaxed.set(MANAGEMENT, relaxed.model.profile.ref("clock", 2), None, now.to_data())
    assert late is DataAccessResult.SUCCESS
    assert relaxed.clock_offset_ms == -1_000_000_000
    clock.seconds += 100_000
    assert relaxed.clock_offset_ms == -1_000_000_000 + 100 * drift


def test_drifts_go_both_ways_and_are_none_by_default() -> None:
    drifts = {Traits(clock_drift_ppm=3).drift_ppm(number) for number in range(200)}
    assert drifts == set(range(-3, 4))
    assert Traits().drift_ppm(1) == 0


@pytest.mark.parametrize("values", [{"single_phase": 1.5}, {"clock_drift_ppm": -1}, {"clock_drift_ppm": 10_001}])
def test_ranges(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(values))} is .*, expected 0 to"):
        Traits(**values)
