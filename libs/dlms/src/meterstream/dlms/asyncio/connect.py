"""Connects, with one typed error per cause."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from meterstream.dlms.errors import ConnectFailed, ConnectFailure

_T = TypeVar("_T")
_P = TypeVar("_P", bound=asyncio.Protocol)
_D = TypeVar("_D", bound=asyncio.DatagramProtocol)


async def connect(protocol: _P, host: str, port: int, timeout_s: float) -> _P:
    """Connects `protocol` over TCP to the first address of `host` that answers, within `timeout_s` seconds in all.

    Raises: ConnectFailed.
    """
    loop = asyncio.get_running_loop()
    return await _first(
        protocol, lambda address: loop.create_connection(lambda: protocol, address, port), host, port, timeout_s
    )


async def connect_datagrams(protocol: _D, host: str, port: int, timeout_s: float) -> _D:
    """Connects `protocol` over UDP, which sends nothing yet: whether anybody is there shows with the first request.

    Raises: ConnectFailed.
    """
    loop = asyncio.get_running_loop()
    return await _first(
        protocol,
        lambda address: loop.create_datagram_endpoint(lambda: protocol, remote_addr=(address, port)),
        host,
        port,
        timeout_s,
    )


async def _first(
    protocol: _T, attempt: Callable[[str], Coroutine[Any, Any, object]], host: str, port: int, timeout_s: float
) -> _T:
    try:
        async with asyncio.timeout(timeout_s):
            failure: OSError | None = None
            for address in await _addresses(host, port):
                try:
                    await attempt(address)
                except OSError as error:
                    failure = error
                else:
                    return protocol
            raise failure or socket.gaierror(socket.EAI_NONAME, "no address")
    except OSError as error:
        subcode = _subcode(error)
        raise ConnectFailed(subcode, f"{host}:{port}: {subcode.value}") from error


async def _addresses(host: str, port: int) -> list[str]:
    """Host names give their addresses one by one: a list tried by the loop would hide why each of them failed."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return [host]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _subcode(error: OSError) -> ConnectFailure:
    if isinstance(error, ConnectionRefusedError):
        return ConnectFailure.REFUSED
    if isinstance(error, TimeoutError):
        return ConnectFailure.TIMED_OUT
    if isinstance(error, socket.gaierror):
        return ConnectFailure.UNKNOWN_HOST
    return ConnectFailure.UNREACHABLE
