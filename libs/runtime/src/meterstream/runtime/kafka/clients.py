"""One settings model for both clients: how to reach the brokers and prove who we are."""

from __future__ import annotations

import ssl
from typing import Any, Final

from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.settings import KafkaSettings

MAX_POLL_MS: Final = 120_000
LOG_CRITICAL: Final = 2  # of syslog
TYPICAL_OCTETS: Final = 512


def aiokafka_options(settings: KafkaSettings) -> dict[str, Any]:
    """Arguments that every aiokafka client takes.

    Raises: ConfigurationError for certificates that cannot be read.
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol,
        "request_timeout_ms": settings.request_timeout_ms,
    }
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = _ssl_context(settings)
    if settings.security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = _password(settings)
    return options


def confluent_options(settings: KafkaSettings) -> dict[str, Any]:
    """Settings that every librdkafka client takes."""
    options: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap_servers,
        "security.protocol": settings.security_protocol,
        "reconnect.backoff.max.ms": 1000,
        "socket.timeout.ms": settings.request_timeout_ms,
    }
    named = {
        "ssl.ca.location": settings.ssl_ca_file,
        "ssl.certificate.location": settings.ssl_certificate_file,
        "ssl.key.location": settings.ssl_key_file,
    }
    options |= {name: str(path) for name, path in named.items() if path is not None}
    if settings.security_protocol.startswith("SASL"):
        options["sasl.mechanism"] = settings.sasl_mechanism
        options["sasl.username"] = settings.sasl_username
        options["sasl.password"] = _password(settings)
    return options


def _ssl_context(settings: KafkaSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ssl_ca_file)
        if settings.ssl_certificate_file is not None:
            context.load_cert_chain(settings.ssl_certificate_file, settings.ssl_key_file)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(f"certificates or key for Kafka: {error.strerror or type(error).__name__}") from None
    return context


def _password(settings: KafkaSettings) -> str | None:
    return None if settings.sasl_password is None else settings.sasl_password.get_secret_value()


def group_options(settings: KafkaSettings, group: str, *, together: bool, ahead: int) -> dict[str, Any]:
    """Settings of librdkafka for a place in a group; why each is as it is stands in the reference on Kafka clients."""
    options: dict[str, Any] = {
        **confluent_options(settings),
        "group.id": f"{settings.group_prefix}.{group}",
        "client.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",  # never skip what nobody has handled
        "max.poll.interval.ms": MAX_POLL_MS,
        "fetch.wait.max.ms": 100,
        "fetch.queue.backoff.ms": 20,
        "fetch.error.backoff.ms": 100,
        "queued.max.messages.kbytes": 16 * 1024,
        "queued.min.messages": ahead,
        "fetch.message.max.bytes": min(max(ahead * TYPICAL_OCTETS, 64 * 1024), 1024 * 1024),
        "fetch.max.bytes": 16 * 1024 * 1024,
        "check.crcs": True,
        "topic.metadata.refresh.interval.ms": 60_000,
        "log_level": LOG_CRITICAL,  # errors come through the callback; the client repeats them 20 times a second
    }
    if settings.group_protocol == "consumer":
        options |= {"group.protocol": "consumer", "group.remote.assignor": "range" if together else "uniform"}
    else:
        options |= {
            "group.protocol": "classic",
            "partition.assignment.strategy": "range" if together else "cooperative-sticky",
            "session.timeout.ms": settings.session_timeout_ms,
            "heartbeat.interval.ms": settings.session_timeout_ms // 5,
        }
    return options
