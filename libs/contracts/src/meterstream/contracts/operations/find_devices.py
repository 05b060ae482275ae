"""FindDevices: devices by what the registry knows of them, page by page."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from meterstream.contracts.base import Moment, OrganisationIdentification, Record
from meterstream.contracts.operation import Kind, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.shared.lifecycle import DeviceLifecycleStatus
from meterstream.contracts.shared.paging import Page, PageNumber, PageSize
from meterstream.contracts.shared.registry import Address, Authorisation, Ean
from meterstream.contracts.shared.relays import KnownRelay, RelayFilter
from meterstream.contracts.soap import Soap, SoapBinding

_Wildcard = Annotated[str, StringConstraints(max_length=255)]
"""Text in which `*` stands for any characters and `?` for one; case does not matter."""


class ExternalManagement(StrEnum):
    """Who schedules a device; meters have no schedule of their own (dman: DeviceExternalManagedFilterType)."""

    BOTH = "BOTH"
    EXTERNAL_MANAGEMENT = "EXTERNAL_MANAGEMENT"
    INTERNAL_MANAGEMENT = "INTERNAL_MANAGEMENT"


class Activation(StrEnum):
    """dman: DeviceActivatedFilterType."""

    BOTH = "BOTH"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class Maintenance(StrEnum):
    """dman: DeviceInMaintetanceFilterType."""

    BOTH = "BOTH"
    ACTIVE = "ACTIVE"
    IN_MAINTENANCE = "IN_MAINTENANCE"


class FirmwareModule(StrEnum):
    """dman: FirmwareModuleFilterType."""

    COMMUNICATION = "COMMUNICATION"
    FUNCTIONAL = "FUNCTIONAL"
    SECURITY = "SECURITY"
    M_BUS = "M_BUS"
    MODULE_ACTIVE = "MODULE_ACTIVE"
    ACTIVE_FIRMWARE = "ACTIVE_FIRMWARE"


class SortKey(StrEnum):
    """What the list is sorted by; the identification decides between equals."""

    DEVICE_IDENTIFICATION = "deviceIdentification"
    ALIAS = "alias"
    DEVICE_TYPE = "deviceType"
    CITY = "containerCity"
    POSTAL_CODE = "containerPostalCode"
    STREET = "containerStreet"
    IN_MAINTENANCE = "inMaintenance"
    LIFECYCLE_STATUS = "deviceLifecycleStatus"
    TECHNICAL_INSTALLATION_DATE = "technicalInstallationDate"


class SortDirection(StrEnum):
    """Ascending or descending."""

    ASCENDING = "ASC"
    DESCENDING = "DESC"


class DeviceFilter(Record):
    """Every given part must fit; text is compared with wildcards, and as it stands with `exact_match`.

    `organisation` holds any authorisation for the device, `owner` owns it. `firmware_module` and `firmware_version`
    fit where a module is known to run such a version, `relay_state` where the last known state is that.
    """

    organisation: Annotated[OrganisationIdentification | None, Soap("OrganisationIdentification")] = None
    device_identification: Annotated[_Wildcard | None, Soap("DeviceIdentification")] = None
    alias: Annotated[_Wildcard | None, Soap("Alias")] = None
    city: Annotated[_Wildcard | None, Soap("City")] = None
    postal_code: Annotated[_Wildcard | None, Soap("PostalCode")] = None
    street: Annotated[_Wildcard | None, Soap("Street")] = None
    number: Annotated[_Wildcard | None, Soap("Number")] = None
    municipality: Annotated[_Wildcard | None, Soap("Municipality")] = None
    device_type: Annotated[_Wildcard | None, Soap("DeviceType")] = None
    manufacturer: Annotated[_Wildcard | None, Soap("Manufacturer")] = None
    model: Annotated[_Wildcard | None, Soap("Model")] = None
    external_management: Annotated[ExternalManagement, Soap("DeviceExternalManaged")] = ExternalManagement.BOTH
    activated: Annotated[Activation, Soap("DeviceActivated")] = Activation.BOTH
    in_maintenance: Annotated[Maintenance, Soap("DeviceInMaintenance")] = Maintenance.BOTH
    sort_direction: Annotated[SortDirection, Soap("SortDir")] = SortDirection.ASCENDING
    sorted_by: Annotated[SortKey, Soap("SortedBy")] = SortKey.DEVICE_IDENTIFICATION
    has_technical_installation: Annotated[bool, Soap("HasTechnicalInstallation")] = False
    owner: Annotated[_Wildcard | None, Soap("Owner")] = None
    firmware_module: Annotated[FirmwareModule | None, Soap("FirmwareModuleType")] = None
    firmware_version: Annotated[_Wildcard | None, Soap("FirmwareModuleVersion")] = None
    relay_state: RelayFilter | None = None
    exact_match: Annotated[bool, Soap("ExactMatch")] = False
    only: Annotated[Annotated[list[_Wildcard], Field(max_length=1000)] | None, Soap("DeviceIdentificationsToUse")] = (
        None
    )
    not_these: Annotated[
        Annotated[list[_Wildcard], Field(max_length=1000)] | None, Soap("DeviceIdentificationsToExclude")
    ] = None


class FindDevicesRequest(OperationRequest):
    """A page of devices. `use_pages` false asks for the first 500 that fit, whatever the page."""

    page_size: Annotated[PageSize, Soap("PageSize")] = 25
    page: Annotated[PageNumber, Soap("Page")] = 0
    filter: Annotated[DeviceFilter | None, Soap("DeviceFilter")] = None
    use_pages: Annotated[bool, Soap("UsePages")] = True


class FoundModel(Record):
    """Manufacturer and model of a device; the name is absent where the manufacturer is not registered."""

    manufacturer_name: Annotated[str | None, Soap("Manufacturer/Name")] = None
    manufacturer: Annotated[str, Soap("Manufacturer/ManufacturerId")]
    use_prefix: Annotated[bool, Soap("Manufacturer/UsePrefix")] = False
    model_code: Annotated[str | None, Soap("ModelCode")] = None
    description: Annotated[str | None, Soap("Description")] = None


class FoundDevice(Record):
    """A device as the registry knows it; what is not known is absent, the state of its breaker or valve too."""

    device_uid: Annotated[str, Soap("DeviceUid")]
    device_identification: Annotated[str, Soap("DeviceIdentification")]
    alias: Annotated[str | None, Soap("Alias")] = None
    owner: Annotated[str | None, Soap("Owner")] = None
    address: Annotated[Address | None, Soap("ContainerAddress")] = None
    latitude: Annotated[str | None, Soap("GpsLatitude")] = None
    longitude: Annotated[str | None, Soap("GpsLongitude")] = None
    network_address: str | None = None
    ip_address: Annotated[str | None, Soap("NetworkAddress")] = None
    device_type: Annotated[str, Soap("DeviceType")]
    activated: Annotated[bool, Soap("Activated")]
    has_schedule: Annotated[bool, Soap("HasSchedule")]
    public_key_present: Annotated[bool, Soap("PublicKeyPresent")]
    organisations: Annotated[list[str], Soap("Organisations")]
    eans: Annotated[list[Ean], Soap("Eans")] = Field(default_factory=list)
    authorisations: Annotated[list[Authorisation], Soap("DeviceAuthorizations")]
    in_maintenance: Annotated[bool, Soap("InMaintenance")]
    technical_installation_date: Annotated[Moment | None, Soap("TechnicalInstallationDate")] = None
    device_model: Annotated[FoundModel | None, Soap("DeviceModel")] = None
    lifecycle_status: Annotated[DeviceLifecycleStatus, Soap("DeviceLifecycleStatus")]
    relay: KnownRelay | None = None


class FindDevicesResponse(OperationResponse):
    """The devices of the page, and which page of how many it is."""

    devices: Annotated[list[FoundDevice], Soap("Devices")]
    page: Annotated[Page, Soap("Page")]


OPERATION = Operation(
    name="FindDevices",
    request=FindDevicesRequest,
    response=FindDevicesResponse,
    function="FIND_DEVICES",
    summary="Find devices by what the registry knows of them.",
    target=Target.REGISTRY,
    kind=Kind.SYNCHRONOUS,
    repeatable=True,
    needs_known_device=False,
    soap=SoapBinding(service="CoreDeviceManagement", operation="FindDevices", device=None),
    examples=(
        FindDevicesRequest(page_size=50, filter=DeviceFilter(city="Arnhem", activated=Activation.ACTIVE)),
        FindDevicesRequest(),
    ),
)
