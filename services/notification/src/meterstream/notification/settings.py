"""Settings of the notification service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from meterstream.runtime.outbound.addresses import TargetRules, entries_of
from meterstream.runtime.settings import PostgresSettings, ServiceSettings, SettingsGroup

DAY_S = 86_400.0

Seconds = Annotated[float, Field(gt=0, le=30 * DAY_S)]


class KeySettings(SettingsGroup):
    """The key for which the secrets of webhooks are sealed."""

    private_key_file: Path = Field(description="X25519 private key, 64 hexadecimal digits")


class DeliverySettings(SettingsGroup):
    """How notifications are sent, and to whom they may be."""

    sender_organisation: str = Field("OSGP", description="SOAP header OrganisationIdentification of notifications")
    sender_user: str = Field("platform", description="SOAP header UserName of notifications")
    sender_application: str = Field("SMART_METERS", description="SOAP header ApplicationName of notifications")

    max_in_flight: Annotated[int, Field(ge=1, le=5000)] = Field(512, description="most attempts at a time")
    max_per_endpoint: Annotated[int, Field(ge=1, le=1000)] = Field(32, description="most of them to one endpoint")
    connect_timeout_s: Seconds = Field(10.0, description="longest wait for a connection")
    timeout_s: Seconds = Field(30.0, description="longest attempt")
    max_answer_bytes: Annotated[int, Field(ge=1024, le=2**24)] = Field(65_536, description="most that is read of one")

    lease_margin_s: Seconds = Field(
        30.0, description="a process silent for twice timeout_s and this loses its attempts to others"
    )

    first_delay_s: Seconds = Field(120.0, description="first pause after a failed attempt")
    multiplier: Annotated[float, Field(ge=1, le=10)] = Field(2.0, description="growth of the pauses")
    max_delay_s: Seconds = Field(3600.0, description="longest pause")
    jitter: Annotated[float, Field(ge=0, lt=1)] = Field(0.1, description="share by which pauses differ at random")
    give_up_after_s: Seconds = Field(DAY_S, description="then a delivery has failed")

    circuit_failures: Annotated[int, Field(ge=1, le=1000)] = Field(
        3, description="failures in a row after which an endpoint gets a pause"
    )
    circuit_pause_s: Seconds = Field(15.0, description="first pause of an endpoint")
    circuit_multiplier: Annotated[float, Field(ge=1, le=10)] = Field(4.0, description="growth of these pauses")
    circuit_max_pause_s: Seconds = Field(600.0, description="longest of them")

    poll_interval_s: Annotated[float, Field(gt=0, le=10)] = Field(
        1.0, description="how often the database is asked for what is due"
    )
    purge_interval_s: Seconds = Field(60.0, description="how often old rows are removed")
    keep_s: Annotated[float, Field(ge=DAY_S)] = Field(
        8 * DAY_S,
        description="how long finished deliveries are kept; below the retention of `results` a reset of offsets could"
        " announce results again",
    )

    ca_file: Path | None = Field(None, description="certificates to trust instead of the system's, PEM")
    certificate_file: Path | None = Field(None, description="client certificate shown to endpoints, PEM")
    key_file: Path | None = Field(None, description="key of the client certificate, PEM")

    response_url_allowed: str = Field(
        "",
        description="hosts that a command's response URL may name, comma separated: a.example.org, *.b.org,"
        " 10.2.0.0/16; empty: every public one",
    )
    allow_private_targets: bool = Field(
        default=False,
        description="response URLs may lead to loopback, link-local, private and metadata addresses; for laptops",
    )

    @field_validator("response_url_allowed")
    @classmethod
    def _entries_are_hosts(cls, text: str) -> str:
        TargetRules(entries_of(text))
        return text

    def target_rules(self) -> TargetRules:
        """The rules for response URLs."""
        return TargetRules(entries_of(self.response_url_allowed), allow_private=self.allow_private_targets)


class Settings(ServiceSettings):
    """All settings of `python -m meterstream.notification`."""

    postgres: PostgresSettings
    keys: KeySettings
    delivery: DeliverySettings = DeliverySettings()
