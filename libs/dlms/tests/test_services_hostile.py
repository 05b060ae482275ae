"""Both roles against each other over a line that cuts, doubles, drops, swaps and damages frames, at several PDU sizes.

Nothing hangs; every exchange ends in an event or an error of the tree; a value that is told is the right one, and
what the meter carried out was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from meterstream.dlms.apdu import (
    DEFAULT_CONFORMANCE,
    AccessGet,
    AccessSet,
    ActionResult,
    ActionReturn,
    Conformance,
    DataAccessResult,
    DataNotification,
)
from meterstream.dlms.client import (
    AccessAnswer,
    AccessOutcome,
    ActionAnswer,
    ActionListAnswer,
    ActionListRefused,
    AnswerLimits,
    AssociationConfig,
    ClientAssociation,
    Continue,
    GetAnswer,
    GetListAnswer,
    Level,
    ListRefused,
    Phase,
    Released,
    SecurityKeys,
    SetAnswer,
    SetListAnswer,
)
from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, array, octet_string, unsigned
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.framing import HEADER, frames_in, wrap
from meterstream.dlms.meter import ClientAccess, Habits, MeterAssociation, MeterSecurity
from meterstream.dlms.transfer import GeneralLimits

KEYS = SecurityKeys(bytes(range(16)), bytes(range(16, 32)))
TITLE, CLIENT_TITLE = b"MMM45678", b"CCC45678"
READ = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
WRITTEN = AttributeRef(8, LogicalName.parse("0.0.1.0.0.255"), 2)
CALLED = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)
LONG = array(unsigned(number) for number in range(100))
OTHER = array(unsigned(200 - number) for number in range(100))
RETURNED = octet_string(bytes(range(150)))

SERVICE = DEFAULT_CONFORMANCE
GENERAL = (
    DEFAULT_CONFORMANCE
    & ~(Conformance.BLOCK_TRANSFER_GET | Conformance.BLOCK_TRANSFER_SET | Conformance.BLOCK_TRANSFER_ACTION)
    | Conformance.GENERAL_BLOCK_TRANSFER
    | Conformance.ACCESS
)
SUCCESS = DataAccessResult.SUCCESS
MAX_TURNS = 2_000


class Objects:
    """Two attributes and a method; remembers what was carried out."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []

    def get(self, client_sap: int, ref: AttributeRef, selection: object) -> Data:
        return LONG

    def set(self, client_sap: int, ref: AttributeRef, selection: object, data: Data) -> DataAccessResult:
        self.done.append(("set", ref, data))
        return SUCCESS

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        self.done.append(("action", ref, data))
        return ActionResult.SUCCESS, RETURNED


def roles(level: Level, size: int, conformance: Conformance) -> tuple[ClientAssociation, MeterAssociation, Objects]:
    """An open association whose sides take `size` octets at a time."""
    keys = KEYS if level.ciphered else None
    objects = Objects()
    security = MeterSecurity(TITLE, {1: ClientAccess(level, keys)}, lambda count: b"s" * count)
    habits = Habits(max_receive_pdu=size, max_send_pdu=size, conformance=conformance)
    meter = MeterAssociation(objects, security, habits)
    limits = AnswerLimits(max_bytes=10_000, max_blocks=500, general=GeneralLimits(window=3), max_notifications=4)
    title = CLIENT_TITLE if level.ciphered else None
    config = AssociationConfig(level, client_title=title, keys=keys, conformance=conformance, limits=limits)
    challenge = b"c" * 16 if level.hls else b""
    client = ClientAssociation(config, iter(range(1, 100_000)).__next__, challenge)
    event = client.receive(meter.receive(client.associate()))
    if isinstance(event, Continue):
        client.receive(meter.receive(event.frame))
    assert client.phase is Phase.READY
    return client, meter, objects


Request = tuple[Callable[[ClientAssociation], bytes], object, list[tuple[Any, ...]]]
"""What makes it, the event it should end in, and what the meter carries out for it."""

REQUESTS: dict[str, Request] = {
    "get": (lambda client: client.get(READ), GetAnswer(LONG), []),
    "get list": (lambda client: client.get_list([(READ, None)] * 3), GetListAnswer((LONG,) * 3), []),
    "set": (lambda client: client.set(WRITTEN, OTHER), SetAnswer(SUCCESS), [("set", WRITTEN, OTHER)]),
    "set list": (
        lambda client: client.set_list([(WRITTEN, OTHER), (READ, LONG)]),
        SetListAnswer((SUCCESS, SUCCESS)),
        [("set", WRITTEN, OTHER), ("set", READ, LONG)],
    ),
    "action": (
        lambda client: client.action(CALLED, OTHER),
        ActionAnswer(ActionResult.SUCCESS, RETURNED),
        [("action", CALLED, OTHER)],
    ),
    "action list": (
        lambda client: client.action_list([(CALLED, OTHER), (CALLED, None)]),
        ActionListAnswer((ActionReturn(ActionResult.SUCCESS, RETURNED),) * 2),
        [("action", CALLED, OTHER), ("action", CALLED, None)],
    ),
}
ACCESS: Request = (
    lambda client: client.access([(AccessGet(READ), None), (AccessSet(WRITTEN), OTHER)]),
    AccessAnswer((AccessOutcome(SUCCESS, LONG), AccessOutcome(SUCCESS))),
    [("set", WRITTEN, OTHER)],
)
WAYS = {"service blocks": SERVICE, "general blocks": GENERAL}
Damage = Callable[[int, bytes], Iterator[bytes]]
"""What arrives instead of octets: their number on the line, from 0, and they themselves."""


