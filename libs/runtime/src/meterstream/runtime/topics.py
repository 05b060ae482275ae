"""`python -m meterstream.runtime.topics apply|check`: creates the topics and compares them with the contract.

Every service compares at start and refuses to run on a mismatch. With a schema registry the released schemas are
registered and looked up with them.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from meterstream.contracts.topics import TOPICS, Topic, dead_letter_of
from meterstream.runtime.errors import BrokerOutage, ConfigurationError, Outage
from meterstream.runtime.kafka.clients import confluent_options
from meterstream.runtime.kafka.names import TopicNames, topic_named
from meterstream.runtime.registry import apply_schemas, load_schema_ids
from meterstream.runtime.settings import KafkaSettings, ServiceSettings, load_settings

GROUPS: Final = (
    "domain-commands",
    "domain-urgent",
    "domain-upstream",
    "domain-responses",
    "domain-events",
    "domain-message-logs",
    "protocol-dlms",
    "ws-results",
    "ws-states",
    "notification",
)
"""Consumer groups whose session time-out is set beside the topics."""

TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.05
HEARTBEATS_PER_SESSION: Final = 5
LOCAL_ERRORS: Final = (
    KafkaError._TRANSPORT,  # librdkafka's public names begin with an underscore
    KafkaError._TIMED_OUT,  # see above
    KafkaError._ALL_BROKERS_DOWN,  # see above
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
)


class TopicMismatch(ConfigurationError):
    """Topics that are not what the contract says; one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def with_dead_letters(topics: Iterable[Topic]) -> list[Topic]:
    """The topics and the dead letters of those that have them."""
    found = []
    for topic in topics:
        found += [topic, dead_letter_of(topic)] if topic.dead_letter else [topic]
    return found


