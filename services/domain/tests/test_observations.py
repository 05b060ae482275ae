"""What meters tell and the registry keeps: relays, versions, HLS flags; the newest observation stands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse

METER = "TEST1024000000001"
GAS = "TESTG101205673101"
OPERATIONS = load_operations()


@pytest.fixture
async def registry(domain):
    """A meter with a gas meter on channel 1, which another organisation owns nothing of."""
    await domain.install()
    await domain.install_mbus(GAS, METER, 1)
    return domain


async def run(domain, name, response, device=METER, /, *, at=None, **request):
    asked = OPERATIONS[name].request.model_validate(request)
    command = domain.command(asked, uid=f"observed-{next(domain.offsets):012}", device=device)
    (sent,) = (await domain.handle(command)).requests()
    answer = OPERATIONS[name].response.model_validate(response)
    await domain.handle(domain.answer(sent, answer, observed_at=at or domain.clock.now))


def relay(at, state="CONNECTED", **more):
    return {"output_state": state == "CONNECTED", "control_state": state, "read_at": at} | more


async def relay_of(domain, device=METER):
    statement = "select relay_output, relay_state, relay_at, relay_source from domain.devices"
    return (await domain.rows(f"{statement} where device_identification = %s", device))[0]


async def test_the_last_known_state_of_a_relay(registry):
    now = registry.clock.now
    assert await relay_of(registry) == (None, None, None, None)
    await run(registry, "GetRelayStatus", relay(now, control_mode=2))
    assert await relay_of(registry) == (True, "CONNECTED", now, "GetRelayStatus")
    later = now + timedelta(minutes=1)
    await run(registry, "SetRelayStatus", relay(later, "DISCONNECTED"), action="DISCONNECT")
    assert await relay_of(registry) == (False, "DISCONNECTED", later, "SetRelayStatus")
    await run(registry, "GetRelayStatus", relay(now, control_mode=2))
    assert await relay_of(registry) == (False, "DISCONNECTED", later, "SetRelayStatus")


async def test_the_valve_of_a_gas_meter_is_the_gas_meters(registry):
    now = registry.clock.now
    await run(registry, "GetRelayStatus", relay(now, "DISCONNECTED", control_mode=1), GAS)
    assert (await relay_of(registry, GAS))[1] == "DISCONNECTED"
    later = now + timedelta(minutes=1)
    await run(registry, "GetRelayStatus", relay(later, control_mode=1), device_identification=GAS)
    assert (await relay_of(registry, GAS))[1] == "CONNECTED"
    assert await relay_of(registry) == (None, None, None, None)


async def test_actions_of_a_bundle_teach_in_the_order_of_their_reading(registry):
    now, encode = registry.clock.now, registry.codec.encode
    request, response = OPERATIONS["GetRelayStatus"].request, OPERATIONS["GetRelayStatus"].response
    actions = [request(), request(device_identification=GAS), request()]
    answers = [
        relay(now + timedelta(seconds=2), "READY_FOR_RECONNECTION", control_mode=2),
        relay(now, "DISCONNECTED", control_mode=2),
        relay(now, control_mode=2),
    ]
    bundle = BundleRequest(
        actions=[BundleAction(operation="GetRelayStatus", request=encode(action)) for action in actions]
    )
    (sent,) = (await registry.handle(registry.command(bundle))).requests()
    given = [
        BundleAnswer(operation="GetRelayStatus", response=encode(response.model_validate(answer))) for answer in answers
    ]
    await registry.handle(registry.answer(sent, BundleResponse(answers=given)))
    assert (await relay_of(registry))[1] == "READY_FOR_RECONNECTION"
    assert (await relay_of(registry, GAS))[1] == "DISCONNECTED"


async def test_a_removed_device_leaves_no_observation(registry):
    await run(registry, "GetRelayStatus", relay(registry.clock.now, control_mode=2))
    await run(registry, "GetFirmwareVersion", versions("1.0"))
    await registry.remove()
    await registry.handle(registry.command(registry.new_meter(), uid="installed-once-more-00001"))
    assert await relay_of(registry) == (None, None, None, None)
    assert await registry.rows("select * from domain.module_versions") == []


def versions(active, **more):
    told = {"ACTIVE_FIRMWARE": active} | more
    return {"versions": [{"module_type": module, "version": version} for module, version in told.items()]}


async def versions_of(domain, device=METER):
    statement = "select module, version from domain.module_versions where device_identification = %s order by module"
    return dict(await domain.rows(statement, device))


async def test_each_modules_last_version_is_kept(registry):
    now = registry.clock.now
    await run(registry, "GetFirmwareVersion", versions("1.0", MODULE_ACTIVE_FIRMWARE="M1"), at=now)
    await run(registry, "GetFirmwareVersion", versions("1.1"), at=now + timedelta(minutes=1))
    await run(registry, "GetFirmwareVersion", versions("0.9", MODULE_ACTIVE_FIRMWARE="M1"), at=now)
    assert await versions_of(registry) == {"ACTIVE_FIRMWARE": "1.1", "MODULE_ACTIVE_FIRMWARE": "M1"}
    gas = {"version": {"version": "00400011"}}
    await run(registry, "GetFirmwareVersionGas", gas, GAS)
    assert await versions_of(registry, GAS) == {"SIMPLE_VERSION_INFO": "00400011"}


async def found(domain, **wanted):
    asked = OPERATIONS["FindDevices"].request.model_validate({"filter": wanted})
    command = domain.command(asked, uid=f"find-{next(domain.offsets):016}", device=None, topic="commands-urgent")
    (reply,) = (await domain.handle(command)).replies()
    return domain.codec.decode(reply.result).response.devices


async def test_devices_show_the_last_known_state_of_their_relay(registry):
    now = registry.clock.now
    await run(registry, "GetRelayStatus", relay(now, "READY_FOR_RECONNECTION", control_mode=2))
    known = {device.device_identification: device.relay for device in await found(registry)}
    assert known[GAS] is None
    seen = known[METER]
    assert (seen.output_state, seen.control_state) == (False, "READY_FOR_RECONNECTION")
    assert (seen.read_at, seen.source) == (now, "GetRelayStatus")
    command = registry.command(OPERATIONS["GetDevices"].request(), uid="list-of-all-the-devices", device=None)
    (reply,) = (await registry.handle(command)).replies()
    listed = {item.device_identification: item.relay for item in registry.codec.decode(reply.result).response.devices}
    assert listed == known


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"relay_state": "CONNECTED"}, [METER]),
        ({"relay_state": "DISCONNECTED"}, []),
        ({"relay_state": "UNKNOWN"}, [GAS]),
        ({"firmware_version": "1.*"}, [METER]),
        ({"firmware_version": "1.*", "exact_match": True}, []),
        ({"firmware_module": "MODULE_ACTIVE"}, [METER]),
        ({"firmware_module": "MODULE_ACTIVE", "firmware_version": "1.?"}, []),
        ({"firmware_module": "SECURITY"}, []),
    ],
)
async def test_devices_are_found_by_what_meters_told(registry, wanted, names):
    await run(registry, "GetRelayStatus", relay(registry.clock.now, control_mode=2))
    await run(registry, "GetFirmwareVersion", versions("1.0", MODULE_ACTIVE_FIRMWARE="M1"))
    assert [device.device_identification for device in await found(registry, **wanted)] == names


def flags(**told):
    return [{"flag": flag, "enabled": enabled} for flag, enabled in told.items()]


async def flags_of(domain):
    names = ("hls3_active", "hls4_active", "hls5_active")
    columns = ", ".join(f"(description -> '{name}')::boolean" for name in names)
    statement = f"select {columns}, revision from domain.devices where device_identification = %s"
    return (await domain.rows(statement, METER))[0]


async def test_the_record_follows_the_hls_flags_of_the_meter(registry):
    assert await flags_of(registry) == (False, False, True, 1)
    held = {"configuration": {"flags": flags(HLS_5_ON_P3_ENABLE=True, HLS_3_ON_P3_ENABLE=False, PO_ENABLE=True)}}
    now = registry.clock.now
    await run(registry, "GetConfigurationObject", held, at=now)
    assert await flags_of(registry) == (False, False, True, 1)
    asked = {"configuration": {"flags": flags(HLS_4_ON_P3_ENABLE=True)}}
    await run(registry, "SetConfigurationObject", {}, at=now + timedelta(minutes=2), **asked)
    assert await flags_of(registry) == (False, True, True, 2)
    older = {"configuration": {"flags": flags(HLS_4_ON_P3_ENABLE=False, HLS_5_ON_P3_ENABLE=False)}}
    await run(registry, "GetConfigurationObject", older, at=now + timedelta(minutes=1))
    assert await flags_of(registry) == (False, True, True, 2)


@pytest.mark.parametrize("asked", [{"gprs_operation_mode": "TRIGGERED"}, {"flags": flags(PO_ENABLE=True)}])
async def test_other_configuration_is_no_news_of_the_association(registry, asked):
    await run(registry, "SetConfigurationObject", {}, configuration=asked)
    assert await registry.rows("select hls_flags_at from domain.devices where hls_flags_at is not null") == []
