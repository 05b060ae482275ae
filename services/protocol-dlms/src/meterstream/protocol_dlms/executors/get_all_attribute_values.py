"""GetAllAttributeValues: every attribute that the object list says can be read, as one text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.operations.get_all_attribute_values import (
    OPERATION,
    GetAllAttributeValuesRequest,
    GetAllAttributeValuesResponse,
)
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import BY_ENTRY, AttributeRef, Data, Selection, entry_descriptor, octet_string
from meterstream.dlms.objects import MeterProfile, ObjectView
from meterstream.protocol_dlms.executor import AccessRefused, Context, Device, Executor, Meter
from meterstream.protocol_dlms.model.association_list import OBJECT_LIST, read_object_list
from meterstream.protocol_dlms.model.attribute_values import ObjectAnswers, as_json, attributes_of

_PER_LIST: Final = 32
_BUFFER: Final = (7, 2)
_FIRST_ENTRIES: Final = Selection(BY_ENTRY, entry_descriptor(1, 16))

Answer = Data | DataAccessResult


async def execute(request: GetAllAttributeValuesRequest, context: Context) -> GetAllAttributeValuesResponse:  # noqa: ARG001  # the request has no fields
    """Read the object list, then the attributes of all objects together, list by list.

    Of profiles the first rows are read where the meter gives a part of them. What it refuses has no value.

    Raises: DEVICE_REFUSED or ILLEGAL_RESPONSE for the object list; whatever ends the association.
    """
    meter = context.meter
    listed = await meter.get(OBJECT_LIST)
    objects = read_object_list(listed, meter.profile).objects
    found: dict[AttributeRef, Answer] = {OBJECT_LIST: listed}
    refs = [ref for view in objects for ref in attributes_of(view) if ref not in found]
    plain = [ref for ref in dict.fromkeys(refs) if (ref.class_id, ref.attribute) != _BUFFER]
    for start in range(0, len(plain), _PER_LIST):
        part = plain[start : start + _PER_LIST]
        found |= zip(part, await _read(meter, part), strict=True)
    for view in objects:
        if view.class_id == _BUFFER[0]:
            found |= await _rows(meter, view)
    return GetAllAttributeValuesResponse(values=as_json((_answers(view, found) for view in objects), meter.profile))


async def _read(meter: Meter, refs: Sequence[AttributeRef]) -> list[Answer]:
    """One list; one by one where the meter cannot answer it, and what fails by itself is no answer."""
    try:
        return await meter.get_list(refs)
    except PlatformError:
        if not meter.alive:
            raise
    return [await _one(meter, ref) for ref in refs]


async def _one(meter: Meter, ref: AttributeRef, selection: Selection | None = None) -> Answer:
    try:
        return await meter.get(ref, selection)
    except AccessRefused as refusal:
        return refusal.result if isinstance(refusal.result, DataAccessResult) else DataAccessResult.OTHER_REASON
    except PlatformError:
        if not meter.alive:
            raise
        return DataAccessResult.OTHER_REASON


async def _rows(meter: Meter, view: ObjectView) -> dict[AttributeRef, Answer]:
    """The first rows of a buffer by entry where the meter says that it takes that, else all of them."""
    ref = AttributeRef(view.class_id, view.logical_name, _BUFFER[1])
    if ref not in attributes_of(view):
        return {}
    answer: Answer = DataAccessResult.OTHER_REASON
    if BY_ENTRY in view.attributes[ref.attribute].selectors:
        answer = await _one(meter, ref, _FIRST_ENTRIES)
    if not isinstance(answer, Data):
        answer = await _one(meter, ref)
    return {ref: answer}


def _answers(view: ObjectView, found: dict[AttributeRef, Answer]) -> ObjectAnswers:
    """The attributes in the order of the object list; the logical name is known."""
    refs = {number: AttributeRef(view.class_id, view.logical_name, number) for number in view.attributes}
    name = octet_string(view.logical_name)
    return ObjectAnswers(view, {number: name if number == 1 else found.get(ref) for number, ref in refs.items()})


def foresees(
    request: GetAllAttributeValuesRequest,  # noqa: ARG001  # the port's signature
    device: Device,  # noqa: ARG001  # the port's signature
    profile: MeterProfile,  # noqa: ARG001  # the port's signature
) -> list[AttributeRef]:
    """The object list."""
    return [OBJECT_LIST]


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
