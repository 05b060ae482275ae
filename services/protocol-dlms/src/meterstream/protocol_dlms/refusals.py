"""What meters refuse, in the words by which clients of each operation know it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from meterstream.contracts.errors import error
from meterstream.dlms.apdu import DataAccessResult
from meterstream.dlms.data import AttributeRef, Data
from meterstream.protocol_dlms.executor import AccessRefused, Context, Meter, Target
from meterstream.protocol_dlms.meter import attribute_ref

_NUMBER: Final = re.compile(r"\d{12}$")


@contextmanager
def told_as(words: str, *, only_alone: bool = False) -> Iterator[None]:
    """A refusal inside is told as `words`, followed by the name of the result; see AccessRefused.

    Raises: AccessRefused.
    """
    try:
        yield
    except AccessRefused as refusal:
        raise AccessRefused(refusal.result, refusal.target, words, only_alone=only_alone) from refusal


async def write_one(meter: Meter, target: Target, data: Data, words: str) -> None:
    """Write one attribute.

    Args:
        words: how a refusal is told outside bundles.
    Raises: AccessRefused.
    """
    with told_as(words, only_alone=True):
        await meter.set(target, data)


async def write_all(meter: Meter, items: Sequence[tuple[Target, Data]], words: str | Sequence[str]) -> None:
    """Write several attributes in as few requests as the meter takes.

    Args:
        words: how a refusal is told: for all of them, outside bundles; or for each, in bundles as well.
    Raises: AccessRefused of the first that was refused; the others may have been written.
    """
    results = await meter.set_list(items)
    for place, ((target, _), result) in enumerate(zip(items, results, strict=True)):
        if result is not DataAccessResult.SUCCESS:
            alone = isinstance(words, str)
            text = words if isinstance(words, str) else words[place]
            raise AccessRefused(result, attribute_ref(meter.profile, target), text, only_alone=alone)


def supported(meter: Meter, *targets: Target) -> tuple[AttributeRef, ...]:
    """What roles stand for, before anything is sent.

    Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL.
    """
    return tuple(attribute_ref(meter.profile, target) for target in targets)


def check_objects(context: Context, *roles: str, channel: int | None = None) -> None:
    """Whether the meter's version has these objects, told in the words of operations that look before they ask.

    Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL for the first that it has not.
    """
    for role in roles:
        if role not in context.meter.profile.objects:
            place = "null" if channel is None else channel
            device = _number(context.device.identification)
            raise error(
                "OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL",
                f"Did not find {role.upper()} object for device {device} for channel {place}",
                role=role,
            )


def _number(identification: str) -> str:
    """The number in a device identification, as messages name devices; all of it where it has none."""
    found = _NUMBER.search(identification)
    return str(int(found[0])) if found else identification


async def read_all(meter: Meter, targets: Sequence[Target], words: str | Sequence[str]) -> list[Data]:
    """Read several attributes in as few requests as the meter takes; every one of them is needed.

    Args:
        words: what is read, for all of them or for each; the object itself is named where it is for all.
    Raises: AccessRefused of the first that was refused, as "No success retrieving NAME: AccessResultCode = X".
    """
    answers = await meter.get_list(targets)
    found: list[Data] = []
    for place, (target, answer) in enumerate(zip(targets, answers, strict=True)):
        if isinstance(answer, DataAccessResult):
            ref = attribute_ref(meter.profile, target)
            what = f"{words}{ref}" if isinstance(words, str) else words[place]
            raise AccessRefused(answer, ref, f"No success retrieving {what}: AccessResultCode = ")
        found.append(answer)
    return found