class TopicAdmin:
    """Creates and compares topics and group settings."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._names = TopicNames(settings)
        self._admin = AdminClient({**confluent_options(settings), "log_level": 0})

    def apply(self, topics: Iterable[Topic]) -> list[str]:
        """Create what is missing, set what differs, leave partition counts alone; the names that were created.

        Raises: BrokerOutage; TopicMismatch for what cannot be mended here.
        """
        wanted = with_dead_letters(topics)
        existing = self._existing()
        missing = [topic for topic in wanted if self._names.full(topic.name) not in existing]
        if missing:
            self._create(missing)
            self._wait_until_known([self._names.full(topic.name) for topic in missing])
        self._set_differing([topic for topic in wanted if topic not in missing])
        self._set_groups()
        self._check_in_the_end(topics)
        return [topic.name for topic in missing]

    def check(self, topics: Iterable[Topic], groups: Iterable[str] = ()) -> None:
        """Compare counts and settings of topics, and the session time-outs of groups.

        Raises: TopicMismatch with every difference; BrokerOutage.
        """
        wanted = with_dead_letters(topics)
        existing = self._existing()
        problems = []
        for topic in wanted:
            metadata = existing.get(self._names.full(topic.name))
            count = self._names.partitions(topic.name)
            if metadata is None:
                problems.append(f"topic {self._names.full(topic.name)} is missing")
            elif len(metadata.partitions) != count:
                problems.append(
                    f"topic {self._names.full(topic.name)} has {len(metadata.partitions)} partitions,"
                    f" configured are {count}"
                )
        present = [topic for topic in wanted if self._names.full(topic.name) in existing]
        for short, differing in self._differing(present).items():
            for name, (found, expected) in differing.items():
                problems.append(f"topic {self._names.full(short)}: {name} is {found}, expected {expected}")
        problems += self._group_problems(groups)
        if problems:
            raise TopicMismatch(problems)

    def _group_problems(self, groups: Iterable[str]) -> list[str]:
        """A broker that counts a consumer out sooner than the consumer believes would let two of them work at once."""
        names = [f"{self._settings.group_prefix}.{group}" for group in groups]
        if not names or self._settings.group_protocol != "consumer":
            return []
        problems = []
        resources = [ConfigResource(ResourceType.GROUP, name) for name in names]
        for resource, future in self._admin.describe_configs(resources).items():
            entries = _settle(future)
            for name, expected in self._group_settings().items():
                if entries[name].value != expected:
                    problems.append(f"group {resource.name}: {name} is {entries[name].value}, expected {expected}")
        return problems

    def _check_in_the_end(self, topics: Iterable[Topic]) -> None:
        """A broker tells of new settings a moment after it has taken them."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            try:
                self.check(topics, GROUPS)
            except TopicMismatch:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_S)
            else:
                return

    def _existing(self) -> Mapping[str, TopicMetadata]:
        try:
            found: Mapping[str, TopicMetadata] = self._admin.list_topics(
                timeout=self._settings.request_timeout_ms / 1000
            ).topics
        except KafkaException as error:
            raise _translated(error) from error
        return found

    def _create(self, topics: Sequence[Topic]) -> None:
        new = [
            NewTopic(
                self._names.full(topic.name),
                num_partitions=self._names.partitions(topic.name),
                replication_factor=self._settings.replication_factor,
                config=self._wanted_settings(topic),
            )
            for topic in topics
        ]
        for future in self._admin.create_topics(new, operation_timeout=TIMEOUT_S).values():
            _settle(future, tolerated=KafkaError.TOPIC_ALREADY_EXISTS)

    def _wait_until_known(self, names: Sequence[str]) -> None:
        """A broker tells of new topics a moment after it has made them."""
        deadline = time.monotonic() + TIMEOUT_S
        while not set(names) <= self._existing().keys():
            if time.monotonic() > deadline:
                raise BrokerOutage("the broker does not know the topics that it made")
            time.sleep(POLL_S)

    def _wanted_settings(self, topic: Topic) -> dict[str, str]:
        return topic.settings() | {
            "min.insync.replicas": str(self._settings.min_insync_replicas),
            "unclean.leader.election.enable": "false",
        }

    def _differing(self, topics: Sequence[Topic]) -> dict[str, dict[str, tuple[str, str]]]:
        if not topics:
            return {}
        resources = {ConfigResource(ResourceType.TOPIC, self._names.full(topic.name)): topic for topic in topics}
        found: dict[str, dict[str, tuple[str, str]]] = {}
        for resource, future in self._admin.describe_configs(list(resources)).items():
            entries = _settle(future)
            topic = next(topic for key, topic in resources.items() if key.name == resource.name)
            differing = {
                name: (entries[name].value, expected)
                for name, expected in self._wanted_settings(topic).items()
                if entries[name].value != expected
            }
            if differing:
                found[topic.name] = differing
        return found

    def _set_differing(self, topics: Sequence[Topic]) -> None:
        changes = [
            _resource(
                ResourceType.TOPIC, self._names.full(name), {key: expected for key, (_, expected) in wrong.items()}
            )
            for name, wrong in self._differing(topics).items()
        ]
        self._alter(changes)

    def _set_groups(self) -> None:
        if self._settings.group_protocol != "consumer":
            return
        wanted = self._group_settings()
        names = [f"{self._settings.group_prefix}.{group}" for group in GROUPS]
        self._alter([_resource(ResourceType.GROUP, name, wanted) for name in names])

    def _group_settings(self) -> dict[str, str]:
        return {
            "consumer.session.timeout.ms": str(self._settings.session_timeout_ms),
            "consumer.heartbeat.interval.ms": str(self._settings.session_timeout_ms // HEARTBEATS_PER_SESSION),
        }

    def _alter(self, resources: Sequence[ConfigResource]) -> None:
        if resources:
            for future in self._admin.incremental_alter_configs(list(resources)).values():
                _settle(future)


def _resource(kind: ResourceType, name: str, settings: Mapping[str, str]) -> ConfigResource:
    entries = [ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in settings.items()]
    return ConfigResource(kind, name, incremental_configs=entries)


def _settle(future: Future[Any], tolerated: int | None = None) -> Any:
    try:
        return future.result(TIMEOUT_S)
    except KafkaException as error:
        if tolerated is not None and error.args[0].code() == tolerated:
            return None
        raise _translated(error) from error
    except TimeoutError:
        raise BrokerOutage("the broker did not answer in time") from None


def _translated(error: KafkaException) -> Exception:
    detail: KafkaError = error.args[0]
    if detail.retriable() or detail.code() in LOCAL_ERRORS:
        return BrokerOutage(detail.str())
    return ConfigurationError(detail.str())


async def apply_topics(settings: KafkaSettings, topics: Iterable[Topic] = tuple(TOPICS.values())) -> list[str]:
    """Create what is missing and set what differs; the names that were created.

    Raises: BrokerOutage, TopicMismatch.
    """
    return await asyncio.to_thread(lambda: TopicAdmin(settings).apply(topics))


async def check_topics(
    settings: KafkaSettings, names: Iterable[str] = tuple(TOPICS), groups: Iterable[str] = ()
) -> None:
    """Compare the topics that a service uses, and the session time-outs of its groups, with what they must be.

    Raises: BrokerOutage, RegistryOutage, TopicMismatch, ConfigurationError.
    """
    used = list(names)
    chosen = [topic_named(name) for name in used]
    await asyncio.to_thread(lambda: TopicAdmin(settings).check(chosen, groups))
    if settings.registry.url is not None:
        await load_schema_ids(settings, used)


class TopicsChecked:
    """A component that lets a service start only on topics and groups that are what the contract says."""

    name = "topics"
    ready = True

    def __init__(self, settings: KafkaSettings, names: Iterable[str], groups: Iterable[str]) -> None:
        self._settings = settings
        self._names = tuple(names)
        self._groups = tuple(groups)

    async def start(self) -> None:
        """Compare.

        Raises: BrokerOutage, TopicMismatch.
        """
        await check_topics(self._settings, self._names, self._groups)

    async def stop(self) -> None:
        """Nothing to end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 on a mismatch or an outage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    prog = "python -m meterstream.runtime.topics"
    settings = load_settings(ServiceSettings, given, f"{prog} apply|check")
    if given not in (["apply"], ["check"]):
        sys.stderr.write(f"usage: {prog} apply|check\n")
        return 2
    try:
        admin = TopicAdmin(settings.kafka)
        wanted = [*TOPICS.values(), *settings.kafka.own_readings().values()]
        if given == ["apply"]:
            for name in admin.apply(wanted):
                sys.stdout.write(f"created {name}\n")
            if settings.kafka.registry.url is not None:
                sys.stdout.write(f"{asyncio.run(apply_schemas(settings.kafka))} schemas are registered\n")
        else:
            admin.check(wanted, GROUPS)
            if settings.kafka.registry.url is not None:
                asyncio.run(load_schema_ids(settings.kafka))
    except (Outage, ConfigurationError) as error:
        for line in getattr(error, "problems", (str(error),)):
            sys.stderr.write(f"{line}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
