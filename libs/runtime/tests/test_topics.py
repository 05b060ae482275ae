"""Topics are created as the contract says, and every mismatch is told."""

from __future__ import annotations

import dataclasses

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from meterstream.contracts.topics import TOPICS, dead_letter_of
from meterstream.runtime.errors import BrokerOutage
from meterstream.runtime.settings import KafkaSettings
from meterstream.runtime.topics import TopicMismatch, apply_topics, check_topics, with_dead_letters


def settings_of(bootstrap: str, prefix: str) -> KafkaSettings:
    return KafkaSettings(
        bootstrap_servers=bootstrap,
        topic_prefix=prefix,
        group_prefix=prefix,
        device_partitions=3,
        spread_partitions=2,
    )


async def test_apply_creates_everything_once(kafka_bootstrap: str, topic_prefix: str) -> None:
    settings = settings_of(kafka_bootstrap, topic_prefix)
    created = await apply_topics(settings)
    assert set(created) == {topic.name for topic in with_dead_letters(TOPICS.values())}
    assert await apply_topics(settings) == []
    await check_topics(settings)


async def test_own_topics_are_compared_too(kafka_bootstrap: str, topic_prefix: str) -> None:
    settings = settings_of(kafka_bootstrap, topic_prefix).model_copy(update={"readings_topics": "GridOne=one"})
    (own,) = settings.own_readings().values()
    with pytest.raises(TopicMismatch, match=rf"topic {topic_prefix}\.readings\.one is missing"):
        await check_topics(settings, [own.name])
    assert await apply_topics(settings, [own]) == ["readings.one"]
    await check_topics(settings, [own.name])


async def test_a_missing_topic_and_a_wrong_count_are_told(kafka_bootstrap: str, topic_prefix: str) -> None:
    settings = settings_of(kafka_bootstrap, topic_prefix)
    chosen = [TOPICS["replies"], TOPICS["devices"]]
    await apply_topics(settings, chosen)
    with pytest.raises(TopicMismatch) as caught:
        await check_topics(settings.model_copy(update={"device_partitions": 6}), ["replies", "devices", "results"])
    assert list(caught.value.problems) == [
        f"topic {topic_prefix}.devices has 3 partitions, configured are 6",
        f"topic {topic_prefix}.results is missing",
        f"topic {topic_prefix}.{dead_letter_of(TOPICS['results']).name} is missing",
    ]


async def test_a_setting_that_differs_is_told_and_mended(kafka_bootstrap: str, topic_prefix: str) -> None:
    settings = settings_of(kafka_bootstrap, topic_prefix)
    narrow = dataclasses.replace(TOPICS["replies"], max_message_bytes=4096)
    await apply_topics(settings, [narrow])
    with pytest.raises(TopicMismatch, match=r"max\.message\.bytes is 4096, expected 8388608"):
        await check_topics(settings, ["replies"])
    await apply_topics(settings, [TOPICS["replies"]])
    await check_topics(settings, ["replies"])


async def test_a_broker_that_is_away_is_an_outage() -> None:
    settings = settings_of("127.0.0.1:1", "none").model_copy(update={"request_timeout_ms": 500})
    with pytest.raises(BrokerOutage):
        await check_topics(settings, ["replies"])


async def test_the_group_session_time_out_is_set_and_compared(kafka_bootstrap: str, topic_prefix: str) -> None:
    settings = settings_of(kafka_bootstrap, topic_prefix).model_copy(update={"session_timeout_ms": 7000})
    await apply_topics(settings, [TOPICS["replies"]])
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    resource = ConfigResource(ResourceType.GROUP, f"{topic_prefix}.protocol-dlms")
    (future,) = admin.describe_configs([resource]).values()
    assert future.result(20)["consumer.session.timeout.ms"].value == "7000"
    await check_topics(settings, ["replies"], ["protocol-dlms"])
    longer = settings.model_copy(update={"session_timeout_ms": 9000})
    with pytest.raises(TopicMismatch, match=r"protocol-dlms: consumer\.session\.timeout\.ms is 7000, expected 9000"):
        await check_topics(longer, ["replies"], ["protocol-dlms"])
