"""Settings that cannot be are refused with field and rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterstream.simulator.faults import PlannedFault
from meterstream.simulator.settings import FleetSettings, LineFraming


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"meters": 0}, "meters is 0, expected 1 or more"),
        ({"meters": 3, "ports": 4}, "ports is 4, expected 1 to the number of meters"),
        ({"port": 65536}, "port is 65536, expected 0 to 65535"),
        ({"meters": 10, "ports": 10, "port": 65530}, "ports is 10, expected at most 6 from that port"),
        ({"meters": 70_000}, "ports is 1, expected enough for 65520 meters on each"),
        ({"meters": 10, "port": 65535, "shared_ports": 1}, "ports is 2, expected at most 1 from that port"),
        ({"shared_ports": 2}, "shared_ports is 2, expected 0, or 1 for 1 meters"),
        ({"udp": True, "framing": LineFraming.HDLC}, "udp is True, expected wrapper frames or both"),
        ({"max_connections": 0}, "max_connections is 0, expected 1 or more"),
        ({"control_port": -1}, "control_port is -1"),
        ({"delay_ms": -1}, "delay_ms is -1, expected 0 or more"),
        ({"delay_spread": 1.5}, "delay_spread is 1.5, expected 0 to 1"),
        ({"idle_timeout_s": 0}, "idle_timeout_s is 0, expected more than 0"),
        ({"protocols": ()}, "protocols is .*, expected at least one"),
        ({"protocols": ("SMR 9",)}, "protocols is 'SMR 9', expected one of DSMR 2.2, "),
        ({"faults": (PlannedFault.parse("silent:0.6"), PlannedFault.parse("cut:0.5"))}, "shares of 1 at most"),
    ],
)
def test_refused(settings: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        FleetSettings(**settings)


def test_the_seed_does_not_show() -> None:
    assert "very secret" not in repr(FleetSettings(seed="very secret"))


@given(st.integers(1, 500), st.data())
def test_places_and_meters_are_one_to_one(meters: int, data: st.DataObject) -> None:
    settings = FleetSettings(meters=meters, ports=data.draw(st.integers(1, meters)))
    places = [settings.place_of(number) for number in range(1, meters + 1)]
    assert len(set(places)) == meters
    assert [settings.meter_at(*place) for place in places] == list(range(1, meters + 1))
    assert all(0 <= index < settings.ports for index, _ in places)
    assert settings.meter_at(0, 0) is None
    assert settings.meter_at(0, settings.devices_per_port + 1) is None
