"""What a one-node Kafka for demo and tests is set to, as process and as container alike; and whether it answers."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

MAX_MESSAGE_BYTES = 9 * 1024 * 1024
SESSION_TIMEOUT_MS = 6_000
HEARTBEAT_INTERVAL_MS = 1_000
ANSWER_TIMEOUT_S = 2.0


def node_settings(*, listeners: str, advertised: str, controller: str) -> Mapping[str, str]:
    """Server settings but for the data directory; `controller` is the host and port of its only controller."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": listeners,
        "advertised.listeners": advertised,
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        # One node: nothing can be replicated; few partitions of the internal topics make it start and recover fast.
        "default.replication.factor": "1",
        "min.insync.replicas": "1",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "6",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "6",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "6",
        # Topics are made by `meterstream.runtime.topics`; one that is misspelt must not come to life.
        "auto.create.topics.enable": "false",
        "message.max.bytes": str(MAX_MESSAGE_BYTES),
        "replica.fetch.max.bytes": str(MAX_MESSAGE_BYTES),
        # The partitions of a killed consumer move after 6 s, not after the default 45.
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "2000",
        "group.consumer.session.timeout.ms": str(SESSION_TIMEOUT_MS),
        "group.consumer.min.session.timeout.ms": "2000",
        "group.consumer.heartbeat.interval.ms": str(HEARTBEAT_INTERVAL_MS),
        "group.consumer.min.heartbeat.interval.ms": "500",
        "group.consumer.assignors": "uniform,range",
        # A run lasts minutes: keep what a test or a demo wrote, in segments that a laptop's disk bears.
        "log.segment.bytes": str(64 * 1024 * 1024),
        "log.index.size.max.bytes": str(1024 * 1024),
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
        "log.cleaner.threads": "1",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "background.threads": "2",
        "num.recovery.threads.per.data.dir": "2",
        # A broker that was killed may register again when its former session is over.
        "broker.session.timeout.ms": "2000",
        "broker.heartbeat.interval.ms": "300",
        "controller.quorum.election.timeout.ms": "200",
        "initial.broker.registration.timeout.ms": "30000",
    }


def quiet_admin(bootstrap_servers: str) -> AdminClient:
    """An admin client that keeps its connection attempts to itself."""

    settings: dict[str, Any] = {
        "bootstrap.servers": bootstrap_servers,
        "log_level": 0,
        "error_cb": _leave_to_the_request,
    }
    return AdminClient(settings)


def _leave_to_the_request(_error: object) -> None:
    """A failed connection shows as the failure of whatever was asked."""


def kafka_answers(bootstrap_servers: str) -> bool:
    """Whether the broker serves metadata that name it alive."""
    with suppress(KafkaException):
        return len(quiet_admin(bootstrap_servers).list_topics(timeout=ANSWER_TIMEOUT_S).brokers) > 0
    return False
