"""Every metric of the platform in one typed list; names, kinds and meanings are part of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)


@dataclass(frozen=True, slots=True)
class CounterMetric:
    """Something that only grows."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GaugeMetric:
    """Something that stands at a value."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HistogramMetric:
    """Durations in seconds."""

    name: str
    meaning: str
    labels: tuple[str, ...] = ()


Metric = CounterMetric | GaugeMetric | HistogramMetric

MESSAGES = CounterMetric("meterstream_messages_total", "messages handled", ("group",))
BATCHES = CounterMetric("meterstream_batches_total", "batches handled, or turns ended", ("group",))
BATCH_SECONDS = HistogramMetric("meterstream_batch_seconds", "time to handle a batch", ("group",))
DEAD_LETTERS = CounterMetric(
    "meterstream_dead_letters_total", "messages sent to a dead-letter topic", ("group", "topic", "code")
)
OUTAGES = CounterMetric("meterstream_outages_total", "times that work was held", ("group", "kind"))
OVERTAKEN = CounterMetric(
    "meterstream_overtaken_partitions_total", "positions that retention had overtaken", ("group", "topic", "partition")
)
UNREADABLE = CounterMetric(
    "meterstream_unreadable_records_total", "records of a view that cannot be read", ("topic", "partition", "code")
)
COMMIT_FAILURES = CounterMetric("meterstream_commit_failures_total", "commits to try again", ("group", "code"))
REBALANCES = CounterMetric("meterstream_rebalances_total", "changes of assignment", ("group", "kind"))
LOST_PARTITIONS = CounterMetric("meterstream_lost_partitions_total", "partitions lost, not handed over", ("group",))
LAG = GaugeMetric("meterstream_lag", "messages not yet committed; -1 when not ours", ("group", "topic", "partition"))
PARTITIONS = GaugeMetric("meterstream_partitions", "partitions held", ("group",))
HELD = GaugeMetric("meterstream_held_partitions", "partitions that wait for a schema", ("group",))
IN_FLIGHT = GaugeMetric("meterstream_in_flight", "messages taken and not finished", ("group",))
IN_FLIGHT_BYTES = GaugeMetric("meterstream_in_flight_bytes", "their size", ("group",))
PAUSED = GaugeMetric("meterstream_paused_partitions", "partitions paused for back-pressure", ("group",))
READY = GaugeMetric("meterstream_ready", "1 while the service is ready")

COMMANDS = CounterMetric("meterstream_commands_total", "commands accepted", ("operation", "face"))
RESULTS = CounterMetric("meterstream_results_total", "final results", ("operation", "status", "code"))
RETRIES = CounterMetric("meterstream_retries_total", "attempts planned after a failure", ("operation", "code"))
COMMAND_SECONDS = HistogramMetric(
    "meterstream_command_seconds", "from the command's creation to its result", ("operation",)
)
SESSIONS = CounterMetric("meterstream_sessions_total", "associations with meters", ("outcome",))
OPEN_SESSIONS = GaugeMetric("meterstream_open_sessions", "associations open now")
SESSION_SECONDS = HistogramMetric("meterstream_session_seconds", "length of an association")
METER_SECONDS = HistogramMetric("meterstream_meter_seconds", "time spent waiting for the meter", ("operation",))
OPERATIONS = CounterMetric("meterstream_operations_total", "operations carried out on meters", ("operation", "code"))
RESERVATIONS = CounterMetric("meterstream_counter_reservations_total", "blocks of invocation counters", ("outcome",))
PUSHES = CounterMetric("meterstream_pushes_total", "pushes of meters", ("transport", "outcome"))
EVENTS = CounterMetric("meterstream_events_total", "events of devices", ("kind", "outcome"))
MESSAGE_LOGS = CounterMetric("meterstream_message_logs_total", "frames for the message log", ("outcome",))
HTTP_REQUESTS = CounterMetric("meterstream_http_requests_total", "requests answered", ("face", "operation", "status"))
HTTP_SECONDS = HistogramMetric("meterstream_http_seconds", "time to answer a request", ("face",))
DELIVERIES = CounterMetric("meterstream_deliveries_total", "notifications by outcome", ("kind", "outcome"))

METRICS: Final[tuple[Metric, ...]] = tuple(
    value for value in list(globals().values()) if isinstance(value, (CounterMetric, GaugeMetric, HistogramMetric))
)


class Metrics:
    """The metrics of one process in one registry; labels are bounded sets (operations, codes, topics)."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._service = service
        self._found: dict[str, Counter | Gauge | Histogram] = {}
        self._children: dict[tuple[str, ...], Counter | Gauge | Histogram] = {}

    def count(self, metric: CounterMetric, *labels: str, by: float = 1) -> None:
        """Add to a counter."""
        child = self._child(metric, labels)
        assert isinstance(child, Counter)  # noqa: S101  # narrows the type for the reader and mypy
        child.inc(by)

    def set(self, metric: GaugeMetric, value: float, *labels: str) -> None:
        """Set a gauge."""
        child = self._child(metric, labels)
        assert isinstance(child, Gauge)  # noqa: S101  # narrows the type for the reader and mypy
        child.set(value)

    def observe(self, metric: HistogramMetric, seconds: float, *labels: str) -> None:
        """Record a duration."""
        child = self._child(metric, labels)
        assert isinstance(child, Histogram)  # noqa: S101  # narrows the type for the reader and mypy
        child.observe(seconds)

    def render(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)

    def _child(self, metric: Metric, labels: tuple[str, ...]) -> Counter | Gauge | Histogram:
        key = (metric.name, *labels)
        child = self._children.get(key)
        if child is None:
            parent = self._found.get(metric.name) or self._make(metric)
            child = self._children[key] = parent.labels(*labels) if metric.labels else parent
        return child

    def _make(self, metric: Metric) -> Counter | Gauge | Histogram:
        made: Counter | Gauge | Histogram
        match metric:
            case CounterMetric():
                made = Counter(metric.name, metric.meaning, metric.labels, registry=self.registry)
            case GaugeMetric():
                made = Gauge(metric.name, metric.meaning, metric.labels, registry=self.registry)
            case HistogramMetric():
                made = Histogram(metric.name, metric.meaning, metric.labels, registry=self.registry, buckets=SECONDS)
        self._found[metric.name] = made
        return made
