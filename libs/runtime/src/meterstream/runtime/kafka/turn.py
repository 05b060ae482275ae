"""A key's turn: what the handler sees while it works for one meter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from meterstream.runtime.errors import PoisonMessage
from meterstream.runtime.kafka.lanes import Entry, KeyId, Lanes
from meterstream.runtime.kafka.lease import Lease, Lost
from meterstream.runtime.kafka.messages import Message


class Turn:
    """The right to work for one key, until the handler returns.

    Attributes:
        key: as described.
        partition: its partition number.
        lost: set when another process may own the key by now: close sockets at once, send nothing more.
        draining: no new message will be given; a long run that can be resumed stops at its next step.
        leaving: the time to drain is over: stop at the next step boundary. What is not done goes to the next owner.
    """

    def __init__(
        self,
        key_id: KeyId,
        lanes: Lanes,
        lease: Lease,
        finish: Callable[[Entry], None],
        bury: Callable[[Entry, PoisonMessage], Awaitable[None]],
    ) -> None:
        self._key_id = key_id
        self._lanes = lanes
        self._lease = lease
        self._finish = finish
        self._bury = bury
        self._taken: dict[tuple[str, int], Entry] = {}
        self._alone = False
        self.finished = 0
        self.lost = asyncio.Event()
        self.draining = False
        self.leaving = False

    @property
    def key(self) -> Hashable:
        """The key, as described."""
        return self._key_id[1]

    @property
    def partition(self) -> int:
        """The key's partition number."""
        return self._key_id[0]

    @property
    def undone(self) -> list[Entry]:
        """What was taken and is not done."""
        return list(self._taken.values())

    def take(self) -> Message | None:
        """The next message that waits for this key, by priority, then age, over all lanes; None when the turn is over.

        A message that spoilt a turn before comes alone.
        """
        if self.draining or self.leaving or self.lost.is_set() or self._alone:
            return None
        entry = self._lanes.take(self._key_id, suspect=not self._taken)
        if entry is None:
            return None
        self._alone = entry.suspect
        self._taken[entry.message.topic, entry.message.offset] = entry
        return entry.message

    def done(self, message: Message) -> None:
        """The message's effects are acknowledged: its offset may be committed, whatever runs before it.

        Raises: KeyError for a message that this turn did not take, or that is done.
        """
        self._finish(self._taken.pop((message.topic, message.offset)))
        self.finished += 1

    async def reject(self, message: Message, poison: PoisonMessage) -> None:
        """Send the message to the dead letters; it is done then.

        Raises: BrokerOutage.
        """
        entry = self._taken[message.topic, message.offset]
        await self._bury(entry, poison)
        self.done(message)

    def check(self) -> None:
        """Call before each frame and each effect.

        Raises: Lost when another process may own the key by now; let it pass.
        """
        if self.lost.is_set():
            raise Lost(f"partition {self.partition} is lost")
        self._lease.check()
        for entry in self._taken.values():
            entry.owned.check()
