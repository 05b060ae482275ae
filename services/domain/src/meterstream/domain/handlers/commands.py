"""Topics `commands`, `commands-urgent`, `upstream-commands`, `organisation-commands.<slug>`: what is to be done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from meterstream.contracts.envelope import ResultStatus
from meterstream.contracts.errors import NotAuthorised, PlatformError
from meterstream.contracts.operation import OperationResponse, Target
from meterstream.domain.adapters.contexts import Contexts
from meterstream.domain.adapters.intake import Arrival, Intake
from meterstream.domain.adapters.store import Store, Wanted, add_needs
from meterstream.domain.handlers.delivery import Delivery, trace
from meterstream.domain.model.context import Context
from meterstream.domain.model.equipment import comes_late, equipment_of
from meterstream.domain.model.ingress import answer_query, decide_cancellation, decide_submission
from meterstream.domain.model.messages import COMPONENT, Conclusion
from meterstream.domain.model.poison import fail_submission
from meterstream.domain.model.rules import QueryRule
from meterstream.domain.model.submissions import Submission
from meterstream.domain.model.world import Outcome, World
from meterstream.runtime.errors import PoisonMessage
from meterstream.runtime.kafka.messages import Message
from meterstream.runtime.metrics import COMMANDS, Metrics


class CommandHandler:
    """Decides a batch of commands in one transaction and produces what follows."""

    def __init__(self, intake: Intake, store: Store, contexts: Contexts, delivery: Delivery, metrics: Metrics) -> None:
        self._intake = intake
        self._store = store
        self._contexts = contexts
        self._delivery = delivery
        self._metrics = metrics

    async def handle(self, messages: Sequence[Message]) -> None:
        """Handle a batch in offset order per partition; returns when its effects are done."""
        arrivals = await self._intake.read(messages)
        context = self._contexts.now()

        def decide(world: World) -> tuple[Outcome, set[str]]:
            outcome = Outcome(rejected=list(arrivals.rejected))
            for arrival in arrivals.read:
                since = len(outcome.publications)
                if isinstance(arrival, Submission):
                    decide_submission(arrival, world, context, outcome)
                else:
                    decide_cancellation(arrival, world, context, outcome)
                trace(outcome.publications, since, arrival.origin.traceparent)
            return outcome, world.unpublished_gateways

        outcome, unpublished = await self._store.work(wanted_by(arrivals.read, self._contexts), decide)
        await self._answer_queries(outcome, context)
        await self._delivery.deliver(messages, outcome, unpublished)
        for arrival in arrivals.read:
            if isinstance(arrival, Submission):
                self._metrics.count(COMMANDS, arrival.ask.operation.name, arrival.origin.face)

    async def on_dead_letter(self, message: Message, poison: PoisonMessage) -> None:
        """A message that could not be handled: its command, if it names one, gets a failed result."""
        try:
            arrival = self._intake.read_one(message)
        except PoisonMessage:
            return
        if not isinstance(arrival, Submission):
            return
        context = self._contexts.now()

        def decide(world: World) -> Outcome:
            outcome = Outcome()
            fail_submission(arrival, poison.code, poison.reason, world, context, outcome)
            return outcome

        outcome = await self._store.work(wanted_by([arrival], self._contexts), decide)
        await self._delivery.deliver([message], outcome, set())

    async def _answer_queries(self, outcome: Outcome, context: Context) -> None:
        by_operation: dict[str, list[Submission]] = defaultdict(list)
        for submission in outcome.queries:
            by_operation[submission.ask.operation.name].append(submission)
        for operation, submissions in by_operation.items():
            rule = context.rules[operation]
            if not isinstance(rule, QueryRule):
                continue
            asked = [(item.header, item.ask.request) for item in submissions if item.ask.request]
            answers = await rule.answer(self._store, asked)
            for submission, found in zip(submissions, answers, strict=True):
                since = len(outcome.publications)
                conclusion = _found(found)
                outcome.publications += answer_query(submission, conclusion, context)
                trace(outcome.publications, since, submission.origin.traceparent)


def _found(found: OperationResponse | PlatformError) -> Conclusion:
    if isinstance(found, NotAuthorised):
        return Conclusion(ResultStatus.REJECTED, error=found.to_record(COMPONENT))
    if isinstance(found, PlatformError):
        return Conclusion(ResultStatus.FAILED, error=found.to_record(COMPONENT))
    return Conclusion(ResultStatus.OK, response=found)


def wanted_by(arrivals: Sequence[Arrival], contexts: Contexts) -> Wanted:
    """What the decisions on these arrivals need to know."""
    wanted = Wanted()
    for arrival in arrivals:
        wanted.commands.add(arrival.identity)
        organisation = arrival.identity.organisation
        wanted.organisations.add(organisation)
        if not isinstance(arrival, Submission):
            continue
        device = arrival.header.device_identification
        if device is not None:
            wanted.subjects.add((organisation, device))
            if arrival.ask.operation.target is Target.REGISTRY or comes_late(arrival):
                wanted.changing.add(device)
            if comes_late(arrival):
                wanted.add(equipment_of(arrival.header), changes=False)
        add_needs(wanted, arrival.header, arrival.ask.operation, arrival.ask.request, contexts)
    return wanted
