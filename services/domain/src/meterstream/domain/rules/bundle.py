"""Bundle: every action must be known, decodable and allowed before the first of them goes to the meter."""

from __future__ import annotations

from meterstream.contracts.catalogue import find_operation
from meterstream.contracts.errors import CODES, PlatformError, UnknownEntity
from meterstream.contracts.operation import Operation
from meterstream.contracts.operations.bundle import OPERATION, BundleAction, BundleRequest
from meterstream.domain.model.rules import MeterRule, Subject
from meterstream.runtime.codec import Codec
from meterstream.runtime.errors import PoisonMessage


def check_bundle(subject: Subject) -> None:
    """Raises: VALIDATION_ERROR (401), UNSUPPORTED_DEVICE_ACTION (407), UNAUTHORIZED (301)."""
    request = subject.request
    assert isinstance(request, BundleRequest)  # noqa: S101  # narrows the type; the operation's command holds no other
    allowed: dict[str, bool] = {}
    for place, action in enumerate(request.actions):
        operation = _operation(action, place)
        _check_request(action, operation, place, subject.codec)
        if operation.function not in allowed:
            allowed[operation.function] = subject.functions.allow(subject.groups, operation.function)
        if not allowed[operation.function]:
            raise CODES["UNAUTHORIZED"](
                f"request.actions.{place}: organisation {subject.header.organisation} may not {operation.name}",
                field=f"request.actions.{place}",
                rule="actions whose functions the organisation holds for the device",
                function=operation.function,
            )


def _operation(action: BundleAction, place: int) -> Operation:
    try:
        operation = find_operation(action.operation)
    except UnknownEntity:
        operation = None
    if operation is None or not operation.bundle_action:
        raise CODES["UNSUPPORTED_DEVICE_ACTION"](
            f"request.actions.{place}.operation: {action.operation!r} is no action of a bundle",
            field=f"request.actions.{place}.operation",
            rule="an operation that may be an action of a bundle",
        )
    return operation


def _check_request(action: BundleAction, operation: Operation, place: int, codec: Codec) -> None:
    try:
        codec.decode_as(action.request, operation.request)
    except PoisonMessage as poison:
        raise _unreadable(place, poison) from poison


def _unreadable(place: int, poison: PoisonMessage) -> PlatformError:
    field = f"request.actions.{place}.request"
    return CODES["VALIDATION_ERROR"](f"{field}: {poison.reason}", field=field, rule=poison.reason)


RULE = MeterRule(OPERATION, check_bundle, not_for_mbus="Bundle request is not allowed for gas meter {device}")
