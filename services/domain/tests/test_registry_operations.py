"""Operations on the registry: devices as people keep them, owners, organisations, manufacturers, waiting commands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from meterstream.contracts.catalogue import load_operations
from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.operation import Target
from meterstream.contracts.shared.registry import Recorded
from meterstream.domain.rules.find_devices import to_pattern

METER = "TEST1024000000001"
OTHER_METER = "TEST1024000000002"
OPERATIONS = load_operations()


@pytest.fixture
async def registry(domain):
    """org-a owns two meters, org-b none; root administers."""
    await domain.organisation("root", admin=True)
    await domain.install()
    await domain.install(OTHER_METER)
    return domain


async def response(domain, name, organisation="org-a", device=None, /, **request):
    result = await domain.carry_out(name, organisation, device, **request)
    assert result.status is ResultStatus.OK, result.error
    return result.response


async def code(domain, name, organisation="org-a", device=None, /, **request):
    result = await domain.carry_out(name, organisation, device, **request)
    assert result.status in (ResultStatus.FAILED, ResultStatus.REJECTED)
    return result.error.code


async def find(domain, organisation="org-a", **wanted):
    found = await response(domain, "FindDevices", organisation, filter=wanted)
    return [device.device_identification for device in found.devices]


async def test_what_people_keep_of_a_device_is_found_again(registry):
    await response(registry, "SetDeviceLifecycleStatus", "org-a", METER, lifecycle_status="IN_USE")
    await response(registry, "SetMaintenanceStatus", "org-a", METER, in_maintenance=True)
    await response(registry, "SetDeviceAlias", "org-a", METER, alias="cellar")
    address = {"city": "Arnhem", "street": "Kade", "number": 68}
    eans = [{"code": 871687120000000018}]
    await response(registry, "UpdateDevice", "org-a", METER, address=address, latitude="51.98", eans=eans)
    await response(registry, "UpdateDeviceCdmaSettings", "org-a", METER, mast_segment="200/1", batch_number=3)
    page = await response(registry, "FindDevices", "org-a", filter={"city": "arn*"})
    (device,) = page.devices
    assert (device.device_identification, device.alias, device.in_maintenance) == (METER, "cellar", True)
    assert (device.lifecycle_status, device.address.number, device.latitude) == ("IN_USE", 68, "51.98")
    assert (device.eans[0].code, device.owner, device.organisations) == (871687120000000018, "org-a", ["org-a"])
    assert (device.ip_address, device.has_schedule, device.device_model.manufacturer) == ("10.0.0.1", False, "TST")
    assert (page.page.total_pages, page.page.current_page) == (1, 0)
    kept = "select mast_segment, batch_number from domain.devices where device_identification = %s"
    assert await registry.rows(kept, METER) == [("200/1", 3)]
    await response(registry, "SetDeviceAlias", "org-a", METER, alias="")
    assert await find(registry, alias="*") == []


async def test_several_changes_of_one_batch_add_up(registry):
    uids = ["batch-of-changes-000001", "batch-of-changes-000002"]
    requests = [
        OPERATIONS["SetDeviceAlias"].request(alias="cellar"),
        OPERATIONS["SetMaintenanceStatus"].request(in_maintenance=True),
    ]
    messages = [registry.command(request, uid=uid) for request, uid in zip(requests, uids, strict=True)]
    assert [result.status for result in (await registry.handle(*messages)).results()] == [ResultStatus.OK] * 2
    assert await registry.rows("select alias, in_maintenance from domain.devices where alias is not null") == [
        ("cellar", True)
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [METER, OTHER_METER]),
        ({"device_identification": "*02"}, [OTHER_METER]),
        ({"device_identification": "test102400000000?"}, [METER, OTHER_METER]),
        ({"device_identification": "test10240000000?"}, []),
        ({"device_identification": "test102400000000*", "exact_match": True}, []),
        ({"owner": "org-a", "sort_direction": "DESC"}, [OTHER_METER, METER]),
        ({"only": [METER, "UNKNOWN0000000001"]}, [METER]),
        ({"not_these": [METER]}, [OTHER_METER]),
        ({"activated": "INACTIVE"}, []),
        ({"in_maintenance": "ACTIVE", "manufacturer": "TST"}, [METER, OTHER_METER]),
        ({"has_technical_installation": True}, []),
    ],
)
async def test_devices_are_found_by_what_fits(registry, wanted, found):
    assert await find(registry, **wanted) == found


async def test_an_organisation_finds_its_own_devices_and_an_administrator_all(registry):
    assert await find(registry, "org-b") == []
    assert await find(registry, "root") == [METER, OTHER_METER]


async def test_a_device_is_shown_to_who_may_do_something_with_it(registry):
    shown = (await response(registry, "GetDevice", "org-a", device_identification=METER)).device
    (found,) = (await response(registry, "FindDevices", "org-a", filter={"only": [METER]})).devices
    assert shown == found
    for organisation, device in (("org-b", METER), ("org-a", "UNKNOWN0000000001")):
        assert (await response(registry, "GetDevice", organisation, device_identification=device)).device is None


async def test_a_page_beyond_the_last_tells_how_many_there_are(registry):
    page = await response(registry, "FindDevices", "org-a", page_size=1, page=7)
    assert (page.devices, page.page.total_pages) == ([], 2)


def test_wildcards_are_the_only_ones():
    assert to_pattern("a_b%*?\\", exact=False) == "a\\_b\\%%_\\\\"
    assert to_pattern("a*", exact=True) == "a*"


async def test_a_new_address_is_a_new_revision_of_the_record(registry):
    before = await registry.rows("select revision from domain.devices where device_identification = %s", METER)
    changed = OPERATIONS["SetCommunicationNetworkInformation"].request(network_address="10.9.9.9", cell="3")
    sent = await registry.handle(registry.command(changed, uid="another-address-0000001"))
    answered = sent.results()[0].response
    assert answered.revision == before[0][0] + 1
    again = await response(registry, "SetCommunicationNetworkInformation", "org-a", METER, cell="3")
    assert again.revision == answered.revision
    (record,) = sent.on("devices")
    connection = record.connection
    assert (connection.address, connection.cell, connection.port) == ("10.9.9.9", "3", 4059)
    assert record.revision == answered.revision


async def test_a_removed_device_is_gone_with_all_that_was_kept_of_it(registry):
    await response(registry, "SetDeviceLifecycleStatus", "org-a", METER, lifecycle_status="IN_USE")
    assert await code(registry, "RemoveDevice", "org-b", METER) == "UNAUTHORIZED"
    removed = await response(registry, "RemoveDevice", "org-a", METER)
    assert removed.revision > 1
    assert await find(registry) == [OTHER_METER]
    assert await code(registry, "SetDeviceAlias", "org-a", METER, alias="x") == "UNKNOWN_DEVICE"
    await registry.handle(registry.command(registry.new_meter(5), uid="installed-once-more-000001"))
    (device,) = (await response(registry, "FindDevices", "org-a", filter={"only": [METER]})).devices
    assert device.lifecycle_status == "NEW_IN_INVENTORY"


async def test_the_owner_says_who_else_may_do_what(registry):
    grant = {"function_group": "CONFIGURATION", "organisation": "org-b"}
    assert await code(registry, "SetMaintenanceStatus", "org-b", METER, in_maintenance=True) == "UNAUTHORIZED"
    await response(registry, "SetDeviceAuthorisations", "org-a", METER, authorisations=[grant, grant])
    await response(registry, "SetMaintenanceStatus", "org-b", METER, in_maintenance=True)
    listed = (await response(registry, "FindDeviceAuthorisations", "org-b", METER)).authorisations
    assert [(item.organisation, item.function_group.value) for item in listed] == [
        ("org-a", "OWNER"),
        ("org-b", "CONFIGURATION"),
    ]
    unknown = [{"function_group": "MONITORING", "organisation": "nobody"}]
    assert (
        await code(registry, "SetDeviceAuthorisations", "org-a", METER, authorisations=unknown)
        == "UNKNOWN_ORGANISATION"
    )
    await response(registry, "SetDeviceAuthorisations", "org-a", METER, authorisations=[])
    assert await code(registry, "FindDeviceAuthorisations", "org-b", METER) == "UNAUTHORIZED"


async def test_an_administrator_gives_a_device_another_owner(registry):
    assert await code(registry, "SetDeviceOwner", "org-a", METER, owner="org-b") == "UNAUTHORIZED"
    assert await code(registry, "SetDeviceOwner", "root", METER, owner="nobody") == "UNKNOWN_ORGANISATION"
    await response(registry, "SetDeviceOwner", "root", METER, owner="org-b")
    assert await find(registry, "org-b") == [METER]
    assert await find(registry, "org-a") == [OTHER_METER]
    owners = "select organisation from domain.devices where device_identification = %s"
    assert await registry.rows(owners, METER) == [("org-b",)]


async def test_devices_for_which_nobody_answers_are_listed(registry):
    await registry.execute("delete from domain.device_authorisations where device_identification = %s", METER)
    found = await response(registry, "FindDevicesWithoutOwner", "root")
    assert (found.devices, found.pages.total_pages) == ([METER], 1)
    assert await code(registry, "FindDevicesWithoutOwner", "org-a") == "UNAUTHORIZED"


async def test_organisations_are_made_changed_disabled_and_enabled(registry):
    entry = {"organisation": "org-c", "name": "C", "prefix": "CCC", "domains": ["COMMON"]}
    assert await code(registry, "CreateOrganisation", "org-a", organisation=entry) == "UNAUTHORIZED"
    await response(registry, "CreateOrganisation", "root", organisation=entry)
    assert await code(registry, "CreateOrganisation", "root", organisation=entry) == "EXISTING_ORGANISATION"
    await response(registry, "ChangeOrganisation", "root", organisation="org-c", name="Sea")
    found = (await response(registry, "FindOrganisation", "org-a", organisation="org-c")).organisation
    assert (found.name, found.prefix, found.function_group, found.enabled) == ("Sea", "CCC", "USER", True)
    await response(registry, "RemoveOrganisation", "root", organisation="org-c")
    assert await code(registry, "FindAllManufacturers", "org-c") == "DISABLED_ORGANISATION"
    await response(registry, "ActivateOrganisation", "root", organisation="org-c")
    every = (await response(registry, "FindAllOrganisations", "root")).organisations
    assert [item.organisation for item in every] == ["org-a", "org-b", "org-c", "root"]
    own = (await response(registry, "FindAllOrganisations", "org-c")).organisations
    assert [item.organisation for item in own] == ["org-c"]
    assert (await response(registry, "FindOrganisation", "org-a", organisation="none")).organisation is None
    registry.producer.take()
    await registry.relay.publish_organisations()
    (record,) = [record for record in registry.taken().on("organisations") if record.organisation == "org-c"]
    assert (record.name, record.enabled, record.certificate_names) == ("Sea", True, ["org-c"])


@pytest.mark.parametrize(
    ("name", "request_", "expected"),
    [
        ("RemoveOrganisation", {"organisation": "org-a"}, "EXISTING_DEVICE_AUTHORIZATIONS"),
        ("RemoveOrganisation", {"organisation": "root"}, "VALIDATION_ERROR"),
        ("RemoveOrganisation", {"organisation": "none"}, "UNKNOWN_ORGANISATION"),
        ("ChangeOrganisation", {"organisation": "root", "function_group": "USER"}, "VALIDATION_ERROR"),
        ("ChangeManufacturer", {"manufacturer": {"code": "NON", "name": "None"}}, "UNKNOWN_MANUFACTURER"),
        ("RemoveManufacturer", {"code": "NON"}, "UNKNOWN_MANUFACTURER"),
        ("AddDeviceModel", {"device_model": {"manufacturer": "NON", "model_code": "x"}}, "UNKNOWN_MANUFACTURER"),
        ("ChangeDeviceModel", {"device_model": {"manufacturer": "NON", "model_code": "x"}}, "UNKNOWN_DEVICEMODEL"),
        ("RemoveDeviceModel", {"manufacturer": "NON", "model_code": "x"}, "UNKNOWN_DEVICEMODEL"),
        ("FindDeviceModel", {"model_code": "x"}, "UNKNOWN_DEVICEMODEL"),
        ("FindScheduledTasks", {"device_identification": "UNKNOWN0000000001"}, "UNKNOWN_DEVICE"),
        ("CancelScheduledTask", {"correlation_uid": "no-such-command-000001"}, "UNKNOWN_CORRELATION_UID"),
    ],
)
async def test_what_cannot_be_done_says_why(registry, name, request_, expected):
    assert await code(registry, name, "root", **request_) == expected


async def test_manufacturers_and_models_come_and_go(registry):
    maker = {"code": "TST", "name": "Testers"}
    model = {"manufacturer": "TST", "model_code": "T1"}
    await response(registry, "AddManufacturer", "root", manufacturer=maker)
    assert await code(registry, "AddManufacturer", "root", manufacturer=maker) == "EXISTING_MANUFACTURER"
    await response(registry, "ChangeManufacturer", "root", manufacturer=maker | {"use_prefix": True})
    (listed,) = (await response(registry, "FindAllManufacturers", "org-a")).manufacturers
    assert (listed.code, listed.name, listed.use_prefix, listed.number) == ("TST", "Testers", True, 1)
    await response(registry, "AddDeviceModel", "root", device_model=model)
    assert await code(registry, "AddDeviceModel", "root", device_model=model) == "EXISTING_DEVICEMODEL"
    await response(registry, "ChangeDeviceModel", "root", device_model=model | {"description": "one phase"})
    assert (
        await response(registry, "FindDeviceModel", "org-a", model_code="T1")
    ).device_model.description == "one phase"
    assert len((await response(registry, "FindAllDeviceModels", "org-a")).device_models) == 1
    assert await code(registry, "RemoveManufacturer", "root", code="TST") == "EXISTING_DEVICEMODEL_MANUFACTURER"
    kind = '{"manufacturer": "TST", "model_code": "T1"}'
    await registry.execute("update domain.devices set model = %s where device_identification = %s", kind, METER)
    assert await code(registry, "RemoveDeviceModel", "root", **model) == "EXISTING_DEVICE_DEVICEMODEL"
    await response(registry, "RemoveDevice", "org-a", METER)
    await response(registry, "RemoveDeviceModel", "root", **model)
    await response(registry, "RemoveManufacturer", "root", code="TST")
    assert (await response(registry, "FindAllManufacturers", "org-a")).manufacturers == []


async def test_models_and_manufacturer_of_one_batch_see_each_other(registry):
    requests = [
        OPERATIONS["AddManufacturer"].request(manufacturer={"code": "TST", "name": "Testers"}),
        OPERATIONS["AddDeviceModel"].request(device_model={"manufacturer": "TST", "model_code": "T1"}),
        OPERATIONS["RemoveManufacturer"].request(code="TST"),
    ]
    messages = [
        registry.command(request, uid=f"one-batch-of-models-{place}", organisation="root", device=None)
        for place, request in enumerate(requests)
    ]
    results = (await registry.handle(*messages)).results()
    assert [result.error.code if result.error else "ok" for result in results] == [
        "ok",
        "ok",
        "EXISTING_DEVICEMODEL_MANUFACTURER",
    ]


async def test_waiting_commands_are_listed_and_cancelled(registry):
    uid = "waits-for-its-time-000001"
    due = registry.clock.now + timedelta(hours=3)
    later = {"schedule_time": due, "expires_at": due + timedelta(hours=1)}
    await registry.handle(registry.command(uid=uid, **later))
    (task,) = (await response(registry, "FindScheduledTasks", "org-a", device_identification=METER)).tasks
    assert (task.correlation_uid, task.operation, task.status, task.due_at) == (uid, "SynchronizeTime", "NEW", due)
    assert await code(registry, "FindScheduledTasks", "org-a") == "UNAUTHORIZED"
    assert await code(registry, "FindScheduledTasks", "org-b", device_identification=METER) == "UNAUTHORIZED"
    (seen,) = (await response(registry, "FindScheduledTasks", "root")).tasks
    assert seen.correlation_uid is None
    assert await code(registry, "CancelScheduledTask", "org-b", correlation_uid=uid) == "UNKNOWN_CORRELATION_UID"
    await response(registry, "CancelScheduledTask", "org-a", correlation_uid=uid)
    (result,) = (await registry.run_timers()).results()
    assert (result.header.correlation_uid, result.status) == (uid, ResultStatus.CANCELLED)
    assert await code(registry, "CancelScheduledTask", "org-a", correlation_uid=uid) == "TOO_LATE"
    assert (await response(registry, "FindScheduledTasks", "root")).tasks == []


def test_every_change_of_the_registry_says_when():
    for operation in OPERATIONS.values():
        if issubclass(operation.response, Recorded):
            assert operation.target is Target.REGISTRY
