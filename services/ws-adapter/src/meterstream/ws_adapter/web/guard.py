"""What happens to every request before a face sees it: who calls, how big, how many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

from meterstream.contracts.errors import PlatformError, error
from meterstream.ws_adapter.settings import HttpSettings
from meterstream.ws_adapter.web.certificates import CertificateNames
from meterstream.ws_adapter.web.limits import Concurrency, Pace

HEADER_OVERHEAD: Final = 4
"""Octets of a header line beside name and value: colon, space, CR, LF."""

RETRY_AFTER: Final = web.RequestKey("retry_after", str)
"""What the header Retry-After of the answer says, on whatever face."""


class SlowBody(Exception):
    """The body did not arrive in time."""


class Guard:
    """Shared by the faces, so that their bounds count together."""

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = self._settings = settings
        self._names = CertificateNames(settings)
        self._requests = Concurrency(settings.max_requests, "requests")
        self._streams = Concurrency(settings.max_streams, "event streams")
        self.pace = Pace(settings.requests_per_s, settings.requests_burst)

    def certificate_name(self, request: web.Request) -> str:
        """The common name with which the client spoke.

        Raises: UNAUTHORIZED.
        """
        return self._names.name_of(request)

    def has_certificate(self, request: web.Request) -> bool:
        """Whether the client, or a trusted proxy for it, showed a certificate of whatever kind."""
        return self._names.shown(request)

    @contextmanager
    def admit(self, request: web.Request, organisation: str, *, stream: bool = False) -> Iterator[None]:
        """Count a request against its organisation's rate, and as under way for as long as the block runs.

        Raises: TOO_MANY_REQUESTS, which the answer's Retry-After goes with.
        """
        places = self._streams if stream else self._requests
        try:
            self.pace.take(organisation)
            with places.one(organisation):
                yield
        except PlatformError as failure:
            if (seconds := failure.details.get("retry_after_s")) is not None:
                request[RETRY_AFTER] = seconds
            raise

    def check_head(self, request: web.Request) -> None:
        """Raises: HTTPRequestHeaderFieldsTooLarge."""
        size = sum(len(name) + len(value) + HEADER_OVERHEAD for name, value in request.raw_headers)
        if size > self._settings.max_header_bytes:
            raise web.HTTPRequestHeaderFieldsTooLarge(
                text=f"the head has {size} bytes, at most {self._settings.max_header_bytes}"
            )

    async def read_body(self, request: web.Request) -> bytes:
        """The whole body.

        Raises: MESSAGE_TOO_LARGE, SlowBody.
        """
        limit = self._settings.max_body_bytes
        if request.content_length is not None and request.content_length > limit:
            raise too_large(limit)
        try:
            async with asyncio.timeout(self._settings.body_timeout_s):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise too_large(limit) from None
        except TimeoutError:
            raise SlowBody(f"the body did not arrive within {self._settings.body_timeout_s:g} s") from None


def too_large(limit: int) -> PlatformError:
    """MESSAGE_TOO_LARGE for a body."""
    return error("MESSAGE_TOO_LARGE", f"body: at most {limit} bytes", field="body", rule=f"at most {limit} bytes")
