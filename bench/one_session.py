"""One session, bytes passed in memory: AARQ, HLS 5 pass 3 and 4, GET of the clock, release; CPU of each side."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult, Selection
from meterstream.dlms.client import AssociationConfig, ClientAssociation, Continue, GetAnswer, Level, SecurityKeys
from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, octet_string
from meterstream.dlms.meter import ClientAccess, CounterPolicy, Habits, MeterAssociation, MeterSecurity

KEYS = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
CLIENT_TITLE = bytes.fromhex("2020201CBE991A14")
SERVER_TITLE = bytes.fromhex("4F5347000000270F")
CHALLENGE = bytes(range(16))  # gurux-dlms writes a wrong length when the AARQ passes 127 octets
FIRST_COUNTER = 1
CLOCK = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
CLOCK_OCTETS = bytes.fromhex("07E8070F010A1E0000FF8880")
CONFIG = AssociationConfig(Level.HLS5_GMAC, client_title=CLIENT_TITLE, keys=KEYS, challenge_length=len(CHALLENGE))

_T = TypeVar("_T")


class ClockOnly:
    """The objects of the measured meter."""

    value = octet_string(CLOCK_OCTETS)

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:  # noqa: ARG002 - the port
        return self.value if ref == CLOCK else DataAccessResult.OBJECT_UNDEFINED

    def set(
        self,
        client_sap: int,  # noqa: ARG002 - the port
        ref: AttributeRef,  # noqa: ARG002 - the port
        selection: Selection | None,  # noqa: ARG002 - the port
        data: Data,  # noqa: ARG002 - the port
    ) -> DataAccessResult:
        return DataAccessResult.READ_WRITE_DENIED

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:  # noqa: ARG002 - the port
        return ActionResult.OBJECT_UNDEFINED, None


OBJECTS = ClockOnly()


DEFAULT_HABITS = Habits()


def new_meter(habits: Habits = DEFAULT_HABITS) -> MeterAssociation:
    """A connection to a fresh meter; counters are free, so that every session may start at the same one."""
    access = ClientAccess(Level.HLS5_GMAC, KEYS, counter_policy=CounterPolicy.FREE)
    security = MeterSecurity(SERVER_TITLE, {1: access}, lambda length: CHALLENGE[::-1][:length])
    return MeterAssociation(OBJECTS, security, habits)


class Stopwatch:
    """CPU time of the calls made through it."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self, call: Callable[..., _T], *arguments: Any) -> _T:
        began = time.thread_time_ns()
        try:
            return call(*arguments)
        finally:
            self.ns += time.thread_time_ns() - began


def own_session() -> tuple[int, int]:
    """(client, meter) CPU in ns."""
    client_time, meter_time = Stopwatch(), Stopwatch()
    meter = meter_time(new_meter)
    client = client_time(ClientAssociation, CONFIG, count(FIRST_COUNTER).__next__, CHALLENGE)

    def exchange(frame: bytes) -> object:
        event = client_time(client.receive, meter_time(meter.receive, frame))
        while isinstance(event, Continue):
            event = client_time(client.receive, meter_time(meter.receive, event.frame))
        return event

    exchange(client_time(client.associate))
    answer = exchange(client_time(client.get, CLOCK))
    exchange(client_time(client.release))
    if answer != GetAnswer(OBJECTS.value) or not meter.closed:
        raise RuntimeError("the session did not run as it should")
    return client_time.ns, meter_time.ns
