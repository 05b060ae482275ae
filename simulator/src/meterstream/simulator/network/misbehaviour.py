"""An association with a fault in it: what goes wrong between a whole request and its answer."""

from __future__ import annotations

from typing import Final

from meterstream.dlms.apdu import (
    Aare,
    ActionResult,
    ApplicationContext,
    AssociationResult,
    DataAccessResult,
    ExceptionResponse,
    ReadResult,
    Selection,
    UserDiagnostic,
    decode_aarq,
    tags,
)
from meterstream.dlms.apdu import exception as exceptions
from meterstream.dlms.data import AttributeRef, Data, MethodRef
from meterstream.dlms.errors import LimitExceeded, PeerError
from meterstream.dlms.framing import Frame, WrapperReader, frames_in, wrap
from meterstream.dlms.meter import DropLine, MeterPhase
from meterstream.dlms.meter.association import MAX_ANSWERS
from meterstream.simulator.faults import Fault, FaultKind, spoil
from meterstream.simulator.meter import SimulatedMeter
from meterstream.simulator.network.endpoint import AssociationParts, FleetAssociation
from meterstream.simulator.stats import Stats

_GENERAL_BLOCK: Final = 0xE0
_OF_ASSOCIATIONS: Final = frozenset(
    (
        FaultKind.SILENT,
        FaultKind.REJECT,
        FaultKind.EXCEPTION,
        FaultKind.WRONG_TAG,
        FaultKind.REPLAYED_COUNTER,
        FaultKind.LOST_BLOCK,
        FaultKind.LOST_ANSWER,
        FaultKind.TEMPORARY_FAILURE,
    )
)


class Misfortune:
    """A fault on its way through one connection; `answers` and `blocks` count what went well or would have."""

    __slots__ = ("_stats", "answers", "blocks", "fault")

    def __init__(self, fault: Fault, stats: Stats) -> None:
        self.fault = fault
        self.answers = 0
        self.blocks = 0
        self._stats = stats

    @property
    def is_of_association(self) -> bool:
        """The rest strikes the line itself."""
        return self.fault.kind in _OF_ASSOCIATIONS

    def strikes(self) -> bool:
        """Tell whether the present answer is struck, and count it."""
        self.answers += 1
        if self.answers <= self.fault.after:
            return False
        self._stats.faults += 1
        return True

    def loses_block(self) -> bool:
        """Tell whether the present block is the one that is lost, and count it."""
        self.blocks += 1
        if self.blocks != self.fault.after + 1:
            return False
        self._stats.faults += 1
        return True


class BusyMeter:
    """The objects of a meter that has no time for them."""

    __slots__ = ("_meter", "_misfortune")

    def __init__(self, meter: SimulatedMeter, misfortune: Misfortune) -> None:
        self._meter = meter
        self._misfortune = misfortune

    def get(self, client_sap: int, ref: AttributeRef, selection: Selection | None) -> ReadResult:
        if self._misfortune.strikes():
            return DataAccessResult.TEMPORARY_FAILURE
        return self._meter.get(client_sap, ref, selection)

    def set(self, client_sap: int, ref: AttributeRef, selection: Selection | None, data: Data) -> DataAccessResult:
        if self._misfortune.strikes():
            return DataAccessResult.TEMPORARY_FAILURE
        return self._meter.set(client_sap, ref, selection, data)

    def action(self, client_sap: int, ref: MethodRef, data: Data | None) -> tuple[ActionResult, Data | None]:
        if self._misfortune.strikes():
            return ActionResult.TEMPORARY_FAILURE, None
        return self._meter.action(client_sap, ref, data)


