"""What `ClientAssociation.receive` says when a frame of the meter is complete."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterstream.dlms.apdu import ActionResult, ActionReturn, DataAccessResult, ReadResult
from meterstream.dlms.data import Data


@dataclass(frozen=True, slots=True)
class Continue:
    """The exchange needs another frame to be sent: HLS pass 3, or the next block, or the request for it."""

    frame: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Associated:
    """The association is open; HLS pass 4 is verified where HLS is used."""


@dataclass(frozen=True, slots=True)
class GetAnswer:
    result: ReadResult = field(repr=False)


@dataclass(frozen=True, slots=True)
class GetListAnswer:
    """As many results as attributes were asked, in their order."""

    results: tuple[ReadResult, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListRefused:
    """One result for the whole with-list: this meter serves single requests only, or fewer references at a time."""

    result: DataAccessResult


@dataclass(frozen=True, slots=True)
class SetAnswer:
    result: DataAccessResult


@dataclass(frozen=True, slots=True)
class SetListAnswer:
    results: tuple[DataAccessResult, ...]


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """Result of the method and what it returned, if anything."""

    result: ActionResult
    data: Data | DataAccessResult | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ActionListAnswer:
    """As many results as methods were called, in their order."""

    results: tuple[ActionReturn, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ActionListRefused:
    """One result for the whole list of methods: none of them was called."""

    result: ActionResult


@dataclass(frozen=True, slots=True)
class Released:
    """RLRE, whatever it holds."""


ServiceEvent = (
    GetAnswer
    | GetListAnswer
    | ListRefused
    | SetAnswer
    | SetListAnswer
    | ActionAnswer
    | ActionListAnswer
    | ActionListRefused
)
"""How a confirmed service ended."""

Event = Continue | Associated | ServiceEvent | Released
