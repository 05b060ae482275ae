"""What rules on organisations share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from meterstream.contracts.errors import CODES
from meterstream.domain.model.registers import ORGANISATIONS, Needs, OrganisationRow, rows
from meterstream.domain.model.rules import RegistryTurn


def organisation_needs(organisation: str) -> Needs:
    """The organisation of that identification."""
    return Needs(rows(ORGANISATIONS, organisation).rows, frozenset({organisation}))


def known_organisation(turn: RegistryTurn, organisation: str) -> OrganisationRow:
    """Raises: UNKNOWN_ORGANISATION (101)."""
    row = turn.world.row(ORGANISATIONS, organisation)
    if row is None:
        field = "request.organisation"
        raise CODES["UNKNOWN_ORGANISATION"](f"{field}: there is no organisation {organisation}", field=field)
    return row


def change_organisation_row(turn: RegistryTurn, organisation: str, **changes: Any) -> None:
    """Change the row, and what later decisions see of the organisation.

    Raises: UNKNOWN_ORGANISATION (101).
    """
    row = known_organisation(turn, organisation).model_copy(update=changes)
    turn.world.put_row(ORGANISATIONS, row)
    seen = turn.world.organisations.get(organisation)
    if seen is not None:
        turn.world.organisations[organisation] = replace(seen, enabled=row.enabled, admin=row.admin)


def refuse_oneself(turn: RegistryTurn, organisation: str, what: str) -> None:
    """An administrator that locks itself out could let nobody in again.

    Raises: VALIDATION_ERROR (401).
    """
    if organisation == turn.header.organisation:
        rule = f"an organisation cannot {what} itself"
        raise CODES["VALIDATION_ERROR"](f"request.organisation: {rule}", field="request.organisation", rule=rule)
