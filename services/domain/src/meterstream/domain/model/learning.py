"""What the registry learns from good answers; an answer that comes too late for its command still teaches."""

from __future__ import annotations

from meterstream.contracts.operation import Command, DlmsResponse, OperationRequest, OperationResponse
from meterstream.contracts.operations.bundle import BundleRequest, BundleResponse
from meterstream.domain.model.context import Context
from meterstream.domain.model.rules import Lesson, MeterRule
from meterstream.domain.model.world import World
from meterstream.runtime.errors import PoisonMessage


def learn(
    response: DlmsResponse, command: Command, asked: BundleRequest | None, world: World, context: Context
) -> None:
    """Let the rules of the answered operations change the registry.

    Args:
        asked: the actions of this attempt, where the command is a bundle; its answers are in their order.
    """
    answer = response.response
    if answer is None:
        return
    if asked is None or not isinstance(answer, BundleResponse):
        _teach(response, command.operation.name, command.request, answer, world, context)
        return
    for action, given in zip(asked.actions, answer.answers, strict=False):
        rule = context.rules.get(action.operation)
        if given.response is not None and isinstance(rule, MeterRule) and rule.learn is not None:
            decode = context.composer.codec.decode_as
            try:
                request = decode(action.request, rule.operation.request)
                answered = decode(given.response, rule.operation.response)
            except PoisonMessage:
                continue  # whoever asked gets the octets as they are; there is nothing to learn from them
            _teach(response, action.operation, request, answered, world, context)


def _teach(
    response: DlmsResponse,
    operation: str,
    request: OperationRequest,
    answer: OperationResponse,
    world: World,
    context: Context,
) -> None:
    rule = context.rules.get(operation)
    if isinstance(rule, MeterRule) and rule.learn is not None:
        header = response.header
        rule.learn(Lesson(header.device_identification, request, answer, header.observed_at, world))
