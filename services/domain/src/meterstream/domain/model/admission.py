"""Whether a command may be carried out now. Asked at arrival and again whenever it falls due."""

from __future__ import annotations

from meterstream.contracts.errors import CODES, PlatformError
from meterstream.contracts.operation import Kind, OperationRequest, Target
from meterstream.domain.model.attachments import examine
from meterstream.domain.model.context import Context
from meterstream.domain.model.registry import Device
from meterstream.domain.model.rules import MeterRule, Subject
from meterstream.domain.model.submissions import Ask
from meterstream.domain.model.world import World


def admit(ask: Ask, world: World, context: Context) -> None:
    """Organisation, device, authorisation, the request's and the operation's rules; the first broken one is raised.

    Raises: UNKNOWN_ORGANISATION (101), DISABLED_ORGANISATION (104), UNKNOWN_DEVICE (201), UNAUTHORIZED (301),
        VALIDATION_ERROR (401), UNSUPPORTED_OPERATION, and what the operation's rules raise.
    """
    _check_organisation(ask, world)
    device = _check_device(ask, world, context) if ask.operation.needs_known_device else None
    if ask.problem is not None:
        raise ask.problem
    _check_times(ask)
    rule = context.rules.get(ask.operation.name)
    if ask.operation.target is Target.REGISTRY:
        if rule is None or isinstance(rule, MeterRule):
            raise CODES["UNSUPPORTED_OPERATION"](f"this release cannot carry out {ask.operation.name}")
        return
    if device is None or ask.request is None:
        raise CODES["TECHNICAL_ERROR"](f"{ask.operation.name} names no device")
    examine(subject_of(ask, ask.request, device, world, context), ask.operation, context.rules)


def subject_of(ask: Ask, request: OperationRequest, device: Device, world: World, context: Context) -> Subject:
    """What the rules of a meter operation look at."""
    groups = world.groups(ask.header.organisation, device.identification)
    return Subject(ask.header, request, device, groups, context.functions, context.composer.codec, world)


def _check_organisation(ask: Ask, world: World) -> None:
    name = ask.header.organisation
    organisation = world.organisations.get(name)
    if organisation is None:
        rule = "an organisation of the registry"
        raise CODES["UNKNOWN_ORGANISATION"](
            f'Organisation with id "{name}" could not be found.', field="header.organisation", rule=rule
        )
    if not organisation.enabled:
        rule = "an organisation that is enabled"
        raise CODES["DISABLED_ORGANISATION"](f"organisation {name} is disabled", field="header.organisation", rule=rule)
    if ask.operation.admin_only and not organisation.admin:
        raise CODES["UNAUTHORIZED"](
            f"Organisation [{name}] is not authorized for action",
            field="header.organisation",
            rule="an organisation that administers the platform",
            function=ask.operation.function,
        )


def _check_device(ask: Ask, world: World, context: Context) -> Device:
    field = "header.device_identification"
    identification = ask.header.device_identification
    if identification is None:
        raise CODES["VALIDATION_ERROR"](f"{field}: is required", field=field, rule="is required")
    device = world.device(identification)
    if device is None:
        raise CODES["UNKNOWN_DEVICE"](
            f'Device with id "{identification}" could not be found.',
            field=field,
            rule="a device of the registry",
            device=identification,
        )
    organisation = ask.header.organisation
    if ask.operation.admin_only:
        return device
    if not context.functions.allow(world.groups(organisation, identification), ask.operation.function):
        raise CODES["UNAUTHORIZED"](
            f"Organisation [{organisation}] is not authorized for action",
            field=field,
            rule="a device for which the organisation holds the function",
            function=ask.operation.function,
            device=identification,
        )
    return device


def _check_times(ask: Ask) -> None:
    due = ask.header.schedule_time
    if due is None:
        return
    if ask.operation.kind is Kind.SYNCHRONOUS:
        raise _broken("header.schedule_time", "a synchronous operation cannot be scheduled")
    if ask.header.expires_at < due:
        raise _broken("header.expires_at", "must not be before schedule_time")


def _broken(field: str, rule: str) -> PlatformError:
    return CODES["VALIDATION_ERROR"](f"{field}: {rule}", field=field, rule=rule)
