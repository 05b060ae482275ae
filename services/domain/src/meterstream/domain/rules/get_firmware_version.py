"""GetFirmwareVersion: the registry keeps what each module of a meter was last said to run."""

from __future__ import annotations

from meterstream.contracts.operations.get_firmware_version import OPERATION, GetFirmwareVersionResponse
from meterstream.domain.model.observations import MODULE_VERSIONS, ModuleVersion
from meterstream.domain.model.rules import Lesson, MeterRule


def learn_versions(lesson: Lesson) -> None:
    """Each version stands until a later answer tells another."""
    response = lesson.response
    assert isinstance(response, GetFirmwareVersionResponse)  # noqa: S101  # narrows the type; the operation answers no other
    for told in response.versions:
        version = ModuleVersion(
            device_identification=lesson.device,
            observed_at=lesson.observed_at,
            module=told.module_type.value,
            version=told.version,
        )
        lesson.world.observe(MODULE_VERSIONS, version)


RULE = MeterRule(OPERATION, learn=learn_versions)
