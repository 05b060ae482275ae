"""One HTTP attempt: bounded in time and size, certificates verified, redirects not followed, addresses judged."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final, Self

import aiohttp
from yarl import URL

from meterstream.notification.model.retry import Refused
from meterstream.notification.settings import DeliverySettings
from meterstream.runtime.clock import Clock
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.outbound.addresses import RefusedTarget, TargetRules
from meterstream.runtime.outbound.failures import reason_of, refusal_of
from meterstream.runtime.outbound.resolver import JudgingResolver, check_target

USER_AGENT: Final = "meterstream-notification"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered; `body` is cut off at the limit, `complete` tells whether that was needed."""

    status: int
    body: bytes
    complete: bool
    retry_after_s: float = 0.0


class HttpSender:
    """A component: posts to configured endpoints freely, to response URLs by the rules. No cookies, no proxy."""

    name = "http"
    ready = True

    def __init__(self, settings: DeliverySettings, rules: TargetRules, clock: Clock) -> None:
        self._settings = settings
        self._rules = rules
        self._clock = clock
        self._tls = _tls_context(settings)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def start(self) -> None:
        """Make the connection pools."""
        for requested in (False, True):
            connector = aiohttp.TCPConnector(
                limit=0,  # the dispatcher bounds attempts; a queue here would let one endpoint hold up others
                ssl=self._tls,
                resolver=JudgingResolver(self._rules) if requested else aiohttp.ThreadedResolver(),
                keepalive_timeout=15,
            )
            self._sessions[requested] = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(
                    total=self._settings.timeout_s, sock_connect=self._settings.connect_timeout_s
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            )

    async def stop(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, requested: bool) -> Answer | Refused:
        """One attempt; `requested` URLs came with a command and are judged by the rules."""
        try:
            target = URL(url)
            if requested:
                check_target(self._rules, target)
            async with self._sessions[requested].post(
                target, data=body, headers=headers, allow_redirects=False
            ) as response:
                return await self._answer(response)
        except RefusedTarget as refused:
            return Refused(f"response_url: {refused}", permanent=True, receiver=False)
        except aiohttp.InvalidURL:
            return Refused("the URL is not valid", permanent=requested, receiver=False)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return self._failure(error)
        except ValueError:  # from the URL's parser; a certificate's failure is one, too, and caught above
            return Refused("the URL is not valid", permanent=requested, receiver=False)

    async def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        limit = self._settings.max_answer_bytes
        body = bytearray()
        while len(body) <= limit:
            chunk = await response.content.read(limit + 1 - len(body))
            if not chunk:
                break
            body += chunk
        complete = len(body) <= limit
        if not complete:
            response.close()  # what is left is not read, so the connection cannot be used again
        return Answer(
            response.status,
            bytes(body[:limit]),
            complete,
            retry_after(response.headers.get("Retry-After", ""), self._clock()),
        )

    def _failure(self, failure: BaseException) -> Refused:
        if (refused := refusal_of(failure)) is not None:
            return Refused(f"response_url: {refused}", permanent=True, receiver=False)
        settings = self._settings
        return Refused(reason_of(failure, connect_s=settings.connect_timeout_s, answer_s=settings.timeout_s))


def retry_after(value: str, now: datetime) -> float:
    """Seconds of a Retry-After header (RFC 9110, 10.2.3): a number or a date; 0 where it is absent or neither."""
    value = value.strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (moment - now).total_seconds()) if moment.tzinfo is not None else 0.0


def _tls_context(settings: DeliverySettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.certificate_file is not None:
            context.load_cert_chain(settings.certificate_file, settings.key_file, password=lambda: "")
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"METERSTREAM_DELIVERY__CA_FILE, __CERTIFICATE_FILE or __KEY_FILE cannot be used: {error}"
        ) from None
    return context
