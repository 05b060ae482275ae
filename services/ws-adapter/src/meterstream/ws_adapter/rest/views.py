"""Commands as JSON values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.operation import Result
from meterstream.ws_adapter.ingress import Submitted
from meterstream.ws_adapter.model.progress import Progress
from meterstream.ws_adapter.rest.forms import Form


def of_row(row: Progress, result: Result | None, form: Form | None) -> dict[str, Any]:
    """A command as the read model has it; `form` is None for an operation that this release does not know."""
    return of_progress(row) | {"result": None if result is None or form is None else form.result_json(result)}


def of_progress(row: Progress) -> dict[str, Any]:
    """A command as a list shows it, without its result."""
    return {
        "correlation_uid": row.key.correlation_uid,
        "operation": row.operation,
        "device_identification": row.device_identification,
        "state": row.state,
        "final": row.final,
        "priority": row.priority,
        "attempt": row.attempt,
        "created_at": _text(row.created_at),
        "changed_at": _text(row.changed_at),
        "due_at": _text(row.due_at),
        "expires_at": _text(row.expires_at),
        "error": None if row.error is None else row.error.model_dump(mode="json"),
        "advance": None if row.advance is None else row.advance.model_dump(mode="json"),
    }


def of_result(result: Result, form: Form) -> dict[str, Any]:
    """A command that is final, as its result tells."""
    return _of_header(result.header, form) | {
        "state": result.status.value,
        "final": True,
        "attempt": result.attempt,
        "changed_at": _text(result.finished_at),
        "error": None if result.error is None else result.error.model_dump(mode="json"),
        "result": form.result_json(result),
    }


def of_submitted(submitted: Submitted, form: Form) -> dict[str, Any]:
    """A command that was accepted just now."""
    state = "submitted" if submitted.verdict is None else submitted.verdict.value
    return _of_header(submitted.header, form) | {"state": state, "final": False}


def _of_header(header: CommandHeader, form: Form) -> dict[str, Any]:
    return {
        "correlation_uid": header.correlation_uid,
        "operation": form.operation.name,
        "device_identification": header.device_identification,
        "priority": header.priority,
        "created_at": _text(header.created_at),
        "due_at": _text(header.schedule_time),
        "expires_at": _text(header.expires_at),
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
