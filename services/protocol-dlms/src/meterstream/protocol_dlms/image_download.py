"""Firmware files that lie elsewhere: fetched by URL, bounded in size and time, gone on with after a broken line."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import OrderedDict
from hashlib import sha256
from typing import Final

import aiohttp
from yarl import URL

from meterstream.contracts.errors import error
from meterstream.contracts.records import FirmwareImage
from meterstream.protocol_dlms.model.mbus_image import unusable
from meterstream.protocol_dlms.model.partial_file import Broken, PartialFile, Refused
from meterstream.protocol_dlms.settings import ImageUrlSettings
from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.outbound.addresses import RefusedTarget
from meterstream.runtime.outbound.failures import reason_of, refusal_of
from meterstream.runtime.outbound.resolver import JudgingResolver, check_target

log = logging.getLogger(__name__)

TRIES: Final = 5
"""So often a fetch goes on by itself, each time with something new; what is left then waits for the next attempt."""
PARTIALS: Final = 2
"""So many files that are not whole stay in memory for the next attempt."""
CHUNK: Final = 65_536


class ImageDownloads:
    """A component: fetches files by URL. No redirections, no cookies, no proxy; addresses are judged."""

    name = "firmware by URL"
    ready = True

    def __init__(self, settings: ImageUrlSettings) -> None:
        """Raises: ConfigurationError."""
        self._settings = settings
        self._rules = settings.target_rules()
        try:
            self._tls = ssl.create_default_context(cafile=settings.ca_file)
        except (OSError, ValueError) as failure:
            raise ConfigurationError(f"METERSTREAM_IMAGE_URLS__CA_FILE cannot be used: {failure}") from None
        self._partials: OrderedDict[FirmwareImage, PartialFile] = OrderedDict()
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Connections are opened as they are needed."""

    async def stop(self) -> None:
        """Close what is open."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def read(self, image: FirmwareImage) -> bytes:
        """The whole file, its digest checked.

        Raises: IMAGE_UNAVAILABLE where it may come another time, IMAGE_UNUSABLE where the URL is not called, does not
            lead to a file of allowed size, or leads to another file.
        """
        limit = min(self._settings.max_bytes, image.size or self._settings.max_bytes)
        partial = self._partials.pop(image, None) or PartialFile(limit)
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                octets = await self._whole(image, partial)
        except Refused as refused:
            log.warning("%s is not fetched: %s", image.firmware_identification, refused)
            raise unusable(f"{image.firmware_identification}: {refused}", sha256=image.sha256.hex()) from None
        except (Broken, TimeoutError) as failure:
            self._keep(image, partial)
            reason = str(failure) or f"it did not come within {self._settings.timeout_s:g} s"
            log.warning("%s is not at hand: %s", image.firmware_identification, reason)
            message = f"firmware file {image.firmware_identification} is not at hand: {reason}"
            raise error("IMAGE_UNAVAILABLE", message, sha256=image.sha256.hex(), octets=len(partial.octets)) from None
        log.info("%s: %d octets were fetched", image.firmware_identification, len(octets))
        return octets

    async def _whole(self, image: FirmwareImage, partial: PartialFile) -> bytes:
        """Raises: Refused, Broken."""
        for tried in range(1, TRIES + 1):
            before = len(partial.octets)
            try:
                await self._fetch(image, partial)
                return await _checked(image, partial)
            except Broken as broken:
                if tried == TRIES or len(partial.octets) <= before:
                    raise
                log.info("%s: %s; goes on at octet %d", image.firmware_identification, broken, len(partial.octets))
        raise Broken("it was cut off too often")

    async def _fetch(self, image: FirmwareImage, partial: PartialFile) -> None:
        """Raises: Refused, Broken."""
        settings = self._settings
        try:
            target = URL(image.url or "", encoded=True)  # a signature is of the text as it is
            check_target(self._rules, target)
            request = self._opened().get(target, headers=partial.asks(), allow_redirects=False)
            async with request as response:
                partial.begin(response.status, response.headers)
                async for chunk in response.content.iter_chunked(CHUNK):
                    partial.add(chunk)
        except RefusedTarget as refused:
            raise Refused(f"its URL is not called: {refused}") from None
        except (TimeoutError, aiohttp.ClientError, OSError) as failure:
            if (rule := refusal_of(failure)) is not None:
                raise Refused(f"its URL is not called: {rule}") from None
            if isinstance(failure, aiohttp.InvalidURL):
                raise Refused("its URL is not valid") from None
            reason = reason_of(failure, connect_s=settings.connect_timeout_s, answer_s=settings.silence_s)
            raise Broken(reason) from None
        except ValueError:  # from the URL's parser; a certificate's failure is one, too, and caught above
            raise Refused("its URL is not valid") from None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            settings = self._settings
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls, resolver=JudgingResolver(self._rules)),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=settings.connect_timeout_s, sock_read=settings.silence_s
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={"User-Agent": "meterstream-protocol-dlms"},
            )
        return self._session

    def _keep(self, image: FirmwareImage, partial: PartialFile) -> None:
        if partial.octets:
            self._partials[image] = partial
            while len(self._partials) > PARTIALS:
                self._partials.popitem(last=False)


async def _checked(image: FirmwareImage, partial: PartialFile) -> bytes:
    """Raises: Refused for another file; Broken where it may be that its parts are of two."""
    octets = bytes(partial.octets)
    fits = image.size in (0, len(octets)) and (await asyncio.to_thread(sha256, octets)).digest() == image.sha256
    if not fits and partial.resumed:
        partial.clear()
        raise Broken("its parts do not fit together")
    if not fits:
        raise Refused("does not match its digest (SHA-256)")
    return octets
