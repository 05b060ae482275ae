"""Collects the operations and knows which records lie on which topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType

from meterstream.contracts import operations
from meterstream.contracts.base import Record
from meterstream.contracts.envelope import CancelCommand, CommandState, Progress, Reply
from meterstream.contracts.errors import error
from meterstream.contracts.events import DeviceEvent, Event, MessageLog
from meterstream.contracts.operation import Operation
from meterstream.contracts.records import (
    BegunTransfer,
    CounterReservation,
    DeviceRecord,
    FirmwareBlock,
    LearntAddress,
    MeterReadings,
    OrganisationRecord,
    ProvenKeys,
    Push,
    Quirks,
    UnsafeStep,
)
from meterstream.contracts.topics import LANES, READINGS


class DuplicateOperation(ValueError):
    """Two modules name the same operation."""


def collect_operations(package: ModuleType) -> Mapping[str, Operation]:
    """OPERATION of every public module of `package`, by name."""
    found: dict[str, Operation] = {}
    for name in sorted(module.name for module in iter_modules(package.__path__) if not module.name.startswith("_")):
        operation: Operation = import_module(f"{package.__name__}.{name}").OPERATION
        if found.setdefault(operation.name, operation) is not operation:
            raise DuplicateOperation(operation.name)
    return MappingProxyType(found)


@cache
def load_operations() -> Mapping[str, Operation]:
    """The released operations by name; read once per process."""
    return collect_operations(operations)


def find_operation(name: str) -> Operation:
    """The operation of a name or alias.

    Raises: UNKNOWN_OPERATION.
    """
    known = load_operations()
    if name in known:
        return known[name]
    for operation in known.values():
        if name in operation.aliases:
            return operation
    raise error("UNKNOWN_OPERATION", f"operation: there is no operation {name!r}", field="operation", rule="known name")


def answered_by_events(known: Mapping[str, Operation] | None = None) -> tuple[Operation, ...]:
    """The operations that events answer, by name."""
    every = (known or load_operations()).items()
    return tuple(operation for _, operation in sorted(every) if operation.from_event is not None)


def answering(event: Event, operations: Iterable[Operation]) -> Operation | None:
    """The operation under which an event is announced and listed: the first that it answers; None: it is not."""
    for operation in operations:
        if operation.from_event is not None and operation.from_event(event) is not None:
            return operation
    return None


COMMAND_TOPICS = ("commands", "commands-urgent", "upstream-commands", "organisation-commands")
"""Topics of one schema folder each; an organisation's own topic takes what `upstream-commands` takes."""


def records_by_topic(known: Mapping[str, Operation] | None = None) -> Mapping[str, tuple[type[Record], ...]]:
    """Every record that may lie on a topic, by the topic's folder under schemas/avro.

    `actions` is no topic: it holds the requests and responses that travel encoded inside a bundle, and the responses
    that the mark of a step keeps which must not be repeated.
    """
    every = (known or load_operations()).values()
    metered = [operation for operation in every if operation.target != "registry"]
    bundled = [operation for operation in every if operation.bundle_action]
    marked = [operation for operation in metered if not (operation.repeatable or operation.bundle_action)]
    found: dict[str, tuple[type[Record], ...]] = {
        "commands": (*(operation.command for operation in every), CancelCommand),
        "replies": (Reply,),
        "command-states": (CommandState,),
        "dlms-requests": tuple(operation.dlms_request for operation in metered),
        "dlms-responses": (*(operation.dlms_response for operation in metered), Progress),
        "results": tuple(operation.result for operation in every),
        "pushes": (Push,),
        "device-events": (DeviceEvent,),
        "events": (Event,),
        "message-logs": (MessageLog,),
        "readings": (MeterReadings,),
        "devices": (DeviceRecord,),
        "firmware": (FirmwareBlock,),
        "device-sessions": (BegunTransfer, CounterReservation, UnsafeStep, ProvenKeys, Quirks, LearntAddress),
        "organisations": (OrganisationRecord,),
        "actions": (
            *(model for operation in bundled for model in (operation.request, operation.response)),
            *(operation.response for operation in marked),
        ),
    }
    return MappingProxyType(found)


def schema_folder(topic: str) -> str:
    """The folder under schemas/avro that describes a topic (name without prefix)."""
    if topic in LANES:
        return "dlms-requests"
    first = topic.split(".", 1)[0]
    if first in COMMAND_TOPICS:
        return "commands"
    return READINGS if first == READINGS else topic
