"""What goes along with an attempt beside its request: resolved when the attempt is made, kept with its row.

Rules say what a request needs, whether it may go out, and which images it names, alone and as an action of a bundle
alike: an action that may not go out is answered in its place, and the others go out without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.envelope import CommandHeader, DlmsResponseHeader
from meterstream.contracts.errors import CODES, PlatformError, UnknownEntity
from meterstream.contracts.operation import DlmsResponse, Operation, OperationRequest, OperationResponse, Target
from meterstream.contracts.operations.bundle import OPERATION as BUNDLE
from meterstream.contracts.operations.bundle import BundleAction, BundleAnswer, BundleRequest, BundleResponse
from meterstream.contracts.records import FirmwareImage, MbusDevice
from meterstream.domain.model.addressing import resolve, to_header
from meterstream.domain.model.bundles import pending
from meterstream.domain.model.registers import Needs
from meterstream.domain.model.rules import MeterRule, QueryRule, Rules, Subject
from meterstream.domain.model.stored import Attachments
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage

_NO_RULE: Final = MeterRule(BUNDLE)
"""What holds of operations without a rule of their own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes along with an attempt, and why actions of its bundle stay behind, by their places in the bundle."""

    attachments: Attachments
    refused: Mapping[int, PlatformError]


def needs_of(
    header: CommandHeader, operation: Operation, request: OperationRequest, rules: Rules, codec: Codec
) -> Iterator[Needs]:
    """What the rules of a request look at beside organisation and device of its command."""
    yield from _needs(header, operation, request, rules)
    if isinstance(request, BundleRequest):
        for action in request.actions:
            if (part := action_of(action, rules, codec)) is not None:
                yield from _needs(header, *part, rules)


def needs_of_answer(response: DlmsResponse, rules: Rules, codec: Codec) -> Iterator[Needs]:
    """What the rules of a good answer look at and change beside the answer itself."""
    answer = response.response
    if answer is None:
        return
    if not isinstance(answer, BundleResponse):
        yield from _needs_of_answer(response.header, response.operation.name, answer, rules)
        return
    for given in answer.answers:
        rule = rules.get(given.operation)
        if given.response is not None and isinstance(rule, MeterRule) and rule.learns_from is not None:
            try:
                yield rule.learns_from(response.header, codec.decode_as(given.response, rule.operation.response))
            except PoisonMessage:
                continue  # whoever asked gets the octets as they are


def examine(subject: Subject, operation: Operation, rules: Rules) -> Attachments:
    """What goes along with one request, alone or an action of a bundle, once every rule of it is kept.

    Raises: VALIDATION_ERROR (401), UNKNOWN_DEVICE (201), what the operation says of M-Bus devices that cannot be
        reached, and what its own rules raise.
    """
    rule = rules.get(operation.name)
    if not isinstance(rule, MeterRule):
        rule = _NO_RULE
    device = subject.device
    if device.is_mbus and operation.target is not Target.GATEWAY:
        words = rule.not_for_mbus.format(operation=operation.name, device=device.identification)
        field = "header.device_identification"
        raise CODES["VALIDATION_ERROR"](words, field=field, rule="no M-Bus device", device=device.identification)
    addressing = rule.addressing_in_bundle if subject.in_bundle else None
    mbus = resolve(operation, subject.request, device, subject.world, addressing or rule.addressing)
    if rule.check is not None:
        rule.check(subject)
    images = rule.images(subject) if rule.images is not None else ()
    concerned = [] if mbus is None else [mbus]
    if rule.mbus_devices is not None:
        concerned += rule.mbus_devices(subject)
    if not concerned and not images:
        return Attachments()
    gateway = device.gateway.identification if device.gateway is not None else device.identification
    return Attachments(mbus_devices=[to_header(found, gateway) for found in concerned], images=list(images))


def plan(subject: Subject, operation: Operation, rules: Rules, before: Sequence[BundleAnswer] | None = None) -> Plan:
    """What goes along with an attempt.

    Args:
        before: answers to the actions of a bundle so far; only those that are still to be done are looked at.

    Raises: what `examine` raises for the request itself; not for the actions of a bundle.
    """
    parts, refused = [examine(subject, operation, rules)], {}
    if isinstance(subject.request, BundleRequest):
        actions = subject.request.actions
        for place in pending(before, len(actions)):
            part = action_of(actions[place], rules, subject.codec)
            if part is None:
                continue
            try:
                parts.append(examine(replace(subject, request=part[1], in_bundle=True), part[0], rules))
            except PlatformError as error:
                refused[place] = error
    return Plan(_joined(parts), refused)


def _joined(parts: Iterable[Attachments]) -> Attachments:
    devices: dict[str, MbusDevice] = {}
    images: dict[bytes, FirmwareImage] = {}
    for part in parts:
        for device in part.mbus_devices:
            devices.setdefault(device.device_identification, device)
        for image in part.images:
            images.setdefault(image.sha256, image)
    return Attachments(mbus_devices=list(devices.values()), images=list(images.values()))


def _needs(header: CommandHeader, operation: Operation, request: OperationRequest, rules: Rules) -> Iterator[Needs]:
    named = operation.named_device(request)
    if named is not None:
        yield Needs(devices=frozenset({named}))
    rule = rules.get(operation.name)
    if rule is not None and not isinstance(rule, QueryRule) and rule.needs is not None:
        yield rule.needs(header, request)


def _needs_of_answer(
    header: DlmsResponseHeader, operation: str, answer: OperationResponse, rules: Rules
) -> Iterator[Needs]:
    rule = rules.get(operation)
    if isinstance(rule, MeterRule) and rule.learns_from is not None:
        yield rule.learns_from(header, answer)


def action_of(action: BundleAction, rules: Rules, codec: Codec) -> tuple[Operation, OperationRequest] | None:
    """Operation and request of an action about which there is more to say than its request says."""
    try:
        operation = find_operation(action.operation)
        rule = rules.get(operation.name)
        is_plain = not isinstance(rule, MeterRule) or not rule.looks_at_requests
        if operation.target is Target.METER and operation.naming_field is None and is_plain:
            return None
        return operation, codec.decode_as(action.request, operation.request)
    except (UnknownEntity, PoisonMessage):
        return None  # the bundle's own check refuses it
