"""What the rules of an operation change in the registry before an attempt leaves for its meter: the keys it has along.

A key is stored before it is sent, so the rules decide on it in the transaction that puts the attempt into its lane.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.key_transfers import NewKey
from meterstream.contracts.operation import Operation
from meterstream.contracts.operations.bundle import BundleAnswer, BundleRequest
from meterstream.domain.model.attachments import action_of
from meterstream.domain.model.bundles import pending
from meterstream.domain.model.context import Context
from meterstream.domain.model.rules import Departure, MeterRule, Subject
from meterstream.domain.model.submissions import GivenKeys


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys that an attempt hands over, and why actions of its bundle stay behind, by their places in the bundle.

    `step` of a key is the place of its action among all of the bundle, answered or not.
    """

    new: Sequence[NewKey]
    refused: Mapping[int, PlatformError]


def take_along(
    subject: Subject,
    operation: Operation,
    given: GivenKeys,
    former: Sequence[NewKey],
    before: Sequence[BundleAnswer] | None,
    held_back: Collection[int],
    context: Context,
) -> Keys:
    """The keys of the next attempt, stored as NEW.

    Args:
        former: what the attempt before had, which goes along again.
        before: answers to the actions of a bundle so far.
        held_back: places of actions that do not go out.

    Raises: what the operation's own rule raises; not for the actions of a bundle.
    """
    if not isinstance(subject.request, BundleRequest):
        return Keys(_of_step(subject, operation, 0, given, former, context), {})
    new, refused = list(former), {}
    actions = subject.request.actions
    for place in pending(before, len(actions)):
        part = None if place in held_back else action_of(actions[place], context.rules, subject.codec)
        if part is None:
            continue
        try:
            step = _of_step(replace(subject, request=part[1], in_bundle=True), part[0], place, given, former, context)
        except PlatformError as error:
            refused[place] = error
        else:
            new = [key for key in new if key.step != place] + step
    return Keys(new, refused)


def _of_step(
    subject: Subject, operation: Operation, place: int, given: GivenKeys, former: Sequence[NewKey], context: Context
) -> list[NewKey]:
    rule = context.rules.get(operation.name)
    if not isinstance(rule, MeterRule) or rule.prepare is None:
        return []
    departure = Departure(
        subject=subject,
        now=context.now,
        given_keys=given.get(place),
        former={(key.device_identification, key.kind): key.key_id for key in former if key.step == place},
        make_key=context.make_key,
    )
    return [key.model_copy(update={"step": place}) for key in rule.prepare(departure)]
