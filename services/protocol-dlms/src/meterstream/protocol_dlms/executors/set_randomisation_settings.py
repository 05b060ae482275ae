"""SetRandomisationSettings: whether a meter registers at once after a power failure, or after a random time."""

from __future__ import annotations

from typing import Final

from meterstream.contracts.operations.set_randomisation_settings import (
    OPERATION,
    SetRandomisationSettingsRequest,
    SetRandomisationSettingsResponse,
)
from meterstream.contracts.shared.configuration_object import ConfigurationFlag, ConfigurationFlagType
from meterstream.dlms.data import Data, double_long_unsigned, long_unsigned, structure
from meterstream.dlms.objects import MeterProfile
from meterstream.protocol_dlms.executor import At, Context, Device, Executor, Target
from meterstream.protocol_dlms.executors._configuration_object import CONFIGURATION, layout_of, read_configuration
from meterstream.protocol_dlms.model.configuration_object import Layout
from meterstream.protocol_dlms.refusals import supported, write_all

_SETTINGS: Final = At("randomisation_settings")
_WORDS: Final = "Attribute '{}' of the Randomisation Settings was not set successfully. ResultCode: "
_FLAG: Final = ConfigurationFlagType.DIRECT_ATTACH_AT_POWER_ON


async def execute(request: SetRandomisationSettingsRequest, context: Context) -> SetRandomisationSettingsResponse:
    """Write the flag where it is not as wanted and, without direct attach, the settings, both in one list.

    A protocol version without the flag has nothing to read or to change for meters that shall wait.
    """
    meter = context.meter
    supported(meter, _SETTINGS)
    layout = layout_of(meter)
    direct = request.direct_attach == 1
    flags = [ConfigurationFlag(flag=_FLAG, enabled=direct)]
    layout.check(flags)
    items: list[tuple[Target, Data]] = []
    words: list[str] = []
    if layout.knows(_FLAG):
        held = await read_configuration(meter, layout)
        value = layout.changed(held, flags)
        if layout.read(value) != held:
            items.append((CONFIGURATION, value))
            words.append(_WORDS.format("directAttach"))
    if not direct:
        items.append((_SETTINGS, _settings(request)))
        words.append(_WORDS.format("setRandomisationSettings"))
    await write_all(meter, items, words)
    return SetRandomisationSettingsResponse()


def _settings(request: SetRandomisationSettingsRequest) -> Data:
    return structure(
        double_long_unsigned(request.randomisation_start_window),
        long_unsigned(request.multiplication_factor),
        long_unsigned(request.number_of_retries),
    )


def foresees(request: SetRandomisationSettingsRequest, device: Device, profile: MeterProfile) -> list[At]:  # noqa: ARG001  # the port's signature
    """The configuration object, where it has the flag."""
    known = CONFIGURATION.role in profile.objects and Layout.of(profile).knows(_FLAG)
    return [CONFIGURATION] if known else []


EXECUTOR = Executor(OPERATION, execute, foresees=foresees, writes=True)
