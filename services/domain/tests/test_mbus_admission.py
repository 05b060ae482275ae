"""What is refused of requests that are for M-Bus devices or name them, alone and in bundles, and what goes along."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import CODES
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest, SynchronizeTimeResponse
from meterstream.domain.adapters.store import Transaction

METER = "TEST1024000000001"
OTHER_METER = "TEST1024000000002"
GAS = "TESTG101205673101"
OTHER_GAS = "TESTG101205673102"
OPERATIONS = load_operations()
SHORT_ID = {
    "mbus_identification_number": "12056731",
    "mbus_manufacturer_identification": "LGB",
    "mbus_version": 66,
    "mbus_device_type_identification": 3,
}
NO_CHANNEL = "Meter for gas reads should have a channel configured."
NO_GATEWAY = "Meter for gas reads should have an energy meter as gateway device."
PERIOD = {"period_type": "DAILY", "begin_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-02T00:00:00Z"}
GAS_KEY = {"secret_type": "G_METER_ENCRYPTION_KEY"}
AWAY = CODES["CONNECTION_TIMED_OUT"]("away").to_record("PROTOCOL_DLMS")


@pytest.fixture
async def registry(domain):
    """Two meters; a gas meter that is behind none yet."""
    await domain.install()
    await domain.install(OTHER_METER, secret=11)
    await domain.install_mbus(GAS, **SHORT_ID)
    return domain


async def place(domain, gateway, channel, device=GAS):
    change = "update domain.devices set gateway = %s, channel = %s where device_identification = %s"
    await domain.execute(change, gateway, channel, device)


async def ask(domain, name, device, /, **request):
    asked = OPERATIONS[name].request.model_validate(request)
    return await domain.handle(domain.command(asked, uid=f"mbus-request-{next(domain.offsets):010}", device=device))


async def refused(domain, name, device, /, **request):
    sent = await ask(domain, name, device, **request)
    (result,) = sent.results()
    assert (result.status, sent.requests()) == (ResultStatus.REJECTED, [])
    assert {"field", "rule"} <= result.error.details.keys()
    return result.error


def bundle(domain, *actions):
    made = []
    for name, request in actions:
        asked = OPERATIONS[name].request.model_validate(request)
        made.append(BundleAction(operation=name, request=domain.codec.encode(asked)))
    return BundleRequest(actions=made)


def named(name):
    return {OPERATIONS[name].naming_field: GAS}


ONE = ["GetActualMeterReadsGas", "GetPeriodicMeterReadsGas", "GetFirmwareVersionGas"]
MORE = {"GetPeriodicMeterReadsGas": PERIOD, "SetRelayStatus": {"action": "DISCONNECT"}, "SetKeyOnGMeter": GAS_KEY}
KEY = {"SetKeyOnGMeter": GAS_KEY | {"mbus_device_identification": GAS}}
SINGLE = [
    *((name, None, None, "VALIDATION_ERROR", NO_CHANNEL) for name in ONE),
    *((name, METER, None, "VALIDATION_ERROR", NO_CHANNEL) for name in ONE),
    *((name, None, 1, "VALIDATION_ERROR", NO_GATEWAY) for name in ONE),
    ("GetMbusEncryptionKeyStatus", None, None, "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE", None),
    ("GetMbusEncryptionKeyStatus", METER, None, "NO_MBUS_DEVICE_CHANNEL_FOUND", None),
    ("SetKeyOnGMeter", None, None, "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE", None),
    ("SetKeyOnGMeter", METER, None, "NO_MBUS_DEVICE_CHANNEL_FOUND", None),
    ("GetRelayStatus", None, None, "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE", None),
    ("SetRelayStatus", METER, None, "NO_MBUS_DEVICE_CHANNEL_FOUND", None),
]


@pytest.mark.parametrize(("name", "gateway", "channel", "code", "words"), SINGLE)
async def test_a_device_that_cannot_be_reached_alone(registry, name, gateway, channel, code, words):
    await place(registry, gateway, channel)
    error = await refused(registry, name, GAS, **(KEY | MORE | KEY).get(name, {}))
    assert (error.code, error.details["device"]) == (code, GAS)
    assert words is None or error.message == words


BUNDLED = [
    *((name, None, None, "VALIDATION_ERROR") for name in ONE),
    *((name, METER, None, "VALIDATION_ERROR") for name in ONE),
    ("GetActualMeterReadsGas", OTHER_METER, 2, "GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE"),
    ("GetFirmwareVersionGas", OTHER_METER, 2, "GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE"),
    ("GetPeriodicMeterReadsGas", OTHER_METER, 2, "VALIDATION_ERROR"),
    ("SetKeyOnGMeter", None, None, "VALIDATION_ERROR"),
    ("SetKeyOnGMeter", METER, None, "NO_MBUS_DEVICE_CHANNEL_FOUND"),
    ("SetKeyOnGMeter", OTHER_METER, 2, "GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE"),
    ("GetMbusEncryptionKeyStatus", None, None, "NO_MBUS_DEVICE_CHANNEL_FOUND"),
    ("GetMbusEncryptionKeyStatus", None, 1, "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE"),
    ("GetMbusEncryptionKeyStatus", OTHER_METER, 1, "GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE"),
    ("GetRelayStatus", None, None, "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE"),
    ("SetRelayStatus", OTHER_METER, 1, "GATEWAY_DEVICE_INVALID_FOR_MBUS_DEVICE"),
]


@pytest.mark.parametrize(("name", "gateway", "channel", "code"), BUNDLED)
async def test_an_action_that_breaks_a_rule_stays_behind_alone(registry, name, gateway, channel, code):
    await place(registry, gateway, channel)
    asked = bundle(registry, ("SynchronizeTime", {}), (name, MORE.get(name, {}) | named(name)))
    (request,) = (await registry.handle(registry.command(asked))).requests()
    assert [action.operation for action in request.request.actions] == ["SynchronizeTime"]
    good = registry.codec.encode(SynchronizeTimeResponse(set_to=registry.clock.now))
    answers = [BundleAnswer(operation="SynchronizeTime", response=good)]
    (result,) = (await registry.handle(registry.answer(request, BundleResponse(answers=answers)))).results()
    first, second = result.response.answers
    assert (result.status, first.response, second.error.code) == (ResultStatus.OK, good, code)
    assert (second.operation, second.retryable, second.error.details["device"]) == (name, False, GAS)
    assert second.error.details["field"] == f"request.{OPERATIONS[name].naming_field}"


async def test_a_bundle_of_which_nothing_is_left_ends_with_its_faults(registry):
    asked = bundle(registry, ("GetRelayStatus", named("GetRelayStatus")), ("GetActualMeterReadsGas", {}))
    sent = await registry.handle(registry.command(asked))
    (result,) = sent.results()
    assert (result.status, sent.requests()) == (ResultStatus.OK, [])
    assert [answer.error.code for answer in result.response.answers] == [
        "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE",
        "VALIDATION_ERROR",
    ]


async def test_an_unknown_device_is_refused_alone_and_in_its_place(registry):
    nobody = {"device_identification": "UNKNOWN0000000001"}
    error = await refused(registry, "GetRelayStatus", METER, **nobody)
    assert (error.number, error.details["field"]) == (201, "request.device_identification")
    asked = bundle(registry, ("GetRelayStatus", nobody), ("GetRelayStatus", {}))
    (request,) = (await registry.handle(registry.command(asked))).requests()
    assert len(request.request.actions) == 1
    error = await refused(registry, "GetRelayStatus", METER, device_identification=OTHER_METER)
    assert (error.number, error.details["rule"]) == (401, "must name an M-Bus device")


async def test_one_mbus_device_is_not_asked_about_another(registry):
    await registry.install_mbus(OTHER_GAS, METER, 2)
    await place(registry, METER, 1)
    error = await refused(registry, "GetRelayStatus", GAS, device_identification=OTHER_GAS)
    assert (error.number, error.details["rule"]) == (401, "must name the device of the command")


@pytest.mark.parametrize("name", ["SynchronizeTime", "ScanMbusChannels", "CoupleMbusDevice"])
async def test_what_is_for_meters_alone(registry, name):
    await place(registry, METER, 1)
    request = {"mbus_device_identification": OTHER_GAS} if name == "CoupleMbusDevice" else {}
    if request:
        await registry.install_mbus(OTHER_GAS)
    error = await refused(registry, name, GAS, **request)
    assert (error.number, error.message) == (401, f"{name} is not for M-Bus devices")


async def test_requests_tell_of_the_device_that_they_are_for(registry):
    await place(registry, METER, 3)
    (request,) = (await ask(registry, "GetActualMeterReadsGas", GAS)).requests()
    (device,) = request.header.mbus_devices
    assert (request.header.gateway, request.header.channel, device.device_identification) == (METER, 3, GAS)
    assert (device.identification_number, device.manufacturer, device.version) == ("12056731", "LGB", 66)
    assert (device.device_type, device.model_code, device.channel, device.primary_address) == (3, "G4", 3, None)


async def test_requests_tell_of_each_device_that_they_name_once(registry):
    await place(registry, METER, 1)
    await registry.install_mbus(OTHER_GAS, METER, 2)
    asked = bundle(
        registry,
        ("GetActualMeterReadsGas", {"device_identification": OTHER_GAS}),
        ("GetRelayStatus", {"device_identification": GAS}),
        ("GetRelayStatus", {}),
        ("GetFirmwareVersionGas", {"device_identification": OTHER_GAS}),
    )
    message = registry.command(asked)
    sent = await registry.handle(message)
    (request,) = sent.requests()
    told = [(device.device_identification, device.channel) for device in request.header.mbus_devices]
    assert told == [(OTHER_GAS, 2), (GAS, 1)]
    assert len(request.request.actions) == 4
    await place(registry, None, None)  # a redelivery tells the same, whatever became of the device
    lane = "dlms-requests-normal"
    again = await registry.handle(message)
    assert [item for item in again.outgoing if item.topic == lane] == [
        item for item in sent.outgoing if item.topic == lane
    ]
    (request,) = (await ask(registry, "GetRelayStatus", METER, device_identification=OTHER_GAS)).requests()
    assert [device.device_identification for device in request.header.mbus_devices] == [OTHER_GAS]


async def test_another_attempt_resolves_devices_anew(registry):
    await place(registry, METER, 1)
    await registry.install_mbus(OTHER_GAS, METER, 2)
    actions = [("GetRelayStatus", {"device_identification": device}) for device in (GAS, OTHER_GAS)]
    (first,) = (await registry.handle(registry.command(bundle(registry, *actions)))).requests()
    assert [device.channel for device in first.header.mbus_devices] == [1, 2]
    await registry.handle(registry.answer(first, error=AWAY, retryable=True))
    await place(registry, METER, 4)
    await place(registry, OTHER_METER, 2, OTHER_GAS)
    await registry.pass_time(seconds=31)
    (second,) = (await registry.run_timers()).requests()
    assert [(item.device_identification, item.channel) for item in second.header.mbus_devices] == [(GAS, 4)]
    assert (second.header.attempt, len(second.request.actions)) == (2, 1)
    (result,) = (await registry.handle(registry.answer(second, error=AWAY))).results()
    assert (result.status, result.error.code) == (ResultStatus.FAILED, "CONNECTION_TIMED_OUT")


async def test_an_action_that_fails_on_retry_keeps_its_refusal(registry):
    await place(registry, METER, 1)
    asked = bundle(registry, ("SynchronizeTime", {}), ("GetRelayStatus", {"device_identification": GAS}))
    (first,) = (await registry.handle(registry.command(asked))).requests()
    good = registry.codec.encode(SynchronizeTimeResponse(set_to=registry.clock.now))
    answers = [
        BundleAnswer(operation="SynchronizeTime", response=good),
        BundleAnswer(operation="GetRelayStatus", error=AWAY, retryable=True),
    ]
    await registry.handle(registry.answer(first, BundleResponse(answers=answers)))
    await place(registry, None, None)
    await registry.pass_time(seconds=31)
    sent = await registry.run_timers()
    (result,) = sent.results()
    assert (result.status, sent.requests()) == (ResultStatus.OK, [])
    assert [answer.error and answer.error.code for answer in result.response.answers] == [
        None,
        "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE",
    ]


async def test_a_scheduled_request_resolves_its_device_when_it_falls_due(registry):
    await place(registry, METER, 1)
    due = registry.clock.now + timedelta(hours=1)
    asked = OPERATIONS["GetActualMeterReadsGas"].request()
    later = {"schedule_time": due, "expires_at": due + timedelta(hours=1)}
    await registry.handle(registry.command(asked, device=GAS, **later))
    await place(registry, OTHER_METER, 2)
    await registry.pass_time(hours=1, seconds=1)
    (request,) = (await registry.run_timers()).requests()
    assert (request.header.gateway, request.header.mbus_devices[0].channel) == (OTHER_METER, 2)


async def test_a_cancelled_bundle_tells_why_an_action_stayed_behind(registry):
    asked = bundle(registry, ("SynchronizeTime", {}), ("GetRelayStatus", {"device_identification": GAS}))
    (request,) = (await registry.handle(registry.command(asked))).requests()
    await registry.handle(registry.answer(request, error=AWAY, retryable=True))
    (result,) = (await registry.handle(registry.cancel())).results()
    assert result.status is ResultStatus.CANCELLED
    assert [answer.error.code for answer in result.response.answers] == [
        "CONNECTION_TIMED_OUT",
        "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE",
    ]


async def test_a_bundle_asks_the_database_once_for_all_that_it_names(registry, monkeypatch):
    await place(registry, METER, 1)
    asked, fetch_all = [], Transaction.fetch_all

    async def counting(self, statements):
        listed = list(statements)
        asked[-1] += len(listed)
        return await fetch_all(self, listed)

    monkeypatch.setattr(Transaction, "fetch_all", counting)
    for count in (1, 50):
        asked.append(0)
        actions = [("GetActualMeterReadsGas", {"device_identification": GAS})] * count
        command = registry.command(bundle(registry, *actions), uid=f"bundle-of-{count:010}")
        (request,) = (await registry.handle(command)).requests()
        assert (len(request.request.actions), len(request.header.mbus_devices)) == (count, 1)
    assert asked[0] == asked[1] > 0


def test_the_plain_request_names_nothing():
    assert OPERATIONS["SynchronizeTime"].named_device(SynchronizeTimeRequest()) is None
    assert OPERATIONS["FindMessageLogs"].naming_field is None
