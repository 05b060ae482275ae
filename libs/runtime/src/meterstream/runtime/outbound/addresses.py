"""Which addresses a URL may lead to that came with a message.

Such a URL is written by a client (where to send a response, where a firmware file lies), so it must not let the
platform reach what the client cannot (server-side request forgery): plain http or https, no user information, by name
only where an allow-list says so, and never an address inside the platform's own network unless the operator allows it.
Names are judged by the address that is connected to, at the moment of connecting. URLs in settings are the operator's
word and not restricted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

_PORTS: Final = {"http": 80, "https": 443}
_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+")
_HOST: Final = re.compile(r"[A-Za-z0-9_.:-]+")  # nothing that two URL parsers could read differently

METADATA: Final = frozenset({ip_address("100.100.100.200"), ip_address("fd00:ec2::254")})
"""Metadata services of clouds outside the link-local networks."""

_NAT64: Final = IPv6Network("64:ff9b::/96")
_THIS_NETWORK: Final = IPv4Network("0.0.0.0/8")
_RESERVED: Final = IPv4Network("240.0.0.0/4")


class RefusedTarget(Exception):
    """A URL that is not called; the message names the rule, never the URL."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host (lower case, without brackets) and port of a URL."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def origin_of(url: str) -> Origin:
    """The origin of a URL.

    Raises: RefusedTarget for anything but an absolute http or https URL of printable ASCII without user information.
    """
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise RefusedTarget("only printable ASCII characters without a backslash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise RefusedTarget("no valid URL") from None
    if parts.scheme not in _PORTS:
        raise RefusedTarget("only http and https")
    if parts.username is not None or parts.password is not None:
        raise RefusedTarget("no user information")
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise RefusedTarget("names no host")
    return Origin(parts.scheme, parts.hostname.lower().rstrip("."), port or _PORTS[parts.scheme])


class TargetRules:
    """Judges URLs and the addresses that their hosts resolve to.

    Args:
        allowed: host names ("notify.example.org"), all names below one ("*.example.org") and networks ("10.2.0.0/16")
            that may be called; empty allows every public host.
        allow_private: also loopback, link-local, private and metadata addresses; for laptops and tests.
        https_only: no plain http.

    Raises: ValueError for an entry that is neither.
    """

    def __init__(self, allowed: Iterable[str] = (), *, allow_private: bool = False, https_only: bool = False) -> None:
        entries = [entry.strip().lower() for entry in allowed]
        self._networks = [ip_network(entry) for entry in entries if _is_network(entry)]
        self._names = {entry.rstrip(".") for entry in entries if not _is_network(entry)}
        self._allow_private = allow_private
        self._https_only = https_only
        for name in self._names:
            if not re.fullmatch(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", name):
                raise ValueError(f"{name!r} is neither a host name nor a network")

    def check_url(self, url: str) -> Origin:
        """All that can be told before the host is resolved.

        Raises: RefusedTarget.
        """
        origin = origin_of(url)
        if self._https_only and origin.scheme != "https":
            raise RefusedTarget("only https")
        literal = _literal(origin.host)
        if literal is not None:
            self.check_address(origin.host, literal)
        elif self._names and not self._networks and not self._is_listed(origin.host):
            raise RefusedTarget("host is not in the allow-list")
        return origin

    def check_address(self, host: str, address: Address) -> None:
        """Whether `host` may be reached at `address`.

        Raises: RefusedTarget.
        """
        address = _embedded(address)
        listed = self._is_listed(host) or any(address in network for network in self._networks)
        if (self._names or self._networks) and not listed:
            raise RefusedTarget("host and address are not in the allow-list")
        if self._allow_private:
            return
        if reason := _unusable(address):
            raise RefusedTarget(f"{reason} address")
        if not address.is_global and not listed:
            raise RefusedTarget("private address")

    def _is_listed(self, host: str) -> bool:
        if host in self._names:
            return True
        labels = host.split(".")
        return any("*." + ".".join(labels[index:]) in self._names for index in range(1, len(labels)))


def _is_network(entry: str) -> bool:
    try:
        ip_network(entry)
    except ValueError:
        if re.fullmatch(r"[0-9.]+(/.*)?|[0-9a-f:.]*:[0-9a-f:.]*(/.*)?", entry):
            raise ValueError(f"{entry!r} is no network (host bits set?)") from None
        return False
    return True


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _embedded(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only translates it."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _unusable(address: Address) -> str | None:
    """Why no allow-list opens this address; None where one may."""
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address in METADATA:
        return "metadata"
    if address.is_unspecified or address.is_multicast or address in _THIS_NETWORK or address in _RESERVED:
        return "unusable"
    return None


def entries_of(text: str) -> list[str]:
    """The entries of an allow-list that is written in one setting, comma separated."""
    return [entry for part in text.split(",") if (entry := part.strip())]