class LineLost(Exception):
    """What comes after octets that were cut short: nothing, for a stream has no gaps."""


def cut_short(octets: bytes, kept: int) -> Iterator[bytes]:
    yield octets[:kept]
    raise LineLost


def run(client: ClientAssociation, meter: MeterAssociation, frame: bytes, damage: Damage) -> object:
    """The event that ends an exchange, the error it raises, or None when the line has gone silent."""
    for number in range(0, MAX_TURNS, 2):
        answers = b""
        event = None
        try:
            for octets in damage(number, frame):
                answers += meter.receive(octets)
            for octets in damage(number + 1, answers) if answers else ():
                found = client.receive(octets)
                if isinstance(found, Continue) and isinstance(event, Continue):
                    found = Continue(event.frame + found.frame)
                event = found or event
        except DlmsError as error:
            return error
        except LineLost:
            return None
        if event is not None and not isinstance(event, Continue):
            return event
        again = event.frame if isinstance(event, Continue) else client.ask_again()
        if again is None:
            return None
        frame = again
    raise AssertionError("the exchange does not end")


def refused(outcome: object) -> bool:
    """Whether the meter said no, to all of it: what it had been told twice, say."""
    if isinstance(outcome, GetAnswer):
        return isinstance(outcome.result, DataAccessResult)
    if isinstance(outcome, (SetAnswer, ListRefused)):
        return outcome.result is not DataAccessResult.SUCCESS
    if isinstance(outcome, (ActionAnswer, ActionListRefused)):
        return outcome.result is not ActionResult.SUCCESS
    return False


def check(request: Request, objects: Objects, outcome: object) -> None:
    """The right value, a refusal, an error or silence; and nothing was carried out that was not asked for."""
    _, expected, done = request
    assert isinstance(outcome, (DlmsError, type(None))) or refused(outcome) or outcome == expected, outcome
    assert all(entry in done for entry in objects.done)
    if not isinstance(outcome, (DlmsError, type(None))) and not refused(outcome):
        assert objects.done[: len(done)] == done


def intact(_number: int, octets: bytes) -> Iterator[bytes]:
    yield octets


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("level", [Level.NONE, Level.HLS5_GMAC])
@pytest.mark.parametrize("size", [64, 65, 100, 128, 130, 255, 1000])
@pytest.mark.parametrize("step", [1, 9, 64])
def test_octets_may_be_cut_anywhere(way: str, level: Level, size: int, step: int) -> None:
    def cut(_number: int, octets: bytes) -> Iterator[bytes]:
        for start in range(0, len(octets), step):
            yield octets[start : start + step]

    for name, request in REQUESTS.items():
        client, meter, objects = roles(level, size, WAYS[way])
        outcome = run(client, meter, request[0](client), cut)
        assert outcome == request[1], name
        assert objects.done == request[2], name
    assert client.receive(meter.receive(client.release())) == Released()


def lines(request: Request, level: Level, way: str, size: int) -> list[bytes]:
    """What is on the line of an exchange that nothing disturbs."""
    carried: list[bytes] = []

    def watch(_number: int, octets: bytes) -> Iterator[bytes]:
        carried.append(octets)
        yield octets

    client, meter, _ = roles(level, size, WAYS[way])
    run(client, meter, request[0](client), watch)
    return carried


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("level", [Level.NONE, Level.HLS5_GMAC])
@pytest.mark.parametrize("name", REQUESTS)
def test_every_transmission_lost_doubled_or_cut_short(way: str, level: Level, name: str) -> None:
    request = REQUESTS[name]
    for place, carried in enumerate(lines(request, level, way, 100)):
        for damaged in (b"", carried * 2, carried[:-1], carried[: HEADER.size], carried[:1], carried + b"\0"):

            def damage(number: int, octets: bytes, place: int = place, damaged: bytes = damaged) -> Iterator[bytes]:
                if number == place and damaged and len(damaged) < len(octets):
                    yield from cut_short(octets, len(damaged))
                else:
                    yield damaged if number == place else octets

            client, meter, objects = roles(level, 100, WAYS[way])
            check(request, objects, run(client, meter, request[0](client), damage))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["set", "action list"])
