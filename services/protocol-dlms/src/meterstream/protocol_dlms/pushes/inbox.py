"""What arrives at the listener: checked for its sender, written to topic `pushes`; never read further here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from meterstream.contracts.records import Push, PushTransport
from meterstream.protocol_dlms.answers import SERVICE
from meterstream.protocol_dlms.model.floods import Floods
from meterstream.protocol_dlms.model.pushes import CipheredPush, PushUnreadable, read_push
from meterstream.protocol_dlms.pushes.lessons import Network, within
from meterstream.protocol_dlms.responder import Responder
from meterstream.runtime.clock import Clock
from meterstream.runtime.codec import Codec
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka import Outgoing
from meterstream.runtime.metrics import PUSHES, Metrics

log = logging.getLogger(__name__)

TOPIC: Final = "pushes"


class PushInbox:
    """Takes pushes from any transport.

    Args:
        titles: gateway by system title, for those that are ciphered.
        networks: addresses that are listened to; none: all.
        max_waiting: so many pushes may wait for the broker.
    """

    def __init__(
        self,
        responder: Responder,
        codec: Codec,
        titles: Mapping[bytes, str],
        floods: Floods,
        metrics: Metrics,
        clock: Clock,
        *,
        networks: Sequence[Network] = (),
        max_waiting: int = 10_000,
    ) -> None:
        self._responder = responder
        self._codec = codec
        self._titles = titles
        self._floods = floods
        self._metrics = metrics
        self._clock = clock
        self._networks = networks
        self._max_waiting = max_waiting
        self._waiting = 0
        self._now = asyncio.get_running_loop().time

    def welcome(self, address: str) -> bool:
        """Whether an address belongs to the networks that are listened to."""
        return not self._networks or within(address, self._networks)

    def take(self, octets: bytes, transport: PushTransport, peer: tuple[str, int]) -> asyncio.Future[None] | None:
        """The future ends when all replicas have the push; None where it is refused, which is counted."""
        refusal, gateway = self._look_at(octets, transport, peer[0])
        if refusal is not None:
            self.refuse(transport, refusal)
            return None
        push = Push(
            octets=octets,
            transport=transport,
            source_address=peer[0],
            source_port=peer[1],
            received_at=self._clock(),
        )
        ce_id = f"{gateway}|{push.received_at.isoformat()}|{peer[0]}|{peer[1]}"
        headers = ce_headers("Push", SERVICE, ce_id, push.received_at)
        self._waiting += 1
        sent = self._responder.publish([Outgoing(TOPIC, gateway.encode(), self._codec.encode(push), headers)])
        sent.add_done_callback(self._written)
        self._metrics.count(PUSHES, transport, "accepted")
        return sent

    def refuse(self, transport: PushTransport, reason: str) -> None:
        """Count what is not taken."""
        self._metrics.count(PUSHES, transport, reason)

    def _look_at(self, octets: bytes, transport: PushTransport, address: str) -> tuple[str | None, str]:
        """Why a push is refused, or whose it is."""
        if not self.welcome(address):
            return "network", ""
        if not self._floods.allow(address, self._now()):
            return "flood", ""
        if self._waiting >= self._max_waiting:
            return "overload", ""
        try:
            read = read_push(octets, transport)
        except PushUnreadable as unreadable:
            log.info("no push from %s: %s", address, unreadable)
            return "malformed", ""
        if not isinstance(read, CipheredPush):
            return None, read.identification
        gateway = self._titles.get(read.title)
        return ("unknown_sender", "") if gateway is None else (None, gateway)

    def _written(self, _: asyncio.Future[None]) -> None:
        self._waiting -= 1
