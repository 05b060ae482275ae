"""Coupling and its kin: what is refused before and after the meter was asked, what the registry knows afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.runtime.errors import BrokerOutage

METER = "TEST1024000000001"
OTHER_METER = "TEST1024000000002"
GAS = "TESTG101205673101"
WATER = "TESTW101205673102"
OPERATIONS = load_operations()
NAMED = {"mbus_device_identification": GAS}


def short_id(number="12056731", manufacturer="LGB"):
    return {
        "mbus_identification_number": number,
        "mbus_manufacturer_identification": manufacturer,
        "mbus_version": 66,
        "mbus_device_type_identification": 3,
    }


def values(channel, number="12056731", manufacturer="LGB", **more):
    told = {"channel": channel, "primary_address": 3, "version": 66, "device_type": 3}
    return told | {"identification_number": number, "manufacturer": manufacturer} | more


@pytest.fixture
async def registry(domain):
    """Two meters; a gas meter that is behind none yet."""
    await domain.install()
    await domain.install(OTHER_METER, secret=11)
    await domain.install_mbus(GAS, **short_id())
    await domain.relay.publish_changes()
    return domain


async def change(domain, device=GAS, /, **columns):
    named = ", ".join(f"{name} = %s" for name in columns)
    await domain.execute(
        f"update domain.devices set {named} where device_identification = %s", *columns.values(), device
    )


async def place_of(domain, device=GAS):
    statement = "select gateway, channel, primary_address, mbus_identity from domain.devices"
    ((*place,),) = await domain.rows(f"{statement} where device_identification = %s", device)
    return tuple(place)


async def ask(domain, name, device=METER, /, **request):
    asked = OPERATIONS[name].request.model_validate(request)
    return await domain.handle(domain.command(asked, uid=f"coupling-{next(domain.offsets):012}", device=device))


async def run(domain, name, response, device=METER, /, *, at=None, **request):
    """The result of an operation that the meter answers so."""
    (asked,) = (await ask(domain, name, device, **request)).requests()
    answer = OPERATIONS[name].response.model_validate(response)
    moment = {} if at is None else {"observed_at": at}
    (result,) = (await domain.handle(domain.answer(asked, answer, **moment))).results()
    return result


async def records(domain):
    domain.taken()
    await domain.relay.publish_changes()
    published = domain.taken().on("devices")
    return {
        record.device_identification: [(item.channel, item.device_identification) for item in record.channels]
        for record in published
    }


# Before the meter is asked


@pytest.mark.parametrize(
    ("gateway", "channel", "status", "force", "code"),
    [
        (None, None, "IN_USE", False, 222),
        (METER, 2, "IN_USE", True, 222),
        (OTHER_METER, 2, "NEW_IN_INVENTORY", False, 216),
        (METER, 2, "NEW_IN_INVENTORY", False, 216),
        (OTHER_METER, 2, "NEW_IN_INVENTORY", True, None),
        (METER, 2, "NEW_IN_INVENTORY", True, None),
        (None, None, "UNDER_TEST", False, None),
    ],
)
async def test_which_devices_may_be_coupled(registry, gateway, channel, status, force, code):
    await change(registry, gateway=gateway, channel=channel, lifecycle_status=status)
    sent = await ask(registry, "CoupleMbusDevice", force=force, **NAMED)
    if code is None:
        (device,) = sent.requests()[0].header.mbus_devices
        assert (device.device_identification, device.channel) == (GAS, channel if gateway == METER else None)
        return
    (result,) = sent.results()
    assert (result.status, result.error.number) == (ResultStatus.REJECTED, code)
    assert result.error.details["field"] == "request.mbus_device_identification"


async def test_a_meter_has_room_for_four(registry):
    for channel in range(1, 5):
        await registry.install_mbus(f"TESTG10120567314{channel}", METER, channel)
    (result,) = (await ask(registry, "CoupleMbusDevice", **NAMED)).results()
    assert (result.error.number, result.error.details["field"]) == (217, "header.device_identification")
    await change(registry, "TESTG101205673144", gateway=None, channel=None)
    await change(registry, gateway=METER, channel=4)
    assert len((await ask(registry, "CoupleMbusDevice", force=True, **NAMED)).requests()) == 1


@pytest.mark.parametrize("name", ["CoupleMbusDevice", "DecoupleMbusDevice"])
@pytest.mark.parametrize(("named", "code"), [("UNKNOWN0000000001", 201), (OTHER_METER, 401)])
async def test_only_mbus_devices_of_the_registry_are_coupled(registry, name, named, code):
    (result,) = (await ask(registry, name, mbus_device_identification=named)).results()
    assert (result.error.number, result.error.details["device"]) == (code, named)
    assert result.error.details["field"] == "request.mbus_device_identification"


@pytest.mark.parametrize(
    ("gateway", "status", "code"),
    [
        (METER, "NEW_IN_INVENTORY", 207),
        (None, "REGISTERED", 207),
        (OTHER_METER, "IN_USE", 221),
        (METER, "IN_USE", None),
    ],
)
async def test_which_devices_may_be_decoupled(registry, gateway, status, code):
    await change(registry, gateway=gateway, channel=gateway and 2, lifecycle_status=status)
    sent = await ask(registry, "DecoupleMbusDevice", **NAMED)
    assert [result.error.number for result in sent.results()] == ([] if code is None else [code])
    assert [request.header.mbus_devices[0].channel for request in sent.requests()] == ([2] if code is None else [])


async def test_a_device_on_no_channel_is_decoupled_without_the_meter(registry):
    await change(registry, lifecycle_status="IN_USE")
    sent = await ask(registry, "DecoupleMbusDevice", **NAMED)
    (result,) = sent.results()
    assert (result.status, sent.requests()) == (ResultStatus.OK, [])
    assert (result.response.mbus_device_identification, result.response.channel_values) == (GAS, None)


async def test_a_status_of_the_same_batch_counts(registry):
    await change(registry, gateway=METER, channel=2)
    status = OPERATIONS["SetDeviceLifecycleStatus"].request(lifecycle_status="IN_USE")
    decouple = OPERATIONS["DecoupleMbusDevice"].request(**NAMED)
    sent = await registry.handle(
        registry.command(status, uid="status-000000000000001", device=GAS),
        registry.command(decouple, uid="decouple-0000000000001"),
    )
    assert [request.operation.name for request in sent.requests()] == ["DecoupleMbusDevice"]


# After it was asked


async def test_a_coupled_device_stands_on_its_channel(registry):
    response = NAMED | {"channel_values": values(2)}
    result = await run(registry, "CoupleMbusDevice", response, **NAMED)
    assert result.status is ResultStatus.OK
    assert await place_of(registry) == (METER, 2, 3, "LGB12056731")
    assert await records(registry) == {METER: [(2, GAS)]}
    (request,) = (await ask(registry, "GetActualMeterReadsGas", GAS)).requests()
    assert (request.header.gateway, request.header.channel, request.header.record_revision) == (METER, 2, 2)
    assert request.header.mbus_devices[0].primary_address == 3


async def test_a_device_that_moves_changes_both_records(registry):
    await run(registry, "CoupleMbusDevice", NAMED | {"channel_values": values(2)}, **NAMED)
    await records(registry)
    await run(registry, "CoupleMbusDevice", NAMED | {"channel_values": values(1)}, OTHER_METER, force=True, **NAMED)
    assert await place_of(registry) == (OTHER_METER, 1, 3, "LGB12056731")
    assert await records(registry) == {METER: [], OTHER_METER: [(1, GAS)]}


async def test_whoever_stood_on_the_channel_does_not_any_more(registry):
    await registry.install_mbus(WATER, METER, 2, **short_id("00000017", "ITW"))
    await run(registry, "CoupleMbusDevice", NAMED | {"channel_values": values(2)}, **NAMED)
    assert await place_of(registry, WATER) == (None, None, None, None)
    assert await records(registry) == {METER: [(2, GAS)]}


async def test_the_same_again_is_no_news(registry):
    for _ in range(2):
        await run(registry, "CoupleMbusDevice", NAMED | {"channel_values": values(2)}, force=True, **NAMED)
    assert await registry.rows("select revision from domain.devices where device_identification = %s", METER) == [(2,)]


async def test_older_observations_change_nothing(registry):
    now = registry.clock.now
    coupled = NAMED | {"channel_values": values(2)}
    await run(registry, "CoupleMbusDevice", coupled, at=now + timedelta(seconds=9), **NAMED)
    earlier = {"channel_values": values(1)}
    await run(registry, "CoupleMbusDevice", NAMED | earlier, OTHER_METER, at=now, force=True, **NAMED)
    await run(registry, "DecoupleMbusDeviceByChannel", {"channel_values": values(2)}, at=now, channel=2)
    assert await place_of(registry) == (METER, 2, 3, "LGB12056731")
    await registry.install_mbus(WATER, **short_id("00000017", "ITW"))
    late = {"channel_values": values(2, "00000017", "ITW")}
    await run(registry, "CoupleMbusDeviceByChannel", late, at=now, channel=2)
    assert await place_of(registry, WATER) == (None, None, None, None)


async def test_a_late_answer_couples_too(registry):
    (asked,) = (await ask(registry, "CoupleMbusDevice", **NAMED)).requests()
    answer = OPERATIONS["CoupleMbusDevice"].response.model_validate(NAMED | {"channel_values": values(2)})
    await registry.pass_time(days=3)
    (silent,) = (await registry.run_timers()).results()
    assert silent.error.code == "NO_ANSWER"
    assert (await registry.handle(registry.answer(asked, answer))).topics == []
    assert (await place_of(registry))[:2] == (METER, 2)


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        (values(2), "NEW_IN_INVENTORY", None),
        (values(2), "IN_USE", 222),
        (values(2, "12056732"), "NEW_IN_INVENTORY", 218),
        (values(2, manufacturer="ITW"), "NEW_IN_INVENTORY", 218),
        (values(2, number=None), "NEW_IN_INVENTORY", 218),
        (values(2, manufacturer=None), "NEW_IN_INVENTORY", 219),
        (values(2, device_type=0), "NEW_IN_INVENTORY", 219),
    ],
)
async def test_who_is_coupled_by_channel(registry, told, status, code):
    await change(registry, lifecycle_status=status)
    result = await run(registry, "CoupleMbusDeviceByChannel", {"channel_values": told}, channel=2)
    if code is None:
        assert (result.status, result.response.mbus_device_identification) == (ResultStatus.OK, GAS)
        assert await place_of(registry) == (METER, 2, 3, "LGB12056731")
    else:
        assert (result.status, result.error.number) == (ResultStatus.FAILED, code)
        assert (result.error.component, result.error.details["field"]) == ("DOMAIN", "request.channel")
        assert (await place_of(registry))[:2] == (None, None)


async def test_of_several_devices_with_one_name_the_meters_own_is_meant(registry):
    await registry.install_mbus(WATER, METER, 2, **short_id())
    result = await run(registry, "CoupleMbusDeviceByChannel", {"channel_values": values(2)}, channel=2)
    assert result.response.mbus_device_identification == WATER
    result = await run(registry, "CoupleMbusDeviceByChannel", {"channel_values": values(2)}, OTHER_METER, channel=2)
    assert result.error.number == 218


async def test_a_decoupled_device_stands_nowhere(registry):
    await change(registry, gateway=METER, channel=2, primary_address=3, lifecycle_status="IN_USE")
    result = await run(registry, "DecoupleMbusDevice", {"channel_values": values(2)}, **NAMED)
    assert (result.response.mbus_device_identification, result.response.channel_values.channel) == (GAS, 2)
    assert await place_of(registry) == (None, None, None, None)
    assert await records(registry) == {METER: []}


@pytest.mark.parametrize(
    ("gateway", "channel", "told", "named", "stays"),
    [
        (METER, 2, values(2), GAS, (None, None)),
        (OTHER_METER, 2, values(2), GAS, (OTHER_METER, 2)),
        (METER, 2, values(2, "raw text"), None, (None, None)),
        (METER, 1, values(2, "00000000", None), None, (METER, 1)),
        (None, None, {"channel": 2}, None, (None, None)),
    ],
)
async def test_who_is_decoupled_by_channel(registry, gateway, channel, told, named, stays):
    await change(registry, gateway=gateway, channel=channel)
    result = await run(registry, "DecoupleMbusDeviceByChannel", {"channel_values": told}, channel=2)
    assert (result.status, result.response.mbus_device_identification) == (ResultStatus.OK, named)
    assert (await place_of(registry))[:2] == stays


def status_response(channel=1, status="IN_USE", **told):
    return {
        "gateway_device_identification": METER,
        "device_lifecycle_status": status,
        "channel": channel,
        "channel_values": values(channel, **told),
    }


async def status_of(domain, device=GAS):
    statement = "select lifecycle_status from domain.devices where device_identification = %s"
    return (await domain.rows(statement, device))[0][0]


async def test_the_status_of_whoever_stands_on_the_channel(registry):
    asked = {"channel": 1, "device_lifecycle_status": "IN_USE"}
    result = await run(registry, "SetDeviceLifecycleStatusByChannel", status_response(), **asked)
    assert (result.response.mbus_device_identification, await status_of(registry)) == (GAS, "IN_USE")
    unknown = status_response(number="99999999")
    result = await run(registry, "SetDeviceLifecycleStatusByChannel", unknown, **asked)
    assert (result.status, result.error.number) == (ResultStatus.FAILED, 218)
    told = "select content ->> 'lifecycle_status' from domain.events where content ->> 'lifecycle' = 'changed'"
    assert await registry.rows(f"{told} and device_identification = %s", GAS) == [("IN_USE",)]


async def test_a_status_that_was_noted_later_stays(registry):
    later = registry.clock.now
    await ask(registry, "SetDeviceLifecycleStatus", GAS, lifecycle_status="DESTROYED")
    asked = {"channel": 1, "device_lifecycle_status": "IN_USE"}
    before = later - timedelta(seconds=1)
    await run(registry, "SetDeviceLifecycleStatusByChannel", status_response(), at=before, **asked)
    assert await status_of(registry) == "DESTROYED"


async def test_a_redelivered_answer_gives_the_same_result_whatever_became_of_the_device(registry):
    (asked,) = (await ask(registry, "CoupleMbusDeviceByChannel", channel=2)).requests()
    response = OPERATIONS["CoupleMbusDeviceByChannel"].response.model_validate({"channel_values": values(2)})
    answer = registry.answer(asked, response)
    registry.producer.break_next = True
    with pytest.raises(BrokerOutage):
        await registry.handle(answer)
    await change(registry, lifecycle_status="IN_USE")
    again = await registry.handle(answer)
    (result,) = again.results()
    assert (result.status, result.response.mbus_device_identification) == (ResultStatus.OK, GAS)
    assert (await registry.handle(answer)).outgoing == again.outgoing


async def test_actions_of_a_bundle_see_what_those_before_them_changed(registry):
    """Coupled, put into use, then not coupled again: in use."""
    names = ["CoupleMbusDeviceByChannel", "SetDeviceLifecycleStatusByChannel", "CoupleMbusDeviceByChannel"]
    requests = [{"channel": 1}, {"channel": 1, "device_lifecycle_status": "IN_USE"}, {"channel": 1}]
    responses = [{"channel_values": values(1)}, status_response(), {"channel_values": values(1)}]
    encode = registry.codec.encode
    actions = [
        BundleAction(operation=name, request=encode(OPERATIONS[name].request.model_validate(request)))
        for name, request in zip(names, requests, strict=True)
    ]
    answers = [
        BundleAnswer(operation=name, response=encode(OPERATIONS[name].response.model_validate(response)))
        for name, response in zip(names, responses, strict=True)
    ]
    (asked,) = (await registry.handle(registry.command(BundleRequest(actions=actions)))).requests()
    message = registry.answer(asked, BundleResponse(answers=answers))
    (result,) = (await registry.handle(message)).results()
    coupled, put_into_use, refused = result.response.answers
    decode = registry.codec.decode_as
    first, second = OPERATIONS[names[0]].response, OPERATIONS[names[1]].response
    assert decode(coupled.response, first).mbus_device_identification == GAS
    assert decode(put_into_use.response, second).mbus_device_identification == GAS
    assert (refused.response, refused.error.number, refused.retryable) == (None, 222, False)
    assert (result.status, await status_of(registry)) == (ResultStatus.OK, "IN_USE")
    assert (await place_of(registry))[:2] == (METER, 1)
    assert (await registry.handle(message)).results() == [result]


async def test_two_meters_that_answer_at_once_agree_who_has_the_device(registry, second):
    """Answers of two gateways about one device, decided by two processes: the later observation stands."""
    asked = []
    for meter in (METER, OTHER_METER):
        asked += (await ask(registry, "CoupleMbusDeviceByChannel", meter, channel=2)).requests()
    response = OPERATIONS["CoupleMbusDeviceByChannel"].response.model_validate({"channel_values": values(2)})
    now = registry.clock.now
    late = registry.answer(asked[1], response, observed_at=now + timedelta(seconds=2))
    await second.handle(late)
    await registry.handle(registry.answer(asked[0], response, observed_at=now))
    assert (await place_of(registry))[:2] == (OTHER_METER, 2)
    assert await records(registry) == {OTHER_METER: [(2, GAS)]}


async def test_the_database_keeps_one_device_on_a_channel(registry):
    await registry.install_mbus(WATER, METER, 1)
    with pytest.raises(Exception, match="devices_one_per_channel"):
        await change(registry, gateway=METER, channel=1)


async def test_a_removed_device_leaves_its_gateway(registry):
    await run(registry, "CoupleMbusDevice", NAMED | {"channel_values": values(2)}, **NAMED)
    assert await records(registry) == {METER: [(2, GAS)]}
    sent = await ask(registry, "RemoveDevice", GAS)
    assert [(record.device_identification, record.channels) for record in sent.on("devices")] == [(METER, [])]
    result = await run(registry, "CoupleMbusDeviceByChannel", {"channel_values": values(2)}, channel=2)
    assert result.error.number == 218
