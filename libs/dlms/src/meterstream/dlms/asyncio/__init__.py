"""Sessions with meters, and meters that listen, over asyncio: the only package of this library that opens sockets."""

from meterstream.dlms.asyncio.framing import HdlcOverTcp, SessionFraming, WrapperOverTcp, WrapperOverUdp
from meterstream.dlms.asyncio.link import Direction, Trace
from meterstream.dlms.asyncio.listener import Listener, ListenerCounters, ListenerLimits
from meterstream.dlms.asyncio.port import MeterClient
from meterstream.dlms.asyncio.pushes import Push, PushLimits, listen_pushes
from meterstream.dlms.asyncio.server import serve_meter
from meterstream.dlms.asyncio.session import InMemoryCounters, InvocationCounters, MeterSession, open_session

__all__ = [
    "Direction",
    "HdlcOverTcp",
    "InMemoryCounters",
    "InvocationCounters",
    "Listener",
    "ListenerCounters",
    "ListenerLimits",
    "MeterClient",
    "MeterSession",
    "Push",
    "PushLimits",
    "SessionFraming",
    "Trace",
    "WrapperOverTcp",
    "WrapperOverUdp",
    "listen_pushes",
    "open_session",
    "serve_meter",
]
