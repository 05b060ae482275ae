"""What the control interface is told: bodies and paths, each field bounded; errors name field and rule."""

from __future__ import annotations

import json
from collections.abc import Collection
from enum import Enum
from typing import Any, Final, TypeVar

from aiohttp import web

from meterstream.dlms.data import AttributeRef, LogicalName

_MAX_TEXT: Final = 300
_MAX_NUMBER: Final = 10**12
_Kind = TypeVar("_Kind", bound=Enum)


class ControlError(Exception):
    """A request the control interface refuses: HTTP status and the sentence that goes with it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Fields:
    """A JSON object whose fields are taken one by one; `done` complains about those that are left."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._left = dict(values)
        self._known: list[str] = []

    @property
    def left(self) -> dict[str, Any]:
        """The fields that were not taken."""
        return self._left

    def number(self, name: str, lowest: int, highest: int, default: int | None = None) -> int:
        """Take a whole number.

        Raises:
            ControlError: missing without a default, no whole number, or out of range; likewise below.
        """
        value = self._take(name, default)
        if type(value) is not int or not lowest <= value <= highest:
            raise ControlError(400, f"{name} is {_shown(value)}, expected a whole number from {lowest} to {highest}")
        return value

    def numbers(self, name: str, allowed: Collection[int], at_most: int) -> list[int]:
        """Take a list of whole numbers."""
        value = self._take(name, [])
        if not isinstance(value, list) or len(value) > at_most:
            raise ControlError(400, f"{name} is {_shown(value)}, expected a list of {at_most} numbers at most")
        for number in value:
            if type(number) is not int or number not in allowed:
                raise ControlError(400, f"{name} has {_shown(number)}, which is not allowed")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Take true or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise ControlError(400, f"{name} is {_shown(value)}, expected true or false")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        """Take a text."""
        value = self._take(name, default)
        if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT:
            raise ControlError(400, f"{name} is {_shown(value)}, expected a text of 1 to {_MAX_TEXT} characters")
        return value

    def choice(self, name: str, kind: type[_Kind]) -> _Kind:
        """Take a member of an enumeration of texts."""
        value = self._take(name, None)
        for member in kind:
            if member.value == value and isinstance(value, str):
                return member
        raise ControlError(400, f"{name} is {_shown(value)}, expected one of {', '.join(m.value for m in kind)}")

    def has(self, name: str) -> bool:
        """Tell whether a field is there and not null."""
        self._known.append(name)
        return self._left.get(name) is not None

    def done(self) -> None:
        """Complain about a field that nobody took."""
        for name in self._left:
            if name not in self._known:
                known = ", ".join(dict.fromkeys(self._known)) or "none"
                raise ControlError(400, f"unknown field {name[:_MAX_TEXT]}; known: {known}")

    def _take(self, name: str, default: object) -> Any:
        self._known.append(name)
        value = self._left.pop(name, default)
        if value is None:
            raise ControlError(400, f"{name} is missing")
        return value


async def body_of(request: web.Request) -> Any:
    """Read a JSON body."""
    try:
        return await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(400, f"the body is no JSON: {error}") from error


async def fields_of(request: web.Request) -> Fields:
    """Read a body that is a JSON object; none at all is an empty one."""
    body = await body_of(request) if request.can_read_body else {}
    if not isinstance(body, dict):
        raise ControlError(400, "the body is no JSON object")
    return Fields(body)


def ref_of(request: web.Request) -> AttributeRef:
    """Read class, logical name and attribute of a path."""
    try:
        name = LogicalName.parse(request.match_info["obis"])
    except ValueError as error:
        raise ControlError(400, f"obis: {error}") from error
    class_id = whole(request.match_info["class"], "class", 0xFFFF)
    return AttributeRef(class_id, name, whole(request.match_info["attribute"], "attribute", 0x7F))


def page_of(request: web.Request, most: int) -> tuple[int, int]:
    """Read `after` and `limit` of a query."""
    for name in request.query:
        if name not in ("after", "limit", "number"):
            raise ControlError(400, f"unknown parameter {name[:_MAX_TEXT]}; known: after, limit, number")
    after = whole(request.query.get("after", "0"), "after")
    limit = whole(request.query.get("limit", str(most)), "limit")
    if not 1 <= limit <= most:
        raise ControlError(400, f"limit is {limit}, expected 1 to {most}")
    return after, limit


def whole(text: str, name: str, highest: int = _MAX_NUMBER) -> int:
    """Read a whole number of a path or query."""
    if not (text.isascii() and text.isdigit() and len(text) <= 13 and int(text) <= highest):
        raise ControlError(400, f"{name} {_shown(text)} is no whole number from 0 to {highest}")
    return int(text)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
