"""SetDeviceAuthorisations: the owner says who else may do what with a device."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.set_device_authorisations import (
    OPERATION,
    SetDeviceAuthorisationsRequest,
    SetDeviceAuthorisationsResponse,
)
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.registry import OWNER
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import device_of, needs_grants
from meterstream.domain.rules._grants import known_organisations, put_grants, stored_grants


def set_device_authorisations(turn: RegistryTurn) -> OperationResponse:
    """Replace all authorisations but the owner's.

    Raises: UNAUTHORIZED (301) for anyone but the owner; UNKNOWN_ORGANISATION (101).
    """
    request = turn.request
    assert isinstance(request, SetDeviceAuthorisationsRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device = device_of(turn)
    if OWNER not in turn.world.groups(turn.header.organisation, device.identification):
        raise CODES["UNAUTHORIZED"](
            f"organisation {turn.header.organisation} does not own device {device.identification}",
            function=OPERATION.function,
        )
    known_organisations(turn, [grant.organisation for grant in request.authorisations], "request.authorisations")
    owners = [grant for grant in stored_grants(turn, device) if grant.function_group == OWNER]
    put_grants(turn, device, [*owners, *request.authorisations])
    return SetDeviceAuthorisationsResponse(recorded_at=turn.now)


def _needs(header: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, SetDeviceAuthorisationsRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return Needs(needs_grants(header, request).rows, frozenset(grant.organisation for grant in request.authorisations))


RULE = RegistryRule(OPERATION, set_device_authorisations, _needs)
