"""What `ClientAssociation.receive` says when a frame of the meter is complete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from meterstream.dlms.apdu import (
    ActionResult,
    ActionReturn,
    DataAccessResult,
    InitiateResponse,
    ReadResult,
)
from meterstream.dlms.data import CosemDateTime, Data


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


class AccessOutcome(NamedTuple):
    """What came of one item of an ACCESS: its result, and the value read or returned, if any."""

    result: DataAccessResult | ActionResult
    data: Data | None = None

    def __repr__(self) -> str:
        return f"AccessOutcome({self.result.name}, {'nothing' if self.data is None else 'data'})"


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """As many outcomes as items were asked, in their order.

    Attributes:
        date_time: of the answer, where the meter gives one.
    """

    outcomes: tuple[AccessOutcome, ...] = field(repr=False)
    date_time: CosemDateTime | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """RLRE, whatever it holds.

    Attributes:
        information: its initiate-response, opened; None unless `release` was asked to check it.
    """

    information: InitiateResponse | None = None


ServiceEvent = (
    GetAnswer
    | GetListAnswer
    | ListRefused
    | SetAnswer
    | SetListAnswer
    | ActionAnswer
    | ActionListAnswer
    | ActionListRefused
    | AccessAnswer
)
"""How a confirmed service ended."""

Event = Continue | Associated | ServiceEvent | Released
