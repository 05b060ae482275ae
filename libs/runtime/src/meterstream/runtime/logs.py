"""JSON lines on standard error, each with what the work is about: correlation uid, device, operation."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from meterstream.runtime.settings import LogSettings

REPETITIVE: Final = frozenset({"aiokafka", "librdkafka", "psycopg"})
"""Packages of clients that write the same line at every attempt while a server is away."""
SPARING_S: Final = 10.0
MOST_KINDS: Final = 1000

_bound: ContextVar[dict[str, str]] = ContextVar("bound_log_fields", default={})  # noqa: B039  # never changed in place

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


@contextmanager
def bind(**fields: object) -> Iterator[None]:
    """Add fields to every line that this task writes inside the block."""
    token = _bound.set({**_bound.get(), **{name: str(value) for name, value in fields.items() if value is not None}})
    try:
        yield
    finally:
        _bound.reset(token)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, event, then bound and extra fields."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The line. An exception is given by type, text and place, without the values of variables."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "event": record.getMessage(),
            **_bound.get(),
        }
        line.update({name: value for name, value in record.__dict__.items() if name not in _STANDARD})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class Sparing(logging.Filter):
    """Keeps back lines of repetitive packages that differ from one of the last seconds in nothing but arguments.

    The next line that passes tells as `left_out` how many did not.
    """

    def __init__(self, every_s: float = SPARING_S, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_s = every_s
        self._clock = clock
        self._passed: dict[tuple[str, int, str], float] = {}
        self._left_out: dict[tuple[str, int, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
        if record.name.partition(".")[0] not in REPETITIVE:
            return True
        kind = (record.name, record.levelno, str(record.msg))
        now = self._clock()
        if kind in self._passed and now - self._passed[kind] < self._every_s:
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return False
        if len(self._passed) >= MOST_KINDS:
            self._passed.clear()
            self._left_out.clear()
        self._passed[kind] = now
        if left_out := self._left_out.pop(kind, 0):
            record.left_out = left_out
        return True


def configure_logging(settings: LogSettings, service: str) -> None:
    """Send every logger of the process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    handler.addFilter(Sparing())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    for chatty in ("aiokafka", "aiohttp.access", "psycopg.pool"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
