"""Profiles over the Meter port: rows of a range, scalers and units of captured registers."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from meterstream.dlms.data import AttributeRef, CaptureObject
from meterstream.dlms.objects import ScalerUnit
from meterstream.protocol_dlms.executor import AccessRefused, Meter, Target
from meterstream.protocol_dlms.model.load_profile import Rows
from meterstream.protocol_dlms.model.profile_reading import ProfileReading
from meterstream.protocol_dlms.model.quantities import read_scaler_unit
from meterstream.protocol_dlms.model.registers import laid_down, scaler_of
from meterstream.protocol_dlms.refusals import read_all

log = logging.getLogger(__name__)


async def read_rows(meter: Meter, buffer: Target, reading: ProfileReading) -> Rows:
    """Ask until the range is read; what has come stays in `reading` when the line breaks.

    Raises: AccessRefused, ILLEGAL_RESPONSE, RESULT_TOO_LARGE.
    """
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
