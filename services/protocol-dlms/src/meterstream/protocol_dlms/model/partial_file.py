"""A file that is being fetched over HTTP: what there is of it, how to ask for the rest, when it must not go on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,15})-\d{1,15}/(?:\d{1,15}|\*)")
_PASSING: Final = frozenset({408, 425, 429})


class Refused(Exception):
    """The file cannot be had this way, however often it is tried; the message names the rule."""


class Broken(Exception):
    """It did not work this time."""


class PartialFile:
    """The octets so far, `limit` at most.

    Attributes:
        octets: from the file's beginning on.
        resumed: whether they came with more than one answer.
    """

    def __init__(self, limit: int) -> None:
        self.octets = bytearray()
        self.resumed = False
        self._limit = limit
        self._tag: str | None = None

    def asks(self) -> dict[str, str]:
        """Headers of the next request: for what is missing, where it can be told that the rest is of the same file."""
        headers = {"Accept-Encoding": "identity"}
        if self.octets and self._tag is not None:
            headers |= {"Range": f"bytes={len(self.octets)}-", "If-Range": self._tag}
        else:
            self.clear()
        return headers

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """Look at the head of an answer: what follows it belongs after the octets then.

        Raises: Refused, Broken.
        """
        if status == 206 and self.octets:
            found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
            if found is None or int(found[1]) != len(self.octets):
                self.clear()
                raise Broken("another part of the file was answered than was asked for")
            self.resumed = True
        elif status == 200:
            self.clear()
            tag = headers.get("ETag", "")
            self._tag = tag if tag.startswith('"') else None  # a weak one tells nothing of octets (RFC 9110, 13.1.5)
        elif 300 <= status < 400:
            raise Refused(f"redirections are not followed (status {status})")
        elif status == 416 or status in _PASSING or status >= 500:
            self.clear()
            raise Broken(f"status {status}")
        else:
            raise Refused(f"status {status}")
        announced = headers.get("Content-Length", "")
        if announced.isdecimal() and len(self.octets) + int(announced[:15]) > self._limit:
            raise self._too_large()

    def add(self, octets: bytes) -> None:
        """Take what follows. Raises: Refused."""
        if len(self.octets) + len(octets) > self._limit:
            raise self._too_large()
        self.octets += octets

    def clear(self) -> None:
        """Begin anew."""
        self.octets.clear()
        self.resumed, self._tag = False, None

    def _too_large(self) -> Refused:
        return Refused(f"it has more than {self._limit} octets")
