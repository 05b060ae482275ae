"""What the Kafka engine tells, as metrics of the process."""

from __future__ import annotations

from meterstream.runtime import metrics as m
from meterstream.runtime.metrics import Metrics


class MeteredHooks:
    """`meterstream.runtime.kafka.Hooks` over the typed list of metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def lag(self, group: str, topic: str, partition: int, messages: int) -> None:
        """Messages between the committed offset and the end of the log; -1 when the partition has left."""
        self._metrics.set(m.LAG, messages, group, topic, str(partition))

    def waiting(self, group: str, messages: int, octets: int) -> None:
        """Messages that were read and are not done."""
        self._metrics.set(m.IN_FLIGHT, messages, group)
        self._metrics.set(m.IN_FLIGHT_BYTES, octets, group)

    def paused(self, group: str, partitions: int) -> None:
        """Partitions that back-pressure holds."""
        self._metrics.set(m.PAUSED, partitions, group)

    def assigned(self, group: str, partitions: int) -> None:
        """Partitions that this process owns."""
        self._metrics.set(m.PARTITIONS, partitions, group)
        self._metrics.count(m.REBALANCES, group, "assigned")

    def batch(self, group: str, messages: int, seconds: float) -> None:
        """A batch was handled, or a turn ended."""
        self._metrics.count(m.BATCHES, group)
        self._metrics.count(m.MESSAGES, group, by=messages)
        self._metrics.observe(m.BATCH_SECONDS, seconds, group)

    def held(self, group: str, partitions: int) -> None:
        """Partitions that wait because nobody here knows a message's schema yet."""
        self._metrics.set(m.HELD, partitions, group)

    def overtaken(self, group: str, topic: str, partition: int) -> None:
        """Retention took messages that were never handled."""
        self._metrics.count(m.OVERTAKEN, group, topic, str(partition))

    def outage(self, group: str, kind: str) -> None:
        """Broker or database made a batch wait."""
        self._metrics.count(m.OUTAGES, group, kind)

    def lost(self, group: str, partitions: int) -> None:
        """Partitions were lost, not handed over."""
        self._metrics.count(m.LOST_PARTITIONS, group, by=partitions)

    def dead_letter(self, group: str, topic: str, code: str) -> None:
        """A message went to the dead letters of its topic."""
        self._metrics.count(m.DEAD_LETTERS, group, topic, code)

    def unreadable(self, topic: str, partition: int, code: str) -> None:
        """A view met a record that it cannot read."""
        self._metrics.count(m.UNREADABLE, topic, str(partition), code)

    def commit_failed(self, group: str, code: str) -> None:
        """The broker refused a commit; it is tried again."""
        self._metrics.count(m.COMMIT_FAILURES, group, code)
