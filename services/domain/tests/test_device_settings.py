"""What people set of a meter without asking it: debug mode, communication settings, protocol, gateway, keys."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operations.add_device import NewDevice
from meterstream.domain.adapters.administration import NewOrganisation, put_organisation
from meterstream.domain.cli import read_application_key
from meterstream.runtime.errors import ConfigurationError

METER = "TEST1024000000001"
GAS = "TESTG101205673101"
OPERATIONS = load_operations()
OAEP_SHA1 = OAEP(MGF1(SHA1()), SHA1(), None)


async def run(domain, name, device=METER, organisation="org-a", /, **request):
    asked = OPERATIONS[name].request.model_validate(request)
    uid = f"setting-of-a-device-{next(domain.offsets):06}"
    sent = await domain.handle(domain.command(asked, uid=uid, organisation=organisation, device=device))
    (result,) = sent.results()
    await domain.relay.publish_changes()
    sent.outgoing.extend(domain.taken().outgoing)
    return result, sent


async def record_after(domain, name, /, **request):
    result, sent = await run(domain, name, **request)
    assert result.status is ResultStatus.OK, result.error
    (record,) = sent.on("devices")
    assert record.revision == result.response.revision
    return record


async def code(domain, name, device=METER, organisation="org-a", /, **request):
    result, _ = await run(domain, name, device, organisation, **request)
    return result.error.code


async def gas_meter(domain):
    """An M-Bus device behind the meter on channel 1."""
    fields = ("mbus_default_key", "mbus_user_key", "mbus_firmware_update_authentication_key", "mbus_p0_key")
    keys = {field: domain.keys.encrypt(bytes([7 + place]) * 16) for place, field in enumerate(fields)}
    asked = domain.new_meter()
    described = asked.model_copy(update={"device": NewDevice(device_type="SMART_METER_G", **keys)})
    await domain.handle(domain.command(described, uid="install-of-a-gas-meter", device=GAS))
    await domain.execute(
        "update domain.devices set gateway = %s, channel = 1 where device_identification = %s", METER, GAS
    )


@pytest.fixture
async def installed(domain):
    await domain.install()
    await domain.relay.publish_changes()
    domain.taken()
    return domain


async def test_debug_mode_reaches_the_record_once(installed):
    assert (await record_after(installed, "EnableDebugging")).debug is True
    again, sent = await run(installed, "EnableDebugging")
    assert (again.status, sent.on("devices")) == (ResultStatus.OK, [])
    assert (await record_after(installed, "DisableDebugging")).debug is False


async def test_a_meter_that_is_added_anew_is_not_in_debug_mode(installed):
    await run(installed, "EnableDebugging")
    asked = installed.new_meter(9, overwrite=True)
    sent = await installed.handle(installed.command(asked, uid="the-same-meter-added-anew"))
    assert sent.results()[0].status is ResultStatus.OK
    assert sent.on("devices")[-1].debug is False


async def test_communication_settings_are_replaced_all_at_once(installed):
    settings = {"challenge_length": 16, "with_list_max": 32, "use_hdlc": True, "use_short_names": True}
    record = await record_after(
        installed,
        "SetDeviceCommunicationSettings",
        **settings,
        polyphase=True,
        selective_access_supported=True,
        ip_address_is_static=True,
    )
    assert (record.challenge_length, record.with_list_max, record.use_hdlc, record.use_short_names) == (
        16,
        32,
        True,
        True,
    )
    assert (record.polyphase, record.selective_access, record.connection.dynamic) == (True, True, False)
    record = await record_after(installed, "SetDeviceCommunicationSettings", challenge_length=8, with_list_max=1)
    assert (record.use_hdlc, record.use_short_names, record.polyphase, record.selective_access) == (False,) * 4
    assert record.connection.dynamic is True
    again, sent = await run(installed, "SetDeviceCommunicationSettings", challenge_length=8, with_list_max=1)
    assert (again.response.revision, sent.on("devices")) == (record.revision, [])


async def test_settings_of_one_batch_add_up(installed):
    requests = [
        OPERATIONS["EnableDebugging"].request(),
        OPERATIONS["SetDeviceCommunicationSettings"].request(challenge_length=9, with_list_max=2),
        OPERATIONS["UpdateProtocol"].request(protocol_name="SMR", protocol_version="5.0.0"),
    ]
    messages = [installed.command(asked, uid=f"several-settings-{place:06}") for place, asked in enumerate(requests)]
    sent = await installed.handle(*messages)
    assert [result.status for result in sent.results()] == [ResultStatus.OK] * 3
    (record,) = sent.on("devices")
    assert (record.debug, record.challenge_length, record.protocol_version) == (True, 9, "5.0.0")


async def test_another_protocol_reaches_the_record(installed):
    record = await record_after(
        installed, "UpdateProtocol", protocol_name="SMR", protocol_version="5.0.0", protocol_variant="CDMA"
    )
    assert (record.protocol_name, record.protocol_version, record.protocol_variant) == ("SMR", "5.0.0", "CDMA")
    record = await record_after(installed, "UpdateProtocol", protocol_name="SMR", protocol_version="5.0.0")
    assert record.protocol_variant is None


@pytest.mark.parametrize(
    "wanted",
    [
        {"protocol_name": "SMR", "protocol_version": "9.9"},
        {"protocol_name": "smr", "protocol_version": "5.0.0"},
        {"protocol_name": "SMR", "protocol_version": "5.0.0", "protocol_variant": "should-not-find-this"},
    ],
)
async def test_a_protocol_must_fit_exactly(installed, wanted):
    assert await code(installed, "UpdateProtocol", **wanted) == "UNKNOWN_PROTOCOL_NAME_OR_VERSION_OR_VARIANT"


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("EnableDebugging", {}),
        ("DisableDebugging", {}),
        ("SetDeviceCommunicationSettings", {"challenge_length": 8, "with_list_max": 1}),
        ("UpdateProtocol", {"protocol_name": "SMR", "protocol_version": "5.0.0"}),
    ],
)
async def test_sessions_are_those_of_the_gateway(installed, name, request_):
    await gas_meter(installed)
    assert await code(installed, name, GAS, **request_) == "VALIDATION_ERROR"
    assert await code(installed, name, "UNKNOWN0000000001", **request_) == "UNKNOWN_DEVICE"
    assert await code(installed, name, METER, "org-b", **request_) == "UNAUTHORIZED"


async def test_the_registry_forgets_a_gateway_and_its_record_the_channel(installed):
    await gas_meter(installed)
    result, sent = await run(installed, "DecoupleMbusDeviceAdministrative", GAS)
    assert result.status is ResultStatus.OK, result.error
    (record,) = sent.on("devices")
    assert (record.device_identification, record.channels) == (METER, [])
    coupled = "select gateway, channel from domain.devices where device_identification = %s"
    assert await installed.rows(coupled, GAS) == [(None, None)]
    again, sent = await run(installed, "DecoupleMbusDeviceAdministrative", GAS)
    assert (again.status, sent.on("devices")) == (ResultStatus.OK, [])
    assert await code(installed, "DecoupleMbusDeviceAdministrative", METER) == "VALIDATION_ERROR"


@pytest.fixture(scope="module")
def application_key():
    return generate_private_key(public_exponent=65537, key_size=2048)


async def with_application(domain, private):
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    described = NewOrganisation("org-a", "Name", application_keys={"tests": public})
    await put_organisation(domain.database, domain.keyring, described)


async def test_active_keys_are_encrypted_for_the_application(installed, application_key):
    await with_application(installed, application_key)
    kinds = [
        "E_METER_ENCRYPTION_KEY_UNICAST",
        "G_METER_MASTER_KEY",
        "E_METER_ENCRYPTION_KEY_BROADCAST",
        "E_METER_MASTER_KEY",
    ]
    result, _ = await run(installed, "GetKeys", secret_types=kinds)
    assert result.status is ResultStatus.OK, result.error
    given = result.response.keys
    assert [key.secret_type.value for key in given] == kinds
    opened = [application_key.decrypt(key.secret_value, OAEP_SHA1) if key.secret_value else b"" for key in given]
    assert opened == [bytes([3]) * 16, b"", b"", bytes([1]) * 16]
    assert bytes([3]).hex() * 16 not in repr(result) + result.model_dump_json()


async def test_an_application_without_public_key_gets_no_keys(installed, application_key):
    result, _ = await run(installed, "GetKeys", secret_types=["E_METER_MASTER_KEY"])
    assert result.error.code == "TECHNICAL_ERROR"
    assert result.error.message == "No public key found for application tests and organisation org-a"
    await with_application(installed, application_key)
    assert await code(installed, "GetKeys", METER, "org-b", secret_types=["E_METER_MASTER_KEY"]) == "UNAUTHORIZED"


def test_an_application_key_is_rsa(tmp_path):
    path = tmp_path / "key.pem"
    for content in (b"", b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="public key as PEM"):
            read_application_key(path)
    small = generate_private_key(public_exponent=65537, key_size=1024).public_key()
    path.write_bytes(small.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(ConfigurationError, match="2048"):
        read_application_key(path)
