"""Bearer tokens: JSON Web Tokens of an OAuth 2.0 or OpenID Connect issuer (RFC 6750, RFC 9068, RFC 8725)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import jwt
from aiohttp import web

from meterstream.contracts.operation import Operation, Target
from meterstream.ws_adapter.settings import OAuthSettings
from meterstream.ws_adapter.web.jwks import KeySet, NoKeys, UnknownKey

ALL: Final = "all"
READ: Final = "read"
REALM: Final = "meterstream"
LONGEST_TOKEN: Final = 16 * 1024

_SERVICE_PREFIX: Final = "SmartMetering"


class TokenRefused(Exception):
    """A request has no token that covers it. `status` and `error` are those of RFC 6750, section 3.1."""

    def __init__(self, status: int, error: str, reason: str, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.status = status
        self.error = error
        self.reason = reason
        self.scopes = scopes

    @property
    def challenge(self) -> str:
        """The header WWW-Authenticate."""
        parts = [f'realm="{REALM}"']
        if self.error:
            parts += [f'error="{self.error}"', f'error_description="{self.reason}"']
        if self.scopes:
            parts.append(f'scope="{" ".join(self.scopes)}"')
        return "Bearer " + ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token says: on whose behalf it is used, by whom, and for what."""

    organisation: str
    subject: str
    scopes: frozenset[str]

    def require(self, *scopes: str) -> None:
        """Refuse unless one of the scopes, or that for everything, was granted.

        Raises: TokenRefused with 403 insufficient_scope.
        """
        if self.scopes.isdisjoint((ALL, *scopes)):
            raise TokenRefused(403, "insufficient_scope", f"the token needs one of: {', '.join(scopes)}", scopes)


def scopes_of(operation: Operation) -> tuple[str, ...]:
    """Scopes of which one lets an operation be asked for: its function, and the group that it belongs to.

    The group is the SOAP service in which the operation has its place, without the words that all share; an
    operation without such a place belongs to `registry` or `meter`.
    """
    return operation.function, group_of(operation)


def group_of(operation: Operation) -> str:
    """The function group of an operation, as scopes name it: `monitoring`, `device-management`."""
    if operation.soap is None:
        return "registry" if operation.target is Target.REGISTRY else "meter"
    name = operation.soap.service.removeprefix(_SERVICE_PREFIX) or "core"
    return "".join(f"-{one.lower()}" if one.isupper() and index else one.lower() for index, one in enumerate(name))


class Tokens:
    """Checks tokens: signature by a key of the issuer, algorithm, issuer, audience, times, claims."""

    def __init__(self, settings: OAuthSettings, keys: KeySet) -> None:
        self._settings = settings
        self._keys = keys
        self._algorithms = list(settings.algorithms)

    async def grant_of(self, request: web.Request, now: datetime) -> Grant | None:
        """What the request's token grants; None for a request without one.

        Raises: TokenRefused; NOT_READY while the issuer's keys are not known.
        """
        values = request.headers.getall("Authorization", [])
        if not values:
            return None
        scheme, _, token = values[0].strip().partition(" ")
        if len(values) > 1 or scheme.casefold() != "bearer" or not token:
            raise TokenRefused(401, "invalid_request", "exactly one bearer token is expected")
        return self._grant(await self._claims(token.strip(), now))

    async def _claims(self, token: str, now: datetime) -> Mapping[str, Any]:
        if len(token) > LONGEST_TOKEN:
            raise _invalid("the token is too long")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise _invalid("the token cannot be read") from None
        algorithm = header.get("alg")
        if algorithm not in self._algorithms:
            raise _invalid("the token's algorithm is not accepted")
        if str(header.get("typ", "JWT")).casefold().removeprefix("application/") not in ("jwt", "at+jwt"):
            raise _invalid("the token is of another type")
        try:
            key = await self._keys.find(header.get("kid"), algorithm)
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                issuer=self._settings.issuer,
                audience=self._settings.audience,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "verify_exp": False,  # by the platform's clock, below
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except UnknownKey:
            raise _invalid("no key of the issuer fits the token") from None
        except NoKeys as problem:
            raise problem.to_error() from None
        except jwt.InvalidIssuerError:
            raise _invalid("the token is of another issuer") from None
        except jwt.InvalidAudienceError:
            raise _invalid("the token is for another audience") from None
        except jwt.MissingRequiredClaimError as problem:
            raise _invalid(f"the token lacks the claim {problem.claim}") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _invalid("the token's signature or form is wrong") from None
        self._check_times(claims, now)
        return claims

    def _check_times(self, claims: Mapping[str, Any], now: datetime) -> None:
        moment, leeway = now.timestamp(), self._settings.leeway_s
        for name in ("exp", "nbf", "iat"):
            value = claims.get(name)
            if value is None and name != "exp":
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _invalid(f"the token's claim {name} is no time")
            if name == "exp" and value <= moment - leeway:
                raise _invalid("the token has expired")
            if name != "exp" and value > moment + leeway:
                raise _invalid("the token is not valid yet")

    def _grant(self, claims: Mapping[str, Any]) -> Grant:
        organisation = _claim(claims, self._settings.organisation_claim)
        if not isinstance(organisation, str) or not organisation:
            raise _invalid("the token names no organisation")
        prefix = self._settings.scope_prefix
        granted = _claim(claims, self._settings.scope_claim)
        listed = granted.split() if isinstance(granted, str) else granted if isinstance(granted, list) else []
        scopes = frozenset(
            scope.removeprefix(prefix) for scope in listed if isinstance(scope, str) and scope.startswith(prefix)
        )
        return Grant(organisation, str(claims["sub"]), scopes)


def _claim(claims: Mapping[str, Any], path: str) -> object:
    """A claim by its name or, where there is none of that name, by a path with dots into objects."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _invalid(reason: str) -> TokenRefused:
    return TokenRefused(401, "invalid_token", reason)


def token_required() -> TokenRefused:
    """There is neither certificate nor token."""
    return TokenRefused(401, "", "a client certificate or a bearer token is required")
