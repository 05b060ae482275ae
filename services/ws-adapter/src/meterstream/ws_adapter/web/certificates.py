"""The common name of the certificate with which a client spoke, to us or to a proxy before us."""

from __future__ import annotations

import ssl
from base64 import b64decode
from binascii import Error as Base64Error
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from cryptography import x509
from cryptography.x509.oid import NameOID

from meterstream.contracts.errors import PlatformError, error
from meterstream.ws_adapter.settings import HttpSettings


class CertificateNames:
    """Tells who calls.

    A connection from a trusted proxy is judged by the forwarded header alone, any other one by its TLS certificate
    alone: the header of a stranger, and the proxy's own certificate, say nothing about the client.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self._networks = settings.networks
        self._header = settings.forwarded_certificate_header

    def name_of(self, request: web.BaseRequest) -> str:
        """The common name.

        Raises: UNAUTHORIZED where there is no certificate, or one without a name.
        """
        if self._networks and self._from_proxy(request):
            return self._forwarded(request)
        certificate = _of_connection(request)
        if not certificate:
            raise _refused("a client certificate is required")
        names = [value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"]
        return _only(names)

    def shown(self, request: web.BaseRequest) -> bool:
        """Whether there is a certificate at all."""
        if self._networks and self._from_proxy(request):
            return self._header in request.headers
        return bool(_of_connection(request))

    def _from_proxy(self, request: web.BaseRequest) -> bool:
        transport = request.transport
        peer = transport.get_extra_info("peername") if transport else None
        if not isinstance(peer, tuple):
            return False
        address = ip_address(str(peer[0]).partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)

    def _forwarded(self, request: web.BaseRequest) -> str:
        values = request.headers.getall(self._header, [])
        if len(values) != 1:
            raise _refused(f"exactly one header {self._header} is required")
        return forwarded_name(values[0])


def _of_connection(request: web.BaseRequest) -> dict[str, Any] | None:
    """The verified certificate of the TLS connection."""
    transport = request.transport
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object") if transport else None
    return tls.getpeercert() if tls is not None else None


@lru_cache(maxsize=4096)
def forwarded_name(value: str) -> str:
    """The common name of a forwarded certificate.

    Understands RFC 9440 (`:base64 of DER:`), escaped PEM (nginx, ingress-nginx, HAProxy) and Envoy's
    x-forwarded-client-cert with a `Cert` part; of several hops the last one, which the proxy itself added.

    Raises: UNAUTHORIZED where it cannot be read.
    """
    text = value.strip()
    try:
        if text.startswith(":") and text.endswith(":"):
            certificate = x509.load_der_x509_certificate(b64decode(text[1:-1], validate=True))
        else:
            certificate = x509.load_pem_x509_certificate(_escaped_pem(text).encode("ascii"))
        names = [str(name.value) for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except (ValueError, Base64Error, UnicodeError):
        raise _refused("the forwarded client certificate cannot be read") from None
    return _only(names)


def _escaped_pem(text: str) -> str:
    if text.startswith(("-----BEGIN", "%2D", "%2d")):
        return unquote(text)
    for pair in _outside_quotes(_outside_quotes(text, ",")[-1], ";"):
        name, _, value = pair.strip().partition("=")
        if name.lower() == "cert":
            return unquote(value.strip('"'))
    raise ValueError("no certificate")


def _outside_quotes(text: str, separator: str) -> list[str]:
    """Parts of an x-forwarded-client-cert header; a separator within quotation marks separates nothing."""
    parts, quoted, escaped = [""], False, False
    for character in text:
        if character == separator and not quoted:
            parts.append("")
            continue
        if character == '"' and not escaped:
            quoted = not quoted
        escaped = character == "\\" and not escaped
        parts[-1] += character
    return parts


def _only(names: list[str]) -> str:
    if len(names) != 1 or not names[0]:
        raise _refused("the client certificate must have one common name")
    return names[0]


def _refused(reason: str) -> PlatformError:
    return error("UNAUTHORIZED", reason, field="client certificate", rule=reason)
