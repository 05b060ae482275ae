"""From publications to Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterstream.domain.model.messages import Publication
from meterstream.runtime.events import ce_headers
from meterstream.runtime.kafka.messages import Outgoing
from meterstream.runtime.metrics import COMMAND_SECONDS, RESULTS, Metrics

SERVICE: Final = "domain"


def to_outgoing(publication: Publication) -> Outgoing:
    """The message; the same publication gives the same bytes, headers included."""
    headers = ce_headers(publication.record, SERVICE, publication.ce_id, publication.moment, publication.traceparent)
    key = None if publication.key is None else publication.key.encode()
    return Outgoing(publication.topic, key, publication.value, headers, publication.partition)


def to_batch(publications: Sequence[Publication]) -> list[Outgoing]:
    """All of them, in their order."""
    return [to_outgoing(publication) for publication in publications]


def count_endings(metrics: Metrics, publications: Sequence[Publication]) -> None:
    """Count results by operation, status and code, and how long they took from the command's creation."""
    for publication in publications:
        if (ending := publication.ending) is not None:
            metrics.count(RESULTS, ending.operation, ending.status, ending.code)
            metrics.observe(COMMAND_SECONDS, ending.seconds, ending.operation)
