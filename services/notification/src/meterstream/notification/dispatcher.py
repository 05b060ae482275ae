"""Takes due deliveries from the store, attempts them side by side, and writes down what came of them.

One loop: settle what has finished (one statement), beside it take what is due (one statement), start the attempts,
wait. A row
stays this process's own for a lease; when the process dies, another takes the row after the lease. That, and an answer
that is lost on its way, are the only repeats of a notification that was taken: receivers know them by the delivery id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from meterstream.contracts.records import EndpointKind
from meterstream.notification.adapters.store import Claimed, DeliveryStore, Overdue, Settlement
from meterstream.notification.adapters.undeliverable import GivenUp
from meterstream.notification.model.circuit import Circuits
from meterstream.notification.model.retry import (
    Delivered,
    GiveUp,
    Outcome,
    Refused,
    RetryIn,
    RetryPolicy,
    Withdrawn,
    after_failure,
    out_of_time,
)
from meterstream.runtime.errors import Outage
from meterstream.runtime.logs import bind
from meterstream.runtime.metrics import DELIVERIES, Metrics

log = logging.getLogger(__name__)

OVERDUE_BATCH: Final = 500

Attempt = Callable[[Claimed], Awaitable[Outcome]]
BuryAll = Callable[[Sequence[GivenUp]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much at a time, and for how long. An attempt itself ends within `timeout_s`."""

    in_flight: int = 512
    per_lane: int = 32
    timeout_s: float = 30.0
    poll_interval_s: float = 1.0
    drain_s: float = 20.0
    lease_margin_s: float = 30.0

    @property
    def lease_s(self) -> float:
        """How long a claimed row is left alone by others: an attempt, the writing down, and a margin."""
        return 2 * self.timeout_s + self.lease_margin_s


@dataclass(frozen=True, slots=True)
class Finished:
    """An attempt that is over and not yet written down."""

    delivery: Claimed
    outcome: Outcome