class MisbehavingAssociation(FleetAssociation):
    """An association that a fault strikes; octets in and out are whole wrapper frames as for any other."""

    __slots__ = ("_misfortune", "_whole")

    def __init__(self, parts: AssociationParts, misfortune: Misfortune) -> None:
        busy = misfortune.fault.kind is FaultKind.TEMPORARY_FAILURE
        super().__init__(parts, BusyMeter(parts.meter, misfortune) if busy else None)
        self._misfortune = misfortune
        self._whole = WrapperReader()

    def receive(self, octets: bytes) -> bytes:
        if self.closed:
            return b""
        answers: list[bytes] = []
        waiting = 0
        reader = self._whole
        try:
            reader.feed(octets)
            while reader.waiting and not self.closed and (frame := reader.next_frame()) is not None:
                answers.append(self._struck(frame))
                waiting += len(answers[-1])
                if waiting > MAX_ANSWERS:
                    raise LimitExceeded(f"requests ahead of more than {MAX_ANSWERS} octets of answers")
        except PeerError as error:
            self.closed, self.close_cause = True, error
            self.parts.stats.aborted_sessions += 1
        return b"".join(answers)

    def _struck(self, frame: Frame) -> bytes:
        match self._misfortune.fault.kind:
            case FaultKind.REJECT:
                return self._rejected(frame)
            case FaultKind.EXCEPTION:
                return self._refused(frame)
            case FaultKind.REPLAYED_COUNTER:
                return self._replayed(frame)
            case FaultKind.LOST_BLOCK:
                return self._without_block(frame)
            case FaultKind.TEMPORARY_FAILURE:
                return self._served(frame)
            case _:
                answer = self._served(frame)
                return self._spoilt(answer) if answer and self._misfortune.strikes() else answer

    def _served(self, frame: Frame) -> bytes:
        return super().receive(wrap(*frame))

    def _spoilt(self, answer: bytes) -> bytes:
        if self._misfortune.fault.kind is FaultKind.WRONG_TAG:
            return spoil(answer)
        if self._misfortune.fault.kind is FaultKind.LOST_ANSWER:
            self.closed, self.close_cause = True, DropLine()
        return b""

    def _rejected(self, frame: Frame) -> bytes:
        if frame.apdu[:1] != bytes((tags.AARQ,)) or not self._misfortune.strikes():
            return self._served(frame)
        try:
            context = decode_aarq(frame.apdu).context
        except PeerError:
            context = ApplicationContext.LOGICAL_NAMES
        aare = Aare(context, AssociationResult.REJECTED_PERMANENT, UserDiagnostic.NO_REASON_GIVEN)
        self.parts.stats.rejected_associations += 1
        return wrap(self.parts.device, frame.source, aare.encode())

    def _refused(self, frame: Frame) -> bytes:
        if not self._misfortune.strikes():
            return self._served(frame)
        answer = ExceptionResponse(exceptions.SERVICE_NOT_ALLOWED, exceptions.OPERATION_NOT_POSSIBLE)
        return wrap(self.parts.device, frame.source, answer.encode())

    def _replayed(self, frame: Frame) -> bytes:
        meter = self.parts.meter
        first = meter.own_counter
        if self._misfortune.strikes() and first > 1:
            meter.own_counter = first - 1
        answer = self._served(frame)
        meter.own_counter = max(meter.own_counter, first)
        return answer

    def _without_block(self, frame: Frame) -> bytes:
        """A block is a general block, or an answer for which no service was executed: the next one of a long answer."""
        meter, before = self.parts.meter, self.phase
        served = (meter.gets, meter.sets, meter.actions)
        answer = self._served(frame)
        if before is not MeterPhase.ASSOCIATED or self.phase is not before or not answer:
            return answer
        frames = list(frames_in(answer))
        if any(each.apdu[0] == _GENERAL_BLOCK for each in frames):
            kept = (each for each in frames if each.apdu[0] != _GENERAL_BLOCK or not self._misfortune.loses_block())
            return b"".join(wrap(*each) for each in kept)
        continued = served == (meter.gets, meter.sets, meter.actions)
        return b"" if continued and self._misfortune.loses_block() else answer
