"""Finds secrets in whatever was written, in any form in which somebody might have written them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator

PREFIX = 8


class SecretsSearch:
    """Looks for many secrets in one pass; they must be 16 octets or longer, or text of that length."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._exact: dict[bytes, set[bytes]] = {}
        self._lower: dict[bytes, set[bytes]] = {}
        for secret in secrets:
            self._lower.setdefault(secret.hex().encode()[:PREFIX], set()).add(secret.hex().encode())
            for form in _forms(secret):
                self._exact.setdefault(form[:PREFIX], set()).add(form)

    def finds(self, text: bytes) -> bool:
        """Whether one of the secrets is in the text: raw, in base64, as Python writes octets, or in hexadecimal."""
        return _holds(text, self._exact) or _holds(text.lower(), self._lower)


def _forms(secret: bytes) -> Iterator[bytes]:
    written = repr(secret)[2:-1]
    yield secret
    yield written.encode()
    yield json.dumps(written)[1:-1].encode()
    for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
        yield alphabet(secret).rstrip(b"=")[:-1]  # the last digit depends on what follows


def _holds(text: bytes, needles: dict[bytes, set[bytes]]) -> bool:
    for start in range(len(text) - PREFIX + 1):
        found = needles.get(text[start : start + PREFIX])
        if found is not None and any(text.startswith(needle, start) for needle in found):
            return True
    return False
