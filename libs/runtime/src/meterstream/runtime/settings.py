"""Settings: one model a service, read once at start from the environment, from files, and from nowhere else.

`METERSTREAM_KAFKA__BOOTSTRAP_SERVERS` sets `kafka.bootstrap_servers`. Every variable may be given as a file instead:
`METERSTREAM_POSTGRES__DSN_FILE=/run/secrets/dsn` reads the value from that file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as SourceError

from meterstream.contracts.topics import Topic, is_slug, organisation_readings
from meterstream.runtime.outbound.addresses import entries_of

PREFIX = "METERSTREAM_"
FILE_SUFFIX = "_FILE"
DELIMITER = "__"


class SettingsGroup(BaseModel):
    """A group of settings that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RegistrySettings(SettingsGroup):
    """Schema registry with Confluent's API. Without a URL values are in Avro single-object encoding."""

    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = Field(
        None, description="base address; several, comma separated, are tried in turn"
    )
    username: Annotated[str, Field(pattern=r"^[^:]+$")] | None = Field(None, description="basic authentication")
    password: SecretStr | None = Field(None, description="basic authentication")
    token: SecretStr | None = Field(None, description="bearer token, instead of name and password")
    ca_file: Path | None = Field(None, description="certificates that the registry's must descend from, PEM")
    certificate_file: Path | None = Field(None, description="client certificate, PEM")
    key_file: Path | None = Field(None, description="key of the client certificate, PEM")
    timeout_s: Annotated[float, Field(gt=0, le=60)] = Field(5.0, description="longest wait for an answer")

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.token is not None and self.username is not None:
            raise ValueError("either a token, or username and password")
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("a key_file goes with a certificate_file")
        return self


class KafkaSettings(SettingsGroup):
    """Brokers, security, names and sizes of topics."""

    bootstrap_servers: str = Field(description="comma separated host:port")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how to talk to the brokers"
    )
    ssl_ca_file: Path | None = Field(None, description="certificates that the brokers' must descend from, PEM")
    ssl_certificate_file: Path | None = Field(None, description="client certificate, PEM")
    ssl_key_file: Path | None = Field(None, description="key of the client certificate, PEM")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="SASL mechanism"
    )
    sasl_username: str | None = Field(None, description="SASL user")
    sasl_password: SecretStr | None = Field(None, description="SASL password")
    topic_prefix: str = Field("meterstream", description="topics are <prefix>.<name>")
    group_prefix: str = Field("meterstream", description="consumer groups are <prefix>.<name>")
    group_protocol: Literal["consumer", "classic"] = Field(
        "consumer", description="classic for brokers without KIP-848 (before Kafka 4.0)"
    )
    device_partitions: Annotated[int, Field(ge=1, le=10_000)] = Field(
        48, description="partitions of the topics that follow a device; fixed at installation"
    )
    spread_partitions: Annotated[int, Field(ge=1, le=10_000)] = Field(
        12, description="partitions of the other topics that carry load"
    )
    replication_factor: Annotated[int, Field(ge=1, le=9)] = Field(1, description="copies of each topic when created")
    min_insync_replicas: Annotated[int, Field(ge=1, le=9)] = Field(
        1, description="2 where there is more than one broker"
    )
    linger_ms: Annotated[int, Field(ge=0, le=1000)] = Field(
        5, description="time between two produce batches, in which messages gather; what comes later leaves at once"
    )
    compression: Literal["none", "gzip", "lz4", "zstd"] = Field("zstd", description="compression of produced batches")
    session_timeout_ms: Annotated[int, Field(ge=1000, le=300_000)] = Field(
        10_000, description="a silent consumer loses its partitions after this long"
    )
    request_timeout_ms: Annotated[int, Field(ge=1000, le=300_000)] = Field(
        30_000, description="a broker that does not answer for this long counts as gone"
    )
    readings_topics: str = Field(
        "",
        description="organisations whose readings lie on their own topic, <prefix>.readings.<slug>: GridOne=one, B=b",
    )
    registry: RegistrySettings = RegistrySettings()

    @field_validator("readings_topics")
    @classmethod
    def _slugs_name_topics(cls, text: str) -> str:
        slugs = [_readings_pair(entry)[1] for entry in entries_of(text)]
        if len(set(slugs)) < len(slugs):
            raise ValueError("two organisations have the same slug")
        return text

    def own_readings(self) -> Mapping[str, Topic]:
        """Topics of readings by organisation, for those that have their own."""
        pairs = [_readings_pair(entry) for entry in entries_of(self.readings_topics)]
        return {organisation: organisation_readings(slug) for organisation, slug in pairs}


def _readings_pair(entry: str) -> tuple[str, str]:
    """Organisation and slug. Raises: ValueError."""
    organisation, equals, slug = (part.strip() for part in entry.partition("="))
    if not (equals and organisation and is_slug(slug)):
        raise ValueError(
            f"{entry!r} is not <organisation>=<slug> with a slug of lower-case letters, digits and hyphens"
        )
    return organisation, slug


class PostgresSettings(SettingsGroup):
    """The service's own database."""

    dsn: SecretStr = Field(description="libpq connection string or URL")
    pool_max_size: Annotated[int, Field(ge=2, le=100)] = Field(6, description="most connections")
    connect_timeout_s: Annotated[float, Field(gt=0, le=300)] = Field(10.0, description="wait for a connection")
    statement_timeout_s: Annotated[float, Field(gt=0, le=3600)] = Field(30.0, description="longest statement")


