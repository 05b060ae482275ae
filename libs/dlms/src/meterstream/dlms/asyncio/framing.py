"""How the frames of a session get to the meter; `open_session` takes one of these."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from meterstream.dlms.asyncio.connect import connect, connect_datagrams
from meterstream.dlms.asyncio.datagrams import DatagramLink
from meterstream.dlms.asyncio.hdlc import HdlcLine
from meterstream.dlms.asyncio.link import Link, Trace
from meterstream.dlms.client import AssociationConfig, ClientAssociation
from meterstream.dlms.client.hdlc import HdlcClient
from meterstream.dlms.errors import ConfigurationError
from meterstream.dlms.framing import DatagramFraming, Framing
from meterstream.dlms.framing.hdlc import HdlcAddress, HdlcClientLink, HdlcLimits, HdlcOptions, HdlcParameters


@dataclass(frozen=True, slots=True)
class WrapperOverTcp:
    """The default (IEC 62056-47)."""


@dataclass(frozen=True, slots=True)
class WrapperOverUdp:
    """One datagram, one wrapper frame (IEC 62056-47).

    Attributes:
        repeat_s: seconds of silence after which blocks of general block transfer are sent or asked for again, within
            the time-out of the answer. Nothing else that gets lost is repeated.
    Raises: ConfigurationError.
    """

    repeat_s: float = 2.0

    def __post_init__(self) -> None:
        if not self.repeat_s > 0:
            raise ConfigurationError("repeat_s is not above 0")


@dataclass(frozen=True, slots=True)
class HdlcOverTcp:
    """HDLC frames over TCP (IEC 62056-46 behind a modem or gateway): SNRM first, DISC last.

    Attributes:
        lower, wide: physical device and size of the server address, as in HdlcAddress; its upper part is the
            `server_sap` of the association, the address of the client its `client_sap` (1..127).
        parameters: offered in SNRM.
        limits: time-outs and repetitions of the link, which run within those of the session.
        options: of a client, for meters that depart from the standard; a meter has none.
        establish_timeout_s: SNRM and UA with all repetitions, seconds.
        disconnect_timeout_s: DISC and UA, seconds; nothing depends on the UA.
        notified: gets what the meter sends in UI frames unasked, other than the notifications that the association
            takes while it is open; without it they are counted.
    """

    lower: int | None = None
    wide: bool = False
    parameters: HdlcParameters = field(default_factory=HdlcParameters)
    limits: HdlcLimits = field(default_factory=HdlcLimits)
    options: HdlcOptions = field(default_factory=HdlcOptions)
    establish_timeout_s: float = 30.0
    disconnect_timeout_s: float = 5.0
    notified: Callable[[bytes], None] | None = None

    def __post_init__(self) -> None:
        for name in ("establish_timeout_s", "disconnect_timeout_s"):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} is not above 0")


SessionFraming = WrapperOverTcp | HdlcOverTcp | WrapperOverUdp


def framing_of(line: SessionFraming) -> Framing | None:
    """What the association needs for such a line; None is its default."""
    return DatagramFraming() if isinstance(line, WrapperOverUdp) else None


async def open_link(
    line: SessionFraming,
    address: tuple[str, int],
    config: AssociationConfig,
    association: ClientAssociation,
    trace: Trace | None,
    timeout_s: float,
) -> Link:
    """A link that is ready for the AARQ. Raises: ConnectFailed, ConfigurationError, PeerError, LinkError."""
    loop = asyncio.get_running_loop()
    match line:
        case WrapperOverTcp():
            return await connect(Link(loop, association, trace), *address, timeout_s)
        case WrapperOverUdp():
            return await connect_datagrams(DatagramLink(loop, association, line.repeat_s, trace), *address, timeout_s)
        case HdlcOverTcp():
            server = HdlcAddress(config.server_sap, line.lower, line.wide)
            below = HdlcClientLink(config.client_sap, server, line.parameters, line.limits, line.options)
            hdlc = HdlcLine(loop, HdlcClient(association, below), trace, line.notified)
            await connect(hdlc, *address, timeout_s)
            try:
                await hdlc.establish(line.establish_timeout_s)
            except BaseException:
                hdlc.abort()
                raise
            return hdlc
