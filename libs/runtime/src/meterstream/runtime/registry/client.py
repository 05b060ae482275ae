"""Client of a schema registry's REST API (Confluent's, version 1; Apicurio and Karapace speak it too).

Every request has a time-out, every answer a bound. Nothing of credentials is in an error.
"""

from __future__ import annotations

import json
import ssl
from base64 import b64encode
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import aiohttp

from meterstream.runtime.errors import ConfigurationError, RegistryOutage, RegistryRefused
from meterstream.runtime.settings import RegistrySettings

CONTENT_TYPE: Final = "application/vnd.schemaregistry.v1+json"
MOST_OCTETS: Final = 4 * 1024 * 1024
NOT_FOUND: Final = 404
TRY_AGAIN: Final = (408, 429)


class RegistryClient:
    """Registers schemas and looks them up. Use it as an asynchronous context, or close it."""

    def __init__(self, settings: RegistrySettings) -> None:
        if settings.url is None:
            raise ConfigurationError("METERSTREAM_KAFKA__REGISTRY__URL is not set")
        self._bases = [part.strip().rstrip("/") for part in settings.url.split(",")]
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_s)
        self._headers = {"Accept": CONTENT_TYPE, "Content-Type": CONTENT_TYPE}
        if settings.username is not None and settings.password is not None:
            pair = f"{settings.username}:{settings.password.get_secret_value()}".encode()
            self._headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        if settings.token is not None:
            self._headers["Authorization"] = f"Bearer {settings.token.get_secret_value()}"
        self._tls = _tls(settings)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def register(self, subject: str, schema: str) -> int:
        """The id of a schema under a subject, which has it from now on.

        Raises: RegistryOutage; RegistryRefused, with status 409 where the schema is not compatible.
        """
        return _id(await self._call("POST", f"/subjects/{quote(subject, safe='')}/versions", schema))

    async def look_up(self, subject: str, schema: str) -> int | None:
        """The id of a schema under a subject; None where the subject does not have it.

        Raises: RegistryOutage, RegistryRefused.
        """
        try:
            return _id(await self._call("POST", f"/subjects/{quote(subject, safe='')}", schema))
        except RegistryRefused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise

    async def schema(self, schema_id: int) -> str | None:
        """The text of the schema with this id; None where there is none, or none that is Avro without references.

        Raises: RegistryOutage, RegistryRefused.
        """
        try:
            answer = await self._call("GET", f"/schemas/ids/{schema_id}")
        except RegistryRefused as refused:
            if refused.status == NOT_FOUND:
                return None
            raise
        text = answer.get("schema")
        if not isinstance(text, str):
            raise RegistryOutage(f"the answer for schema {schema_id} has no schema")
        return None if answer.get("schemaType", "AVRO") != "AVRO" or answer.get("references") else text

    async def _call(self, method: str, path: str, schema: str | None = None) -> dict[str, Any]:
        """The answer of the first registry that gives one."""
        body = None if schema is None else json.dumps({"schema": schema, "schemaType": "AVRO"}).encode()
        reasons = []
        for base in self._bases:
            try:
                return await self._ask(method, base + path, body)
            except RegistryOutage as outage:
                reasons.append(str(outage))
        raise RegistryOutage("; ".join(reasons))

    async def _ask(self, method: str, url: str, body: bytes | None) -> dict[str, Any]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                headers=self._headers,
                connector=aiohttp.TCPConnector(ssl=self._tls),
            )
        try:
            async with self._session.request(method, url, data=body, allow_redirects=False) as response:
                raw = await response.content.read(MOST_OCTETS + 1)
                while len(raw) <= MOST_OCTETS and (more := await response.content.read(MOST_OCTETS + 1)):
                    raw += more
                status = response.status
        except TimeoutError:
            raise RegistryOutage(f"no answer in {self._timeout.total:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise RegistryOutage(f"not reached: {type(error).__name__}") from None
        return _answer(status, raw)


def _answer(status: int, raw: bytes) -> dict[str, Any]:
    if status >= 500 or status in TRY_AGAIN:
        raise RegistryOutage(f"answered {status}")
    if len(raw) > MOST_OCTETS:
        raise RegistryOutage(f"an answer of more than {MOST_OCTETS} octets")
    try:
        answer = json.loads(raw) if raw else {}
    except ValueError:
        answer = None
    if not 200 <= status < 300:
        told = answer.get("message") if isinstance(answer, dict) else None
        raise RegistryRefused(status, str(told)[:500] if told else "no reason given")
    if not isinstance(answer, dict):
        raise RegistryOutage("an answer that is no JSON object")
    return answer


def _id(answer: dict[str, Any]) -> int:
    found = answer.get("id")
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < 2**32:
        raise RegistryOutage("an answer without id")
    return found


def _tls(settings: RegistrySettings) -> ssl.SSLContext | bool:
    if settings.ca_file is None and settings.certificate_file is None:
        return True
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.certificate_file is not None:
            context.load_cert_chain(settings.certificate_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"certificates for the schema registry: {error}") from error
    return context
