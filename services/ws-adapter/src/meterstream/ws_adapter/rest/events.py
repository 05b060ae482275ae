"""Server-sent events: the states of one command until its result."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from aiohttp import web

from meterstream.contracts.errors import error
from meterstream.runtime.errors import Outage, PoisonMessage
from meterstream.ws_adapter.model.progress import CommandKey, Progress
from meterstream.ws_adapter.store.watch import Progresses, Watch

log = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
LONGEST_S: Final = 3600.0
"""After this a stream ends and the client connects anew, so that streams move to new replicas in time."""
RETRY_MS: Final = 2000


async def stream_events(
    request: web.Request,
    key: CommandKey,
    progresses: Progresses,
    view: Callable[[Progress], Awaitable[dict[str, Any]]],
    *,
    existence_s: float,
) -> web.StreamResponse:
    """Send the present state, every later one, then the result, and end.

    States that follow each other faster than they are sent are folded into the last one.

    Raises: UNKNOWN_CORRELATION_UID, NOT_READY.
    """
    row = await progresses.read_when(key, lambda found: found is not None, existence_s)
    if row is None or row.deleted:
        raise error("UNKNOWN_CORRELATION_UID", "CorrelationUid is unknown.", field="correlation_uid")
    with progresses.watch(key) as watch:
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        try:
            await response.write(b"retry: %d\n\n" % RETRY_MS)
            await _send_states(response, key, progresses, watch, view)
            await response.write_eof()
        except ConnectionError:
            log.debug("a client left its event stream")
        except (Outage, PoisonMessage) as problem:
            log.warning("an event stream ends early: %s", problem)
        return response


async def _send_states(
    response: web.StreamResponse,
    key: CommandKey,
    progresses: Progresses,
    watch: Watch,
    view: Callable[[Progress], Awaitable[dict[str, Any]]],
) -> None:
    loop = asyncio.get_running_loop()
    ends = loop.time() + LONGEST_S
    sent: tuple[str, int, datetime] | None = None
    while loop.time() < ends and not progresses.closing:
        row = await progresses.read(key)
        if row is None or row.deleted:
            return
        stamp = (row.state, row.attempt, row.changed_at)
        if stamp != sent:
            sent = stamp
            await response.write(event_of(row, await view(row)))
        if row.final:
            return
        if not await watch.moved(loop.time() + HEARTBEAT_S):
            await response.write(b": heartbeat\n\n")


def event_of(row: Progress, document: dict[str, Any]) -> bytes:
    """One event: `state`, or `result` when the command is final."""
    kind = "result" if row.final else "state"
    identity = f"{row.attempt}-{int(row.changed_at.timestamp() * 1000)}"
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\nid: {identity}\ndata: {data}\n\n".encode()
