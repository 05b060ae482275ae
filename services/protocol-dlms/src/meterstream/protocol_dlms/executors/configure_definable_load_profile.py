"""ConfigureDefinableLoadProfile: columns and capture period of {7, 0.1.94.31.6.255}, attributes 3 and 4."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from meterstream.contracts.operations.configure_definable_load_profile import (
    OPERATION,
    ConfigureDefinableLoadProfileRequest,
    ConfigureDefinableLoadProfileResponse,
)
from meterstream.contracts.shared.profiles import ColumnChoice
from meterstream.dlms.data import CLOCK, CaptureObject, Data, DataType, LogicalName, array, double_long_unsigned
from meterstream.dlms.errors import DecodeError
from meterstream.protocol_dlms.executor import At, Context, Executor, Target
from meterstream.protocol_dlms.model.quantities import read_integer
from meterstream.protocol_dlms.refusals import write_all

_COLUMNS: Final = At("definable_load_profile", 3)
_PERIOD: Final = At("definable_load_profile", 4)
_WORDS: Final = "Attribute '{}' of the definable load profile was not set successfully. ResultCode: "


async def execute(
    request: ConfigureDefinableLoadProfileRequest, context: Context
) -> ConfigureDefinableLoadProfileResponse:
    """Write what is given in one list, the columns first; the clock always is the first column."""
    items: list[tuple[Target, Data]] = []
    words: list[str] = []
    if request.capture_objects:
        items.append((_COLUMNS, array(column.to_data() for column in _columns(request.capture_objects))))
        words.append(_WORDS.format("capture objects"))
    if request.capture_period is not None:
        items.append((_PERIOD, double_long_unsigned(request.capture_period)))
        words.append(_WORDS.format("capture period"))
    await write_all(context.meter, items, words)
    return ConfigureDefinableLoadProfileResponse()


def _columns(chosen: Iterable[ColumnChoice]) -> list[CaptureObject]:
    """The clock, then the others in the order of the request."""
    columns = [
        CaptureObject(choice.class_id, LogicalName.parse(choice.logical_name), choice.attribute, choice.data_index)
        for choice in chosen
    ]
    return [CLOCK, *(column for column in columns if column != CLOCK)]


async def verify(
    request: ConfigureDefinableLoadProfileRequest, context: Context
) -> ConfigureDefinableLoadProfileResponse | None:
    """Whether the meter holds what was asked for."""
    targets: list[Target] = []
    if request.capture_objects:
        targets.append(_COLUMNS)
    if request.capture_period is not None:
        targets.append(_PERIOD)
    answers = dict(zip(targets, await context.meter.get_list(targets), strict=True))
    period = answers.get(_PERIOD)
    if _PERIOD in answers and not (
        isinstance(period, Data) and read_integer(period, "capture period") == request.capture_period
    ):
        return None
    if _COLUMNS in answers and _held(answers[_COLUMNS]) != _columns(request.capture_objects or ()):
        return None
    return ConfigureDefinableLoadProfileResponse()


def _held(answer: object) -> list[CaptureObject] | None:
    """The columns that the meter has; None where it does not tell."""
    if not isinstance(answer, Data) or answer.type is not DataType.ARRAY or not isinstance(answer.value, tuple):
        return None
    try:
        return [CaptureObject.from_data(column) for column in answer.value]
    except DecodeError:
        return None


EXECUTOR = Executor(OPERATION, execute, verify=verify, writes=True)
