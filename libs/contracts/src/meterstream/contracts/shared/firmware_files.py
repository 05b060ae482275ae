"""Firmware files as the registry keeps them (fman: Firmware, ChangeableFirmware, FirmwareModuleData)."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from meterstream.contracts.base import Moment, Record
from meterstream.contracts.shared.device_models import ModelEntry, Number
from meterstream.contracts.soap import Soap

FirmwareIdentification = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^\S+$")]
"""Names a firmware file; without white space."""

SHA256_DIGITS: Final = 64

_URL: Final = r"^https?://[!-?A-\[\]-~]+$"
"""Absolute, printable ASCII, without user information."""
_Text = Annotated[str, StringConstraints(max_length=255)]
_Version = Annotated[str, StringConstraints(max_length=100)]


class ModuleVersions(Record):
    """The version of each module that a file brings, as the meter reports it once the file is active."""

    communication: Annotated[_Version | None, Soap("ModuleVersionComm")] = None
    functional: Annotated[_Version | None, Soap("ModuleVersionFunc")] = None
    active: Annotated[_Version | None, Soap("ModuleVersionActive")] = None
    metering_application: Annotated[_Version | None, Soap("ModuleVersionMa")] = None
    mbus: Annotated[_Version | None, Soap("ModuleVersionMbus")] = None
    security: Annotated[_Version | None, Soap("ModuleVersionSec")] = None
    mbus_driver_active: Annotated[_Version | None, Soap("ModuleVersionMBusDriverActive")] = None
    simple: Annotated[_Version | None, Soap("ModuleVersionSimple")] = None


class FirmwareFile(Record):
    """A file, for which models it is, and what it brings.

    `image_identifier` is what image_transfer_initiate takes {18, 0.0.44.0.0.255, method 1}; `hash` is the digest of
    the file in hexadecimal digits, `hash_type` its algorithm (SHA256). `size` in octets.

    Instead of its octets a file may be given by `url` and SHA-256 digest: it is fetched when a meter needs it (a URL
    signed beforehand of an object store, or any other https URL), and nothing is sent to a meter unless the digest
    fits. Answers show the URL without its query, which may be a signature.
    """

    identification: Annotated[FirmwareIdentification | None, Soap("Identification")] = None
    number: Annotated[Number, Soap("Id")] = 0
    file_name: Annotated[_Text | None, Soap("Filename")] = None
    created_at: Annotated[Moment | None, Soap("CreationTime")] = None
    device_models: Annotated[list[ModelEntry], Soap("DeviceModels")] = Field(default_factory=list)
    description: Annotated[_Text | None, Soap("Description")] = None
    push_to_new_devices: Annotated[bool, Soap("PushToNewDevices")] = False
    active: Annotated[bool, Soap("Active")] = True
    module_versions: Annotated[ModuleVersions, Soap("FirmwareModuleData")]
    file: Annotated[Annotated[bytes, Field(min_length=1, max_length=4_194_304)] | None, Soap("File")] = Field(
        None, repr=False
    )
    image_identifier: Annotated[
        Annotated[bytes, Field(min_length=1, max_length=255)] | None, Soap("ImageIdentifier")
    ] = None
    hash: Annotated[Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{2,128}$")] | None, Soap("Hash")] = None
    hash_type: Annotated[Annotated[str, StringConstraints(max_length=100)] | None, Soap("HashType")] = None
    url: Annotated[str, StringConstraints(max_length=4_000, pattern=_URL)] | None = Field(
        None, repr=False, description="where the file lies, in place of its octets; with its SHA-256 digest in hash"
    )
    size: Annotated[int, Field(ge=1, le=0x7FFF_FFFF)] | None = Field(None, description="octets of the file")

    @model_validator(mode="after")
    def _url_stands_for_a_file(self) -> Self:
        if self.url is None:
            return self
        if self.file is not None:
            raise ValueError("file and url exclude each other")
        if self.hash is None or (self.hash_type or "SHA256").upper().replace("-", "") != "SHA256":
            raise ValueError("url needs hash, the SHA-256 digest of the file")
        if len(self.hash.lstrip("0")) > SHA256_DIGITS:
            raise ValueError(f"hash has at most {SHA256_DIGITS} hexadecimal digits")
        return self


class ChangedFirmware(Record):
    """What may change of a file; what is absent stays as it is."""

    description: Annotated[_Text | None, Soap("Description")] = None
    push_to_new_devices: Annotated[bool | None, Soap("PushToNewDevices")] = None
    active: Annotated[bool | None, Soap("Active")] = None
    module_versions: Annotated[ModuleVersions, Soap("FirmwareModuleData")]


class InstalledFirmware(Record):
    """A firmware file on a device."""

    installed_at: Annotated[Moment | None, Soap("InstallationDate")] = None
    installed_by: Annotated[_Text | None, Soap("InstalledBy")] = None
    active: Annotated[bool, Soap("Active")]
    firmware: Annotated[FirmwareFile, Soap("Firmware")]


EXAMPLE = FirmwareFile(
    identification="DM-E100-2.4",
    device_models=[ModelEntry(manufacturer="DEM", model_code="DM-E100")],
    module_versions=ModuleVersions(active="2.4"),
    file=b"\x00" * 64,
    image_identifier=b"DM-E100-2.4",
)
"""A file of one version for one model."""
