"""Commands that change keys: stored before they are sent, never two undecided ones of a kind, none ever lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import error
from meterstream.contracts.key_transfers import KeyFact, KeyOutcome
from meterstream.contracts.operations.add_device import AddDeviceRequest, DeviceModel, NewDevice
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.contracts.operations.decouple_mbus_device_administrative import (
    DecoupleMbusDeviceAdministrativeRequest,
)
from meterstream.contracts.operations.generate_and_replace_keys import (
    GenerateAndReplaceKeysRequest,
    GenerateAndReplaceKeysResponse,
)
from meterstream.contracts.operations.replace_keys import ReplaceKeysRequest, ReplaceKeysResponse
from meterstream.contracts.operations.set_key_on_g_meter import SetKeyOnGMeterRequest, SetKeyOnGMeterResponse
from meterstream.contracts.operations.set_mbus_user_key_by_channel import (
    SetMbusUserKeyByChannelRequest,
    SetMbusUserKeyByChannelResponse,
)
from meterstream.contracts.operations.synchronize_time import SynchronizeTimeRequest, SynchronizeTimeResponse
from meterstream.contracts.shared.mbus import MbusChannelValues
from meterstream.runtime.sealing import key_binding

METER = "TEST1024000000001"
GAS = "TESTG101205673101"
AK, EK = "E_METER_AUTHENTICATION_KEY", "E_METER_ENCRYPTION_KEY_UNICAST"
USER, FIRMWARE, P0 = (
    "G_METER_ENCRYPTION_KEY",
    "G_METER_FIRMWARE_UPDATE_AUTHENTICATION_KEY",
    "G_METER_OPTICAL_PORT_KEY",
)
GENERATE = GenerateAndReplaceKeysRequest()
SHORT_ID = {
    "mbus_identification_number": "12056731",
    "mbus_manufacturer_identification": "LGB",
    "mbus_version": 66,
    "mbus_device_type_identification": 3,
}


@pytest.fixture
async def meter(domain):
    """A meter whose keys are proven, with a gas meter on channel 2."""
    await domain.install()
    await domain.install_mbus(GAS, METER, 2, **SHORT_ID)
    await domain.execute(
        "update domain.device_keys set proven = true, changed_at = changed_at - interval '1 h'"
        " where device_identification = %s and state = 'ACTIVE'",
        METER,
    )
    await domain.relay.publish_changes()
    return domain


def replace(domain, secret):
    encrypt = domain.keys.encrypt
    return ReplaceKeysRequest(
        authentication_key=encrypt(bytes([secret]) * 16), encryption_key=encrypt(bytes([secret + 1]) * 16)
    )


async def ask(domain, request, uid="keys-000000000000001", **header):
    domain.clock.advance(seconds=1)
    return await domain.handle(domain.command(request, uid=uid, device=METER, **header))


async def answer(domain, asked, response=None, code=None, facts=(), **more):
    """The result or nothing; `facts` are outcomes by key id."""
    domain.clock.advance(seconds=1)
    told = [
        KeyFact(device_identification=more.get("device", METER), key_id=key_id, outcome=outcome)
        for key_id, outcome in dict(facts).items()
    ]
    more.pop("device", None)
    failure = None if code is None else error(code, "so it is")
    record = None if failure is None else failure.to_record("PROTOCOL_DLMS")
    retryable = failure is not None and failure.retryable
    message = domain.answer(asked, response, record, retryable=retryable, key_facts=told, **more)
    return (await domain.handle(message)).results()


async def retry(domain):
    """The next attempt."""
    await domain.pass_time(minutes=5)
    domain.clock.advance(seconds=20)  # beyond the clock of the database, by which timers go
    (asked,) = (await domain.run_timers()).requests()
    return asked


async def states(domain, device=METER, kind=AK):
    """States by key id, without the one that the device was installed with."""
    found = await domain.rows(
        "select key_id, state from domain.device_keys where device_identification = %s and kind = %s", device, kind
    )
    return dict(found)


def ids(asked):
    return {key.kind.value: key.key_id for key in asked.header.new_keys}


def opened(domain, record, kind, state, channel=None):
    """Octets of the sealed keys of a record."""
    device, keys = record.device_identification, record.keys
    if channel is not None:
        (behind,) = [found for found in record.channels if found.channel == channel]
        device, keys = behind.device_identification, behind.keys
    return [
        domain.keys.protocol.open(record.ephemeral_public, key.sealed, key_binding(device, key.kind, key.key_id))
        for key in keys
        if (key.kind, key.state) == (kind, state)
    ]


async def test_given_keys_lie_on_the_record_before_the_request_leaves(meter):
    sent = await ask(meter, replace(meter, 41))
    (asked,) = sent.requests()
    assert [topic for topic in sent.topics if topic != "command-states"][:2] == ["devices", "dlms-requests-normal"]
    (record,) = sent.on("devices")
    assert asked.header.record_revision == record.revision
    assert [(key.step, key.kind) for key in asked.header.new_keys] == [(0, AK), (0, EK)]
    assert opened(meter, record, AK, "NEW") == [bytes([41]) * 16]
    assert opened(meter, record, EK, "NEW") == [bytes([42]) * 16]
    assert opened(meter, record, AK, "ACTIVE") == [bytes([2]) * 16]
    for outgoing in sent.outgoing:
        assert bytes([41]) * 16 not in outgoing.value


async def test_an_association_makes_new_keys_active(meter):
    (asked,) = (await ask(meter, replace(meter, 41))).requests()
    new = ids(asked)
    (result,) = await answer(
        meter,
        asked,
        ReplaceKeysResponse(),
        facts=dict.fromkeys(new.values(), KeyOutcome.TRANSFERRED),
        proven=list(new.values()),
    )
    assert result.status is ResultStatus.OK
    for kind, key_id in new.items():
        found = await states(meter, kind=kind)
        assert found.pop(key_id) == "ACTIVE"
        assert list(found.values()) == ["EXPIRED"]


async def test_the_answer_to_a_transfer_proves_nothing(meter):
    (asked,) = (await ask(meter, replace(meter, 41))).requests()
    assert not await answer(
        meter, asked, code="SOCKET_CLOSED_BY_REMOTE", facts={ids(asked)[AK]: KeyOutcome.TRANSFERRED}
    )
    assert (await states(meter))[ids(asked)[AK]] == "NEW"


async def test_a_refused_key_is_withdrawn_at_once_and_proposed_again_with_the_next_attempt(meter):
    (asked,) = (await ask(meter, GENERATE)).requests()
    first = ids(asked)
    await answer(meter, asked, code="DEVICE_REFUSED", facts={first[AK]: KeyOutcome.REFUSED})
    assert (await states(meter))[first[AK]] == "WITHDRAWN"
    again = await retry(meter)
    assert (again.header.attempt, ids(again)) == (2, first)
    assert (await states(meter))[first[AK]] == "NEW"


@pytest.mark.parametrize("own", [True, False], ids=["given", "generated"])
async def test_no_attempt_of_a_command_makes_a_second_key(meter, own):
    (asked,) = (await ask(meter, replace(meter, 41) if own else GENERATE)).requests()
    first, before = ids(asked), await meter.rows("select key_id from domain.device_keys order by key_id")
    await answer(meter, asked, code="SOCKET_CLOSED_BY_REMOTE", facts={first[AK]: KeyOutcome.UNDECIDED})
    second = await retry(meter)
    assert ids(second) == first
    await answer(meter, second, code="SOCKET_CLOSED_BY_REMOTE", proven=[first[AK]])
    third = await retry(meter)
    assert ids(third) == first
    assert await meter.rows("select key_id from domain.device_keys order by key_id") == before
    assert (await states(meter))[first[AK]] == "ACTIVE"
    (result,) = await answer(meter, third, GenerateAndReplaceKeysResponse() if not own else ReplaceKeysResponse())
    assert result.status is ResultStatus.OK


@pytest.mark.parametrize("held", [True, False], ids=["in the meter", "not in the meter"])
async def test_a_command_that_meets_undecided_keys_finds_out_first(meter, held):
    (lost,) = (await ask(meter, replace(meter, 41), bypass_retry=True)).requests()
    undecided = ids(lost)
    (result,) = await answer(meter, lost, code="SOCKET_CLOSED_BY_REMOTE", facts={undecided[AK]: KeyOutcome.UNDECIDED})
    assert result.status is ResultStatus.FAILED
    (probe,) = (await ask(meter, GENERATE, uid="keys-000000000000002")).requests()
    assert probe.header.new_keys == []
    found = {"proven": list(undecided.values())} if held else {"facts": dict.fromkeys(undecided.values(), "absent")}
    assert not await answer(meter, probe, code="KEYS_UNDECIDED", **found)
    assert (await states(meter))[undecided[AK]] == ("ACTIVE" if held else "WITHDRAWN")
    again = await retry(meter)
    assert set(ids(again)) == {AK, EK}
    assert not set(ids(again).values()) & set(undecided.values())
    kept = await states(meter)
    assert [kept[undecided[AK]], kept[ids(again)[AK]]] == ["ACTIVE" if held else "WITHDRAWN", "NEW"]


async def test_a_late_refusal_does_not_withdraw_what_was_proposed_again(meter):
    (asked,) = (await ask(meter, GENERATE)).requests()
    refused = {ids(asked)[AK]: KeyOutcome.REFUSED}
    await answer(meter, asked, code="DEVICE_REFUSED", facts=refused)
    again = await retry(meter)
    before = meter.clock.now - timedelta(minutes=1)  # and so before the second attempt was prepared
    await answer(meter, again, code="DEVICE_REFUSED", facts=refused, attempt=1, observed_at=before)
    assert (await states(meter))[ids(again)[AK]] == "NEW"


async def test_scheduled_keys_are_stored_when_they_fall_due(meter):
    due = meter.clock.now + timedelta(minutes=2)
    assert not (await ask(meter, replace(meter, 41), schedule_time=due)).requests()
    assert "NEW" not in (await states(meter)).values()
    asked = await retry(meter)
    assert (await states(meter))[ids(asked)[AK]] == "NEW"
    assert not await answer(meter, asked, code="SOCKET_CLOSED_BY_REMOTE")
    assert ids(await retry(meter)) == ids(asked)


async def test_keys_that_do_not_open_change_nothing(meter):
    broken = ReplaceKeysRequest(authentication_key=bytes(256), encryption_key=meter.keys.encrypt(bytes(16)))
    before = await meter.rows("select * from domain.device_keys order by key_id")
    sent = await ask(meter, broken)
    (result,) = sent.results()
    assert (result.error.number, sent.requests()) == (804, [])
    short = ReplaceKeysRequest(
        authentication_key=meter.keys.encrypt(bytes(15)), encryption_key=meter.keys.encrypt(bytes(16))
    )
    (result,) = (await ask(meter, short, uid="keys-000000000000002")).results()
    assert result.error.number == 802
    assert await meter.rows("select * from domain.device_keys order by key_id") == before


def action(domain, request):
    name = type(request).__name__.removesuffix("Request")
    return BundleAction(operation=name, request=domain.codec.encode(request))


async def test_actions_of_a_bundle_have_keys_of_their_own(meter):
    broken = ReplaceKeysRequest(authentication_key=bytes(256), encryption_key=bytes(256))
    requests = [SynchronizeTimeRequest(), broken, replace(meter, 41), GENERATE]
    (asked,) = (await ask(meter, BundleRequest(actions=[action(meter, one) for one in requests]))).requests()
    assert [one.operation for one in asked.request.actions] == [
        "SynchronizeTime",
        "ReplaceKeys",
        "GenerateAndReplaceKeys",
    ]
    assert [(key.step, key.kind) for key in asked.header.new_keys] == [(1, AK), (1, EK)]
    given = ids(asked)
    done = meter.codec.encode(SynchronizeTimeResponse(set_to=meter.clock.now))
    failed = error("SOCKET_CLOSED_BY_REMOTE", "gone").to_record("PROTOCOL_DLMS")
    answers = [BundleAnswer(operation="SynchronizeTime", response=done)] + [
        BundleAnswer(operation=one.operation, error=failed, retryable=True) for one in asked.request.actions[1:]
    ]
    assert not await answer(meter, asked, BundleResponse(answers=answers))
    again = await retry(meter)
    assert [one.operation for one in again.request.actions] == ["ReplaceKeys", "GenerateAndReplaceKeys"]
    assert [(key.step, key.key_id) for key in again.header.new_keys] == [(0, given[AK]), (0, given[EK])]
    done = meter.codec.encode(ReplaceKeysResponse())
    answers = [
        BundleAnswer(operation="ReplaceKeys", response=done),
        BundleAnswer(operation="GenerateAndReplaceKeys", error=failed, retryable=True),
    ]
    assert not await answer(meter, again, BundleResponse(answers=answers), proven=list(given.values()))
    last = await retry(meter)
    assert [(key.step, key.kind) for key in last.header.new_keys] == [(0, AK), (0, EK)]
    assert not set(ids(last).values()) & set(given.values())


async def test_a_key_of_an_mbus_device_travels_on_the_record_of_its_gateway(meter):
    request = SetKeyOnGMeterRequest(mbus_device_identification=GAS, secret_type=USER)
    sent = await ask(meter, request)
    (asked,) = sent.requests()
    (record,) = sent.on("devices")
    ((key_id, state),) = [item for item in (await states(meter, GAS, USER)).items() if item[1] == "NEW"]
    assert [(key.device_identification, key.key_id) for key in asked.header.new_keys] == [(GAS, key_id)]
    assert asked.header.record_revision == record.revision
    (made,) = opened(meter, record, USER, state, channel=2)
    assert len(made) == 16
    assert opened(meter, record, USER, "ACTIVE", channel=2) == [bytes([101]) * 16]
    assert not await answer(
        meter, asked, code="SOCKET_CLOSED_BY_REMOTE", facts={key_id: KeyOutcome.UNDECIDED}, device=GAS
    )
    again = await retry(meter)
    assert ids(again) == ids(asked)
    (result,) = await answer(meter, again, SetKeyOnGMeterResponse(), facts={key_id: KeyOutcome.TRANSFERRED}, device=GAS)
    assert result.status is ResultStatus.OK
    assert sorted((await states(meter, GAS, USER)).values()) == ["ACTIVE", "EXPIRED"]
    assert (await states(meter, GAS, USER))[key_id] == "ACTIVE"
    meter.taken()
    await meter.relay.publish_changes()
    (record,) = meter.taken().on("devices")
    assert opened(meter, record, USER, "ACTIVE", channel=2) == [made]


async def test_closing_the_optical_port_leaves_no_key(meter):
    request = SetKeyOnGMeterRequest(mbus_device_identification=GAS, secret_type=P0, close_optical_port=True)
    (asked,) = (await ask(meter, request)).requests()
    assert asked.header.new_keys == []
    ((key_id, _),) = (await states(meter, GAS, P0)).items()
    await answer(meter, asked, SetKeyOnGMeterResponse(), facts={key_id: KeyOutcome.ABSENT}, device=GAS)
    assert await states(meter, GAS, P0) == {key_id: "EXPIRED"}


async def test_a_user_key_by_channel_is_that_of_the_device_coupled_there(meter):
    (asked,) = (await ask(meter, SetMbusUserKeyByChannelRequest(channel=2))).requests()
    (known,) = asked.header.mbus_devices
    assert (known.device_identification, known.channel, known.identification_number) == (GAS, 2, "12056731")
    assert [key.device_identification for key in asked.header.new_keys] == [GAS]


async def test_a_device_that_is_coupled_with_nobody_is_coupled_first(meter):
    await meter.handle(
        meter.command(DecoupleMbusDeviceAdministrativeRequest(), uid="keys-decoupled-000001", device=GAS)
    )
    (asked,) = (await ask(meter, SetMbusUserKeyByChannelRequest(channel=3))).requests()
    assert (asked.header.mbus_devices, asked.header.new_keys) == ([], [])
    standing = MbusChannelValues(channel=3, primary_address=1, identification_number="12056731", manufacturer="LGB")
    assert await answer(meter, asked, SetMbusUserKeyByChannelResponse(channel_values=standing)) == []
    again = await retry(meter)
    (known,) = again.header.mbus_devices
    assert (known.device_identification, known.channel) == (GAS, 3)
    assert [key.device_identification for key in again.header.new_keys] == [GAS]


async def test_a_device_that_nobody_knows_gets_no_key(meter):
    (asked,) = (await ask(meter, SetMbusUserKeyByChannelRequest(channel=3))).requests()
    standing = MbusChannelValues(channel=3, identification_number="12056799", manufacturer="LGB")
    (result,) = await answer(meter, asked, SetMbusUserKeyByChannelResponse(channel_values=standing))
    assert result.error.number == 201
    assert result.error.message.startswith("Unable to find M-Bus device for M-Bus identification number: 12056799")


async def test_new_keys_of_a_coupled_device_reach_the_record_of_its_gateway(meter):
    names = ("mbus_default_key", "mbus_user_key", "mbus_firmware_update_authentication_key", "mbus_p0_key")
    given = {name: meter.keys.encrypt(bytes([200 + place]) * 16) for place, name in enumerate(names)}
    described = NewDevice(device_type="SMART_METER_G", **given, **SHORT_ID)
    model = DeviceModel(manufacturer="TST", model_code="G4")
    request = AddDeviceRequest(device=described, device_model=model, overwrite=True)
    meter.clock.advance(seconds=1)
    sent = await meter.handle(meter.command(request, uid="keys-000000000000001", device=GAS))
    (record,) = [found for found in sent.on("devices") if found.device_identification == METER]
    assert opened(meter, record, USER, "ACTIVE", channel=2) == [bytes([201]) * 16]


def test_every_operation_that_hands_keys_over_may_be_repeated():
    for name in ("ReplaceKeys", "GenerateAndReplaceKeys", "SetKeyOnGMeter", "SetMbusUserKeyByChannel"):
        assert load_operations()[name].repeatable


PASSWORD, MASTER = "LLS_PASSWORD", "E_METER_MASTER_KEY"


@pytest.fixture
async def lls_meter(domain):
    """A meter that was given a password with AddDevice, which SOAP cannot."""
    request = domain.new_meter(1)
    more = {"hls5_active": False, "lls1_active": True, "lls_password": domain.keys.encrypt(b"00000001")}
    request = request.model_copy(update={"device": request.device.model_copy(update=more)})
    await domain.handle(domain.command(request, uid="install-with-a-password", device=METER))
    await domain.relay.publish_changes()
    return domain


@pytest.mark.parametrize("own", [True, False], ids=["given", "generated"])
async def test_password_and_master_key_are_replaced_too_where_that_is_asked(lls_meter, own):
    domain = lls_meter
    encrypt = domain.keys.encrypt
    more = {"lls_password": encrypt(b"secret"), "master_key": encrypt(bytes([61]) * 16)}
    request = replace(domain, 41).model_copy(update=more)
    if not own:
        request = GenerateAndReplaceKeysRequest(lls_password=True, master_key=True)
    sent = await ask(domain, request)
    (asked,), (record,) = sent.requests(), sent.on("devices")
    assert record.security_level == "lls1"
    assert set(ids(asked)) == {AK, EK, PASSWORD, MASTER}
    (password,), (master,) = (opened(domain, record, kind, "NEW") for kind in (PASSWORD, MASTER))
    assert (password == b"secret") is (master == bytes([61]) * 16) is own
    assert (len(master), password.isascii()) == (16, True)
    assert opened(domain, record, PASSWORD, "ACTIVE") == [b"00000001"]
    told = ids(asked)
    proven = [told[kind] for kind in (AK, EK, PASSWORD)]
    response = ReplaceKeysResponse() if own else GenerateAndReplaceKeysResponse()
    (result,) = await answer(
        domain, asked, response, facts=dict.fromkeys(told.values(), KeyOutcome.TRANSFERRED), proven=proven
    )
    assert result.status is ResultStatus.OK
    for kind, key_id in told.items():
        assert (await states(domain, kind=kind))[key_id] == "ACTIVE"


async def test_what_the_meter_has_none_of_cannot_be_replaced(meter):
    (result,) = (await ask(meter, GenerateAndReplaceKeysRequest(lls_password=True))).results()
    assert (result.error.number, "NEW" in (await states(meter)).values()) == (806, False)


async def test_an_undecided_password_is_found_out_about_first(lls_meter):
    (lost,) = (await ask(lls_meter, GenerateAndReplaceKeysRequest(lls_password=True), bypass_retry=True)).requests()
    await answer(lls_meter, lost, code="SOCKET_CLOSED_BY_REMOTE", facts={ids(lost)[PASSWORD]: KeyOutcome.UNDECIDED})
    again = GenerateAndReplaceKeysRequest(lls_password=True)
    (probe,) = (await ask(lls_meter, again, uid="keys-000000000000002")).requests()
    assert probe.header.new_keys == []
