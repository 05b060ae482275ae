"""Settings of ws-adapter."""

from __future__ import annotations

import json
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from meterstream.runtime.settings import PostgresSettings, ServiceSettings, SettingsGroup

KIB = 1024
MIB = 1024 * KIB

Network = IPv4Network | IPv6Network


class HttpSettings(SettingsGroup):
    """The listener of SOAP and REST."""

    host: str = Field("0.0.0.0", description="address to listen on")  # noqa: S104  # the service's purpose
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8443, description="0 picks a free one")
    certificate_file: Path | None = Field(
        None, description="server certificate with its chain, PEM; without one plain HTTP behind trusted proxies alone"
    )
    key_file: Path | None = Field(None, description="key of the server certificate, PEM")
    client_ca_file: Path | None = Field(
        None, description="certificates that the clients' must descend from, PEM; clients without one are refused"
    )
    trusted_proxies: str = Field(
        "", description="addresses or networks, comma separated, whose forwarded certificate counts"
    )
    forwarded_certificate_header: str = Field(
        "Client-Cert", description="header with the client's certificate: RFC 9440, escaped PEM, or Envoy's XFCC"
    )
    max_body_bytes: Annotated[int, Field(ge=KIB, le=7 * MIB)] = Field(
        6 * MIB, description="largest request body; a firmware file of 4 MiB fits in base64"
    )
    max_header_bytes: Annotated[int, Field(ge=KIB, le=MIB)] = Field(32 * KIB, description="largest request head")
    max_upload_bytes: Annotated[int, Field(ge=KIB, le=7 * MIB)] = Field(
        5 * MIB, description="largest submission in parts, octets of files as they are"
    )
    upload_timeout_s: Annotated[float, Field(gt=0, le=3600)] = Field(300.0, description="longest arrival of all parts")
    body_timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(30.0, description="longest arrival of a body")
    head_timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(
        20.0, description="longest time from the beginning of a connection, TLS included, to its first request's head"
    )
    reload_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        30.0, description="how often the TLS files are looked at; changed ones serve new connections from then on"
    )
    keepalive_s: Annotated[float, Field(gt=0, le=3600)] = Field(75.0, description="idle connections end after this")
    max_requests: Annotated[int, Field(ge=1)] = Field(1_000, description="concurrent requests of one organisation")
    requests_per_s: Annotated[float, Field(gt=0)] = Field(
        1_000.0, description="requests of one organisation a second, in this replica, over all faces"
    )
    requests_burst: Annotated[int, Field(ge=1)] = Field(
        5_000, description="requests that an organisation which was silent may send at once"
    )
    max_streams: Annotated[int, Field(ge=1)] = Field(200, description="concurrent event streams of one organisation")
    max_waiting: Annotated[int, Field(ge=1)] = Field(10_000, description="requests that wait, over all organisations")

    off_loop_bytes: Annotated[int, Field(ge=0)] = Field(
        50_000, description="documents above this size are handled in a thread, so that they delay nobody"
    )
    threads: Annotated[int, Field(ge=1, le=32)] = Field(2, description="threads for large documents")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        parse_networks(value)
        return value

    @model_validator(mode="after")
    def _someone_vouches(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together")
        if self.client_ca_file is not None and self.certificate_file is None:
            raise ValueError("client_ca_file needs certificate_file and key_file")
        if self.client_ca_file is None and not self.networks:
            raise ValueError("client_ca_file, or trusted_proxies that check the clients' certificates, must be given")
        return self

    @property
    def networks(self) -> tuple[Network, ...]:
        """The trusted proxies."""
        return parse_networks(self.trusted_proxies)


def parse_networks(value: str) -> tuple[Network, ...]:
    """Networks of a comma separated or JSON list.

    Raises: ValueError.
    """
    text = value.strip()
    parts = json.loads(text) if text.startswith("[") else text.split(",")
    return tuple(ip_network(part.strip()) for part in parts if part.strip())


class BulkLimits(SettingsGroup):
    """Submissions of many commands in one request."""

    max_lines: Annotated[int, Field(ge=1, le=100_000)] = Field(10_000, description="commands in one request")
    max_line_bytes: Annotated[int, Field(ge=KIB, le=7 * MIB)] = Field(MIB, description="largest line")
    answer_timeout_s: Annotated[float, Field(gt=0, le=600)] = Field(
        30.0, description="a client that takes no answers for so long is cut off"
    )


class SoapSettings(SettingsGroup):
    """The SOAP face."""

    time_zone: str = Field("UTC", description="IANA zone of times that a SOAP client gives without an offset")


ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures that a token may have: none without a key pair (RFC 8725, 3.1)."""


class OAuthSettings(SettingsGroup):
    """Bearer tokens of REST, beside client certificates."""

    issuer: Annotated[str, Field(min_length=1)] = Field(description="claim iss that a token must have")
    audience: Annotated[str, Field(min_length=1)] = Field(description="what a token's claim aud must name")
    jwks_url: Annotated[str, Field(pattern=r"^https?://.+")] | None = Field(
        None, description="where the issuer's keys are; plain http for this machine alone"
    )
    jwks_file: Path | None = Field(None, description="file with the issuer's keys, instead of jwks_url")
    accepted_algorithms: str = Field("RS256,PS256,ES256,EdDSA", description="algorithms of signatures, comma separated")
    organisation_claim: Annotated[str, Field(min_length=1)] = Field(
        "organisation", description="claim with the organisation; dots lead into objects"
    )
    scope_claim: Annotated[str, Field(min_length=1)] = Field("scope", description="claim with the scopes, text or list")
    scope_prefix: str = Field("meterstream:", description="beginning of the scopes that are meant for the platform")
    leeway_s: Annotated[float, Field(ge=0, le=300)] = Field(30.0, description="difference of clocks that is forgiven")
    renew_s: Annotated[float, Field(gt=0, le=86_400)] = Field(600.0, description="how often the keys are read again")
    unknown_key_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        10.0, description="least time between readings because of tokens with an unknown key"
    )
    stale_s: Annotated[float, Field(gt=0)] = Field(
        86_400.0, description="how long keys that cannot be read again serve on"
    )

    @model_validator(mode="after")
    def _keys_have_one_place(self) -> Self:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise ValueError("exactly one of jwks_url and jwks_file must be given")
        if self.jwks_url is not None and self.jwks_url.startswith("http://"):
            host = urlsplit(self.jwks_url).hostname
            if host not in ("localhost", "127.0.0.1", "::1"):
                raise ValueError("jwks_url must be https")
        if unknown := set(self.algorithms) - set(ALGORITHMS):
            raise ValueError(f"accepted_algorithms: {', '.join(sorted(unknown))} is not accepted")
        if not self.algorithms:
            raise ValueError("accepted_algorithms must name one at least")
        return self

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms of signatures."""
        return tuple(part.strip() for part in self.accepted_algorithms.split(",") if part.strip())


class StoreSettings(SettingsGroup):
    """What is kept of commands and results."""

    purge_interval_s: Annotated[float, Field(gt=0, le=86_400)] = Field(
        300.0, description="how often results that are older than 7 days are removed"
    )


class WsAdapterSettings(ServiceSettings):
    """Settings of ws-adapter."""

    http: HttpSettings
    postgres: PostgresSettings
    soap: SoapSettings = SoapSettings()
    bulk: BulkLimits = BulkLimits()
    store: StoreSettings = StoreSettings()
    oauth: OAuthSettings | None = Field(None, description="no bearer tokens without this group")
