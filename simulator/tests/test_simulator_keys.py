"""Key transfer and secrets: what a client must use for its next association, and how transfers go wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meterstream.dlms.apdu import ActionResult
from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, array, enum, octet_string, structure
from meterstream.dlms.errors import AccessError, DlmsError
from meterstream.dlms.meter import Habits, Level, SecurityKeys
from meterstream.dlms.security import wrap_key
from meterstream.simulator.fleet import SimulatedFleet, keys_for
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.objects.keytransfer import AUTHENTICATION, BROADCAST, UNICAST, KeyTransferFaults
from meterstream.simulator.settings import FleetSettings

MANAGEMENT = 1
SETUP = LogicalName.parse("0.0.43.0.0.255")
TRANSFER = MethodRef(64, SETUP, 2)
ASSOCIATION = LogicalName.parse("0.0.40.0.0.255")
COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
NEW = bytes(range(16))
Maker = Callable[..., SimulatedMeter]


def _transfer(number: int, *keys: tuple[int, bytes], master: bytes | None = None) -> Data:
    master = keys_for("meterstream", number).master if master is None else master
    return array(structure(enum(key_id), octet_string(wrap_key(master, key))) for key_id, key in keys)


@pytest.fixture
def meter(make_meter: Maker) -> SimulatedMeter:
    made = make_meter()
    _, authentication, encryption = keys_for("meterstream", made.number)
    made.keys = SecurityKeys(encryption, authentication)
    return made


def _act(meter: SimulatedMeter, data: Data | None) -> ActionResult:
    return meter.action(MANAGEMENT, TRANSFER, data)[0]


# --- over a line ---


@pytest.mark.parametrize("key_id", [AUTHENTICATION, UNICAST])
async def test_a_transferred_key_is_that_of_the_next_association(open_meter: Any, counters: Any, key_id: int) -> None:
    async with SimulatedFleet(FleetSettings(meters=1)) as fleet:
        counter = counters()
        async with await open_meter(fleet, 1, counter) as session:
            await session.action(TRANSFER, _transfer(1, (key_id, NEW)))
        _, authentication, encryption = fleet.keys(1)
        keys = SecurityKeys(encryption, NEW) if key_id == AUTHENTICATION else SecurityKeys(NEW, authentication)
        async with await open_meter(fleet, 1, counter, keys=keys) as session:
            assert (await session.get(COUNTER)).value > 0
        with pytest.raises(DlmsError):
            await open_meter(fleet, 1, counter)
        assert fleet.stats.repeated_nonces == 0


async def test_a_new_encryption_key_starts_the_counter_again(open_meter: Any, counters: Any) -> None:
    async with SimulatedFleet(FleetSettings(meters=1)) as fleet:
        async with await open_meter(fleet, 1, counters(5000)) as session:
            await session.action(TRANSFER, _transfer(1, (UNICAST, NEW)))
            assert fleet.meter(1).last_invocation_counter == 0
            session.abort()
        keys = SecurityKeys(NEW, fleet.keys(1).authentication)
        async with await open_meter(fleet, 1, counters(1), keys=keys) as session:
            assert 0 < (await session.get(COUNTER)).value < 10


async def test_a_new_authentication_key_does_not(open_meter: Any, counters: Any) -> None:
    async with SimulatedFleet(FleetSettings(meters=1)) as fleet:
        async with await open_meter(fleet, 1, counters(5000)) as session:
            await session.action(TRANSFER, _transfer(1, (AUTHENTICATION, NEW)))
        keys = SecurityKeys(fleet.keys(1).encryption, NEW)
        with pytest.raises(DlmsError):
            await open_meter(fleet, 1, counters(1), keys=keys)
        async with await open_meter(fleet, 1, counters(6000), keys=keys) as session:
            assert (await session.get(COUNTER)).value > 6000


async def test_some_makes_answer_under_the_new_key(open_meter: Any) -> None:
    """The client, which expects the old one, cannot read the answer; the key is in force all the same."""
    settings = FleetSettings(meters=1, habits=Habits(answer_under_new_keys=True))
    async with SimulatedFleet(settings) as fleet:
        session = await open_meter(fleet, 1)
        with pytest.raises(DlmsError):
            await session.action(TRANSFER, _transfer(1, (UNICAST, NEW)))
        session.abort()
        keys = fleet.meter(1).keys
        assert keys is not None
        assert keys.encryption_key == NEW


@pytest.mark.parametrize(("before", "in_force"), [(True, False), (False, True)])
async def test_the_line_breaks_around_the_effect(open_meter: Any, before: bool, in_force: bool) -> None:
    async with SimulatedFleet(FleetSettings(meters=1)) as fleet:
        faults = fleet.meter(1).state(KeyTransferFaults)
        (faults.drop_before if before else faults.drop_after).append(AUTHENTICATION)
        session = await open_meter(fleet, 1)
        with pytest.raises(DlmsError):
            await session.action(TRANSFER, _transfer(1, (AUTHENTICATION, NEW)))
        session.abort()
        keys = fleet.meter(1).keys
        assert keys is not None
        assert (keys.authentication_key == NEW) is in_force
        assert faults == KeyTransferFaults()


@pytest.mark.parametrize(
    ("level", "wrong"),
    [(Level.LLS, {"password": b"no such"}), (Level.HLS5_GMAC, {"keys": SecurityKeys(NEW, NEW)})],
)
async def test_a_failed_login_is_an_event(open_meter: Any, level: Level, wrong: dict[str, Any]) -> None:
    async with SimulatedFleet(FleetSettings(meters=1, level=level)) as fleet:
        async with await open_meter(fleet, 1) as session:
            await session.get(COUNTER)
        log = "fraud_detection_event_log"
        assert not fleet.meter(1).events(log)
        with pytest.raises(DlmsError):
            await open_meter(fleet, 1, **wrong)
        assert [row[1] for row in fleet.meter(1).events(log)] == [46]


@pytest.mark.parametrize("level", [Level.LLS, Level.HLS3_MD5, Level.HLS4_SHA1, Level.HLS6_SHA256])
async def test_a_changed_secret_is_that_of_the_next_association(open_meter: Any, counters: Any, level: Level) -> None:
    async with SimulatedFleet(FleetSettings(meters=1, level=level)) as fleet:
        counter = counters()
        async with await open_meter(fleet, 1, counter) as session:
            await session.action(MethodRef(15, ASSOCIATION, 2), octet_string(b"87654321"))
        async with await open_meter(fleet, 1, counter, password=b"87654321") as session:
            assert isinstance(await session.get(COUNTER), Data)
        with pytest.raises(DlmsError):
            await open_meter(fleet, 1, counter)


async def test_hls_5_has_no_secret_to_change(open_meter: Any) -> None:
    async with SimulatedFleet(FleetSettings(meters=1)) as fleet, await open_meter(fleet, 1) as session:
        with pytest.raises(AccessError):
            await session.action(MethodRef(15, ASSOCIATION, 2), octet_string(b"secret"))
        assert await session.get(AttributeRef(15, ASSOCIATION, 7)) == octet_string(b"")


# --- what is refused ---


@pytest.mark.parametrize("data", [None, enum(1), array(), array((enum(1),)), array((structure(enum(0), enum(0)),))])
def test_what_no_transfer_is(meter: SimulatedMeter, data: Data | None) -> None:
    assert _act(meter, data) is ActionResult.TYPE_UNMATCHED


def test_a_transfer_is_all_or_nothing(meter: SimulatedMeter) -> None:
    number, keys = meter.number, meter.keys
    for refused in (
        _transfer(number, (BROADCAST, NEW)),
        _transfer(number, (UNICAST, NEW), master=bytes(16)),
        _transfer(number, (UNICAST, NEW + NEW)),
        _transfer(number, (UNICAST, NEW), (BROADCAST, NEW)),
        array((structure(enum(UNICAST), octet_string(b"too short")),)),
    ):
        assert _act(meter, refused) is ActionResult.OTHER_REASON
        assert meter.keys is keys
    assert _act(meter, _transfer(number, (UNICAST, NEW), (AUTHENTICATION, NEW[::-1]))) is ActionResult.SUCCESS
    assert meter.keys == SecurityKeys(NEW, NEW[::-1])


def test_a_planned_refusal_has_no_effect(meter: SimulatedMeter) -> None:
    meter.state(KeyTransferFaults).refusals.append(ActionResult.TEMPORARY_FAILURE)
    keys = meter.keys
    transfer = _transfer(meter.number, (UNICAST, NEW))
    assert _act(meter, transfer) is ActionResult.TEMPORARY_FAILURE
    assert meter.keys is keys
    assert _act(meter, transfer) is ActionResult.SUCCESS


def test_a_meter_without_keys_takes_none(make_meter: Maker) -> None:
    meter = make_meter(level=Level.NONE)
    assert _act(meter, _transfer(meter.number, (UNICAST, NEW))) is ActionResult.OTHER_REASON


def test_the_policy_only_becomes_stricter(meter: SimulatedMeter) -> None:
    policy = AttributeRef(64, SETUP, 2)

    def activate(data: Data) -> ActionResult:
        return meter.action(MANAGEMENT, MethodRef(64, SETUP, 1), data)[0]

    assert meter.get(MANAGEMENT, policy, None) == enum(3)
    assert activate(enum(2)) is ActionResult.OTHER_REASON
    assert activate(enum(4)) is ActionResult.OTHER_REASON
    assert activate(octet_string(b"3")) is ActionResult.TYPE_UNMATCHED
    assert activate(enum(3)) is ActionResult.SUCCESS
    meter.override(policy, enum(1))
    assert activate(enum(3)) is ActionResult.SUCCESS
    assert meter.get(MANAGEMENT, policy, None) == enum(3)


def test_secrets_are_shown_nowhere(meter: SimulatedMeter) -> None:
    transfer = _transfer(meter.number, (UNICAST, NEW))
    _act(meter, transfer)
    assert NEW.hex() not in repr(meter.keys)
    assert repr(NEW) not in repr((meter.keys, meter.model, *meter.states()))


# --- what associations say of themselves ---


@pytest.mark.parametrize(
    ("level", "client", "context", "mechanism"),
    [(Level.HLS5_GMAC, 1, 3, 5), (Level.LLS, 1, 3, 1), (Level.HLS5_GMAC, 16, 1, 0), (Level.NONE, 1, 1, 0)],
)
def test_an_association_names_its_partner_context_and_mechanism(
    make_meter: Maker, level: Level, client: int, context: int, mechanism: int
) -> None:
    meter = make_meter(level=level)

    def read(attribute: int) -> Any:
        value = meter.get(client, AttributeRef(15, ASSOCIATION, attribute), None)
        assert isinstance(value, Data)
        return value.value

    assert [part.value for part in read(3)] == [client, 1]
    assert [part.value for part in read(4)] == [2, 16, 756, 5, 8, 1, context]
    assert [part.value for part in read(6)] == [2, 16, 756, 5, 8, 2, mechanism]
    assert read(8) == 2
