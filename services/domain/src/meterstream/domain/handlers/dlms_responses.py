"""Topic `dlms-responses`: what came of the attempts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pydantic import ValidationError

from meterstream.contracts.envelope import DlmsResponseHeader, Progress
from meterstream.contracts.errors import CODES
from meterstream.contracts.operation import DlmsResponse
from meterstream.domain.adapters.contexts import Contexts
from meterstream.domain.adapters.intake import position_of
from meterstream.domain.adapters.salvage import readable_fields
from meterstream.domain.adapters.store import Store, Wanted
from meterstream.domain.handlers.delivery import Delivery, trace
from meterstream.domain.model.answers import Answer, decide_answer
from meterstream.domain.model.attachments import needs_of_answer
from meterstream.domain.model.facts import Facts, apply_facts, observe_title
from meterstream.domain.model.messages import COMPONENT
from meterstream.domain.model.poison import fail_answer
from meterstream.domain.model.progress import News, decide_progress
from meterstream.domain.model.world import Outcome, Rejected, World
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage, UnknownSchema, UnreadableMessage
from meterstream.runtime.kafka.messages import Message


class ResponseHandler:
    """Decides a batch of answers in one transaction and produces what follows."""

    def __init__(
        self, codec: Codec, store: Store, contexts: Contexts, delivery: Delivery, wake_relay: Callable[[], None]
    ) -> None:
        self._codec = codec
        self._wake_relay = wake_relay
        self._store = store
        self._contexts = contexts
        self._delivery = delivery

    async def handle(self, messages: Sequence[Message]) -> None:
        """Handle a batch in offset order per partition; returns when its effects are done."""
        arrived, rejected = self._read(messages)
        answers = [item for item in arrived if isinstance(item, Answer)]
        context = self._contexts.now()
        facts = [fact for answer in answers if (fact := Facts.of(answer.response.header)) is not None]

        def decide(world: World) -> Outcome:
            outcome = Outcome(rejected=list(rejected))
            for item in arrived:
                since = len(outcome.publications)
                if isinstance(item, Answer):
                    decide_answer(item, world, context, outcome)
                else:
                    decide_progress(item, world, context, outcome)
                trace(outcome.publications, since, item.traceparent)
            apply_facts(facts, world)
            for answer in answers:
                observe_title(answer.response.header, world)
            return outcome

        wanted = Wanted(
            commands={item.identity for item in arrived},
            proofs={named for fact in facts for named in fact.named},
            changing={device for fact in facts for device in fact.devices},
        )
        for answer in answers:
            for needs in needs_of_answer(answer.response, context.rules, self._codec):
                wanted.add(needs, changes=True)
        outcome = await self._store.work(wanted, decide, self._wake_relay)
        await self._delivery.deliver(messages, outcome, set())

    async def on_dead_letter(self, message: Message, poison: PoisonMessage) -> None:
        """An answer that could not be handled: its command gets a failed result."""
        try:
            answer = self._read_one(message)
        except PoisonMessage:
            return
        if isinstance(answer, News):
            return
        context = self._contexts.now()

        def decide(world: World) -> Outcome:
            outcome = Outcome()
            fail_answer(answer, poison.code, poison.reason, world, context, outcome)
            return outcome

        outcome = await self._store.work(Wanted(commands={answer.identity}), decide)
        await self._delivery.deliver([message], outcome, set())

    def _read(self, messages: Sequence[Message]) -> tuple[list[Answer | News], list[Rejected]]:
        answers: list[Answer | News] = []
        rejected: list[Rejected] = []
        for message in messages:
            try:
                answers.append(self._read_one(message))
            except UnknownSchema:
                raise  # a newer release: the engine holds the message until this one is replaced
            except PoisonMessage as poison:
                rejected.append(Rejected(position_of(message), poison.code, poison.reason))
                answers += self._salvage(message, poison)
        return answers, rejected

    def _read_one(self, message: Message) -> Answer | News:
        if message.value is None:
            raise UnreadableMessage("the message has no value")
        response = self._codec.decode(message.value)
        if isinstance(response, Progress):
            return News(position_of(message), response, message.header("traceparent"))
        if not isinstance(response, DlmsResponse):
            raise UnreadableMessage(f"a {type(response).__name__} is no response")
        if (response.response is None) == (response.error is None):
            raise UnreadableMessage(f"{type(response).__name__}: exactly one of response and error is set")
        return Answer(position_of(message), response, message.header("traceparent"))

    def _salvage(self, message: Message, poison: PoisonMessage) -> list[Answer]:
        """An unreadable answer whose header tells the attempt: it ends with that failure."""
        raw = message.value or b""
        try:
            model = self._codec.type_of(raw)
        except PoisonMessage:
            return []
        fields = readable_fields(raw, model)
        if fields is None or not issubclass(model, DlmsResponse):
            return []
        try:
            header = DlmsResponseHeader.model_validate(fields["header"])
        except ValidationError:
            return []
        header = header.model_copy(update={"retryable": False})
        failure = CODES["UNREADABLE_MESSAGE"](poison.reason).to_record(COMPONENT)
        return [Answer(position_of(message), model(header=header, error=failure), message.header("traceparent"))]
