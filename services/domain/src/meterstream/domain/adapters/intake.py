"""From messages to submissions: decoding, faces, and what can still be read of a command that breaks a rule."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pydantic import ValidationError

from meterstream.contracts.envelope import CancelCommand, CommandHeader
from meterstream.contracts.errors import InvalidRequest
from meterstream.contracts.operation import Command
from meterstream.contracts.topics import ORGANISATION_COMMANDS, SIGNATURE_HEADER
from meterstream.domain.adapters.given_keys import KeyOpener
from meterstream.domain.adapters.salvage import readable_fields
from meterstream.domain.model.stored import Position
from meterstream.domain.model.submissions import Ask, Cancellation, Face, Origin, Submission, request_hash
from meterstream.domain.model.world import Rejected
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage, UnknownSchema, UnreadableMessage
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.registry import SchemaRegistry

Arrival = Submission | Cancellation


@dataclass(slots=True)
class Arrivals:
    """What a batch of messages holds, in its order, and what of it cannot be read."""

    read: list[Arrival] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Intake:
    """Reads command messages.

    Args:
        reply_partitions: how many partitions `replies` has; a command that names another gets no reply.
        registry: tells of schema ids that upstream systems use; None where there is no registry.
    """

    def __init__(
        self, codec: Codec, keys: KeyOpener, reply_partitions: int, registry: SchemaRegistry | None = None
    ) -> None:
        self._codec = codec
        self._keys = keys
        self._reply_partitions = reply_partitions
        self._registry = registry

    async def read(self, messages: Sequence[Message]) -> Arrivals:
        """Decode a batch and open the keys in it.

        Raises: UnknownSchema on a topic that only this platform writes: a newer release does so already, and the
            engine holds the message until this one is replaced; RegistryOutage.
        """
        arrivals = Arrivals()
        if self._registry is not None:
            await self._registry.learn(message.value for message in messages)
        for message in messages:
            try:
                arrivals.read.append(self.read_one(message))
            except PoisonMessage as poison:
                if isinstance(poison, UnknownSchema) and face_of(message.topic)[0] is Face.PLATFORM:
                    raise
                arrivals.rejected.append(Rejected(position_of(message), poison.code, poison.reason))
        await self._open_keys(arrivals.read)
        return arrivals

    def read_one(self, message: Message) -> Arrival:
        """The command or cancellation in a message, keys not opened.

        Raises: UnreadableMessage, UnknownSchema.
        """
        raw = message.value
        if raw is None:
            raise UnreadableMessage("the message has no value")
        raw = self._codec.single_object(raw)
        try:
            record = self._codec.decode(raw)
        except UnreadableMessage:
            salvaged = self._salvage(message, raw)
            if salvaged is None:
                raise
            return salvaged
        match record:
            case Command():
                ask = Ask(record.operation, record.header, record.request)
                origin = self._origin(message, record.header.reply_partition)
                return Submission(origin, ask, record, raw, request_hash(record))
            case CancelCommand():
                return Cancellation(self._origin(message, record.reply_partition), record)
        raise UnreadableMessage(f"a {type(record).__name__} is no command")

    def _origin(self, message: Message, reply_partition: int | None) -> Origin:
        face, slug = face_of(message.topic)
        waits = face is Face.PLATFORM and reply_partition is not None and reply_partition < self._reply_partitions
        return Origin(
            position=position_of(message),
            face=face,
            received_at=datetime.fromtimestamp(message.timestamp_ms / 1000, UTC),
            key=message.key,
            value=message.wire or b"",
            slug=slug,
            reply_to=reply_partition if waits else None,
            signature=message.header(SIGNATURE_HEADER),
            traceparent=message.header("traceparent"),
        )

    def _salvage(self, message: Message, raw: bytes) -> Submission | None:
        """A command whose request breaks a rule, as long as its header tells whose it is."""
        model = self._codec.type_of(raw)
        fields = readable_fields(raw, model)
        if fields is None or not issubclass(model, Command):
            return None
        try:
            header = CommandHeader.model_validate(fields["header"])
        except ValidationError:
            return None
        try:
            model.model_validate(fields)
        except ValidationError as error:
            problem = InvalidRequest.from_validation(error)
        else:
            return None
        ask = Ask(model.operation, header, None, problem)
        content = json.dumps([model.__name__, fields["request"]], default=str, sort_keys=True)
        origin = self._origin(message, header.reply_partition)
        return Submission(origin, ask, None, raw, hashlib.sha256(content.encode()).digest())

    async def _open_keys(self, arrivals: list[Arrival]) -> None:
        """Open, check and seal the keys that requests bring along, on threads."""
        submitted = [(place, found) for place, found in enumerate(arrivals) if isinstance(found, Submission)]
        asks = [found.ask for _, found in submitted]
        asked = [(ask.operation.name, ask.header.device_identification or "", ask.request) for ask in asks]
        for (place, arrival), given in zip(submitted, await self._keys.open(asked), strict=True):
            if given:
                arrivals[place] = replace(arrival, ask=replace(arrival.ask, given_keys=given))


def position_of(message: Message) -> Position:
    """Where a message lies."""
    return Position(message.topic, message.partition, message.offset)


def face_of(topic: str) -> tuple[Face, str | None]:
    """Who vouches for what lies on a topic, and the slug of an organisation's own."""
    if topic.startswith(ORGANISATION_COMMANDS + "."):
        return Face.OWN_TOPIC, topic.removeprefix(ORGANISATION_COMMANDS + ".")
    return (Face.UPSTREAM, None) if topic == "upstream-commands" else (Face.PLATFORM, None)
