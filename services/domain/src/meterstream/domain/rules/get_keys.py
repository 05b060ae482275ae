"""GetKeys: active keys of a device, encrypted for the application that asks."""

from __future__ import annotations

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import OperationRequest, OperationResponse
from meterstream.contracts.operations.get_keys import OPERATION, ActiveKey, GetKeysRequest, GetKeysResponse
from meterstream.contracts.records import KeyState
from meterstream.domain.model.registers import APPLICATION_KEYS, Needs, application_key, rows
from meterstream.domain.model.rules import RegistryRule, RegistryTurn
from meterstream.domain.rules._devices import device_of


def needs_application_key(header: CommandHeader, _: OperationRequest) -> Needs:
    """The public key of the application that asks."""
    return rows(APPLICATION_KEYS, application_key(header.organisation, header.application))


def get_keys(turn: RegistryTurn) -> OperationResponse:
    """One entry for each kind that is asked for; a kind without active key is empty.

    Raises: UNKNOWN_DEVICE (201), TECHNICAL_ERROR where the application has registered no public key.
    """
    request, header = turn.request, turn.header
    assert isinstance(request, GetKeysRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    device = device_of(turn).identification
    application = turn.world.row(APPLICATION_KEYS, application_key(header.organisation, header.application))
    if application is None:
        raise CODES["TECHNICAL_ERROR"](
            f"No public key found for application {header.application} and organisation {header.organisation}",
            application=header.application,
        )
    public_key = bytes.fromhex(application.public_key)
    active = {key.kind.value: key for key in turn.world.keys(device) if key.state is KeyState.ACTIVE}
    found = []
    for kind in request.secret_types:
        key = active.get(kind.value)
        value = b"" if key is None else turn.reveal(device, key, public_key)
        found.append(ActiveKey(secret_type=kind, secret_value=value))
    return GetKeysResponse(keys=found)


RULE = RegistryRule(OPERATION, get_keys, needs_application_key)
