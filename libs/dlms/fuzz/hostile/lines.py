"""Both roles on the lines they speak over, with one face: octets in, octets out, what was heard. No clock is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import Any, Final, NamedTuple

from hostile.material import CLOCK, CLOCK_VALUE, MOMENT, Objects
from meterstream.dlms.apdu import DataNotification, EventNotificationRequest
from meterstream.dlms.client import ClientAssociation, Continue
from meterstream.dlms.client.hdlc import HdlcClient, Raised
from meterstream.dlms.errors import DlmsError, FrameError
from meterstream.dlms.framing import DatagramFraming, frames_in, wrap
from meterstream.dlms.framing.hdlc import (
    Failed,
    HdlcAddress,
    HdlcClientLink,
    HdlcLimits,
    HdlcParameters,
    HdlcServerLink,
)
from meterstream.dlms.meter import Habits, MeterAssociation, MeterPhase, MeterSecurity, TransferLimits
from meterstream.dlms.meter.hdlc import HdlcMeter

METER_ADDRESS: Final = HdlcAddress(1, 17)
HDLC_LIMITS: Final = HdlcLimits(repetitions=2, polls=6, queued=4, segments=64)
PUSH: Final = DataNotification(7, CLOCK_VALUE, MOMENT)
EVENT: Final = EventNotificationRequest(CLOCK, CLOCK_VALUE, MOMENT)
_BETWEEN_S: Final = 0.01
"""Between two arrivals: nothing on the line is late by itself."""


class Line(Enum):
    """TCP and UDP carry wrapper frames; HDLC with long frames, or with short ones in windows."""

    TCP = "tcp"
    UDP = "udp"
    HDLC = "hdlc"
    HDLC_SHORT = "hdlc, short frames"

    @property
    def hdlc(self) -> bool:
        return self in (Line.HDLC, Line.HDLC_SHORT)


class Heard(NamedTuple):
    """What a client makes of octets: those to send now, what happened, and the error that ends its exchange."""

    octets: bytes = b""
    events: tuple[Any, ...] = ()
    error: DlmsError | None = None


class ClientEnd(ABC):
    """A client that sends what `ask` makes of its requests and goes on by itself while an exchange needs it."""

    association: ClientAssociation

    def open(self) -> bytes:
        """What comes before the AARQ; empty where nothing does."""
        return b""

    def close(self) -> bytes:
        """What comes after the release."""
        return b""

    @abstractmethod
    def ask(self, frame: bytes) -> bytes: ...

    @abstractmethod
    def receive(self, octets: bytes) -> Heard:
        """Raises: only what the client role must not raise."""

    def waited(self) -> Heard | None:
        """Nothing came in time; None when nothing is awaited, or would be asked for again."""
        return None


class WrapperEnd(ClientEnd):
    def __init__(self, association: ClientAssociation) -> None:
        self.association = association

    def ask(self, frame: bytes) -> bytes:
        return frame

    def receive(self, octets: bytes) -> Heard:
        try:
            event = self.association.receive(octets)
        except DlmsError as error:
            return Heard(error=error)
        if event is None:
            return Heard()
        return Heard(event.frame if isinstance(event, Continue) else b"", (event,))

    def waited(self) -> Heard | None:
        frames = self.association.ask_again()
        return None if frames is None else Heard(frames)


class DatagramEnd(WrapperEnd):
    """`receive` takes one datagram."""


class HdlcEnd(ClientEnd):
    def __init__(self, association: ClientAssociation, parameters: HdlcParameters) -> None:
        self.association = association
        self._client = HdlcClient(association, HdlcClientLink(1, METER_ADDRESS, parameters, HDLC_LIMITS))
        self._now = 0.0

    def open(self) -> bytes:
        return self._client.connect(self._now)

    def close(self) -> bytes:
        return self._client.disconnect(self._now)

    def ask(self, frame: bytes) -> bytes:
        return self._client.send(frame, self._now)

    def receive(self, octets: bytes) -> Heard:
        self._now += _BETWEEN_S
        step = self._client.receive(octets, self._now)
        return self._go_on(step.octets, step.events)

    def waited(self) -> Heard | None:
        if self._client.deadline is None:
            return None
        self._now = max(self._now, self._client.deadline)
        step = self._client.timed_out(self._now)
        return self._go_on(step.octets, step.events)

    def _go_on(self, octets: bytes, events: tuple[Any, ...]) -> Heard:
        for event in events:
            if isinstance(event, (Raised, Failed)):
                return Heard(octets, events, event.error)
            if isinstance(event, Continue):
                try:
                    octets += self._client.send(event.frame, self._now)
                except DlmsError as error:
                    return Heard(octets, events, error)
        return Heard(octets, events)


class MeterEnd(ABC):
    """A meter and its objects."""

    objects: Objects

    @abstractmethod
    def receive(self, octets: bytes) -> bytes:
        """Raises: only what the meter role must not raise."""

    @property
    @abstractmethod
    def association(self) -> MeterAssociation | None: ...

    @property
    @abstractmethod
    def closed(self) -> bool: ...

    @property
    def phase(self) -> MeterPhase:
        return MeterPhase.IDLE if self.association is None else self.association.phase

    def waited(self) -> bool:
        """Nothing came for long; whether that made a difference."""
        return False


class WrapperMeter(MeterEnd):
    """`notifying`: it has something to say before and after every answer."""

    def __init__(self, association: MeterAssociation, objects: Objects, *, notifying: bool) -> None:
        self._association = association
        self._notifying = notifying
        self.objects = objects

    def receive(self, octets: bytes) -> bytes:
        before = self._unasked(PUSH)
        answer = self._association.receive(octets)
        return before + answer + self._unasked(EVENT)

    def _unasked(self, notification: DataNotification | EventNotificationRequest) -> bytes:
        association = self._association
        if not self._notifying or association.closed or association.phase is not MeterPhase.ASSOCIATED:
            return b""
        return association.notify(notification)

    @property
    def association(self) -> MeterAssociation:
        return self._association

    @property
    def closed(self) -> bool:
        return self._association.closed


class NewAssociation:
    """What HdlcMeter makes its associations with; copies of a meter have copies of it."""

    def __init__(self, objects: Objects, security: MeterSecurity, habits: Habits, limits: TransferLimits) -> None:
        self._objects, self._security = objects, security
        self._habits, self._limits = habits, limits

    def __call__(self) -> MeterAssociation:
        return MeterAssociation(self._objects, self._security, self._habits, transfer_limits=self._limits)


class HdlcMeterEnd(MeterEnd):
    def __init__(self, new_association: NewAssociation, objects: Objects, parameters: HdlcParameters) -> None:
        self._meter = HdlcMeter(new_association, HdlcServerLink(METER_ADDRESS, parameters, HDLC_LIMITS))
        self._now = 0.0
        self.objects = objects

    def receive(self, octets: bytes) -> bytes:
        self._now += _BETWEEN_S
        return self._meter.receive(octets, self._now)

    @property
    def association(self) -> MeterAssociation | None:
        return self._meter.association

    @property
    def closed(self) -> bool:
        return self._meter.closed

    def waited(self) -> bool:
        if self._meter.deadline is None or self._meter.closed:
            return False
        self._now = max(self._now, self._meter.deadline)
        self._meter.timed_out(self._now)
        return True


def parameters_on(line: Line) -> HdlcParameters:
    """What both stations offer."""
    return HdlcParameters(64, 64, 3, 3) if line is Line.HDLC_SHORT else HdlcParameters(2030, 2030)


def datagrams_of(octets: bytes) -> tuple[bytes, ...]:
    """As they go over UDP: one frame each; what cannot be cut so is one."""
    try:
        return tuple(wrap(*frame) for frame in frames_in(octets))
    except FrameError:
        return (octets,)


def framing_on(line: Line) -> DatagramFraming | None:
    return DatagramFraming() if line is Line.UDP else None
