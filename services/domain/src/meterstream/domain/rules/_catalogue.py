"""What rules on manufacturers and device models share."""

from __future__ import annotations

from meterstream.contracts.errors import CODES
from meterstream.contracts.shared.device_models import ModelEntry
from meterstream.domain.model.registers import MANUFACTURERS, MODELS, ManufacturerRow, ModelRow, Needs, model_key, rows
from meterstream.domain.model.rules import RegistryTurn


def manufacturer_needs(code: str) -> Needs:
    """The manufacturer of that code."""
    return rows(MANUFACTURERS, code)


def model_needs(manufacturer: str, model_code: str | None) -> Needs:
    """The model and its manufacturer."""
    key = None if model_code is None else model_key(manufacturer, model_code)
    return Needs(rows(MANUFACTURERS, manufacturer).rows + rows(MODELS, key).rows)


def known_manufacturer(turn: RegistryTurn, code: str, field: str) -> ManufacturerRow:
    """Raises: UNKNOWN_MANUFACTURER (501)."""
    row = turn.world.row(MANUFACTURERS, code)
    if row is None:
        raise CODES["UNKNOWN_MANUFACTURER"](f"{field}: there is no manufacturer {code}", field=field)
    return row


def known_model(turn: RegistryTurn, manufacturer: str, model_code: str, field: str) -> ModelRow:
    """Raises: UNKNOWN_DEVICEMODEL (601)."""
    row = turn.world.row(MODELS, model_key(manufacturer, model_code))
    if row is None:
        message = f"{field}: manufacturer {manufacturer} has no device model {model_code}"
        raise CODES["UNKNOWN_DEVICEMODEL"](message, field=field)
    return row


def code_of(entry: ModelEntry) -> str:
    """The code without which an entry names no model.

    Raises: VALIDATION_ERROR (401).
    """
    if entry.model_code is None:
        field = "request.device_model.model_code"
        raise CODES["VALIDATION_ERROR"](f"{field}: is required", field=field, rule="is required")
    return entry.model_code
