"""Runs the steps of one attempt on a meter: marks where a crash may not repeat them, readings where they read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeAlias

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.envelope import Advance, DlmsRequestHeader
from meterstream.contracts.errors import PlatformError, error, from_record
from meterstream.contracts.operation import Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.records import UnsafeStep
from meterstream.dlms.data import AttributeRef
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor, Executors, Meter
from meterstream.protocol_dlms.failures import as_platform_error
from meterstream.protocol_dlms.fence import CUT, Guard
from meterstream.protocol_dlms.foreseen import ForeseenMeter
from meterstream.protocol_dlms.images import NO_IMAGES, Images
from meterstream.protocol_dlms.keys import NO_KEYS, Keys
from meterstream.protocol_dlms.marks import Marks
from meterstream.protocol_dlms.model.advance import Pace
from meterstream.protocol_dlms.model.marks import Met, StepId, closed, doubtful, leaves_doubt, meet, opened
from meterstream.protocol_dlms.model.readings import StepRows
from meterstream.protocol_dlms.unfinished import NOTHING_UNFINISHED, Unfinished
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import Outage, PoisonMessage

Reopen: TypeAlias = Callable[[], Awaitable[Meter]]
KeysOf: TypeAlias = Callable[[int], Keys]


class Steps:
    """The steps of one attempt; the Actions port of a bundle.

    Attributes:
        rows: what the steps have read so far, for analytics.
    """

    def __init__(
        self,
        header: DlmsRequestHeader,
        device: Device,
        guard: Guard,
        marks: Marks,
        executors: Executors,
        codec: Codec,
        clock: Clock,
        images: Images = NO_IMAGES,
        boundary: Callable[[], None] | None = None,
        unfinished: Unfinished = NOTHING_UNFINISHED,
        tell: Callable[[Advance], None] | None = None,
    ) -> None:
        """Args: boundary, what executors call between pieces of their work; that of `guard` unless given.

        tell: takes how far an attempt is that takes long.
        """
        self._header = header
        self._device = device
        self._guard = guard
        self._marks = marks
        self._executors = executors
        self._codec = codec
        self._clock = clock
        self._images = images
        self._boundary = boundary or guard.boundary
        self._unfinished = unfinished
        self._tell = tell
        self._meter: Meter | None = None
        self._foreseen: ForeseenMeter | None = None
        self._reopen: Reopen | None = None
        self._keys_of: KeysOf | None = None
        self.rows: list[StepRows] = []

    def settled(self, executor: Executor[Any, Any]) -> OperationResponse | None:
        """The answer of an attempt that consists of one step, where its mark alone tells it; no meter is needed then.

        Raises: PlatformError that its mark tells; OUTCOME_UNKNOWN.
        """
        if not executor.needs_mark:
            return None
        mark = self._marks.find(StepId.of(self._header, 0))
        met = meet(mark)
        if met is Met.REPEAT and mark is not None:
            return self._told(mark, executor)
        if met is Met.DOUBT and executor.verify is None:
            raise doubtful(None)
        return None

    async def carry_out(
        self,
        executor: Executor[Any, Any],
        request: OperationRequest,
        meter: Meter,
        reopen: Reopen | None = None,
        keys: KeysOf | None = None,
    ) -> OperationResponse:
        """The whole attempt, on an association that stands; `reopen` gives another one to look at the meter with.

        Raises: PlatformError; Leaving; Lost; Outage.
        """
        self._meter = meter
        self._reopen = reopen
        self._keys_of = keys
        if executor.composite:
            self._meter = self._foreseen = ForeseenMeter(meter, self._clock)
        return await self.run(0, executor, request)

    async def run(self, step: int, executor: Executor[Any, Any], request: OperationRequest) -> OperationResponse:
        """One step.

        Raises: PlatformError; Leaving; Lost; Outage.
        """
        if self._meter is None:
            raise error("TECHNICAL_ERROR", "a step needs an association")
        self._guard.boundary()
        if self._foreseen is not None:
            self._foreseen.next_action()
        device = device_of(executor.operation, request, self._device)
        actions = self if executor.composite else None
        keys = NO_KEYS if self._keys_of is None else self._keys_of(step)
        context = Context(
            self._meter,
            device,
            self._clock,
            actions,
            keys,
            self._images,
            self._boundary,
            asyncio.sleep,
            self._unfinished,
            self._reporter(step, executor),
        )
        response: OperationResponse
        try:
            if executor.needs_mark:
                response = await self._run_marked(StepId.of(self._header, step), executor, request, context)
            else:
                response = await executor.execute(request, context)
            self._collect(step, executor, response, context)
        except (*CUT, Outage, PlatformError):
            raise
        except Exception as raised:  # a mistake of ours stays with this step
            raise as_platform_error(raised) from raised
        return response

    def _reporter(self, step: int, executor: Executor[Any, Any]) -> Callable[[int, int], None]:
        """Tells how far an operation is that takes long, alone or as an action of a bundle."""
        tell, pace = self._tell, Pace(None if self._foreseen is None else step)

        def report(done: int, total: int) -> None:
            if tell is not None and executor.operation.long:
                advance = pace.advance(done, total, self._clock())
                if advance is not None:
                    tell(advance)

        return report

    def read(self, operation: str, request: bytes) -> tuple[Executor[Any, Any], OperationRequest]:
        """See Actions."""
        executor = self._executors.get(operation) or self._executors.get(find_operation(operation).name)
        if executor is None or not executor.operation.bundle_action:
            raise error("UNSUPPORTED_OPERATION", f"{operation} is no action of a bundle", operation=operation)
        try:
            return executor, self._codec.decode_as(request, executor.operation.request)
        except PoisonMessage as poison:
            raise error("UNREADABLE_MESSAGE", f"request of {operation}: {poison.reason}", cause=poison.code) from None

    def foresee(self, actions: Sequence[tuple[Executor[Any, Any], OperationRequest]]) -> None:
        """See Actions."""
        if self._foreseen is not None:
            self._foreseen.plan(foreseen_by(actions, self._device, self._foreseen.profile))

    def encode(self, response: OperationResponse) -> bytes:
        """See Actions."""
        return self._codec.encode(response)

    async def _run_marked(
        self, step: StepId, executor: Executor[Any, Any], request: OperationRequest, context: Context
    ) -> OperationResponse:
        mark = self._marks.find(step)
        if mark is not None and mark.closed:
            return self._told(mark, executor)
        if mark is not None:
            return await self._verify(mark, executor, request, context, None)
        mark = opened(step, self._header.not_after)
        await self._marks.write(mark, self._guard)
        self._guard.check()
        try:
            response: OperationResponse = await executor.execute(request, context)
        except (*CUT, Outage):
            raise  # the mark stays open, and tells the next one that the step had begun
        except Exception as raised:
            failure = as_platform_error(raised)
            if leaves_doubt(failure):
                return await self._verify(mark, executor, request, context, failure)
            await self._marks.write(closed(mark, failure=failure), self._guard)
            raise failure from raised
        await self._close(mark, response)
        return response

    async def _verify(
        self,
        mark: UnsafeStep,
        executor: Executor[Any, Any],
        request: OperationRequest,
        context: Context,
        cause: PlatformError | None,
    ) -> OperationResponse:
        """The response if reading shows that the step took effect.

        Raises: OUTCOME_UNKNOWN.
        """
        if executor.verify is not None:
            try:
                if not context.meter.alive and self._reopen is not None:
                    context = replace(context, meter=await self._reopen())
                response: OperationResponse | None = await executor.verify(request, context)
            except PlatformError as unread:
                cause = cause or unread
            else:
                if response is not None:
                    await self._close(mark, response)
                    return response
        failure = doubtful(cause)
        await self._marks.write(closed(mark, failure=failure), self._guard)
        raise failure

    async def _close(self, mark: UnsafeStep, response: OperationResponse) -> None:
        await self._marks.write(closed(mark, self._codec.encode(response)), self._guard)

    def _told(self, mark: UnsafeStep, executor: Executor[Any, Any]) -> OperationResponse:
        """What a closed mark tells.

        Raises: its failure.
        """
        if mark.error is not None:
            raise from_record(mark.error)
        if mark.response is None:
            raise doubtful(None)
        try:
            return self._codec.decode_as(mark.response, executor.operation.response)
        except PoisonMessage:
            raise doubtful(None) from None

    def _collect(self, step: int, executor: Executor[Any, Any], response: OperationResponse, context: Context) -> None:
        if executor.readings is None:
            return
        rows = executor.readings(response, context.meter.profile, context.device)
        if rows:
            self.rows.append(StepRows(step, executor.operation.name, rows, context.device.identification))


def foreseen_by(
    actions: Sequence[tuple[Executor[Any, Any], OperationRequest]], device: Device, profile: MeterProfile
) -> list[At | AttributeRef]:
    """What actions will read before one of them writes; whatever cannot be told is left to the action itself."""
    targets: list[At | AttributeRef] = []
    for executor, request in actions:
        if executor.foresees is not None:
            with suppress(PlatformError):
                targets += executor.foresees(request, device_of(executor.operation, request, device), profile)
        if executor.writes:
            break
    return targets


def device_of(operation: Operation, request: OperationRequest, device: Device) -> Device:
    """The device that a step is for: the attempt's, or the M-Bus device behind it that the request names.

    Raises: GATEWAY_CHANGED where the named one is not among those that came with the attempt on a channel.
    """
    named = operation.named_device(request) if operation.target is Target.GATEWAY else None
    if named is None or named == device.identification:
        return device
    known = device.mbus_devices.get(named)
    if known is None or known.channel is None:
        raise error("GATEWAY_CHANGED", f"{named} is on no channel of {device.identification}", device=named, channel="")
    return replace(device, identification=named, channel=known.channel, mbus_identity=None)
