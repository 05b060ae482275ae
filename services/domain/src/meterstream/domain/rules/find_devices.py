"""FindDevices: an organisation finds devices that it may do something with, an administrator all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address
from types import MappingProxyType
from typing import Any, Final

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_devices import (
    OPERATION,
    Activation,
    DeviceFilter,
    FindDevicesRequest,
    FindDevicesResponse,
    FirmwareModule,
    FoundDevice,
    FoundModel,
    Maintenance,
    SortDirection,
)
from meterstream.contracts.operations.get_firmware_version import FirmwareModuleType
from meterstream.contracts.shared.paging import Page
from meterstream.contracts.shared.registry import Authorisation
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader

MOST: Final = 500
TEXTS: Final = (
    "device_identification",
    "alias",
    "city",
    "postal_code",
    "street",
    "number",
    "municipality",
    "device_type",
    "manufacturer",
    "model",
    "owner",
    "firmware_version",
)
MODULES: Final = MappingProxyType(
    {
        FirmwareModule.ACTIVE_FIRMWARE: (FirmwareModuleType.ACTIVE_FIRMWARE.value, "active"),
        FirmwareModule.MODULE_ACTIVE: (FirmwareModuleType.MODULE_ACTIVE_FIRMWARE.value, "metering_application"),
        FirmwareModule.COMMUNICATION: (FirmwareModuleType.COMMUNICATION_MODULE_ACTIVE_FIRMWARE.value, "communication"),
        FirmwareModule.M_BUS: (FirmwareModuleType.M_BUS_DRIVER_ACTIVE_FIRMWARE.value, "mbus_driver_active", "mbus"),
        FirmwareModule.FUNCTIONAL: ("functional",),
        FirmwareModule.SECURITY: ("security",),
    }
)
"""By the filter's names: modules as meters tell of them, and as firmware files name what they bring.

A file that people noted counts only for a device that has told no versions itself.
"""


async def find_devices(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse | PlatformError]:
    """A page for each request; one beyond the last is empty."""
    answers: list[OperationResponse | PlatformError] = []
    for header, request in asked:
        assert isinstance(request, FindDevicesRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        answers.append(await _answer(reader, header.organisation, request))
    return answers


async def _answer(
    reader: RegistryReader, organisation: str, request: FindDevicesRequest
) -> OperationResponse | PlatformError:
    wanted = request.filter or DeviceFilter()
    size, page = (request.page_size, request.page) if request.use_pages else (MOST, 0)
    arguments = to_arguments(wanted) | {"asker": organisation, "size": size, "skip": size * page}
    found = await reader.read("find_devices", arguments)
    first = found if found or not page else await reader.read("find_devices", arguments | {"size": 1, "skip": 0})
    total = first[0]["total"] if first else 0
    return FindDevicesResponse(
        devices=[to_device(row) for row in found],
        page=Page(total_pages=-(-total // size), page_size=size, current_page=page),
    )


def to_arguments(wanted: DeviceFilter) -> dict[str, Any]:
    """The filter as the statement takes it."""
    texts = {name: getattr(wanted, name) for name in TEXTS}
    exact = wanted.exact_match
    return {name: None if text is None else to_pattern(text, exact=exact) for name, text in texts.items()} | {
        "organisation": wanted.organisation,
        "activated": {Activation.ACTIVE: True, Activation.INACTIVE: False}.get(wanted.activated),
        "in_maintenance": {Maintenance.ACTIVE: False, Maintenance.IN_MAINTENANCE: True}.get(wanted.in_maintenance),
        "has_technical_installation": wanted.has_technical_installation,
        "has_module": wanted.firmware_module is not None or wanted.firmware_version is not None,
        "modules": None if wanted.firmware_module is None else list(MODULES[wanted.firmware_module]),
        "relay_state": wanted.relay_state,
        "only": wanted.only,
        "not_these": wanted.not_these,
        "sorted_by": wanted.sorted_by.value,
        "descending": wanted.sort_direction is SortDirection.DESCENDING,
    }


def to_pattern(text: str, *, exact: bool) -> str:
    """A pattern of SQL's LIKE: `*` and `?` are wildcards unless the match is to be exact, nothing else is."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped if exact else escaped.replace("*", "%").replace("?", "_")


def to_device(row: Mapping[str, Any]) -> FoundDevice:
    """A row of `find_devices`."""
    authorisations = [Authorisation.model_validate(item) for item in row["authorisations"]]
    model = None
    if row["manufacturer"] is not None:
        model = FoundModel(
            manufacturer_name=row["manufacturer_name"],
            manufacturer=row["manufacturer"],
            use_prefix=row["use_prefix"],
            model_code=row["model_code"],
            description=row["model_description"],
        )
    taken = set(FoundDevice.model_fields) & set(row)
    return FoundDevice.model_validate(
        {name: row[name] for name in taken if row[name] is not None}
        | {
            "ip_address": _ipv4(row["network_address"]),
            "organisations": sorted({item.organisation for item in authorisations}),
            "authorisations": authorisations,
            "device_model": model,
        }
    )


def _ipv4(address: str | None) -> str | None:
    try:
        return str(IPv4Address(address or ""))
    except AddressValueError:
        return None


RULE = QueryRule(OPERATION, find_devices)