class Dispatcher:
    """A component: attempts what is due until it is stopped."""

    name = "deliveries"

    def __init__(
        self,
        store: DeliveryStore,
        attempt: Attempt,
        bury: BuryAll,
        *,
        circuits: Circuits,
        policy: RetryPolicy,
        bounds: Bounds,
        metrics: Metrics,
        chance: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._attempt = attempt
        self._bury = bury
        self._circuits = circuits
        self._policy = policy
        self._bounds = bounds
        self._metrics = metrics
        self._chance = chance
        self._monotonic = monotonic
        self._running: set[asyncio.Task[None]] = set()
        self._finished: list[Finished] = []
        self._hopeless: list[GivenUp] = []
        self._wake = asyncio.Event()
        self._more = True
        self._stopping = False
        self._loop: asyncio.Task[None] | None = None
        self.ready = False

    def wake(self) -> None:
        """New deliveries were stored."""
        self._more = True
        self._wake.set()

    async def start(self) -> None:
        """Begin."""
        self._stopping = False
        self._loop = asyncio.create_task(self._run(), name="deliveries")

    async def stop(self) -> None:
        """Take no more, let attempts end within the drain time, write down what came of all of them."""
        self._stopping = True
        self._wake.set()
        if self._loop is None:
            return
        await self._loop
        self._loop = None
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=self._bounds.drain_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await self._settle()
            await self._give_up(self._hopeless)
        except Outage as outage:
            unwritten = len(self._finished) + len(self._hopeless)
            log.warning("outcomes could not be written down: %s", outage, extra={"count": unwritten})
        self.ready = False

    async def _run(self) -> None:
        polled_at = -self._bounds.poll_interval_s
        while not self._stopping:
            self._wake.clear()
            now_s = self._monotonic()
            if due := now_s - polled_at >= self._bounds.poll_interval_s:
                polled_at = now_s
            try:
                await self._round(due)
                self.ready = True
            except Outage as outage:
                if self.ready:
                    log.warning("deliveries wait: %s", outage)
                self.ready = False
            except Exception:
                log.exception("deliveries wait: a mistake of ours")
                self.ready = False
            await self._wait(polled_at + self._bounds.poll_interval_s - self._monotonic())

    async def _round(self, due: bool) -> None:
        """What needs the broker comes last, so that deliveries go on without it."""
        work = [self._settle()] if self._finished else []
        if due or self._more:
            work.append(self._claim())
        for outcome in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
        await self._give_up(self._hopeless)
        self._hopeless = []
        while due:
            overdue = await self._store.claim_overdue(limit=OVERDUE_BATCH, lease_s=self._bounds.lease_s)
            await self._give_up([_given_up(one) for one in overdue])
            due = len(overdue) == OVERDUE_BATCH

    async def _wait(self, seconds: float) -> None:
        """Until there is something to do; after trouble the full interval, however much finishes meanwhile."""
        if not self.ready and not self._stopping:
            await asyncio.sleep(self._bounds.poll_interval_s)
            return
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _claim(self) -> None:
        free = self._bounds.in_flight - len(self._running) - len(self._finished) - len(self._hopeless)
        if free <= 0:
            return
        now_s = self._monotonic()
        self._more = False
        claimed = await self._store.claim(
            free=free,
            room=self._bounds.per_lane,
            rooms=self._circuits.exceptions(now_s),
            lease_s=self._bounds.lease_s,
        )
        self._more = self._more or bool(claimed)
        for delivery in claimed:
            self._circuits.begin(delivery.lane_id, now_s)
            task = asyncio.create_task(self._carry_out(delivery, now_s))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _carry_out(self, delivery: Claimed, claimed_s: float) -> None:
        notice = delivery.notice
        with bind(
            correlation_uid=notice.correlation_uid, device=notice.device_identification, operation=notice.operation
        ):
            outcome = await self._guarded(delivery, claimed_s)
        match outcome:
            case Delivered():
                self._circuits.succeeded(delivery.lane_id)
            case Refused(receiver=True):
                self._circuits.failed(delivery.lane_id, self._monotonic())
            case _:
                self._circuits.ended(delivery.lane_id)
        self._finished.append(Finished(delivery, outcome))
        self._wake.set()

    async def _guarded(self, delivery: Claimed, claimed_s: float) -> Outcome:
        """The attempt, whatever happens to it; a process that was stopped past its lease must not send any more."""
        if self._monotonic() - claimed_s > self._bounds.lease_s - self._bounds.timeout_s:
            return Refused("the process was stopped for longer than its lease", receiver=False)
        try:
            return await self._attempt(delivery)
        except asyncio.CancelledError:
            return Refused("the service stopped before an answer came", receiver=False)
        except Exception:
            log.exception("an attempt failed by a mistake of ours")
            return Refused("internal error", receiver=False)

    async def _settle(self) -> None:
        """Write down what has finished; what cannot be written stays here and keeps its room."""
        batch, self._finished = self._finished, []
        settlements: list[Settlement] = []
        counted: list[Finished] = []
        for one in batch:
            verdict = self._verdict(one)
            if isinstance(verdict, GivenUp):
                self._hopeless.append(verdict)
            else:
                settlements.append(verdict)
                counted.append(one)
        if not settlements:
            return
        try:
            await self._store.settle(settlements)
        except BaseException:
            self._finished += counted
            raise
        for one in counted:
            self._count(one.delivery.kind, one.outcome)

    def _verdict(self, finished: Finished) -> Settlement | GivenUp:
        delivery, outcome = finished.delivery, finished.outcome
        match outcome:
            case Delivered():
                return Settlement(delivery.delivery_id, delivery.claim, "delivered")
            case Withdrawn(reason):
                return Settlement(delivery.delivery_id, delivery.claim, "withdrawn", reason=reason)
        match after_failure(outcome, delivery.attempt, delivery.age_s, self._policy, self._chance()):
            case RetryIn(delay_s):
                self._log_retry(delivery, outcome.reason, delay_s)
                return Settlement(delivery.delivery_id, delivery.claim, "pending", delay_s, outcome.reason)
            case GiveUp(reason):
                return GivenUp(delivery.delivery_id, delivery.kind, delivery.claim, reason)

    async def _give_up(self, deliveries: Sequence[GivenUp]) -> None:
        """The dead letter comes first: a crash in between repeats it, but never loses it."""
        if not deliveries:
            return
        await self._bury(deliveries)
        await self._store.settle(
            [Settlement(one.delivery_id, one.claim, "failed", reason=one.reason) for one in deliveries]
        )
        for one in deliveries:
            self._metrics.count(DELIVERIES, one.kind.value, "failed")
            log.error("a delivery has failed: %s", one.reason, extra={"delivery": str(one.delivery_id)})

    def _count(self, kind: EndpointKind, outcome: Outcome) -> None:
        name = {Delivered: "delivered", Withdrawn: "withdrawn"}.get(type(outcome), "retried")
        self._metrics.count(DELIVERIES, kind.value, name)

    def _log_retry(self, delivery: Claimed, reason: str, delay_s: float) -> None:
        with bind(correlation_uid=delivery.notice.correlation_uid, organisation=delivery.notice.organisation):
            log.warning(
                "an attempt at a delivery failed: %s",
                reason,
                extra={
                    "delivery": str(delivery.delivery_id),
                    "kind": delivery.kind.value,
                    "attempt": delivery.attempt,
                    "next_in_s": round(delay_s, 1),
                },
            )


def _given_up(overdue: Overdue) -> GivenUp:
    reason = out_of_time(overdue.attempts, overdue.reason)
    return GivenUp(overdue.delivery_id, EndpointKind(overdue.kind), overdue.claim, reason)
