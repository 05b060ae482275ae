"""Registers of firmware: files, their contents, what may be sent to a device, what devices had."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.contracts.shared.firmware_files import ModuleVersions
from meterstream.domain.model.register import Register


def _octets(value: object) -> object:
    return bytes.fromhex(value) if isinstance(value, str) else value


Octets = Annotated[bytes, BeforeValidator(_octets)]
"""Octets, in the database's JSON as hexadecimal digits."""


class FirmwareRow(Record):
    """A firmware file without its contents, and whether devices that are known have or had it.

    `number` is 0 until the row is stored; `sha256` is absent where there are no contents. A file that lies at a `url`
    has a digest and maybe a size as they were told; of which kind it is nobody knows here.
    """

    identification: str
    number: int = 0
    file_name: str | None = None
    created_at: Moment
    description: str | None = None
    push_to_new_devices: bool
    active: bool
    module_versions: ModuleVersions
    models: list[ModelEntry] = Field(default_factory=list)
    sha256: Octets | None = None
    url: str | None = Field(None, repr=False)
    size: int | None = None
    image_identifier: Octets | None = None
    is_mbus: bool | None = False
    has_devices: bool = False


class ContentRow(Record):
    """The octets of a file; none are read, they are only written."""

    sha256: Octets
    size: int
    octets: Annotated[Octets, Field(repr=False)] = b""


class OfferedImage(Record):
    """What an update needs to know of a file; `models` as `model_key` names them."""

    identification: str
    sha256: Octets | None = None
    size: int = 0
    url: str | None = Field(None, repr=False)
    image_identifier: Octets | None = None
    is_mbus: bool | None = False
    models: list[str]


class ModelOfDevice(Record):
    """Of which model a device is."""

    device_identification: str
    manufacturer: str | None = None
    model_code: str | None = None


class InstalledRow(Record):
    """A firmware file that a device has or had; `id` is 0 until it is stored."""

    id: int = 0
    firmware: int
    module_versions: ModuleVersions
    installed_at: Moment
    installed_by: str | None = None
    active: bool


class InstalledRows(Record):
    """The firmware files of a device."""

    device_identification: str
    entries: list[InstalledRow] = Field(default_factory=list)


def number_key(number: int) -> str:
    """Names a file by its number: identifications have no blanks."""
    return f"number {number}"


def _names(row: FirmwareRow) -> tuple[str, ...]:
    return (number_key(row.number),) if row.number else ()


FIRMWARES: Final = Register("firmware_files", FirmwareRow, lambda row: row.identification, _names)
CONTENTS: Final = Register("firmware_contents", ContentRow, lambda row: row.sha256.hex())
OFFERED: Final = Register("offered_images", OfferedImage, lambda row: row.identification)
MODEL_OF: Final = Register("models_of_devices", ModelOfDevice, lambda row: row.device_identification)
INSTALLED: Final = Register("device_firmwares", InstalledRows, lambda row: row.device_identification)
