"""The fixtures every other test relies on."""

import psycopg
import pytest
from confluent_kafka import Consumer, KafkaError, Producer
from confluent_kafka.admin import NewTopic

from meterstream.demo.servers import KafkaServer
from meterstream.demo.servers.kafka_settings import quiet_admin

TIMEOUT_S = 20.0


def test_a_message_comes_back_from_the_shared_broker(kafka_bootstrap: str, topic_prefix: str) -> None:
    topic = f"{topic_prefix}.echo"
    admin = quiet_admin(kafka_bootstrap)
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(TIMEOUT_S)
    producer = Producer({"bootstrap.servers": kafka_bootstrap})
    producer.produce(topic, key="meter", value=b"reading")
    assert producer.flush(TIMEOUT_S) == 0
    settings = {
        "bootstrap.servers": kafka_bootstrap,
        "group.id": topic_prefix,
        "group.protocol": "consumer",
        "group.remote.assignor": "range",
        "auto.offset.reset": "earliest",
    }
    consumer = Consumer(settings)
    try:
        consumer.subscribe([topic])
        message = consumer.poll(TIMEOUT_S)
        assert message is not None
        assert message.error() is None
        assert (message.key(), message.value()) == (b"meter", b"reading")
    finally:
        consumer.close()


def test_no_topic_comes_to_life_by_being_named(kafka_server: KafkaServer, topic_prefix: str) -> None:
    topic = f"{topic_prefix}.misspelt"
    producer = Producer({"bootstrap.servers": kafka_server.bootstrap_servers, "allow.auto.create.topics": True})
    error = producer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].error
    assert error is not None
    assert error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def test_each_test_has_a_database_of_its_own(database_dsn: str, request: pytest.FixtureRequest) -> None:
    with psycopg.connect(database_dsn) as connection:
        connection.execute("CREATE TABLE meters (id text PRIMARY KEY)")
        (tables,) = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() or (0,)
    assert tables == 1
    assert request.node.get_closest_marker("servers") is not None


def test_a_test_without_servers_is_not_marked(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("servers") is None
