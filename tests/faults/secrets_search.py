"""Finds secrets in whatever was written, in any form in which somebody might have written them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator

BLOCK = 8
SHORTEST = 2 * BLOCK - 1  # so that every place of a needle holds a whole block at a multiple of its length

Index = dict[bytes, list[tuple[bytes, int]]]


class SecretsSearch:
    """Looks for many secrets of 16 octets or more at once."""

    def __init__(self, secrets: Iterable[bytes]) -> None:
        self._exact: Index = {}
        self._lower: Index = {}
        for secret in secrets:
            _add(self._lower, secret.hex().encode())
            for form in _forms(secret):
                _add(self._exact, form)

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


def _add(index: Index, needle: bytes) -> None:
    if len(needle) < SHORTEST:
        raise ValueError("the secret is too short to be looked for")
    for shift in range(BLOCK):
        index.setdefault(needle[shift : shift + BLOCK], []).append((needle, shift))


def _holds(text: bytes, index: Index) -> bool:
    for start in range(0, len(text) - BLOCK + 1, BLOCK):
        for needle, shift in index.get(text[start : start + BLOCK], ()):
            if start >= shift and text.startswith(needle, start - shift):
                return True
    return False
