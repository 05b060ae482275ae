"""One settings model for both clients: how to reach the brokers and prove who we are."""

from __future__ import annotations

import ssl
from typing import Any

from meterstream.runtime.errors import ConfigurationError
from meterstream.runtime.settings import KafkaSettings


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
