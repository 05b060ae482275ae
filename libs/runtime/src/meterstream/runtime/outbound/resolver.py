"""Names are judged by the addresses that are connected to, at the moment of connecting."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from meterstream.runtime.outbound.addresses import RefusedTarget, TargetRules


class AddressRefused(OSError):
    """A host leads only to addresses that must not be called; the message names the rule."""


class JudgingResolver(AbstractResolver):
    """Resolves names and leaves only addresses that the rules allow: exactly these are connected to."""

    def __init__(self, rules: TargetRules) -> None:
        self._rules = rules
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The allowed addresses of a host. Raises: AddressRefused when there is none."""
        found = await self._inner.resolve(host, port, family)
        allowed: list[ResolveResult] = []
        refusal = "no address"
        for one in found:
            try:
                self._rules.check_address(host.lower().rstrip("."), ip_address(one["host"].split("%")[0]))
            except RefusedTarget as refused:
                refusal = str(refused)
            else:
                allowed.append(one)
        if not allowed:
            raise AddressRefused(refusal)
        return allowed

    async def close(self) -> None:
        """Nothing to close."""


def check_target(rules: TargetRules, target: URL) -> None:
    """Judge a URL before it is called; addresses written in it are not resolved, so they are judged here.

    Raises: RefusedTarget.
    """
    rules.check_url(str(target))
    host = (target.host or "").split("%")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return
    rules.check_address(host, address)
