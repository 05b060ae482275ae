"""What the clients of the scenes ask for."""

from __future__ import annotations

from typing import Final

from hostile.material import (
    CALENDAR,
    CLOCK,
    CLOCK_VALUE,
    DAYS,
    ENERGY,
    IMAGE,
    PROFILE,
    RECONNECT,
    SELECTED,
    TRANSFER,
)
from hostile.scene import Request
from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, AccessAction, AccessGet, AccessSet, Conformance, Selection
from meterstream.dlms.data import AttributeRef, unsigned

OWN_BLOCKS: Final = Conformance.BLOCK_TRANSFER_GET | Conformance.BLOCK_TRANSFER_SET | Conformance.BLOCK_TRANSFER_ACTION
EVERYTHING: Final = (
    DEFAULT_CONFORMANCE
    | OWN_BLOCKS
    | Conformance.GENERAL_PROTECTION
    | Conformance.GENERAL_BLOCK_TRANSFER
    | Conformance.ACCESS
)


def get(ref: AttributeRef, selection: Selection | None = None) -> Request:
    return lambda client: client.get(ref, selection)


SHORT: Final[tuple[Request, ...]] = (
    get(CLOCK),
    lambda client: client.set(CLOCK, CLOCK_VALUE),
    lambda client: client.action(RECONNECT, unsigned(0)),
)
COMMON: Final[tuple[Request, ...]] = (
    get(CLOCK),
    get(PROFILE, SELECTED),
    lambda client: client.set(CLOCK, CLOCK_VALUE),
    lambda client: client.action(RECONNECT, unsigned(0)),
    lambda client: client.get_list(((ENERGY, None), (CLOCK, None))),
)
LONG: Final[tuple[Request, ...]] = (
    get(PROFILE),
    lambda client: client.set(CALENDAR, DAYS),
    lambda client: client.action(TRANSFER, IMAGE),
)
LISTS: Final[tuple[Request, ...]] = (
    lambda client: client.set_list(((CLOCK, CLOCK_VALUE), (ENERGY, unsigned(3)))),
    lambda client: client.action_list(((RECONNECT, unsigned(0)), (RECONNECT, None))),
)
LONG_LISTS: Final[tuple[Request, ...]] = (
    lambda client: client.get_list(((PROFILE, None), (CALENDAR, None))),
    lambda client: client.set_list(((CALENDAR, DAYS), (CLOCK, CLOCK_VALUE))),
    lambda client: client.action_list(((TRANSFER, IMAGE), (RECONNECT, unsigned(0)))),
)
ACCESS: Final[tuple[Request, ...]] = (
    lambda client: client.access(
        [(AccessGet(CLOCK), None), (AccessSet(CALENDAR), DAYS), (AccessAction(TRANSFER), IMAGE)]
    ),
    lambda client: client.access([(AccessGet(PROFILE, SELECTED), None)], break_on_error=True),
)
