"""What requests and responses say about keys on their way into a meter: ids and outcomes, never octets."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from meterstream.contracts.base import Record
from meterstream.contracts.records import KeyKind


class NewKey(Record):
    """A key that an attempt hands over; its octets lie sealed on the gateway's record.

    `step` is the action's place in the bundle of this attempt, 0 otherwise. A step that hands keys over and has none
    here finds out which keys the meter holds, and changes nothing.
    """

    step: Annotated[int, Field(ge=0)] = 0
    device_identification: str
    kind: KeyKind
    key_id: str


class KeyOutcome(StrEnum):
    """What became of a key: the meter took it, said no, nobody knows, or an association stood without it later."""

    TRANSFERRED = "transferred"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    ABSENT = "absent"


class KeyFact(Record):
    """What an attempt found out about one key of a device."""

    device_identification: str
    key_id: str
    outcome: KeyOutcome
