"""What the owner of meters is told, and what the message log keeps: both come a moment later."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from notices import notices_of
from soap_client import flat
from world import DEADLINE_S, World

from meterstream.demo.servers.processes import wait_until

T = TypeVar("T")


def eventually(found: Callable[[], T], what: str) -> T:
    """What is found once there is something. Raises: ServerFailed after DEADLINE_S."""
    there: list[T] = []

    def came() -> bool:
        there[:] = [found()]
        return bool(there[0])

    wait_until(came, alive=lambda: True, deadline_s=DEADLINE_S, what=what)
    return there[0]


def uid_of_notice(world: World, kind: str, device: str) -> str:
    """Correlation uid of the newest SendNotification of a kind about a device."""

    def told() -> str:
        found = [one["correlationUid"] for one in notices_of(world, device) if one["NotificationType"] == kind]
        return found[-1] if found else ""

    return eventually(told, f"{kind} of {device}")


def logged(world: World, device: str) -> list[dict[str, str]]:
    """The newest page of the message log of a device, over SOAP."""
    asked = world.soap.ask("FindMessageLogs", device, {"Page": 0})
    found: dict[str, dict[str, str]] = {}
    for path, value in flat(world.soap.answer(asked)).items():
        if match := re.search(r"MessageLogs/(\d+)/(\w+)$", path):
            found.setdefault(match.group(1), {})[match.group(2)] = value
    return list(found.values())
