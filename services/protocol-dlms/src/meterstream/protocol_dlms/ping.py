"""One ICMP echo before a connection: it brings up the radio link of meters whose network lets it go when idle."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import struct
from typing import Final, Protocol

log = logging.getLogger(__name__)

_REQUESTS: Final = {
    socket.AF_INET: (socket.IPPROTO_ICMP, 8),
    socket.AF_INET6: (socket.IPPROTO_ICMPV6, 128),
}
"""Family -> protocol, type of an echo request."""
_PAYLOAD_OCTETS: Final = 16
_MOST_OCTETS: Final = 1_500


class Ping(Protocol):
    """Sends one echo request."""

    async def __call__(self, host: str, timeout_s: float) -> bool:
        """Whether an answer came in time; never fails."""


async def ping(host: str, timeout_s: float) -> bool:
    """See Ping. Takes no privilege where the system lets this group ping (Linux: net.ipv4.ping_group_range)."""
    try:
        async with asyncio.timeout(timeout_s):
            return await _echo(host)
    except TimeoutError:
        return False
    except OSError as failure:
        log.info("no echo request could be sent: %s", failure.strerror or type(failure).__name__)
        return False


async def _echo(host: str) -> bool:
    loop = asyncio.get_running_loop()
    family, _, _, _, address = (await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM))[0]
    protocol, kind = _REQUESTS[family]
    payload = secrets.token_bytes(_PAYLOAD_OCTETS)
    with socket.socket(family, socket.SOCK_DGRAM, protocol) as line:
        line.setblocking(False)
        # Type, code, checksum and identifier (both filled in by the kernel), sequence number.
        await loop.sock_sendto(line, struct.pack("!BBHHH", kind, 0, 0, 0, 1) + payload, address)
        while not (await loop.sock_recv(line, _MOST_OCTETS)).endswith(payload):
            pass
    return True
