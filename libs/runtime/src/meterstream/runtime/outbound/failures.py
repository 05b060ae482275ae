"""Why a call did not succeed, in words of ours: a library's text may hold the URL, and a URL may hold a secret."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp

from meterstream.runtime.outbound.resolver import AddressRefused


def refusal_of(failure: BaseException) -> AddressRefused | None:
    """The rule that kept a call from being made; None where it was made."""
    match failure:
        case aiohttp.ClientConnectorError(os_error=AddressRefused() as refused):
            return refused
    return None


def reason_of(failure: BaseException, *, connect_s: float, answer_s: float) -> str:
    """What went wrong.

    Args:
        connect_s: longest wait for a connection.
        answer_s: longest wait for the answer.
    """
    match failure:
        case aiohttp.ClientConnectorError(os_error=AddressRefused() as refused):
            return str(refused)
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return "the endpoint's certificate is not trusted"
        case aiohttp.ClientSSLError():
            return "TLS failed"
        case aiohttp.ClientConnectorDNSError():
            return "the host's name cannot be resolved"
        case aiohttp.ConnectionTimeoutError():
            return f"no connection within {connect_s:g} s"
        case asyncio.TimeoutError():
            return f"no answer within {answer_s:g} s"
        case aiohttp.ClientConnectorError():
            return f"cannot connect: {failure.os_error.strerror or 'no details'}"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
            return "connection lost before the answer"
        case aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return "the answer is no valid HTTP"
    return f"attempt failed ({type(failure).__name__})"
