"""Wakes meters that are reachable only for a while after an SMS, through an HTTP service that sends it."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

import aiohttp
from yarl import URL

from meterstream.contracts.errors import PlatformError, error
from meterstream.contracts.records import DeviceRecord
from meterstream.runtime.errors import ConfigurationError

DEVICE: Final = "{device}"
ICC_ID: Final = "{iccid}"
PROVIDER: Final = "{provider}"
"""Stand in the URL for what the registry says of the meter: its identification, its SIM card, its network."""
_PLACE: Final = re.compile(r"\{[^{}]*\}")
_MAX_TOKEN: Final = 8_192
_MAX_WAITING: Final = 64


class Wakeup(Protocol):
    """Has a sleeping meter come onto its network."""

    async def wake(self, record: DeviceRecord) -> None:
        """Return once the message is on its way; whether it arrives is not known then.

        Raises: SESSION_PROVIDER_ERROR.
        """


class HttpWakeup:
    """A component: posts to a URL for each meter, with a bearer token where there is one. No redirects, no cookies.

    The body is JSON: {"device_identification": …, "icc_id": …, "provider": …}. A status of 2xx says that the message is
    on its way.

    Args:
        url: with DEVICE or ICC_ID in its path or query, and maybe PROVIDER; what they stand for is percent-encoded.
        token_file: holds the token; read for every message, so that it may be replaced.
    Raises: ConfigurationError.
    """

    name = "wake-up"
    ready = True

    def __init__(self, url: str, token_file: Path | None, timeout_s: float) -> None:
        places = set(_PLACE.findall(url))
        if not url.startswith(("http://", "https://")) or not places & {DEVICE, ICC_ID}:
            message = f"METERSTREAM_REACH__WAKEUP_URL: expected an http(s) URL with {DEVICE} or {ICC_ID}"
            raise ConfigurationError(message)
        if unknown := places - {DEVICE, ICC_ID, PROVIDER}:
            named = ", ".join(sorted(unknown))
            raise ConfigurationError(f"METERSTREAM_REACH__WAKEUP_URL: nothing is known by {named}")
        self._url = url
        self._token_file = token_file
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Connections are opened as they are needed."""

    async def stop(self) -> None:
        """Close what is open."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def wake(self, record: DeviceRecord) -> None:
        """See Wakeup."""
        device = record.device_identification
        url = self._url_for(record)
        try:
            status = await self._post(url, record)
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeDecodeError) as failure:
            raise _failed(device, type(failure).__name__) from None  # its text may hold the URL
        if not 200 <= status < 300:
            raise _failed(device, f"status {status}")

    def _url_for(self, record: DeviceRecord) -> URL:
        """Raises: SESSION_PROVIDER_ERROR where the registry does not say what the URL needs."""
        device, connection = record.device_identification, record.connection
        if ICC_ID in self._url and not connection.icc_id:
            raise _failed(device, "the registry knows no SIM card (ICC id)")
        if PROVIDER in self._url and not connection.provider:
            raise _failed(device, "the registry knows no communication provider")
        told = {DEVICE: device, ICC_ID: connection.icc_id, PROVIDER: connection.provider}
        return URL(_PLACE.sub(lambda place: quote(told[place[0]] or "", safe=""), self._url), encoded=True)

    async def _post(self, url: URL, record: DeviceRecord) -> int:
        headers = {}
        if self._token_file is not None:
            token = await asyncio.to_thread(_read_token, self._token_file)
            headers["Authorization"] = f"Bearer {token}"
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_MAX_WAITING),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
            )
        connection = record.connection
        told = {"icc_id": connection.icc_id, "provider": connection.provider}
        body = {"device_identification": record.device_identification} | {
            name: value for name, value in told.items() if value is not None
        }
        async with self._session.post(url, json=body, headers=headers, allow_redirects=False) as response:
            return response.status


def _read_token(path: Path) -> str:
    """Raises: OSError, UnicodeDecodeError."""
    with path.open("rb") as file:
        token = file.read(_MAX_TOKEN).decode("ascii").strip()
    if not token or not token.isprintable():
        raise OSError("no token")
    return token


def _failed(device: str, cause: str) -> PlatformError:
    return error("SESSION_PROVIDER_ERROR", f"the wake-up message for {device} was not sent: {cause}", cause=cause)
