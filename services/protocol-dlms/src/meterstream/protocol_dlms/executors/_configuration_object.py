"""Reading the configuration object, for the operations that look at it or change it."""

from __future__ import annotations

from typing import Final

from meterstream.protocol_dlms.executor import At, Meter
from meterstream.protocol_dlms.model.configuration_object import ROLE, Held, Layout
from meterstream.protocol_dlms.refusals import supported, told_as

CONFIGURATION: Final = At(ROLE)


def layout_of(meter: Meter) -> Layout:
    """Raises: OPERATION_NOT_SUPPORTED_BY_PLATFORM_FOR_PROTOCOL."""
    supported(meter, CONFIGURATION)
    return Layout.of(meter.profile)


async def read_configuration(meter: Meter, layout: Layout) -> Held:
    """What the meter holds.

    Raises: AccessRefused; ILLEGAL_RESPONSE.
    """
    with told_as("Non-successful result received retrieving configuration object: "):
        return layout.read(await meter.get(CONFIGURATION))
