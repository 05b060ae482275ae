"""GetFirmwareVersionGas: which gas meters can be asked, and the version that their gateway told."""

from __future__ import annotations

from meterstream.contracts.operations.get_firmware_version_gas import OPERATION, GetFirmwareVersionGasResponse
from meterstream.domain.model.observations import MODULE_VERSIONS, ModuleVersion
from meterstream.domain.model.rules import Lesson, MeterRule
from meterstream.domain.rules._mbus import GAS_READS


def learn_version(lesson: Lesson) -> None:
    """The version stands until a later answer tells another; in hexadecimal digits, as operators write it."""
    response = lesson.response
    assert isinstance(response, GetFirmwareVersionGasResponse)  # noqa: S101  # narrows the type; the operation answers no other
    told = response.version
    version = ModuleVersion(
        device_identification=OPERATION.named_device(lesson.request) or lesson.device,
        observed_at=lesson.observed_at,
        module=told.module_type.value,
        version=told.version.hex(),
    )
    lesson.world.observe(MODULE_VERSIONS, version)


RULE = MeterRule(OPERATION, learn=learn_version, addressing=GAS_READS)
