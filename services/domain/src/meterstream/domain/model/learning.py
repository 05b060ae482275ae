"""What the registry adds to good answers and learns from them; an answer that comes too late still teaches."""

from __future__ import annotations

from dataclasses import replace

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import Command, DlmsResponse, OperationRequest, OperationResponse
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.domain.model.context import Context
from meterstream.domain.model.messages import COMPONENT
from meterstream.domain.model.rules import Lesson, MeterRule, Rules
from meterstream.domain.model.world import World
from meterstream.runtime.errors import PoisonMessage


def is_completed(command: Command, rules: Rules) -> bool:
    """Whether the registry has a say in the answer, which therefore cannot be made anew from the message alone."""
    request = command.request
    if isinstance(request, BundleRequest):
        return any(_completes(rules, action.operation) for action in request.actions)
    return _completes(rules, command.operation.name)


def learn(
    response: DlmsResponse, command: Command, asked: BundleRequest | None, world: World, context: Context
) -> DlmsResponse:
    """Let the rules of the answered operations complete the answer and change the registry.

    Args:
        asked: the actions of this attempt, where the command is a bundle; its answers are in their order.

    Returns:
        the answer with what the registry knows, or with why the registry refuses it.
    """
    answer = response.response
    if answer is None:
        return response
    if asked is not None and isinstance(answer, BundleResponse):
        answers = list(answer.answers)
        for place, (action, given) in enumerate(zip(asked.actions, answers, strict=False)):
            answers[place] = _learn_action(response, action, given, world, context)
        return response.model_copy(update={"response": BundleResponse(answers=answers)})
    rule = context.rules.get(command.operation.name)
    if not isinstance(rule, MeterRule):
        return response
    try:
        completed = _learn(rule, _lesson(response, command.request, answer, world))
    except PlatformError as error:
        header = response.header.model_copy(update={"retryable": error.code.retryable})
        return response.model_copy(update={"header": header, "response": None, "error": error.to_record(COMPONENT)})
    return response if completed is answer else response.model_copy(update={"response": completed})


def _learn_action(
    response: DlmsResponse, action: BundleAction, given: BundleAnswer, world: World, context: Context
) -> BundleAnswer:
    rule = context.rules.get(action.operation)
    if given.response is None or not isinstance(rule, MeterRule) or (rule.learn is None and rule.complete is None):
        return given
    codec = context.composer.codec
    try:
        request = codec.decode_as(action.request, rule.operation.request)
        answer = codec.decode_as(given.response, rule.operation.response)
    except PoisonMessage:
        return given  # whoever asked gets the octets as they are; there is nothing to learn from them
    try:
        completed = _learn(rule, _lesson(response, request, answer, world))
    except PlatformError as error:
        return BundleAnswer(operation=given.operation, error=error.to_record(COMPONENT), retryable=error.code.retryable)
    return given if completed is answer else given.model_copy(update={"response": codec.encode(completed)})


def _learn(rule: MeterRule, lesson: Lesson) -> OperationResponse:
    if rule.complete is not None:
        lesson = replace(lesson, response=rule.complete(lesson))
    if rule.learn is not None:
        rule.learn(lesson)
    return lesson.response


def _lesson(response: DlmsResponse, request: OperationRequest, answer: OperationResponse, world: World) -> Lesson:
    header = response.header
    return Lesson(
        device=header.device_identification,
        gateway=header.gateway,
        request=request,
        response=answer,
        observed_at=header.observed_at,
        world=world,
        cause=(header.organisation, header.correlation_uid),
    )


def _completes(rules: Rules, operation: str) -> bool:
    rule = rules.get(operation)
    return isinstance(rule, MeterRule) and rule.complete is not None