class ManagementSettings(SettingsGroup):
    """Health, readiness and metrics."""

    host: str = Field("0.0.0.0", description="address of /healthz, /readyz, /metrics")  # noqa: S104  # probes come from outside the pod
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9404, description="0 picks a free one")


class LogSettings(SettingsGroup):
    """What is logged."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least level that is written")


class FileValueSource(PydanticBaseSettingsSource):
    """Reads `<VARIABLE>_FILE`: the file holds the value of `<VARIABLE>`."""

    def __init__(self, settings_cls: type[BaseSettings], environment: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._environment = environment

    def get_field_value(
        self,
        field: FieldInfo,  # noqa: ARG002  # the signature of the base class
        field_name: str,  # the signature of the base class
    ) -> tuple[Any, str, bool]:
        """Not used: the source answers as a whole."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for variable in variables(self.settings_cls):
            path = self._environment.get(variable.name + FILE_SUFFIX)
            if path is None or not variable.takes_file:
                continue
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError([f"{variable.name}{FILE_SUFFIX}: {error.strerror}: {path}"]) from None
            group = found
            for part in variable.path[:-1]:
                group = group.setdefault(part, {})
            group[variable.path[-1]] = value
        return found


class ServiceSettings(BaseSettings):
    """What every service needs; each service adds its own groups."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=DELIMITER, frozen=True, extra="ignore", env_ignore_empty=True
    )

    kafka: KafkaSettings
    management: ManagementSettings = ManagementSettings()
    log: LogSettings = LogSettings()
    drain_s: Annotated[float, Field(gt=0, le=600)] = Field(25.0, description="longest orderly stop")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the hook's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the hook's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the files that the environment names."""
        if isinstance(env_settings, EnvSettingsSource):
            files = {
                (variable.name + FILE_SUFFIX).lower() for variable in variables(settings_cls) if variable.takes_file
            }
            env_settings.env_vars = {
                name: value for name, value in env_settings.env_vars.items() if name.lower() not in files
            }
        return init_settings, env_settings, FileValueSource(settings_cls, os.environ)


class SettingsError(Exception):
    """Settings that cannot be used; one line per variable."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


class Variable:
    """One environment variable and the field that it sets."""

    def __init__(self, path: tuple[str, ...], info: FieldInfo) -> None:
        self.path = path
        self.info = info
        self.name = PREFIX + DELIMITER.join(path).upper()

    @property
    def takes_file(self) -> bool:
        """A variable that itself names a file is not read from one."""
        return not self.path[-1].endswith("_file")

    @property
    def default(self) -> str:
        """The default as text, "required" where there is none."""
        value = self.info.get_default(call_default_factory=True, validated_data={})
        return "required" if value is PydanticUndefined else "" if value is None else str(value)


def variables(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[Variable]:
    """Every variable of a settings model, in its order."""
    for name, info in model.model_fields.items():
        group = _group(info.annotation)
        if group is not None:
            yield from variables(group, (*path, name))
        else:
            yield Variable((*path, name), info)


def _group(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _type_name(annotation: Any) -> str:
    parts = [annotation, *get_args(annotation)]
    choices = [str(choice) for part in parts for choice in get_args(part) if isinstance(choice, str)]
    choices = list(dict.fromkeys(choices))
    if choices:
        return "|".join(choices)
    names = [part.__name__ for part in (annotation, *get_args(annotation)) if isinstance(part, type)]
    return {"SecretStr": "secret", "Path": "path", "str": "text"}.get(names[0], names[0]) if names else "text"


def help_text(model: type[ServiceSettings], prog: str) -> str:
    """Every variable with type, default and meaning."""
    lines = [f"{prog}: settings come from the environment.", ""]
    for variable in variables(model):
        kind, default = _type_name(variable.info.annotation), variable.default
        lines.append(f"  {variable.name}")
        lines.append(f"      {variable.info.description or ''} ({kind}{', ' + default if default else ''})")
    lines += ["", f"Any of them may be read from a file: <VARIABLE>{FILE_SUFFIX}=<path>."]
    return "\n".join(lines) + "\n"


Settings = TypeVar("Settings", bound=ServiceSettings)


def read_settings(model: type[Settings]) -> Settings:
    """The settings of this process.

    Raises: SettingsError, one line for each variable that is missing or wrong.
    """
    try:
        return model()
    except SourceError as error:  # a list or map that is no JSON
        raise SettingsError([str(error)]) from None
    except ValidationError as error:
        known = {variable.path: variable.name for variable in variables(model)}
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            path = tuple(str(part) for part in problem["loc"])
            name = known.get(path) or PREFIX + DELIMITER.join(path).upper()
            lines.append(f"{name}: {problem['msg']}")
        raise SettingsError(lines) from None


def load_settings(model: type[Settings], arguments: Sequence[str], prog: str) -> Settings:
    """The settings of this process; `--help` lists them all, wrong ones end it with status 2."""
    if any(argument in ("-h", "--help") for argument in arguments):
        sys.stdout.write(help_text(model, prog))
        raise SystemExit(0)
    try:
        return read_settings(model)
    except SettingsError as error:
        sys.stderr.write(f"{prog}: wrong settings (--help lists them)\n")
        for line in error.lines:
            sys.stderr.write(f"  {line}\n")
        raise SystemExit(2) from None
