"""SetPushSetupAlarm: destination and push object list of {40, 0.1.25.9.0.255}, attributes 3 and 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterstream.contracts.errors import error
from meterstream.contracts.operations.set_push_setup_alarm import (
    OPERATION,
    PushObject,
    SetPushSetupAlarmRequest,
    SetPushSetupAlarmResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import AttributeRef, CaptureObject, Data, LogicalName, array
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor, Meter, Target
from meterstream.protocol_dlms.model.push_setup import Transport, destination, message_type
from meterstream.protocol_dlms.refusals import supported, write_all

_OBJECTS: Final = At("push_setup_alarm", 2)
_DESTINATION: Final = At("push_setup_alarm", 3)


async def execute(request: SetPushSetupAlarmRequest, context: Context) -> SetPushSetupAlarmResponse:
    """See that every object can be read, all in one list, then write what is given in one list.

    Nothing is written where an object cannot be read.
    """
    meter = context.meter
    supported(meter, _OBJECTS, _DESTINATION)
    columns = [_column(item) for item in request.push_objects]
    await _check_readable(meter, columns)
    items: list[tuple[Target, Data]] = []
    if request.host is not None and request.port is not None:
        value = destination(request.host, request.port, Transport.TCP, message_type(meter.profile))
        items.append((_DESTINATION, value))
    if columns:
        items.append((_OBJECTS, array(column.to_data() for column in columns)))
    await write_all(meter, items, "AccessResultCode for set push setup alarm was not SUCCESS: ")
    return SetPushSetupAlarmResponse()


def _column(item: PushObject) -> CaptureObject:
    """Raises: VALIDATION_ERROR for an element within an attribute."""
    if item.data_index:
        raise error(
            "VALIDATION_ERROR",
            f"PushObject contains non-zero data index: {item.data_index}. Using data index is not implemented.",
            field="push_objects.data_index",
            rule="must be 0",
        )
    return CaptureObject(item.class_id, LogicalName.parse(item.logical_name), item.attribute)


async def _check_readable(meter: Meter, columns: Sequence[CaptureObject]) -> None:
    """Raises: DEVICE_REFUSED for the first object that the meter does not let read."""
    refs = _refs(columns)
    for ref, answer in zip(refs, await meter.get_list(refs), strict=True):
        if isinstance(answer, DataAccessResult):
            raise error(
                "DEVICE_REFUSED",
                f"Verification of push object failed. Object {ref} could not be retrieved using a get request.",
                result=answer.name,
                target=str(ref),
            )


def _refs(columns: Sequence[CaptureObject]) -> list[AttributeRef]:
    return [AttributeRef(column.class_id, column.logical_name, column.attribute) for column in columns]


def foresees(request: SetPushSetupAlarmRequest, device: Device, profile: MeterProfile) -> list[Target]:  # noqa: ARG001  # the port's signature
    """The objects to push."""
    if _OBJECTS.role not in profile.objects or any(item.data_index for item in request.push_objects):
        return []
    return [*_refs([_column(item) for item in request.push_objects])]


EXECUTOR = Executor(OPERATION, execute, foresees=foresees, writes=True)
