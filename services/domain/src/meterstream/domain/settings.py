"""Settings of domain."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from meterstream.domain.model.retry import RetryPolicy
from meterstream.runtime.settings import PostgresSettings, ServiceSettings, SettingsGroup


class KeySettings(SettingsGroup):
    """Files that hold keys."""

    key_encryption_key_file: Path = Field(description="seals keys in the database: 32 octets, hexadecimal")
    former_key_encryption_key_files: tuple[Path, ...] = Field(
        (), description="key-encryption keys that only open what was sealed before, JSON list of paths"
    )
    rsa_private_key_file: Path = Field(description="opens the keys that clients give: RSA private key, PEM")
    protocol_public_key_file: Path = Field(description="seals device keys for protocol-dlms: X25519, hexadecimal")
    notification_public_key_file: Path = Field(
        description="seals webhook secrets for notification: X25519, hexadecimal"
    )


class RetrySettings(SettingsGroup):
    """When failed attempts are repeated."""

    first_delay_s: Annotated[float, Field(gt=0, le=86_400)] = Field(30.0, description="after the first failure")
    multiplier: Annotated[float, Field(ge=1, le=10)] = Field(2.0, description="of the delay after each failure")
    max_attempts: Annotated[int, Field(ge=1, le=20)] = Field(3, description="the first one included")
    jitter: Annotated[float, Field(ge=0, lt=1)] = Field(0.1, description="share by which a delay may differ")

    def policy(self) -> RetryPolicy:
        """The policy that these settings describe."""
        return RetryPolicy(timedelta(seconds=self.first_delay_s), self.multiplier, self.max_attempts, self.jitter)


class SchedulerSettings(SettingsGroup):
    """Timers."""

    interval_s: Annotated[float, Field(gt=0, le=60)] = Field(1.0, description="pause between two looks at what is due")
    longest_run_s: Annotated[float, Field(gt=0, le=604_800)] = Field(
        3600.0, description="an attempt silent for longer than this after its last moment to start has no answer"
    )
    housekeeping_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        30.0, description="pause between two looks at old rows, function groups and organisations' topics"
    )


class RetentionSettings(SettingsGroup):
    """How long what devices told is kept."""

    events_days: Annotated[int, Field(ge=1, le=3660)] = Field(183, description="events, after they occurred")
    message_logs_days: Annotated[int, Field(ge=1, le=3660)] = Field(366, description="frames in the message log")
    message_logs_per_device: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        10_000, description="frames of one device; the oldest go first"
    )


class MeterTypeSettings(SettingsGroup):
    """Meter types beyond those that come with the platform."""

    folder: Path | None = Field(None, description="further packs of meter types, the same as protocol-dlms has")


class DomainSettings(ServiceSettings):
    """All settings of domain."""

    postgres: PostgresSettings
    keys: KeySettings
    retry: RetrySettings = RetrySettings()
    scheduler: SchedulerSettings = SchedulerSettings()
    retention: RetentionSettings = RetentionSettings()
    meter_types: MeterTypeSettings = MeterTypeSettings()
