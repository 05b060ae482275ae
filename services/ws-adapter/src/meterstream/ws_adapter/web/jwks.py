"""The issuer's public keys: a JSON Web Key Set (RFC 7517) from a file or an address, kept and renewed."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from meterstream.contracts.errors import PlatformError, error
from meterstream.ws_adapter.settings import OAuthSettings

log = logging.getLogger(__name__)

LARGEST_SET: Final = 256 * 1024
MOST_KEYS: Final = 100
FETCH_S: Final = 5.0
SMALLEST_RSA: Final = 2048
"""Bits of an RSA key (RFC 7518, 3.3)."""

Fetch = Callable[[], Awaitable[bytes]]


class UnknownKey(Exception):
    """No key of the set has the id and serves the algorithm."""


class NoKeys(Exception):
    """The set was never read, or too long ago."""

    def to_error(self) -> PlatformError:
        """NOT_READY."""
        return error("NOT_READY", "the issuer's keys are not known; try again")


class BadKeySet(Exception):
    """What was fetched is no set of public keys."""


class KeySet:
    """Keys by id. A token with an unknown id makes the set be read again, but not more often than `unknown_key_s`.

    A set that cannot be renewed serves on for `stale_s`; after that every token is refused as not ready.
    """

    name = "token-keys"

    def __init__(self, settings: OAuthSettings, fetch: Fetch, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[tuple[str | None, str], jwt.PyJWK] = {}
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._reading: asyncio.Task[None] | None = None
        self._renewal: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Certificates serve without the issuer, so its absence does not make the replica unready."""
        return True

    async def start(self) -> None:
        """Read the set, and go on renewing it."""
        await self._read()
        self._renewal = asyncio.create_task(self._renew(), name="token keys")

    async def stop(self) -> None:
        """End."""
        for task in (self._renewal, self._reading):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        self._renewal = self._reading = None

    async def find(self, key_id: object, algorithm: str) -> jwt.PyJWK:
        """The key with which a token says it is signed.

        Raises: UnknownKey, NoKeys.
        """
        if key_id is not None and not isinstance(key_id, str):
            raise UnknownKey
        found = self._keys.get((key_id, algorithm)) if self._fresh() else None
        if found is None and self._may_ask():
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read(), name="token keys anew")
            await asyncio.wait([self._reading])
            found = self._keys.get((key_id, algorithm))
        if not self._fresh():
            raise NoKeys
        if found is None:
            raise UnknownKey
        return found

    def _fresh(self) -> bool:
        return self._read_at is not None and self._clock() - self._read_at <= self._settings.stale_s

    def _may_ask(self) -> bool:
        running = self._reading is not None and not self._reading.done()
        return running or self._tried_at is None or self._clock() - self._tried_at >= self._settings.unknown_key_s

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._settings.renew_s)
            await self._read()

    async def _read(self) -> None:
        self._tried_at = self._clock()
        try:
            raw = await self._fetch()
            self._keys = parse_keys(raw, self._settings.algorithms)
        except (OSError, TimeoutError, aiohttp.ClientError, BadKeySet) as problem:
            log.warning("the issuer's keys cannot be read: %s", problem or type(problem).__name__)
            return
        self._read_at = self._clock()


def parse_keys(raw: bytes, algorithms: tuple[str, ...]) -> dict[tuple[str | None, str], jwt.PyJWK]:
    """Signing keys of a set by (id, algorithm); others are left out, also secret (symmetric) ones.

    A key without a stated algorithm serves those accepted ones that fit its type. A set of one key also serves tokens
    without a key id.

    Raises: BadKeySet.
    """
    try:
        listed = json.loads(raw)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadKeySet("no JSON object with keys") from None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise BadKeySet(f"a list of at most {MOST_KEYS} keys is expected")
    found: dict[tuple[str | None, str], jwt.PyJWK] = {}
    signing = [one for one in listed if isinstance(one, dict) and _signs(one)]
    for one in signing:
        for algorithm in algorithms:
            if one.get("alg", algorithm) != algorithm:
                continue
            try:
                key = jwt.PyJWK({**one, "alg": algorithm})
                key.Algorithm.prepare_key(key.key)
                if isinstance(key.key, RSAPublicKey) and key.key.key_size < SMALLEST_RSA:
                    continue
            except (jwt.PyJWTError, ValueError, TypeError, KeyError):
                continue  # of a type that the algorithm does not take
            key_id = one.get("kid")
            found[key_id if isinstance(key_id, str) else None, algorithm] = key
            if len(signing) == 1:
                found[None, algorithm] = key
    if not found:
        raise BadKeySet("no key serves an accepted algorithm")
    return found


def _signs(key: dict[str, Any]) -> bool:
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") in ("RSA", "EC", "OKP")
        and key.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
    )


def fetcher_of(settings: OAuthSettings) -> Fetch:
    """Reads the set from where the settings say it is."""
    if settings.jwks_file is not None:
        return _from_file(settings.jwks_file)
    return _from_address(str(settings.jwks_url))


def _from_file(path: Path) -> Fetch:
    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(LARGEST_SET + 1)

    async def fetch() -> bytes:
        return _bounded(await asyncio.to_thread(read))

    return fetch


def _from_address(url: str) -> Fetch:
    async def fetch() -> bytes:
        timeout = aiohttp.ClientTimeout(total=FETCH_S)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
            session.get(url, allow_redirects=False, headers={"Accept": "application/json"}) as response,
        ):
            if response.status != 200:
                raise BadKeySet(f"the issuer answers {response.status}")
            raw = bytearray()
            async for chunk in response.content.iter_any():
                raw += chunk
                if len(raw) > LARGEST_SET:
                    break
            return _bounded(bytes(raw))

    return fetch


def _bounded(raw: bytes) -> bytes:
    if len(raw) > LARGEST_SET:
        raise BadKeySet(f"more than {LARGEST_SET} bytes")
    return raw
