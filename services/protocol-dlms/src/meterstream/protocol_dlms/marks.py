"""Writes marks of unsafe steps to `device-sessions` and finds them again (see model.marks)."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from meterstream.contracts.records import UnsafeStep
from meterstream.protocol_dlms.fence import Guard
from meterstream.protocol_dlms.model.marks import StepId
from meterstream.protocol_dlms.views.sessions import TOPIC, SessionTable
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Outgoing, Sends

log = logging.getLogger(__name__)

WRITE_S: Final = 60.0
_BACK_OFF_S: Final = 0.5
_SWEEP: Final = 500


class Marks:
    """The marks of the partitions that this worker holds."""

    def __init__(self, producer: Sends, sessions: SessionTable, codec: Codec, clock: Clock) -> None:
        self._producer = producer
        self._sessions = sessions
        self._codec = codec
        self._clock = clock

    def find(self, step: StepId) -> UnsafeStep | None:
        """The mark of a step.

        Raises: OUTCOME_UNKNOWN when there is one that this release cannot read.
        """
        return self._sessions.step(self._partition(step.gateway), step)

    async def write(self, mark: UnsafeStep, guard: Guard) -> None:
        """Return when all replicas have the mark.

        Raises: Lost; BrokerOutage when the broker stays away.
        """
        partition = self._partition(mark.gateway)
        key = StepId(mark.gateway, mark.organisation, mark.correlation_uid, mark.attempt, mark.step).record_key
        state = "closed" if mark.closed else "open"
        headers = ce_headers("UnsafeStep", "protocol-dlms", f"{key}|{state}", self._clock())
        outgoing = Outgoing(TOPIC, key.encode(), self._codec.encode(mark), headers, partition)
        deadline = asyncio.get_running_loop().time() + WRITE_S
        while True:
            guard.check()
            try:
                await self._producer.send([outgoing])
            except BrokerOutage as outage:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                log.warning("the mark of a step waits: %s", outage)
                await asyncio.sleep(_BACK_OFF_S)
            else:
                self._sessions.remember(partition, key.encode(), mark)
                return

    async def sweep(self) -> int:
        """Write tombstones for marks that nobody can meet any more; how many.

        Raises: BrokerOutage; the next sweep finds them again.
        """
        stale = [
            Outgoing(TOPIC, key, None, (), partition)
            for (partition, key), _ in zip(self._sessions.stale_steps(self._clock()), range(_SWEEP), strict=False)
        ]
        if stale:
            await self._producer.send(stale)
        return len(stale)

    def _partition(self, gateway: str) -> int:
        return self._producer.partition_of(TOPIC, gateway.encode())
