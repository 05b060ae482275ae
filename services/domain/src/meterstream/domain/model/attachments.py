"""What goes along with an attempt beside its request: resolved when the attempt is made, kept with its row.

Rules say what a request needs and which images it names, alone and as an action of a bundle alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from meterstream.contracts.envelope import CommandHeader
from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operation import OperationRequest
from meterstream.contracts.operations.bundle import BundleRequest
from meterstream.contracts.records import FirmwareImage
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import MeterRule, QueryRule, Rule, Rules, Subject
from meterstream.domain.model.stored import Attachments
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage


def needs_of(
    header: CommandHeader, operation: str, request: OperationRequest, rules: Rules, codec: Codec
) -> Iterator[Needs]:
    """What the rules of a request look at beside organisation and device of its command."""
    for _, rule, asked in _parts(operation, request, rules, codec):
        if not isinstance(rule, QueryRule) and rule.needs is not None:
            yield rule.needs(header, asked)


def attachments_of(subject: Subject, operation: str, rules: Rules) -> Attachments:
    """What goes along with a request.

    Raises: PlatformError of the rules; in a bundle with the place of the action.
    """
    images: dict[bytes, FirmwareImage] = {}
    for place, rule, asked in _parts(operation, subject.request, rules, subject.codec):
        if not isinstance(rule, MeterRule) or rule.images is None:
            continue
        for image in _images(rule, replace(subject, request=asked), place):
            images.setdefault(image.sha256, image)
    return Attachments(images=list(images.values()))


def _images(rule: MeterRule, subject: Subject, place: int | None) -> Sequence[FirmwareImage]:
    assert rule.images is not None  # noqa: S101  # narrows the type; the caller has looked
    try:
        return rule.images(subject)
    except PlatformError as error:
        if place is not None:
            error.details["action"] = str(place)
        raise


def _parts(
    operation: str, request: OperationRequest, rules: Rules, codec: Codec
) -> Iterator[tuple[int | None, Rule, OperationRequest]]:
    """Rule and request of what is asked, and of each action of a bundle whose rule looks further than its request."""
    rule = rules.get(operation)
    if rule is not None:
        yield None, rule, request
    if not isinstance(request, BundleRequest):
        return
    for place, action in enumerate(request.actions):
        found = rules.get(action.operation)
        if isinstance(found, MeterRule) and (found.needs is not None or found.images is not None):
            try:
                asked = codec.decode_as(action.request, found.operation.request)
            except PoisonMessage:
                continue  # the bundle's own check refuses it
            yield place, found, asked
