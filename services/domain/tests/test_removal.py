"""A device leaves the registry, by operation or by the command line: what goes with it, and what stays."""

from __future__ import annotations

import pytest

from meterstream.contracts.envelope import ResultStatus

METER = "TEST1024000000001"
GAS = "TESTG101205673101"
WATER = "TESTW101205673102"
MODEL = {"manufacturer": "TST", "model_code": "T1"}


@pytest.fixture(params=["operation", "command line"])
async def removed(request, domain):
    """Takes the meter out; it has firmware, and two M-Bus devices behind it."""
    await domain.organisation("root", admin=True)
    await domain.install()
    await domain.install_mbus(GAS, METER, 1)
    await domain.install_mbus(WATER, METER, 2)
    await carried_out(domain, "AddManufacturer", "root", None, manufacturer={"code": "TST", "name": "Testers"})
    await carried_out(domain, "AddDeviceModel", "root", None, device_model=MODEL)
    file = {"identification": "FW-1", "device_models": [MODEL], "module_versions": {}, "file": b"image"}
    await carried_out(domain, "AddFirmware", "root", None, firmware=file)
    named = {"identification": "FW-1", "module_versions": {}}
    await domain.execute('update domain.devices set model = \'{"manufacturer": "TST", "model_code": "T1"}\'')
    await carried_out(
        domain, "SaveCurrentDeviceFirmware", "org-a", METER, installed={"active": True, "firmware": named}
    )
    await carried_out(domain, "SetDeviceAlias", "org-a", METER, alias="attic")
    await domain.relay.publish_changes()
    domain.taken()
    if request.param == "operation":
        await carried_out(domain, "RemoveDevice", "org-a", METER)
    else:
        await domain.remove()
    return domain


async def carried_out(domain, name, organisation, device, /, **request):
    result = await domain.carry_out(name, organisation, device, **request)
    assert result.status is ResultStatus.OK, result.error
    return result


async def test_its_history_goes_with_it(removed):
    assert await removed.rows("select * from domain.device_firmwares") == []
    kept = await removed.rows("select state, alias from domain.devices where device_identification = %s", METER)
    assert kept == [("removed", None)]


async def test_devices_behind_it_stay_without_a_gateway(removed):
    kept = "select device_identification, state, gateway, channel from domain.devices where is_mbus order by 1"
    assert await removed.rows(kept) == [(GAS, "active", None, None), (WATER, "active", None, None)]
    result = await removed.carry_out("GetMbusEncryptionKeyStatus", "org-a", GAS)
    assert (result.status, result.error.code) == (ResultStatus.REJECTED, "GATEWAY_DEVICE_NOT_SET_FOR_MBUS_DEVICE")


async def test_they_are_free_for_another_gateway(removed):
    await removed.install(secret=7)
    known = "select gateway from domain.devices where is_mbus"
    assert await removed.rows(known) == [(None,), (None,)]
