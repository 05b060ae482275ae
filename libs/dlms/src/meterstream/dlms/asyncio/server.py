"""Meters that listen: wrapper over TCP, wrapper over UDP, HDLC over TCP; for gateways, tools and tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from meterstream.dlms.asyncio.framing import HdlcOverTcp, SessionFraming, WrapperOverTcp, WrapperOverUdp
from meterstream.dlms.asyncio.listener import Connections, Listener, ListenerCounters, ListenerLimits
from meterstream.dlms.asyncio.meter_datagrams import MeterDatagrams
from meterstream.dlms.asyncio.meter_lines import MeterConnection, MeterLine, PlainLine
from meterstream.dlms.framing.hdlc import HdlcAddress, HdlcServerLink
from meterstream.dlms.meter import MeterAssociation
from meterstream.dlms.meter.hdlc import HdlcMeter

NewAssociation = Callable[[], MeterAssociation]
_WRAPPER: Final = WrapperOverTcp()


async def serve_meter(
    new_association: NewAssociation,
    address: tuple[str, int],
    *,
    framing: SessionFraming = _WRAPPER,
    server_sap: int = 1,
    limits: ListenerLimits | None = None,
) -> Listener:
    """Serves a meter at `address`; port 0 takes a free one.

    Args:
        new_association: makes the association of one connection (with HDLC of one SNRM, with UDP of one peer), with
            its default framing and `server_sap`. Applications answer at once: they hold up the loop while they think.
        framing: with HDLC the address is `server_sap`, `lower`, `wide`; the time-outs of the client do not matter.
    Raises: OSError when the address is not free; ConfigurationError.
    """
    loop = asyncio.get_running_loop()
    bounds, counters = limits or ListenerLimits(), ListenerCounters()
    if isinstance(framing, WrapperOverUdp):
        endpoint = await loop.create_datagram_endpoint(
            lambda: MeterDatagrams(loop, new_association, bounds, counters), local_addr=address
        )
        transport, datagrams = endpoint
        return Listener(transport.get_extra_info("sockname")[:2], counters, datagrams.close)
    connections = Connections(loop, bounds, counters, set())
    new_line = _lines(new_association, framing, server_sap)
    return await connections.listen(address, lambda: MeterConnection(connections, new_line()))


def _lines(
    new_association: NewAssociation, framing: WrapperOverTcp | HdlcOverTcp, server_sap: int
) -> Callable[[], MeterLine]:
    if isinstance(framing, WrapperOverTcp):
        return lambda: PlainLine(new_association())
    own = HdlcAddress(server_sap, framing.lower, framing.wide)
    return lambda: HdlcMeter(new_association, HdlcServerLink(own, framing.parameters, framing.limits))
