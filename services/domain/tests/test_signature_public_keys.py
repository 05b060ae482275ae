"""A meter's own signature key, public: registered with it, kept, and given on to protocol-dlms."""

from __future__ import annotations

import json

import pytest

from meterstream.contracts.operations.add_device import AddDeviceRequest
from meterstream.contracts.operations.set_device_communication_settings import SetDeviceCommunicationSettingsRequest
from meterstream.dlms.security import PrivateKey, SecuritySuite

PUBLIC = PrivateKey(SecuritySuite.SUITE_1, b"\x11" * 32).public.octets
RULE = "is no point of the curve P-256, x | y"


def over_rest(request: AddDeviceRequest, **device: object) -> AddDeviceRequest:
    """The request as its JSON document gives it, with more in it."""
    document = json.loads(request.model_dump_json())
    document["device"] |= device
    return AddDeviceRequest.model_validate_json(json.dumps(document))


async def add(domain, request):
    uid = f"add-{next(domain.offsets):020}"
    sent = await domain.handle(domain.command(request, uid=uid))
    (result,) = sent.results()
    return result, sent


async def test_it_reaches_protocol_dlms_with_the_record(domain):
    result, sent = await add(domain, over_rest(domain.new_meter(), signature_public_key=PUBLIC.hex()))
    assert result.error is None
    (record,) = sent.on("devices")
    assert record.signature_public_key == PUBLIC


async def test_it_is_kept_with_the_device(domain):
    await add(domain, over_rest(domain.new_meter(), signature_public_key=PUBLIC.hex()))
    stored = await domain.rows("select description ->> 'signature_public_key' from domain.devices")
    assert stored == [(PUBLIC.hex(),)]
    changed = SetDeviceCommunicationSettingsRequest(
        challenge_length=16, with_list_max=8, selective_access_supported=True, ip_address_is_static=True
    )
    sent = await domain.handle(domain.command(changed, uid="changed-000000000000", topic="commands-urgent"))
    (record,) = sent.on("devices")
    assert (record.challenge_length, record.signature_public_key) == (16, PUBLIC)


async def test_without_one_there_is_none(domain):
    _, sent = await add(domain, domain.new_meter())
    assert sent.on("devices")[0].signature_public_key is None


async def test_overwriting_replaces_it(domain):
    await add(domain, domain.new_meter(signature_public_key=PUBLIC))
    _, sent = await add(domain, domain.new_meter(overwrite=True))
    assert sent.on("devices")[0].signature_public_key is None


@pytest.mark.parametrize("octets", [bytes(64), b"\xff" * 64, PUBLIC[32:] + PUBLIC[:32], PUBLIC[:63] + b"\0"])
async def test_what_is_no_point_of_the_curve_is_refused(domain, octets):
    result, _ = await add(domain, domain.new_meter(signature_public_key=octets))
    assert (result.error.number, result.error.details) == (
        401,
        {"field": "device.signature_public_key", "rule": RULE},
    )
    assert await domain.rows("select count(*) from domain.devices") == [(0,)]


async def test_an_mbus_device_has_none(domain):
    names = ("mbus_default_key", "mbus_user_key", "mbus_firmware_update_authentication_key", "mbus_p0_key")
    gas = {name: domain.keys.encrypt(bytes([number]) * 16) for number, name in enumerate(names, 100)}
    electricity = dict.fromkeys(("master_key", "authentication_key", "global_encryption_unicast_key"))
    result, _ = await add(domain, domain.new_meter(**gas, **electricity, signature_public_key=PUBLIC))
    assert (result.error.number, result.error.details["field"]) == (401, "device.signature_public_key")


@pytest.mark.parametrize("octets", [PUBLIC, None])
@pytest.mark.parametrize("operation", ["GetDevices", "FindDevices"])
async def test_lists_tell_whether_there_is_one(domain, operation, octets):
    await add(domain, domain.new_meter(signature_public_key=octets))
    result = await domain.carry_out(operation)
    assert [device.public_key_present for device in result.response.devices] == [octets is not None]
