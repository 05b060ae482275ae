"""GetOutages: the power failure log {7, 1.0.99.97.0.255, 2}, all of it."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.get_outages import OPERATION, GetOutagesRequest, GetOutagesResponse, Outage
from meterstream.dlms.data import Cell, Data, NullData, ProfileColumn
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor
from meterstream.protocol_dlms.model.load_profile import capture_after, moment_of, typed_rows
from meterstream.protocol_dlms.model.quantities import read_integer, unexpected
from meterstream.protocol_dlms.refusals import told_as

_LOG: Final = At("power_failure_log")
_WORDS: Final = "Getting the outages from POWER_FAILURE_EVENT_LOG from the meter resulted in: "
_LONGEST_S: Final = 2**32 - 1


async def execute(request: GetOutagesRequest, context: Context) -> GetOutagesResponse:  # noqa: ARG001  # the request has no fields
    """Read the whole log: it is short, and makes differ in the selection that they take of it.

    Raises: DEVICE_REFUSED; ILLEGAL_RESPONSE for an outage that has no end, or a duration that is none.
    """
    with told_as(_WORDS):
        buffer = await context.meter.get(_LOG)
    clock, duration = (column.capture_object() for column in context.meter.profile.columns(_LOG.role))
    columns = [ProfileColumn(clock), ProfileColumn(duration, null_data=NullData.ABSENT)]
    zone = context.device.zone
    rows = typed_rows(buffer, columns, capture_after(None, zone), _LOG.role)
    outages: list[Outage] = []
    for number, (ended, lasted) in enumerate(rows):
        moment = moment_of(ended, zone)
        if moment is None:
            raise unexpected(_LOG.role, f"outage {number} has no end time")
        outages.append(Outage(end_time=moment, duration=_seconds(lasted, number)))
    return GetOutagesResponse(outages=outages)


def _seconds(cell: Cell, number: int) -> int | None:
    seconds = read_integer(cell, "duration_of_long_power_failure") if isinstance(cell, Data) else None
    if seconds is not None and not 0 <= seconds <= _LONGEST_S:
        raise unexpected(_LOG.role, f"outage {number} has a duration that is out of range")
    return seconds


def foresees(request: GetOutagesRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The log itself."""
    return [_LOG]


EXECUTOR = Executor(OPERATION, execute, foresees=foresees)
