"""What rules on the configuration object share: its HLS flags on port P3 are those of the management association."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from meterstream.contracts.shared.configuration_object import ConfigurationFlag, ConfigurationFlagType
from meterstream.domain.model.observations import HLS_FLAGS, HlsFlags
from meterstream.domain.model.rules import Lesson

_FLAGS: Final = {
    ConfigurationFlagType.HLS_3_ON_P3_ENABLE: "hls3_active",
    ConfigurationFlagType.HLS_4_ON_P3_ENABLE: "hls4_active",
    ConfigurationFlagType.HLS_5_ON_P3_ENABLE: "hls5_active",
}


def note_hls_flags(lesson: Lesson, flags: Iterable[ConfigurationFlag] | None) -> None:
    """Flags that are not told stay as they are."""
    told = {_FLAGS[one.flag]: one.enabled for one in flags or () if one.flag in _FLAGS}
    if told:
        seen = HlsFlags(device_identification=lesson.device, observed_at=lesson.observed_at, **told)
        lesson.world.observe(HLS_FLAGS, seen)
