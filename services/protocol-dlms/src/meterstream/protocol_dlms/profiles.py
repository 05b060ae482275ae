"""Profiles over the Meter port: rows of a range, scalers and units of captured registers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Final, NamedTuple

from meterstream.contracts.errors import PlatformError
from meterstream.contracts.shared.profiles import CapturedColumn, ProfileGap, ProfileRow
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import AttributeRef, CaptureObject
from meterstream.dlms.objects import ScalerUnit
from meterstream.protocol_dlms.executor import AccessRefused, Context, Meter, Target
from meterstream.protocol_dlms.meter import attribute_ref
from meterstream.protocol_dlms.model.buffer_reading import Entries, ProfilePlan, Span
from meterstream.protocol_dlms.model.entry_reading import EntryReading
from meterstream.protocol_dlms.model.load_profile import Rows
from meterstream.protocol_dlms.model.profile_data import Captures, gaps_in, plan_of, read_captures, told_rows
from meterstream.protocol_dlms.model.profile_reading import ProfileReading
from meterstream.protocol_dlms.model.quantities import read_scaler_unit
from meterstream.protocol_dlms.model.registers import laid_down, scaler_of
from meterstream.protocol_dlms.refusals import read_all
from meterstream.protocol_dlms.unfinished import Reading, Wanted

log = logging.getLogger(__name__)

ABOUT_ROWS: Final = (3, 4, 7)
"""Capture objects, capture period, entries in use."""


async def read_rows(context: Context, buffer: Target, plan: ProfilePlan, span: Span) -> Rows:
    """Rows of a period, or by their number.

    Goes on where an attempt before broke off; leaves what has come to the next one when the line breaks.

    Raises: AccessRefused, ILLEGAL_RESPONSE, RESULT_TOO_LARGE.
    """
    wanted = Wanted(attribute_ref(context.meter.profile, buffer), plan, span)
    reading = context.unfinished.take(wanted) or _reading(plan, span, context.device.zone)
    try:
        return await _read_on(context.meter, buffer, reading)
    except PlatformError as failure:
        if failure.retryable and reading.begun:
            context.unfinished.keep(wanted, reading)
        raise


def _reading(plan: ProfilePlan, span: Span, zone: tzinfo | None) -> Reading:
    match span:
        case Entries(first, last):
            return EntryReading(plan, first, last, zone)
        case _:
            return ProfileReading(plan, span.begin, span.end, zone)


async def _read_on(meter: Meter, buffer: Target, reading: Reading) -> Rows:
    while not reading.done:
        try:
            answer = await meter.get(buffer, reading.selection)
        except AccessRefused as refusal:
            if not reading.refuse(refusal.result):
                raise
        else:
            reading.take(answer)
    if reading.rows.undated:
        log.warning("%d rows of %s have no capture time", reading.rows.undated, reading.plan.name)
    return reading.rows


async def read_scalers(meter: Meter, columns: Sequence[CaptureObject]) -> Mapping[AttributeRef, ScalerUnit]:
    """Scaler and unit of every column that is a register's value, by the attribute that has them.

    Those that the meter's type lays down are not read; the others come in one list.

    Raises: AccessRefused, ILLEGAL_RESPONSE: a value without scaler is worth nothing.
    """
    wanted = dict.fromkeys(ref for column in columns if (ref := scaler_of(column)) is not None)
    known = {ref: found for ref in wanted if (found := laid_down(meter.profile, ref)) is not None}
    asked = [ref for ref in wanted if ref not in known]
    answers = await read_all(meter, asked, "scaler and unit of ")
    return known | {ref: read_scaler_unit(answer, str(ref)) for ref, answer in zip(asked, answers, strict=True)}


class Captured(NamedTuple):
    """Rows of a profile in the words of the contract."""

    columns: list[CapturedColumn]
    rows: list[ProfileRow]
    gaps: list[ProfileGap]
    undated: int


async def captures_of(meter: Meter, profiles: Sequence[AttributeRef]) -> list[Captures]:
    """What profiles capture, how often, and how many rows they hold, all in one list.

    Raises: AccessRefused where a meter does not tell what it captures; ILLEGAL_RESPONSE.
    """
    refs = [ref._replace(attribute=attribute) for ref in profiles for attribute in ABOUT_ROWS]
    answers = dict(zip(refs, await meter.get_list(refs), strict=True))
    found: list[Captures] = []
    for ref in profiles:
        objects, period, entries = (answers[ref._replace(attribute=attribute)] for attribute in ABOUT_ROWS)
        if isinstance(objects, DataAccessResult):
            about = ref._replace(attribute=ABOUT_ROWS[0])
            raise AccessRefused(objects, about, f"No success retrieving capture objects of {ref}: AccessResultCode = ")
        hints = (None if isinstance(hint, DataAccessResult) else hint for hint in (period, entries))
        found.append(read_captures(ref, objects, *hints))
    return found


async def read_captured(
    context: Context,
    captures: Captures,
    wanted: Iterable[int],
    scalers: Mapping[AttributeRef, ScalerUnit],
    span: Span,
) -> Captured:
    """Rows of a span, of the clock and the columns at the places `wanted`.

    Raises: AccessRefused, ILLEGAL_RESPONSE, RESULT_TOO_LARGE.
    """
    device, zone = context.device, context.device.zone
    plan, columns = plan_of(captures, wanted, scalers, context.meter.profile, choose=device.selective_access)
    found = await read_rows(context, captures.buffer, plan, span)
    return Captured(
        columns=[column.column for column in columns],
        rows=told_rows(found.rows, columns, zone),
        gaps=gaps_in(found.rows, plan.period_s, zone),
        undated=found.undated,
    )
