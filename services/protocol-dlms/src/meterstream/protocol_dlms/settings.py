"""Settings of protocol-dlms."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, IPvAnyNetwork, SecretStr, field_validator

from meterstream.protocol_dlms.engine.settings import EngineSettings
from meterstream.runtime.outbound.addresses import TargetRules, entries_of
from meterstream.runtime.settings import ServiceSettings, SettingsGroup

Seconds = Annotated[float, Field(gt=0, le=7200)]
Pause = Annotated[float, Field(ge=0, le=600)]


class KeySettings(SettingsGroup):
    """Opens the device keys that domain seals."""

    private_key: SecretStr = Field(description="X25519 private key for which device keys are sealed, 64 hex digits")
    signing_key: SecretStr | None = Field(
        None,
        description="ECDSA private key on P-256, 64 hex digits: signs agreements on master keys with meters of security"
        " suite 1, which know its public key",
    )
    opened_meters: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        20_000, description="for so many meters opened keys stay in memory"
    )


class SessionSettings(SettingsGroup):
    """Sessions with meters."""

    max_sessions: Annotated[int, Field(ge=1, le=50_000)] = Field(1000, description="connections open at a time")
    connects_per_s: Annotated[float, Field(gt=0, le=100_000)] = Field(1000, description="new connections per second")
    max_per_cell: Annotated[int, Field(ge=1, le=50_000)] = Field(
        100, description="meters visited at a time behind one base station and cell, where both are known"
    )
    connect_timeout_s: Seconds = Field(10, description="longest wait for a TCP connection")
    response_timeout_s: Seconds = Field(30, description="longest wait for each answer of a meter")
    association_timeout_s: Seconds = Field(
        60, description="longest wait for an association once the meter is connected"
    )
    attempt_timeout_s: Seconds = Field(
        1800, description="longest time for one request once its association stands, a whole bundle included"
    )
    turn_requests: Annotated[int, Field(ge=1, le=100_000)] = Field(
        200, description="requests of one meter that are answered in one association while more wait"
    )
    turn_s: Seconds = Field(600, description="after so long an association that is kept open takes no further request")
    counter_block: Annotated[int, Field(ge=16, le=65_536)] = Field(
        256, description="invocation counters reserved at a time"
    )
    counter_read_pause_s: Pause = Field(
        20, description="pause around reading a counter through the public client; most meters take one connection"
    )
    candidate_pause_s: Pause = Field(
        20, description="pause before other keys are tried; meters lock after repeated failures"
    )
    hdlc_information: Annotated[int, Field(ge=32, le=2030)] = Field(
        1024, description="octets of an information field, proposed to meters with HDLC, which may want fewer"
    )
    lls_counters_rise: bool = Field(
        True, description="with LLS, refuse answers whose counter is not above that of earlier sessions"
    )
    record_wait_s: Seconds = Field(5, description="longest wait for the record that a request needs")
    decoded_devices: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        8192, description="for so many meters the decoded record stays in memory, 8 kB each"
    )


class ReachSettings(SettingsGroup):
    """Meters with dynamic addresses, and meters that sleep."""

    wakeup_url: str | None = Field(
        None,
        description="posted to for a meter with a dynamic address that does not answer; {device} stands for it,"
        " {iccid} for its SIM card, {provider} for its communication provider",
    )
    wakeup_token_file: Path | None = Field(None, description="file with the bearer token of the wake-up service")
    wakeup_timeout_s: Seconds = Field(10, description="longest wait for the answer of the wake-up service")
    wake_wait_s: Seconds = Field(300, description="longest wait for a meter that was woken")
    wake_retry_s: Seconds = Field(15, description="so often its known addresses are tried while it is waited for")
    ping_timeout_s: Seconds | None = Field(
        None, description="longest wait for the answer to one ICMP echo before connecting; none: no echo is sent"
    )


class PushSettings(SettingsGroup):
    """What meters send unasked. Without a port nobody listens; what lies on the topic is read all the same."""

    host: str = Field("0.0.0.0", description="address to listen on")  # noqa: S104  # meters come from outside
    tcp_port: Annotated[int, Field(ge=0, le=65535)] | None = Field(None, description="TCP port, usually 9598")
    udp_port: Annotated[int, Field(ge=0, le=65535)] | None = Field(None, description="UDP port, usually 9598")
    networks: Annotated[list[IPvAnyNetwork], Field(max_length=1000)] = Field(
        default_factory=list, description="networks that meters push from; none: all"
    )
    max_connections: Annotated[int, Field(ge=1, le=100_000)] = Field(5000, description="TCP connections at a time")
    idle_timeout_s: Seconds = Field(60, description="after so long without a whole push a connection is dropped")
    per_address_per_s: Annotated[float, Field(gt=0, le=10_000)] = Field(
        20, description="pushes a second of one address, which may stand for a network behind a translator"
    )
    per_address_burst: Annotated[int, Field(ge=1, le=100_000)] = Field(200, description="at once after silence")
    max_waiting: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        10_000, description="pushes that may wait for the broker"
    )


class ImageSettings(SettingsGroup):
    """Firmware files for meters, read from their topic when they are needed."""

    folder: Path | None = Field(None, description="keeps files on disk, whole and checked; none: only in memory")
    max_bytes: Annotated[int, Field(ge=1_048_576, le=1_099_511_627_776)] = Field(
        1_073_741_824, description="what the files on disk may take together"
    )
    wait_s: Seconds = Field(30, description="longest wait for a file that is not published whole yet")


class ImageUrlSettings(SettingsGroup):
    """Firmware files that the registry names by URL and digest."""

    allowed: str = Field(
        "",
        description="hosts that may be asked for firmware files, comma separated: files.example.org, *.b.org,"
        " 10.2.0.0/16; empty: every public one",
    )
    allow_private: bool = Field(
        default=False,
        description="also loopback, link-local, private and metadata addresses; for laptops",
    )
    allow_http: bool = Field(default=False, description="also plain http: the digest vouches for the file all the same")
    ca_file: Path | None = Field(None, description="certificates to trust instead of the system's, PEM")
    max_bytes: Annotated[int, Field(ge=1024, le=1_073_741_824)] = Field(33_554_432, description="largest file")
    connect_timeout_s: Seconds = Field(10, description="longest wait for a connection")
    silence_s: Seconds = Field(30, description="longest wait for more of a file")
    timeout_s: Seconds = Field(300, description="longest wait for a whole file")

    @field_validator("allowed")
    @classmethod
    def _entries_are_hosts(cls, text: str) -> str:
        TargetRules(entries_of(text))
        return text

    def target_rules(self) -> TargetRules:
        """The rules for URLs."""
        entries = entries_of(self.allowed)
        return TargetRules(entries, allow_private=self.allow_private, https_only=not self.allow_http)


class MeterTypeSettings(SettingsGroup):
    """Meter types beyond those that come with the platform."""

    folder: Path | None = Field(None, description="further packs of meter types, the same as domain has")


class Settings(ServiceSettings):
    """Everything that protocol-dlms can be told."""

    keys: KeySettings
    sessions: SessionSettings = SessionSettings()
    reach: ReachSettings = ReachSettings()
    pushes: PushSettings = PushSettings()
    images: ImageSettings = ImageSettings()
    image_urls: ImageUrlSettings = ImageUrlSettings()
    meter_types: MeterTypeSettings = MeterTypeSettings()
    engine: EngineSettings = EngineSettings()
