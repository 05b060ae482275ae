"""Sessions with meters over asyncio: the only package of this library that opens sockets."""

from meterstream.dlms.asyncio.link import Direction, Trace
from meterstream.dlms.asyncio.session import InvocationCounters, MeterSession, open_session

__all__ = ["Direction", "InvocationCounters", "MeterSession", "Trace", "open_session"]