def test_every_octet_swapped_with_its_neighbour(way: str, name: str) -> None:
    """Under ciphering, where every change is seen; plain octets are trusted, so a changed value is no fault."""
    request = REQUESTS[name]
    carried = lines(request, Level.HLS5_GMAC, way, 120)
    for place, octets in enumerate(carried):
        for offset in range(0, len(octets) - 1, 3):
            swapped = octets[:offset] + octets[offset + 1 : offset + 2] + octets[offset : offset + 1]
            swapped += octets[offset + 2 :]

            def damage(number: int, octets: bytes, place: int = place, swapped: bytes = swapped) -> Iterator[bytes]:
                yield swapped if number == place else octets

            client, meter, objects = roles(Level.HLS5_GMAC, 120, WAYS[way])
            check(request, objects, run(client, meter, request[0](client), damage))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_frames_of_a_window_in_any_order(data: st.DataObject) -> None:
    request = REQUESTS[data.draw(st.sampled_from(sorted(REQUESTS)))]
    size = data.draw(st.sampled_from([64, 90, 128]))

    def shuffle(_number: int, octets: bytes) -> Iterator[bytes]:
        frames = [wrap(*frame) for frame in frames_in(octets)]
        kept = data.draw(st.permutations(frames)) if len(frames) > 1 else frames
        drop = data.draw(st.integers(0, 12)) if len(frames) > 1 else 1
        yield from kept[1:] if drop == 0 else kept

    client, meter, objects = roles(Level.HLS5_GMAC, size, GENERAL)
    outcome = run(client, meter, request[0](client), shuffle)
    check(request, objects, outcome)
    assert isinstance(outcome, type(request[1])), outcome


class Sessions(RuleBasedStateMachine):
    """Requests one after another, with notifications between them and every now and then a line that does harm."""

    @initialize(
        level=st.sampled_from([Level.NONE, Level.HLS5_GMAC]),
        size=st.sampled_from([64, 77, 128, 500]),
        way=st.sampled_from(sorted(WAYS)),
    )
    def open(self, level: Level, size: int, way: str) -> None:
        self.opened_with = level, size, way
        self.client, self.meter, self.objects = roles(level, size, WAYS[way])
        self.notified = self.taken = 0

    def ready(self) -> bool:
        return self.client.phase is Phase.READY and not self.meter.closed

    @precondition(lambda self: not self.ready())
    @rule()
    def open_again(self) -> None:
        self.open(*self.opened_with)

    @precondition(ready)
    @rule(name=st.sampled_from(sorted(REQUESTS)))
    def ask(self, name: str) -> None:
        request = REQUESTS[name]
        self.objects.done.clear()
        assert run(self.client, self.meter, request[0](self.client), intact) == request[1]
        assert self.objects.done == request[2]

    @precondition(ready)
    @rule()
    def notify(self) -> None:
        assert self.client.receive(self.meter.notify(DataNotification(1, unsigned(1)))) is None
        self.notified += 1

    @precondition(ready)
    @rule()
    def take(self) -> None:
        self.taken += len(self.client.take_notifications())

    @precondition(ready)
    @rule(
        name=st.sampled_from(sorted(REQUESTS)),
        place=st.integers(0, 12),
        kind=st.sampled_from(["lose", "double", "cut", "change"]),
        offset=st.integers(0, 200),
    )
    def disturb(self, name: str, place: int, kind: str, offset: int) -> None:
        def damage(number: int, octets: bytes) -> Iterator[bytes]:
            if number != place:
                yield octets
            elif kind == "double":
                yield octets * 2
            elif kind == "cut":
                yield from cut_short(octets, offset % len(octets))
            elif kind == "change":
                spot = offset % len(octets)
                yield octets[:spot] + bytes((octets[spot] ^ 0x55,)) + octets[spot + 1 :]

        request = REQUESTS[name]
        self.objects.done.clear()
        outcome = run(self.client, self.meter, request[0](self.client), damage)
        if kind != "change" or self.client.server_title is not None:
            check(request, self.objects, outcome)
        if kind == "cut" and outcome is None:
            self.open(*self.opened_with)

    @invariant()
    def what_waits_is_bounded(self) -> None:
        if hasattr(self, "client"):
            assert self.taken + self.client.missed_notifications <= self.notified + 1


Sessions.TestCase.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
TestSessions = Sessions.TestCase


def test_access_over_a_line_that_loses_each_transmission_once() -> None:
    for place in range(8):

        def damage(number: int, octets: bytes, place: int = place) -> Iterator[bytes]:
            if number != place:
                yield octets

        client, meter, objects = roles(Level.NONE, 64, GENERAL)
        check(ACCESS, objects, run(client, meter, ACCESS[0](client), damage))
