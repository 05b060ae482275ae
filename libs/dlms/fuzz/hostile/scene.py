"""A valid session that hostile frames are put into: recorded once, with both roles as they stood before each frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from hostile.lines import (
    ClientEnd,
    DatagramEnd,
    HdlcEnd,
    HdlcMeterEnd,
    Heard,
    Line,
    MeterEnd,
    NewAssociation,
    WrapperEnd,
    WrapperMeter,
    datagrams_of,
    framing_on,
    parameters_on,
)
from hostile.material import (
    CLIENT_TITLE,
    PASSWORD,
    SERVER_TITLE,
    Counter,
    Drawn,
    Keyring,
    Objects,
    keyring_of,
)
from hostile.snapshot import copy_of
from meterstream.dlms.client import Associated, AssociationConfig, ClientAssociation, Continue, Level, Notification
from meterstream.dlms.client.config import AnswerLimits
from meterstream.dlms.meter import ClientAccess, CounterPolicy, Habits, MeterAssociation, MeterSecurity, TransferLimits
from meterstream.dlms.security import Protection, SecurityPolicy, SecuritySuite
from meterstream.dlms.transfer import GeneralLimits

FIRST_CLIENT_COUNTER: Final = 12_345
FIRST_METER_COUNTER: Final = 500
_GENERAL: Final = GeneralLimits(window=4, max_bytes=64 * 1024, max_blocks=256, max_repeats=3)
ANSWER_LIMITS: Final = AnswerLimits(max_bytes=64 * 1024, max_blocks=256, general=_GENERAL, max_notifications=8)
TRANSFER_LIMITS: Final = TransferLimits(max_bytes=64 * 1024, max_blocks=256, general=_GENERAL)

Request = Callable[[ClientAssociation], bytes]
_AUTHENTICATED: Final = Protection.AUTHENTICATED | Protection.SIGNED
_MOST_STEPS: Final = 400


class Step(NamedTuple):
    """What the client sent, what the meter answered, what the client made of that.

    Attributes:
        exchange: number of the request that it belongs to.
    """

    asked: bytes
    answered: bytes
    heard: Heard
    exchange: int


class _Standing(NamedTuple):
    """Both roles: a client that awaits the answer of a step, a meter that awaits its request."""

    client: ClientEnd
    meter: MeterEnd


@dataclass(frozen=True)
class Scene:
    """A session with its settings; the same octets in every run, for counters and challenges are fixed.

    Attributes:
        policy: of both sides.
        client, access: settings of the client, and of its address at the meter, other than what the level needs.
        notifying: the meter says something before and after every answer.
        checked: the release proves itself.
    """

    name: str
    level: Level
    requests: Sequence[Request]
    policy: SecurityPolicy = SecurityPolicy.AUTHENTICATED_ENCRYPTED
    suite: SecuritySuite = SecuritySuite.SUITE_0
    line: Line = Line.TCP
    client: dict[str, Any] = field(default_factory=dict)
    access: dict[str, Any] = field(default_factory=dict)
    habits: Habits = field(default_factory=Habits)
    notifying: bool = False
    checked: bool = False

    # Settings

    @cached_property
    def keyring(self) -> Keyring:
        return keyring_of(self.suite)

    @cached_property
    def config(self) -> AssociationConfig:
        level, keyring = self.level, self.keyring
        secured = level is not Level.NONE
        settings: dict[str, Any] = {
            "client_sap": 1 if secured else 16,
            "client_title": CLIENT_TITLE if secured else None,
            "keys": keyring.keys if secured else None,
            "asymmetric": keyring.client if secured else None,
            "password": PASSWORD if level.has_secret else None,
            "policy": self.policy,
            "limits": ANSWER_LIMITS,
            **self.client,
        }
        return AssociationConfig(level, **settings)

    @property
    def ciphered(self) -> bool:
        """Whether services are protected in any way."""
        return self.level is not Level.NONE and bool(self.policy)

    @cached_property
    def proves_answers(self) -> bool:
        """Whether nobody without the keys can make an answer; encryption alone proves nothing."""
        return self.ciphered and bool(self.policy.response & _AUTHENTICATED)

    @cached_property
    def proves_requests(self) -> bool:
        """The same of requests."""
        return self.ciphered and bool(self.policy.request & _AUTHENTICATED)

    @property
    def replays_served(self) -> bool:
        """Whether the meter looks at no counters."""
        return self.access.get("counter_policy") is CounterPolicy.FREE

    @property
    def title(self) -> bytes | None:
        """The meter's title where the client has to have learnt it."""
        return SERVER_TITLE if self.config.ciphered or self.level.needs_titles else None

    @property
    def dedicated_key(self) -> bytes | None:
        return Drawn(b"client")(self.suite.key_octets) if self.config.ciphering.dedicated else None

    # Roles

    def new_client(self) -> ClientEnd:
        config = self.config
        challenge = Drawn(b"CtoS")(config.challenge_length if self.level is not Level.HLS7_ECDSA else 32)
        association = ClientAssociation(
            config,
            Counter(FIRST_CLIENT_COUNTER),
            challenge if self.level.hls else b"",
            framing_on(self.line),
            Drawn(b"client"),
        )
        if self.line.hdlc:
            return HdlcEnd(association, parameters_on(self.line))
        return DatagramEnd(association) if self.line is Line.UDP else WrapperEnd(association)

    def new_meter(self) -> MeterEnd:
        config, keyring, objects = self.config, self.keyring, Objects()
        settings: dict[str, Any] = {
            "keys": config.keys,
            "asymmetric": keyring.server if config.asymmetric is not None else None,
            "password": config.password,
            "policy": self.policy,
            **self.access,
        }
        clients = {config.client_sap: ClientAccess(self.level, **settings)}
        security = MeterSecurity(SERVER_TITLE, clients, Drawn(b"meter"), next_counter=FIRST_METER_COUNTER)
        if self.line.hdlc:
            new_association = NewAssociation(objects, security, self.habits, TRANSFER_LIMITS)
            return HdlcMeterEnd(new_association, objects, parameters_on(self.line))
        association = MeterAssociation(
            objects, security, self.habits, framing=framing_on(self.line), transfer_limits=TRANSFER_LIMITS
        )
        return WrapperMeter(association, objects, notifying=self.notifying)

    def on_line(self, octets: bytes) -> tuple[bytes, ...]:
        """As they arrive when nothing is wrong."""
        return datagrams_of(octets) if self.line is Line.UDP else (octets,)

    # The valid session

    def _openings(self, client: ClientEnd) -> Iterator[bytes]:
        """The first octets of every exchange, each taken when the one before is over."""
        association = client.association
        if opening := client.open():
            yield opening
        yield client.ask(association.associate())
        for request in self.requests:
            yield client.ask(request(association))
        yield client.ask(association.release(checked=self.checked))
        if closing := client.close():
            yield closing

    @cached_property
    def _recorded(self) -> tuple[tuple[Step, ...], tuple[_Standing, ...], tuple[Any, ...], tuple[Notification, ...]]:
        client, meter = self.new_client(), self.new_meter()
        steps: list[Step] = []
        standing: list[_Standing] = []
        notes: list[Notification] = []
        for exchange, opening in enumerate(self._openings(client)):
            octets = opening
            while octets:
                if len(steps) == _MOST_STEPS:
                    raise ValueError(f"scene {self.name}: it does not end")
                standing.append(_Standing(copy_of(client), copy_of(meter)))
                answered = b"".join(meter.receive(piece) for piece in self.on_line(octets))
                heard = hear(client, self.on_line(answered))
                if heard.error is not None:
                    raise ValueError(f"scene {self.name}, step {len(steps)}: {heard.error!r}")
                steps.append(Step(octets, answered, heard, exchange))
                notes += client.association.take_notifications()
                octets = heard.octets
            if not steps or not any(not isinstance(event, Continue) for event in steps[-1].heard.events):
                raise ValueError(f"scene {self.name}: exchange {exchange} has no end")
        return tuple(steps), tuple(standing), tuple(meter.objects.accesses), tuple(notes)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Raises: ValueError for a scene that does not work."""
        return self._recorded[0]

    @property
    def accesses(self) -> tuple[tuple[Any, ...], ...]:
        """What the valid session reads, writes and calls."""
        return self._recorded[2]

    @property
    def notes(self) -> tuple[Notification, ...]:
        """What the meter says unasked."""
        return self._recorded[3]

    @cached_property
    def opened(self) -> int:
        """The step whose answer opens the association."""
        return next(
            index
            for index, step in enumerate(self.steps)
            if any(isinstance(event, Associated) for event in step.heard.events)
        )

    @cached_property
    def release(self) -> int:
        """Number of the exchange that releases."""
        return len(self.requests) + 1 + self.line.hdlc

    @cached_property
    def events(self) -> dict[int, tuple[Any, ...]]:
        """What the client hears in each exchange."""
        found: dict[int, tuple[Any, ...]] = {}
        for step in self.steps:
            found[step.exchange] = found.get(step.exchange, ()) + step.heard.events
        return found

    def client_before(self, index: int) -> ClientEnd:
        """A client that awaits the answer of step `index`."""
        return copy_of(self._recorded[1][index].client)

    def meter_before(self, index: int) -> MeterEnd:
        """A meter that has answered all steps before `index`."""
        return copy_of(self._recorded[1][index].meter)


def hear(client: ClientEnd, pieces: Sequence[bytes]) -> Heard:
    """All that the client makes of several arrivals; an error ends it."""
    octets = b""
    events: tuple[Any, ...] = ()
    for piece in pieces:
        heard = client.receive(piece)
        octets += heard.octets
        events += heard.events
        if heard.error is not None:
            return Heard(octets, events, heard.error)
    return Heard(octets, events)
