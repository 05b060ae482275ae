"""Coupling as a decision on values, and what the database says where another process was first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from meterstream.contracts.records import DeviceState
from meterstream.domain.adapters.store import Wanted
from meterstream.domain.model.coupling import clear_channel, couple, decouple, forget_place
from meterstream.domain.model.registry import Device, Gateway, MbusFacts
from meterstream.domain.model.world import Overtaken, World

T0 = datetime(2026, 1, 1, tzinfo=UTC)
METER, OTHER_METER = "TEST1024000000001", "TEST1024000000002"
GAS, WATER = "TESTG101205673101", "TESTW101205673102"


def meter(identification):
    made = Device(identification, "uid", "org", DeviceState.ACTIVE, False, None, revision=4, published_revision=4)
    return made.with_own_gateway()


def behind(identification, gateway=None, channel=None, coupled_at=None, number="12056731"):
    host = None if gateway is None else Gateway(gateway, DeviceState.ACTIVE, 4, 4)
    made = Device(identification, "uid", "org", DeviceState.ACTIVE, True, host, revision=2, published_revision=2)
    facts = MbusFacts(identification_number=number, manufacturer="LGB", coupled_at=coupled_at)
    return replace(made, channel=channel, stored_mbus_facts=facts)


def world(*devices):
    known = {device.identification: device for device in devices}
    return World(organisations={}, devices=known, groups={}, commands={})


def place(known, identification=GAS):
    device = known.device(identification)
    return device.gateway and device.gateway.identification, device.channel


def revisions(known):
    return {device.identification: device.revision for device in known.changed_devices if not device.is_mbus}


@pytest.mark.parametrize("seconds", [0, 1])
def test_what_was_seen_at_the_same_time_or_later_counts(seconds):
    known = world(meter(METER), behind(GAS, coupled_at=T0))
    couple(known, known.device(GAS), METER, 3, 17, T0 + timedelta(seconds=seconds))
    assert (place(known), revisions(known)) == ((METER, 3), {METER: 5})
    assert known.device(GAS).mbus_facts.primary_address == 17
    assert known.device(GAS).gateway.revision == 5


@pytest.mark.parametrize("late", [GAS, WATER])
def test_what_is_known_later_of_device_or_channel_stands(late):
    later = {late: T0 + timedelta(seconds=1)}
    known = world(meter(METER), behind(GAS, coupled_at=later.get(GAS)), behind(WATER, METER, 3, later.get(WATER)))
    couple(known, known.device(GAS), METER, 3, None, T0)
    assert (place(known), place(known, WATER), revisions(known)) == ((None, None), (METER, 3), {})


def test_a_device_that_moves_leaves_its_gateway_and_takes_the_others_place():
    known = world(meter(METER), meter(OTHER_METER), behind(GAS, OTHER_METER, 1), behind(WATER, METER, 3))
    couple(known, known.device(GAS), METER, 3, None, T0)
    assert (place(known), place(known, WATER)) == ((METER, 3), (None, None))
    assert revisions(known) == {METER: 5, OTHER_METER: 5}


def test_a_gateway_that_was_not_looked_for_means_that_another_was_first():
    gas = behind(GAS, OTHER_METER, 1)
    with pytest.raises(Overtaken):
        couple(world(meter(METER), gas), gas, METER, 3, None, T0)
    with pytest.raises(Overtaken):
        forget_place(world(meter(METER), gas), gas, T0)


def test_a_removed_gateway_has_no_record_to_revise():
    known = world(replace(meter(METER), state=DeviceState.REMOVED), behind(GAS, METER, 1))
    decouple(known, known.device(GAS), T0)
    assert (place(known), revisions(known)) == ((None, None), {})
    couple(known, known.device(GAS), METER, 1, None, T0)
    assert place(known) == (None, None)


def test_only_whoever_stands_on_a_channel_is_cleared_from_it():
    known = world(meter(METER), behind(GAS, METER, 1), behind(WATER, METER, 2, T0 + timedelta(seconds=1)))
    for channel in (2, 3):
        clear_channel(known, METER, channel, T0)
    assert revisions(known) == {}
    clear_channel(known, METER, 1, T0)
    assert (place(known), place(known, WATER)) == ((None, None), (METER, 2))


async def test_a_device_that_came_between_is_seen_when_it_is_decided_again(domain, database_dsn):
    """Another process couples a device while this one decides: the database refuses two on one channel."""
    await domain.install()
    await domain.install_mbus(GAS)
    await domain.install_mbus(WATER)
    decided = []

    def decide(known):
        decided.append([device.identification for device in known.behind(METER)])
        if len(decided) == 1:
            with psycopg.connect(database_dsn) as other:
                come = "update domain.devices set gateway = %s, channel = 1 where device_identification = %s"
                other.execute(come, (METER, WATER))
        couple(known, known.device(GAS), METER, 1, None, domain.clock.now)

    await domain.store.work(Wanted(kin={METER, GAS}, kin_changes=True), decide)
    assert decided == [[], [WATER]]
    places = "select device_identification, channel from domain.devices where is_mbus order by 1"
    assert await domain.rows(places) == [(GAS, 1), (WATER, None)]


async def test_a_decision_that_was_overtaken_is_taken_anew(domain):
    await domain.install()
    tries = []

    def decide(_):
        tries.append(True)
        if len(tries) < 3:
            raise Overtaken(METER)
        return len(tries)

    assert await domain.store.work(Wanted(), decide) == 3
