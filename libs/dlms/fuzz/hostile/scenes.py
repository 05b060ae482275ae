"""Valid sessions that hostile frames are put into: recorded once, then replayed up to any frame from either side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Final, NamedTuple

from meterstream.dlms.apdu import ActionResult, DataAccessResult, ReadResult, Selection
from meterstream.dlms.client import AssociationConfig, ClientAssociation, Continue, Event, Level
from meterstream.dlms.data import (
    AttributeRef,
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    MethodRef,
    array,
    double_long_unsigned,
    octet_string,
    range_descriptor,
    structure,
    unsigned,
)
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterSecurity
from meterstream.dlms.security import SecurityKeys

KEYS: Final = SecurityKeys(bytes(range(16)), bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"))
CLIENT_TITLE: Final = bytes.fromhex("2020201CBE991A14")
SERVER_TITLE: Final = bytes.fromhex("4F5347000000270F")
CTOS: Final = bytes.fromhex("3132333435363738393A3B3C3D3E3F40")
STOC: Final = bytes.fromhex("6162636465666768696A6B6C6D6E6F70")
PASSWORD: Final = b"11111111"

CLOCK: Final = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
ENERGY: Final = AttributeRef(3, LogicalName.parse("1.0.1.8.0.255"), 2)
PROFILE: Final = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
RECONNECT: Final = MethodRef(70, LogicalName.parse("0.0.96.3.10.255"), 2)
CLOCK_COLUMN: Final = CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2, 0)
CLOCK_VALUE: Final = octet_string(bytes.fromhex("07E8070F010A1E0000FF8880"))
MOMENT: Final = CosemDateTime.from_data(CLOCK_VALUE)
SELECTED: Final = Selection(1, range_descriptor(MOMENT, MOMENT, (CLOCK_COLUMN,)))
ROWS: Final = array(
    structure(CLOCK_VALUE, unsigned(4), double_long_unsigned(10_000 + row), double_long_unsigned(row))
    for row in range(24)
)

Request = Callable[[ClientAssociation], bytes]


@dataclass(slots=True)
class Objects:
    """What the meter has; every access is noted, for an access that nobody asked for is the worst that can happen."""

    values: dict[AttributeRef, Data] = field(
        default_factory=lambda: {CLOCK: CLOCK_VALUE, ENERGY: double_long_unsigned(54_321), PROFILE: ROWS}
    )
    accesses: list[tuple[Any, ...]] = field(default_factory=list)

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:
        self.accesses.append(("get", client_sap, ref, selection))
        return self.values.get(ref, DataAccessResult.OBJECT_UNDEFINED)

    def set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult:
        self.accesses.append(("set", client_sap, ref, selection, data))
        return DataAccessResult.SUCCESS if ref in self.values else DataAccessResult.READ_WRITE_DENIED

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        self.accesses.append(("action", client_sap, ref, data))
        return (ActionResult.SUCCESS if ref == RECONNECT else ActionResult.OBJECT_UNDEFINED), None


class Step(NamedTuple):
    """One frame of the client, the meter's answer to it, what the client makes of that, and the accesses so far."""

    asked: bytes
    answered: bytes
    event: Event
    accesses: int


@dataclass(frozen=True)
class Scene:
    """A session with its settings; the same octets in every replay, for counters and challenges are fixed."""

    name: str
    level: Level
    requests: Sequence[Request]
    client_settings: dict[str, Any] = field(default_factory=dict)
    access_settings: dict[str, Any] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)
    challenge: bytes = b""

    def new_client(self) -> ClientAssociation:
        ciphered = self.level.ciphered
        settings: dict[str, Any] = {
            "client_sap": 1 if ciphered else 16,
            "client_title": CLIENT_TITLE if ciphered else None,
            "keys": KEYS if ciphered else None,
            "password": PASSWORD if self.level is Level.LLS else None,
            **self.client_settings,
        }
        return ClientAssociation(AssociationConfig(self.level, **settings), count(12_345).__next__, self.challenge)

    def new_meter(self, objects: Objects) -> MeterAssociation:
        ciphered = self.level.ciphered
        settings: dict[str, Any] = {
            "keys": KEYS if ciphered else None,
            "password": PASSWORD if self.level is Level.LLS else None,
            **self.access_settings,
        }
        sap = self.client_settings.get("client_sap", 1 if ciphered else 16)
        clients = {sap: ClientAccess(self.level, **settings)}
        security = MeterSecurity(SERVER_TITLE, clients, lambda length: (STOC * 4)[:length], next_counter=500)
        return MeterAssociation(objects, security, self.habits)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The valid session. Raises: whatever is wrong with the scene."""
        client, objects = self.new_client(), Objects()
        meter = self.new_meter(objects)
        steps: list[Step] = []
        for request in (ClientAssociation.associate, *self.requests, ClientAssociation.release):
            frame = request(client)
            while True:
                answer = meter.receive(frame)
                event = client.receive(answer)
                if event is None:
                    raise ValueError(f"scene {self.name}: an answer is not complete")
                steps.append(Step(frame, answer, event, len(objects.accesses)))
                if not isinstance(event, Continue):
                    break
                frame = event.frame
        return tuple(steps)

    @cached_property
    def accesses(self) -> tuple[tuple[Any, ...], ...]:
        """What the valid session reads, writes and calls."""
        objects = Objects()
        meter = self.new_meter(objects)
        for step in self.steps:
            meter.receive(step.asked)
        return tuple(objects.accesses)

    def client_before(self, index: int) -> ClientAssociation:
        """A client that awaits the answer of step `index`."""
        client = self.new_client()
        requests = iter(self.requests)
        client.associate()
        for step in self.steps[:index]:
            if not isinstance(client.receive(step.answered), Continue):
                request = next(requests, None)
                client.release() if request is None else request(client)
        return client

    def meter_before(self, index: int, objects: Objects) -> MeterAssociation:
        """A meter that has answered all steps before `index`."""
        meter = self.new_meter(objects)
        for step in self.steps[:index]:
            meter.receive(step.asked)
        return meter


def _get(ref: AttributeRef, selection: Selection | None = None) -> Request:
    return lambda client: client.get(ref, selection)


COMMON: Final[tuple[Request, ...]] = (
    _get(CLOCK),
    _get(PROFILE, SELECTED),
    lambda client: client.set(CLOCK, CLOCK_VALUE),
    lambda client: client.action(RECONNECT, unsigned(0)),
    lambda client: client.get_list(((ENERGY, None), (CLOCK, None))),
)
SMALL: Final = Habits(max_send_pdu=128)

SCENES: Final[tuple[Scene, ...]] = (
    Scene("public", Level.NONE, COMMON),
    Scene("public-blocks", Level.NONE, (_get(PROFILE),), habits=SMALL),
    Scene("lls", Level.LLS, COMMON),
    Scene("hls5", Level.HLS5_GMAC, COMMON, challenge=CTOS),
    Scene("hls5-blocks", Level.HLS5_GMAC, (_get(PROFILE),), habits=SMALL, challenge=CTOS),
    Scene("hls5-ciphered-exceptions", Level.HLS5_GMAC, COMMON, habits=Habits(cipher_exceptions=True), challenge=CTOS),
)
BY_NAME: Final = {scene.name: scene for scene in SCENES}
