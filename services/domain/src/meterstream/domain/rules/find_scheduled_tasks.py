"""FindScheduledTasks: an owner sees what waits for its device, an administrator all that waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import OperationResponse
from meterstream.contracts.operations.find_scheduled_tasks import (
    OPERATION,
    FindScheduledTasksRequest,
    FindScheduledTasksResponse,
    ScheduledTask,
    TaskStatus,
)
from meterstream.domain.model.rules import Asked, QueryRule, RegistryReader
from meterstream.domain.model.stored import Stage

LIMIT: Final = 1000


async def find_scheduled_tasks(
    reader: RegistryReader, asked: Sequence[Asked]
) -> list[OperationResponse | PlatformError]:
    """The tasks by the time at which they are due, or UNKNOWN_DEVICE (201), UNAUTHORIZED (301)."""
    answers: list[OperationResponse | PlatformError] = []
    for header, request in asked:
        assert isinstance(request, FindScheduledTasksRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
        device = request.device_identification
        refused = await _refusal(reader, header.organisation, device)
        if refused is not None:
            answers.append(refused)
            continue
        found = await reader.read("scheduled_tasks", {"device": device, "limit": LIMIT + 1})
        tasks = [_task(row, header.organisation) for row in found[:LIMIT]]
        answers.append(FindScheduledTasksResponse(tasks=tasks, complete=len(found) <= LIMIT))
    return answers


async def _refusal(reader: RegistryReader, organisation: str, device: str | None) -> PlatformError | None:
    (standing,) = await reader.read("standing", {"organisation": organisation, "device": device})
    if device is not None and not standing["is_known"]:
        field = "request.device_identification"
        return CODES["UNKNOWN_DEVICE"](f"{field}: there is no device {device}", field=field, device=device)
    if standing["admin"] or standing["is_owner"]:
        return None
    what = "does not administer the platform" if device is None else f"does not own device {device}"
    return CODES["UNAUTHORIZED"](f"organisation {organisation} {what}", function=OPERATION.function)


def _task(row: Mapping[str, Any], asker: str) -> ScheduledTask:
    return ScheduledTask(
        correlation_uid=row["correlation_uid"] if row["organisation"] == asker else None,
        modified_at=row["changed_at"],
        organisation=row["organisation"],
        device_identification=row["device_identification"],
        operation=row["operation"],
        function=find_operation(row["operation"]).function,
        due_at=row["due_at"],
        status=TaskStatus.NEW if row["stage"] == Stage.SCHEDULED else TaskStatus.RETRY,
    )


RULE = QueryRule(OPERATION, find_scheduled_tasks)
