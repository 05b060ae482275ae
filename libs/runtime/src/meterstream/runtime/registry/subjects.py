"""Which schemas a registry holds for Meterstream, under which subjects, and how their ids become known.

Subjects are `<topic>-<record>` with full names (Confluent's TopicRecordNameStrategy), for example
`meterstream.results-meterstream.SynchronizeTimeResult`. `python -m meterstream.runtime.topics apply` registers every
released schema, oldest first; services only look up, and refuse to start where one is missing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fastavro.schema import SchemaParseException, UnknownType

from meterstream.contracts.avro import NAMESPACE
from meterstream.contracts.catalogue import schema_folder
from meterstream.contracts.schemas import fingerprint_of, read_released, schema_directory
from meterstream.contracts.topics import TOPICS
from meterstream.runtime.errors import ConfigurationError, RegistryOutage, RegistryRefused
from meterstream.runtime.registry.client import RegistryClient
from meterstream.runtime.registry.frame import SchemaIds, shared_ids
from meterstream.runtime.settings import KafkaSettings

log = logging.getLogger(__name__)

AT_A_TIME: Final = 16
FORGOTTEN_AFTER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Subject:
    """One released schema under one subject."""

    name: str
    schema: str
    fingerprint: bytes


def subjects(prefix: str, topics: Iterable[str], directory: Path | None = None) -> Iterator[Subject]:
    """Released schemas of these topics (names without prefix), oldest first within a subject."""
    folders: dict[str, list[str]] = {}
    for topic in topics:
        folders.setdefault(schema_folder(topic), []).append(topic)
    for released in read_released(directory or schema_directory()):
        text = json.dumps(released.schema, separators=(",", ":"), ensure_ascii=False)
        for topic in folders.get(released.topic, ()):
            yield Subject(f"{prefix}.{topic}-{NAMESPACE}.{released.record}", text, released.fingerprint)


async def apply_schemas(settings: KafkaSettings, topics: Iterable[str] = tuple(TOPICS)) -> int:
    """Register every released schema under the subjects of all its topics; how many there are.

    Raises: RegistryOutage; ConfigurationError naming the subjects that the registry refuses.
    """
    by_subject: dict[str, list[Subject]] = {}
    for subject in subjects(settings.topic_prefix, topics):
        by_subject.setdefault(subject.name, []).append(subject)

    async with RegistryClient(settings.registry) as client:

        async def register(versions: Sequence[Subject]) -> str | None:
            for subject in versions:
                try:
                    await client.register(subject.name, subject.schema)
                except RegistryRefused as refused:
                    return f"subject {subject.name}: {refused}"
            return None

        problems = await _each(register, list(by_subject.values()))
    _refuse(problems)
    return sum(map(len, by_subject.values()))


async def load_schema_ids(
    settings: KafkaSettings, topics: Iterable[str] = tuple(TOPICS), ids: SchemaIds | None = None
) -> None:
    """Ask the registry for the id of every released schema of these topics: one question each, whatever its subjects.

    Raises: RegistryOutage; ConfigurationError naming the subjects that lack a schema.
    """
    table = shared_ids() if ids is None else ids
    first = {schema_folder(topic): topic for topic in topics}
    wanted = list(subjects(settings.topic_prefix, first.values()))

    async with RegistryClient(settings.registry) as client:

        async def look_up(subject: Subject) -> str | None:
            try:
                found = await client.look_up(subject.name, subject.schema)
            except RegistryRefused as refused:
                return f"subject {subject.name}: {refused}"
            if found is None:
                return f"subject {subject.name} lacks a released schema"
            table.release(found, subject.fingerprint)
            return None

        problems = await _each(look_up, wanted)
    _refuse(problems)


class SchemaRegistry:
    """Finds out about ids that strangers' messages bring, before the messages are decoded."""

    def __init__(
        self,
        client: RegistryClient,
        ids: SchemaIds,
        *,
        bound: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._ids = ids
        self._bound = bound
        self._clock = clock
        self._missing: OrderedDict[int, float] = OrderedDict()

    async def learn(self, values: Iterable[bytes | None]) -> None:
        """Know the id of every framed value, or that the registry has no such schema; that is forgotten in a minute.

        Raises: RegistryOutage, so that the messages are held and tried again.
        """
        unknown = {self._ids.unknown(value) for value in values} - {None}
        now = self._clock()
        wanted = [number for number in unknown if number is not None and self._missing.get(number, now) <= now]
        await _each(self._learn_one, wanted)

    async def _learn_one(self, schema_id: int) -> None:
        try:
            text = await self._client.schema(schema_id)
        except RegistryRefused as refused:  # not the message's fault
            raise RegistryOutage(f"schema {schema_id}: {refused}") from None
        fingerprint = None if text is None else _fingerprint(text)
        if fingerprint is not None:
            self._ids.learn(schema_id, fingerprint)
            return
        self._missing[schema_id] = self._clock() + FORGOTTEN_AFTER_S
        while len(self._missing) > self._bound:
            self._missing.popitem(last=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


def _fingerprint(text: str) -> bytes | None:
    """None for a text that is no Avro schema of its own."""
    try:
        schema: Any = json.loads(text)
        return fingerprint_of(schema)
    except (ValueError, SchemaParseException, UnknownType, KeyError, TypeError, RecursionError) as error:
        log.warning("a schema in the registry cannot be read: %s", type(error).__name__)
        return None


async def _each(work: Callable[[Any], Awaitable[str | None]], items: Sequence[Any]) -> list[str]:
    """Do it to all, a few at a time; what they found wrong. The first that raises ends all."""
    problems: list[str] = []
    waiting = iter(items)

    async def some() -> None:
        for item in waiting:
            problem = await work(item)
            if problem is not None:
                problems.append(problem)

    tasks = [asyncio.create_task(some()) for _ in range(min(AT_A_TIME, len(items)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return sorted(problems)


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
        raise ConfigurationError(
            "schema registry: "
            + "; ".join(problems[:5])
            + more
            + "; python -m meterstream.runtime.topics apply registers"
        )
