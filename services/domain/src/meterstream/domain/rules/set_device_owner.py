"""SetDeviceOwner: the organisation that answers for a device from now on."""

from __future__ import annotations

from dataclasses import replace

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.set_device_owner import OPERATION, SetDeviceOwnerRequest, SetDeviceOwnerResponse
from meterstream.contracts.shared.registry import Authorisation, FunctionGroup
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.registry import OWNER
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import device_of, needs_grants, revise
from meterstream.domain.rules._grants import known_organisations, put_grants, stored_grants


def set_device_owner(turn: RegistryTurn) -> OperationResponse:
    """One owner instead of those before; a new revision of the device's record tells of it.

    Raises: UNKNOWN_ORGANISATION (101).
    """
    request = turn.request
    assert isinstance(request, SetDeviceOwnerRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device = device_of(turn)
    known_organisations(turn, [request.owner], "request.owner")
    others = [grant for grant in stored_grants(turn, device) if grant.function_group != OWNER]
    owner = Authorisation(function_group=FunctionGroup.OWNER, organisation=request.owner)
    put_grants(turn, device, [owner, *others])
    if device.organisation != request.owner:
        revise(turn, replace(device, organisation=request.owner))
    return SetDeviceOwnerResponse(recorded_at=turn.now)


def _needs(header: CommandHeader, request: OperationRequest) -> Needs:
    assert isinstance(request, SetDeviceOwnerRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    return Needs(needs_grants(header, request).rows, frozenset({request.owner}))


RULE = RegistryRule(OPERATION, set_device_owner, _needs)
