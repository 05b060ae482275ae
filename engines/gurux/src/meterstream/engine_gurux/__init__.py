"""gurux-dlms behind the port of our own sessions, for meters with short names and other odd ones."""

from meterstream.engine_gurux.config import GuruxConfig, GuruxHdlc
from meterstream.engine_gurux.session import GuruxSession, open_session
from meterstream.engine_gurux.workers import EngineStopped, GuruxWorker, GuruxWorkers

__all__ = [
    "EngineStopped",
    "GuruxConfig",
    "GuruxHdlc",
    "GuruxSession",
    "GuruxWorker",
    "GuruxWorkers",
    "open_session",
]
