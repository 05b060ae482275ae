"""Octets of a command as they are, beside its JSON (multipart/form-data, RFC 7578): no hexadecimal digits of a file.

One part, `command`, is the body of a submission; every other part is named after the field that it fills, for example
`request.firmware.file`. Parts are read piece by piece, within one bound for all of them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple, get_args, get_origin

from aiohttp import BodyPartReader, web
from pydantic import BaseModel
from pydantic_core import from_json

from meterstream.contracts.base import Record
from meterstream.contracts.errors import error
from meterstream.ws_adapter.model.failures import broken
from meterstream.ws_adapter.settings import HttpSettings
from meterstream.ws_adapter.web.guard import SlowBody, too_large

MULTIPART: Final = "multipart/form-data"
COMMAND: Final = "command"
_PIECE: Final = 65_536


class Upload(NamedTuple):
    """What was sent: the command's JSON, and octets by the field that they fill."""

    command: bytes
    fields: dict[str, bytes]

    def told(self) -> dict[str, dict[str, Any]]:
        """What of each field arrived, for the caller to compare."""
        return {
            name: {"octets": len(octets), "sha256": sha256(octets).hexdigest()} for name, octets in self.fields.items()
        }


async def read_upload(request: web.Request, settings: HttpSettings, body: type[Record]) -> Upload:
    """Read all parts.

    Raises: MESSAGE_TOO_LARGE, SlowBody; UNREADABLE_MESSAGE for no multipart; VALIDATION_ERROR for a part that is no
        octet field of `body`, comes twice, or is missing.
    """
    if request.content_length is not None and request.content_length > settings.max_upload_bytes:
        raise too_large(settings.max_upload_bytes)
    try:
        async with asyncio.timeout(settings.upload_timeout_s):
            return await _read(request, settings.max_upload_bytes, frozenset(octet_fields(body)))
    except TimeoutError:
        raise SlowBody(f"the parts did not arrive within {settings.upload_timeout_s:g} s") from None
    except (ValueError, AssertionError, EOFError) as failure:
        message = f"body: no {MULTIPART} ({type(failure).__name__})"
        raise error("UNREADABLE_MESSAGE", message, field="body", rule=MULTIPART) from None


async def _read(request: web.Request, limit: int, known: frozenset[str]) -> Upload:
    found: dict[str, bytes] = {}
    left = limit
    async for part in await request.multipart():
        name = part.name if isinstance(part, BodyPartReader) else None
        if not isinstance(part, BodyPartReader) or name is None or name not in {COMMAND, *known}:
            rule = f"parts are {', '.join([COMMAND, *sorted(known)])}"
            raise broken("body", rule)
        if name in found:
            raise broken(name, "is given once")
        octets = bytearray()
        while piece := await part.read_chunk(_PIECE):
            left -= len(piece)
            if left < 0:
                raise too_large(limit)
            octets += piece
        found[name] = bytes(octets)
    if COMMAND not in found:
        raise broken(COMMAND, "is required: the body of the submission, JSON")
    return Upload(found.pop(COMMAND), found)


def joined(upload: Upload) -> bytes:
    """The submission as if it had come as JSON alone.

    Raises: UNREADABLE_MESSAGE, VALIDATION_ERROR.
    """
    try:
        document = from_json(upload.command)
    except ValueError as problem:
        raise error("UNREADABLE_MESSAGE", f"{COMMAND}: {problem}", field=COMMAND, rule="JSON") from None
    for name, octets in upload.fields.items():
        *above, last = name.split(".")
        place = document
        for step in above:
            place = place.get(step) if isinstance(place, dict) else None
        if not isinstance(place, dict):
            raise broken(".".join(above), "is required")
        if place.get(last) is not None:
            raise broken(name, f"is given in {COMMAND} as well")
        place[last] = octets.hex()
    return json.dumps(document).encode()


def octet_fields(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The fields of octets below a model, lists apart, by their paths."""
    for name, info in model.model_fields.items():
        path = f"{above}{name}"
        for kind in _kinds(info.annotation):
            if kind is bytes:
                yield path
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from octet_fields(kind, f"{path}.")


def _kinds(annotation: Any) -> Iterator[Any]:
    """The alternatives of an annotation without their facets, lists apart."""
    if get_origin(annotation) in (list, tuple, dict):
        return
    if isinstance(annotation, type):
        yield annotation
        return
    for part in get_args(annotation):
        yield from _kinds(part)
