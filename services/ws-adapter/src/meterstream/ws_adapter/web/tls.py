"""The TLS side of the listener."""

from __future__ import annotations

import ssl

from meterstream.runtime.errors import ConfigurationError
from meterstream.ws_adapter.settings import HttpSettings


def server_context(settings: HttpSettings) -> ssl.SSLContext | None:
    """A context that demands a client certificate; None for plain HTTP behind trusted proxies.

    Raises: ConfigurationError for files that cannot be used.
    """
    if settings.certificate_file is None or settings.key_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    try:
        context.load_cert_chain(settings.certificate_file, settings.key_file)
        if settings.client_ca_file is not None:
            context.load_verify_locations(settings.client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as problem:
        raise ConfigurationError(f"TLS files of the listener: {problem}") from None
    return context
