"""Firmware files in the registry: adding, changing, removing, finding, and what devices have."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.envelope import ResultStatus

METER = "TEST1024000000001"
IMAGE = bytes(range(256)) * 2500
MBUS_FILE = bytes.fromhex(
    "534D5235002300110040001000000010000208019315FFFFFFFF500303000000000000404142434445464748494A4B4C4D4E4F"
    "00000000000000000000000000000000"
)
MODEL = {"manufacturer": "TST", "model_code": "T1"}
OTHER_MODEL = {"manufacturer": "TST", "model_code": "T2"}


@pytest.fixture
async def registry(domain):
    """A meter of org-a, of model T1; root administers."""
    await domain.organisation("root", admin=True)
    await domain.install()
    await response(domain, "AddManufacturer", manufacturer={"code": "TST", "name": "Testers"})
    for model in (MODEL, OTHER_MODEL):
        await response(domain, "AddDeviceModel", device_model=model)
    await domain.execute('update domain.devices set model = \'{"manufacturer": "TST", "model_code": "T1"}\'')
    return domain


async def response(domain, name, organisation="root", device=None, /, **request):
    result = await domain.carry_out(name, organisation, device, **request)
    assert result.status is ResultStatus.OK, result.error
    return result.response


async def error(domain, name, organisation="root", device=None, /, **request):
    result = await domain.carry_out(name, organisation, device, **request)
    assert result.status in (ResultStatus.FAILED, ResultStatus.REJECTED)
    return result.error


def file(**more):
    return {
        "identification": "FW-1",
        "device_models": [MODEL],
        "module_versions": {"active": "2.4"},
        "file": IMAGE,
        "image_identifier": b"IMG-1",
    } | more


async def added(domain, **more):
    """The number of a file that was added."""
    await response(domain, "AddFirmware", firmware=file(**more))
    wanted = "select number from domain.firmware_files where identification = %s"
    return (await domain.rows(wanted, more.get("identification", "FW-1")))[0][0]


async def test_a_file_is_found_as_it_was_added(registry):
    number = await added(registry, file_name="fw.bin", description="x", push_to_new_devices=True, active=False)
    found = (await response(registry, "FindFirmware", "org-a", number=number)).firmware
    assert (found.identification, found.file_name, found.description) == ("FW-1", "fw.bin", "x")
    assert (found.push_to_new_devices, found.active, found.created_at) == (True, False, registry.clock.now)
    assert (found.file, found.image_identifier, found.module_versions.active) == (IMAGE, b"IMG-1", "2.4")
    assert (found.hash, found.hash_type) == (hashlib.sha256(IMAGE).hexdigest(), "SHA256")
    assert [entry.model_dump(exclude_none=True) for entry in found.device_models] == [MODEL]
    sizes = await registry.rows("select block, length(octets), published from domain.firmware_blocks order by block")
    assert sizes == [(0, 262144, False), (1, 262144, False), (2, len(IMAGE) - 2 * 262144, False)]
    assert (await response(registry, "FindFirmware", "org-a", number=number + 1)).firmware is None


async def test_the_contents_lie_in_no_command_row(registry):
    await added(registry)
    longest = "select max(length(command)) from domain.commands where operation = 'AddFirmware'"
    assert await registry.rows(longest) == [(0,)]


async def test_an_added_file_that_is_submitted_again_is_told_its_result(registry):
    request = find_operation("AddFirmware").request(firmware=file())
    asked = {"uid": "added-twice-0000000001", "organisation": "root", "device": None}
    first = await registry.handle(registry.command(request, **asked))
    again = await registry.handle(registry.command(request, **asked))
    (reply,) = again.replies()
    assert registry.codec.decode(reply.result) == first.results()[0]
    other = find_operation("AddFirmware").request(firmware=file(identification="FW-2"))
    (refused,) = (await registry.handle(registry.command(other, **asked))).replies()
    assert refused.error.code == "CORRELATION_UID_REUSED"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"file": None}, "UNKNOWN_FIRMWARE", "request.firmware.file"),
        ({"identification": None}, "VALIDATION_ERROR", "request.firmware.identification"),
        ({"hash": "ab" * 32}, "VALIDATION_ERROR", "request.firmware.hash"),
        ({"hash": hashlib.sha256(IMAGE).hexdigest(), "hash_type": "MD5"}, "VALIDATION_ERROR", "request.firmware.hash"),
        ({"hash": "ab" * 32, "hash_type": "CRC"}, "VALIDATION_ERROR", "request.firmware.hash_type"),
        ({"device_models": [{"manufacturer": "TST"}]}, "VALIDATION_ERROR", None),
        ({"device_models": [{"manufacturer": "NON", "model_code": "T1"}]}, "UNKNOWN_MANUFACTURER", None),
        ({"device_models": [MODEL, MODEL | {"model_code": "T9"}]}, "UNKNOWN_DEVICEMODEL", None),
        ({"file": MBUS_FILE[:-1]}, "VALIDATION_ERROR", "request.firmware.file"),
        ({"file": MBUS_FILE[:17] + b"\x03" + MBUS_FILE[18:]}, "VALIDATION_ERROR", "request.firmware.file"),
    ],
)
async def test_a_file_that_cannot_be_added_leaves_nothing(registry, change, code, field):
    found = await error(registry, "AddFirmware", firmware=file(**change))
    assert found.code == code
    assert field is None or found.details["field"] == field
    for table in ("firmware_files", "firmware_contents", "firmware_blocks", "firmware_models"):
        assert await registry.rows(f"select * from domain.{table}") == []


@pytest.mark.parametrize("algorithm", ["SHA256", "MD5", "sha-256", None])
async def test_a_digest_is_a_number(registry, algorithm):
    image = next(
        octets for octets in (bytes([n]) * 40 for n in range(1, 256)) if digest_of(octets, algorithm).startswith("0")
    )
    given = digest_of(image, algorithm).lstrip("0").upper()
    await added(registry, file=image, hash=given, hash_type=algorithm)


def digest_of(octets, algorithm):
    return hashlib.new("md5" if algorithm == "MD5" else "sha256", octets).hexdigest()


async def test_only_an_administrator_changes_files_and_identifications_are_unique(registry):
    assert (await error(registry, "AddFirmware", "org-a", firmware=file())).code == "UNAUTHORIZED"
    await added(registry)
    assert (await error(registry, "AddFirmware", firmware=file(file=b"other"))).code == "EXISTING_FIRMWARE"


async def test_a_file_for_mbus_devices_is_recognised(registry):
    await added(registry, file=MBUS_FILE, image_identifier=None)
    await added(registry, identification="FW-2", file=b"SMR5 but no header of M-Bus devices, address type other")
    kinds = "select identification, is_mbus from domain.firmware_files order by number"
    assert await registry.rows(kinds) == [("FW-1", True), ("FW-2", False)]


async def test_what_is_said_of_a_file_changes_and_its_contents_stay(registry):
    number = await added(registry)
    changed = {"active": False, "module_versions": {"communication": "7"}}
    await response(registry, "ChangeFirmware", firmware=changed, number=number)
    found = (await response(registry, "FindFirmware", number=number)).firmware
    assert (found.active, found.push_to_new_devices, found.file) == (False, False, IMAGE)
    assert (found.module_versions.active, found.module_versions.communication) == ("2.4", "7")
    assert (await error(registry, "ChangeFirmware", firmware=changed, number=99)).code == "UNKNOWN_FIRMWARE"


async def test_a_file_is_made_without_contents_and_gets_them_later(registry):
    await response(registry, "AddOrChangeFirmware", firmware=file(file=None, device_models=[]))
    refused = file(file=None, hash=hashlib.sha256(IMAGE).hexdigest())
    assert (await error(registry, "AddOrChangeFirmware", firmware=refused)).code == "VALIDATION_ERROR"
    models = [MODEL, OTHER_MODEL]
    later = file(image_identifier=None, device_models=models, description="later")
    await response(registry, "AddOrChangeFirmware", firmware=later)
    await response(registry, "AddOrChangeFirmware", firmware=refused | {"device_models": models})
    (found,) = (await response(registry, "FindAllFirmwares", "org-a", model_code="T2")).firmwares
    assert (found.number, found.image_identifier, len(found.device_models)) == (1, b"IMG-1", 2)
    other = file(file=b"another image", image_identifier=None)
    await response(registry, "AddOrChangeFirmware", firmware=other)
    found = (await response(registry, "FindFirmware", number=1)).firmware
    assert (found.file, found.image_identifier) == (b"another image", None)  # the identifier was the other image's
    assert [entry.model_code for entry in found.device_models] == ["T1"]


async def test_files_are_listed_by_model(registry):
    await added(registry)
    await added(registry, identification="FW-2", active=False)
    await added(registry, identification="FW-3", device_models=[OTHER_MODEL])

    async def listed(**wanted):
        found = await response(registry, "FindAllFirmwares", "org-a", **wanted)
        assert all(item.file is None for item in found.firmwares)
        return [item.identification for item in found.firmwares]

    assert await listed(model_code="T1") == ["FW-1", "FW-2"]
    assert await listed(model_code="T1", active=True, manufacturer="TST") == ["FW-1"]
    assert await listed(model_code="T1", manufacturer="NON") == []


async def test_a_model_with_firmware_stays(registry):
    number = await added(registry, device_models=[OTHER_MODEL])
    found = await error(registry, "RemoveDeviceModel", **OTHER_MODEL)
    assert found.code == "EXISTING_DEVICEMODEL_FIRMWARE"
    await response(registry, "RemoveFirmware", number=number)
    await response(registry, "RemoveDeviceModel", **OTHER_MODEL)


async def test_a_device_has_a_history_of_firmware(registry):
    first = await added(registry)
    await added(registry, identification="FW-2", file=b"second", module_versions={"active": "2.5"})
    await added(registry, identification="FW-3", file=b"third", module_versions={"communication": "1"})
    day = datetime(2026, 3, 1, tzinfo=UTC)
    for place, named in enumerate([{"number": first}, {"identification": "FW-3"}, {"identification": "FW-2"}]):
        installed = {
            "installed_at": day.replace(day=place + 1),
            "installed_by": "fitter",
            "active": True,
            "firmware": named | {"module_versions": {}},
        }
        await response(registry, "SaveCurrentDeviceFirmware", "org-a", METER, installed=installed)
    history = await response(registry, "GetDeviceFirmwareHistory", "org-a", METER)
    assert [(entry.firmware.identification, entry.active) for entry in history.firmwares] == [
        ("FW-2", True),
        ("FW-3", True),
        ("FW-1", False),
    ]
    assert (history.device_identification, history.device_model.model_code) == (METER, "T1")
    assert (history.firmwares[0].installed_at, history.firmwares[0].installed_by) == (day.replace(day=3), "fitter")
    assert (await error(registry, "RemoveFirmware", number=first)).code == "EXISTING_FIRMWARE_DEVICEFIRMWARE"
    await response(registry, "RemoveDevice", "org-a", METER)
    await response(registry, "RemoveFirmware", number=first)
    assert (await error(registry, "RemoveFirmware", number=first)).code == "UNKNOWN_FIRMWARE"


async def test_a_history_is_of_known_files(registry):
    for named, code in [({"identification": "FW-9"}, "UNKNOWN_FIRMWARE"), ({}, "VALIDATION_ERROR")]:
        installed = {"active": True, "firmware": named | {"module_versions": {}}}
        found = await error(registry, "SaveCurrentDeviceFirmware", "org-a", METER, installed=installed)
        assert found.code == code
    assert (await response(registry, "GetDeviceFirmwareHistory", "org-a", METER)).firmwares == []
    assert (await error(registry, "GetDeviceFirmwareHistory", "org-b", METER)).code == "UNAUTHORIZED"


async def test_devices_are_found_by_the_firmware_that_was_noted_until_they_tell_themselves(registry):
    versions = {"active": "2.4", "security": "7", "mbus": "M1"}
    await added(registry, module_versions=versions)
    await added(registry, identification="FW-2", file=b"second", module_versions={"active": "2.5"})

    async def note(identification):
        named = {"identification": identification, "module_versions": {}}
        installed = {"active": True, "firmware": named}
        await response(registry, "SaveCurrentDeviceFirmware", "org-a", METER, installed=installed)

    async def found(**wanted):
        page = await response(registry, "FindDevices", "org-a", filter=wanted)
        return [device.device_identification for device in page.devices]

    assert await found(firmware_version="2.4") == []
    await note("FW-1")
    for wanted in ({"firmware_version": "2.?"}, {"firmware_module": "SECURITY"}, {"firmware_module": "M_BUS"}):
        assert await found(**wanted) == [METER]
    assert await found(firmware_module="SECURITY", firmware_version="2.4") == []
    await note("FW-2")
    assert await found(firmware_version="2.4") == []
    assert await found(firmware_module="ACTIVE_FIRMWARE", firmware_version="2.5") == [METER]
    told = "insert into domain.module_versions values (%s, 'ACTIVE_FIRMWARE', '3.0', now())"
    await registry.execute(told, METER)
    assert (await found(firmware_version="2.5"), await found(firmware_version="3.0")) == ([], [METER])


async def test_changes_by_number_and_by_identification_in_one_batch_add_up(registry):
    number = await added(registry)
    requests = [
        find_operation("ChangeFirmware").request(
            number=number, firmware={"description": "changed", "module_versions": {"security": "9"}}
        ),
        find_operation("AddOrChangeFirmware").request(firmware=file(file=None, module_versions={"active": "3"})),
        find_operation("ChangeFirmware").request(
            number=number, firmware={"active": False, "module_versions": {"security": "10"}}
        ),
        find_operation("AddFirmware").request(firmware=file(identification="FW-2")),
        find_operation("AddFirmware").request(firmware=file(identification="FW-2")),
    ]
    messages = [
        registry.command(request, uid=f"one-batch-of-firmware-{place}", organisation="root", device=None)
        for place, request in enumerate(requests)
    ]
    results = (await registry.handle(*messages)).results()
    assert [result.error.code if result.error else "ok" for result in results] == ["ok"] * 4 + ["EXISTING_FIRMWARE"]
    found = (await response(registry, "FindFirmware", number=number)).firmware
    assert (found.description, found.active, found.module_versions.active) == (None, False, "3")
    assert (found.module_versions.security, found.file) == ("10", IMAGE)
    assert await registry.rows("select count(*) from domain.firmware_contents") == [(1,)]
