"""GetDevice: an organisation sees a device that it may do something with, an administrator any."""

from __future__ import annotations

from collections.abc import Sequence

from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_devices import DeviceFilter
from meterstream.contracts.operations.get_device import OPERATION, GetDeviceRequest, GetDeviceResponse
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader
from meterstream.domain.rules.find_devices import to_arguments, to_device


async def get_device(reader: RegistryReader, asked: Sequence[Asked]) -> list[OperationResponse]:
    """The device of each request, where there is one for whoever asks."""
    answers: list[OperationResponse] = []
    for header, request in asked:
        assert isinstance(request, GetDeviceRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        wanted = to_arguments(DeviceFilter(only=[request.device_identification]))
        found = await reader.read("find_devices", wanted | {"asker": header.organisation, "size": 1, "skip": 0})
        answers.append(GetDeviceResponse(device=to_device(found[0]) if found else None))
    return answers


RULE = QueryRule(OPERATION, get_device)
