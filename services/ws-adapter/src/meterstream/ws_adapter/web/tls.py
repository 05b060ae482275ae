"""The TLS side of the listener."""

from __future__ import annotations

import ssl
from pathlib import Path

from meterstream.runtime.errors import ConfigurationError
from meterstream.ws_adapter.settings import HttpSettings

Stamp = tuple[tuple[int, int, int], ...]


def server_context(settings: HttpSettings, *, optional: bool = False) -> ssl.SSLContext | None:
    """A context that demands a client certificate; None for plain HTTP behind trusted proxies.

    `optional`: a client may come without a certificate, because it may have a token. One that it gives is checked.

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
            context.verify_mode = ssl.CERT_OPTIONAL if optional else ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as problem:
        raise ConfigurationError(f"TLS files of the listener: {problem}") from None
    return context


def files_of(settings: HttpSettings) -> list[Path]:
    """The files that a context is made of."""
    every = (settings.certificate_file, settings.key_file, settings.client_ca_file)
    return [one for one in every if one is not None]


def stamp_of(settings: HttpSettings) -> Stamp:
    """Changes when one of the files does, also by a changed link, as Kubernetes replaces mounted secrets.

    Raises: OSError while a file is not there.
    """
    found = [path.stat() for path in files_of(settings)]
    return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)
