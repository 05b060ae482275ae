"""Sessions with meters over asyncio: the only package of this library that opens sockets."""

from meterstream.dlms.asyncio.link import Direction, Trace
from meterstream.dlms.asyncio.session import InMemoryCounters, InvocationCounters, MeterSession, open_session

__all__ = ["Direction", "InMemoryCounters", "InvocationCounters", "MeterSession", "Trace", "open_session"]
