"""GetGsmDiagnostic: attributes 2 to 8 of the GSM diagnostic of the device's communication method."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.get_gsm_diagnostic import (
    OPERATION,
    GetGsmDiagnosticRequest,
    GetGsmDiagnosticResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import Data
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import AccessRefused, At, Context, Device, Executor
from meterstream.protocol_dlms.model import gsm
from meterstream.protocol_dlms.model.quantities import read_moment
from meterstream.protocol_dlms.refusals import supported

_ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {"CDMA": "cdma_diagnostic", "GPRS": "gprs_diagnostic", "LTE": "lte_diagnostic"}
)
_ATTRIBUTES: Final = range(2, 9)
_CAPTURE_TIME: Final = 8


async def execute(request: GetGsmDiagnosticRequest, context: Context) -> GetGsmDiagnosticResponse:  # noqa: ARG001  # the request has no fields
    """Read all attributes in one list; the capture time is absent where the meter tells none.

    Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL, DEVICE_REFUSED, ILLEGAL_RESPONSE.
    """
    refs = supported(context.meter, *_targets(context.device))
    answers: list[Data] = []
    captured_at = None
    for ref, answer in zip(refs, await context.meter.get_list(refs), strict=True):
        if ref.attribute == _CAPTURE_TIME:
            if isinstance(answer, Data):
                captured_at = read_moment(answer, context.device.zone, "capture time")
        elif isinstance(answer, DataAccessResult):
            raise AccessRefused(answer, ref, f"Get gsm diagnostic failed for {context.device.identification}: ")
        else:
            answers.append(answer)
    operator, registration, circuit, packet, cell, adjacent = answers
    return GetGsmDiagnosticResponse(
        operator=gsm.operator(operator),
        modem_registration_status=gsm.registration(registration),
        circuit_switched_status=gsm.circuit_switched(circuit),
        packet_switched_status=gsm.packet_switched(packet),
        cell_info=gsm.cell_info(cell),
        adjacent_cells=gsm.adjacent_cells(adjacent),
        capture_time=captured_at,
    )


def _targets(device: Device) -> list[At]:
    """Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL for a method that has no diagnostic."""
    method = device.communication_method
    if method is None:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            "Cannot find diagnostic: no communication method is known",
        )
    role = _ROLES.get(method)
    if role is None:
        raise error(
            "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
            f"Cannot find {method}_DIAGNOSTIC for communication method {method}",
        )
    return [At(role, attribute) for attribute in _ATTRIBUTES]


def foresees(request: GetGsmDiagnosticRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """All of it."""
    return _targets(device)


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
