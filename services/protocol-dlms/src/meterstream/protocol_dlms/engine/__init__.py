"""Meters with short names: a program of its own speaks with them, found where somebody installed it.

Nothing of that program is imported here. It is started, and lines of JSON go to and fro (sayings.py);
docs/engines.md tells which.
"""

from meterstream.protocol_dlms.engine.config import EngineConfig, EngineHdlc
from meterstream.protocol_dlms.engine.errors import EngineBusy, EngineDied, EngineStopped, EngineUnusable
from meterstream.protocol_dlms.engine.listings import Listing, ListingCache, Listings
from meterstream.protocol_dlms.engine.processes import EngineProcess, EngineProcesses
from meterstream.protocol_dlms.engine.program import PROGRAM, find_program
from meterstream.protocol_dlms.engine.session import EngineSession, open_session

__all__ = [
    "PROGRAM",
    "EngineBusy",
    "EngineConfig",
    "EngineDied",
    "EngineHdlc",
    "EngineProcess",
    "EngineProcesses",
    "EngineSession",
    "EngineStopped",
    "EngineUnusable",
    "Listing",
    "ListingCache",
    "Listings",
    "find_program",
    "open_session",
]
