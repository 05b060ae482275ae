"""Searches in the read model: what is looked for, in which order, and where the next page begins."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple, Self

from meterstream.ws_adapter.model.failures import broken
from meterstream.ws_adapter.model.progress import Progress

DEFAULT_PAGE: Final = 50
LARGEST_PAGE: Final = 500

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_LONGEST_CURSOR: Final = 1_000


class Place(NamedTuple):
    """A row's place in the order of a search, newest first: by creation, then by uid."""

    created_at: datetime
    correlation_uid: str


LAST_PLACE: Final = Place(datetime.max.replace(tzinfo=UTC), "")
"""Behind every row, so that the page after it is the first one."""


def place_of(row: Progress) -> Place:
    """Where a row stands."""
    return Place(row.created_at, row.key.correlation_uid)


@dataclass(frozen=True, slots=True)
class Search:
    """One page of the commands of an organisation, newest first; what is None or empty excludes nothing.

    `created_from` is included, `created_before` is not. Commands whose result the caller deleted are never found.
    """

    organisation: str
    device_identification: str | None = None
    operations: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    created_from: datetime | None = None
    created_before: datetime | None = None
    after: Place = LAST_PLACE
    size: int = DEFAULT_PAGE

    def finds(self, row: Progress) -> bool:
        """Whether a row belongs to this page or to one behind it."""
        return (
            row.key.organisation == self.organisation
            and not row.deleted
            and self.device_identification in (None, row.device_identification)
            and (not self.operations or row.operation in self.operations)
            and (not self.states or row.state in self.states)
            and (self.created_from is None or row.created_at >= self.created_from)
            and (self.created_before is None or row.created_at < self.created_before)
            and place_of(row) < self.after
        )

    def page(self, rows: Iterable[Progress]) -> list[Progress]:
        """The rows of the page, in its order, and one more where another page follows."""
        return sorted(filter(self.finds, rows), key=place_of, reverse=True)[: self.size + 1]

    def cursor_after(self, row: Progress) -> str:
        """Where the page behind `row` begins: opaque, complete in itself, good for this search only."""
        place = place_of(row)
        fields = [(place.created_at - _EPOCH) // _MICROSECOND, place.correlation_uid, self._digest()]
        return urlsafe_b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode().rstrip("=")

    def at(self, cursor: str) -> Self:
        """The same search from a cursor on.

        Raises: VALIDATION_ERROR for what is no cursor, or one of another search.
        """
        if len(cursor) > _LONGEST_CURSOR:
            raise _no_cursor()
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            moment, correlation_uid, digest = json.loads(raw)
            after = Place(_EPOCH + int(moment) * _MICROSECOND, str(correlation_uid))
        except (Base64Error, ValueError, TypeError, OverflowError, RecursionError):
            raise _no_cursor() from None
        if digest != self._digest() or "\0" in after.correlation_uid:
            raise _no_cursor()
        return type(self)(
            self.organisation,
            self.device_identification,
            self.operations,
            self.states,
            self.created_from,
            self.created_before,
            after,
            self.size,
        )

    def _digest(self) -> str:
        asked = (
            self.organisation,
            self.device_identification,
            sorted(self.operations),
            sorted(self.states),
            self.created_from,
            self.created_before,
        )
        return blake2b(repr(asked).encode(), digest_size=6).hexdigest()


def _no_cursor() -> Exception:
    return broken("cursor", "is one that an answer to this very search gave")
