"""What rules on authorisations share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from meterstream.contracts.errors import CODES
from meterstream.contracts.shared.registry import Authorisation, FunctionGroup
from meterstream.domain.model.registers import GRANTS, Grants
from meterstream.domain.model.registry import OWNER, Device
from meterstream.domain.model.rules import RegistryTurn


def known_organisations(turn: RegistryTurn, named: Iterable[str], field: str) -> None:
    """Raises: UNKNOWN_ORGANISATION (101) for the first that is none."""
    for organisation in named:
        if organisation not in turn.world.organisations:
            raise CODES["UNKNOWN_ORGANISATION"](f"{field}: there is no organisation {organisation}", field=field)


def stored_grants(turn: RegistryTurn, device: Device) -> list[Authorisation]:
    """Who may do what with the device; whoever asks is its owner too where the same batch added it."""
    stored = turn.world.row(GRANTS, device.identification)
    grants = list(stored.grants) if stored is not None else []
    owns = OWNER in turn.world.groups(turn.header.organisation, device.identification)
    owner = Authorisation(function_group=FunctionGroup.OWNER, organisation=turn.header.organisation)
    return [owner, *grants] if owns and owner not in grants else grants


def put_grants(turn: RegistryTurn, device: Device, grants: Sequence[Authorisation]) -> None:
    """Let these be all authorisations for the device, each once."""
    distinct = list(dict.fromkeys((grant.organisation, grant.function_group) for grant in grants))
    kept = [Authorisation(function_group=group, organisation=organisation) for organisation, group in distinct]
    turn.world.put_row(GRANTS, Grants(device_identification=device.identification, grants=kept))
    groups: dict[str, frozenset[str]] = {}
    for organisation, group in distinct:
        groups[organisation] = groups.get(organisation, frozenset()) | {group.value}
    turn.world.set_groups(device.identification, groups)
