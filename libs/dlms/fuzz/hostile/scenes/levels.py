"""Authentication: every mechanism, with ciphering and without."""

from __future__ import annotations

from typing import Final

from hostile.material import PROFILE
from hostile.scene import Scene
from hostile.scenes.requests import COMMON, EVERYTHING, SHORT, get
from meterstream.dlms.client import Level, ReceivedCounterPolicy
from meterstream.dlms.meter import CounterPolicy, Habits
from meterstream.dlms.security import SecurityPolicy, SecuritySuite

_PLAIN: Final = SecurityPolicy.NONE
SMALL: Final = Habits(max_send_pdu=128, conformance=EVERYTHING)
_OTHERS: Final = (Level.HLS3_MD5, Level.HLS4_SHA1, Level.HLS6_SHA256, Level.HLS7_ECDSA)
_NO_KEYS: Final = {"keys": None, "asymmetric": None}


def _without_keys(level: Level) -> dict[str, object]:
    """HLS 3, 4 and 6 need none at all."""
    return {} if level in (Level.HLS5_GMAC, Level.HLS7_ECDSA) else dict(_NO_KEYS)


SCENES: Final[tuple[Scene, ...]] = (
    Scene("public", Level.NONE, COMMON),
    Scene("public-blocks", Level.NONE, (get(PROFILE),), habits=SMALL),
    Scene("lls", Level.LLS, COMMON),
    Scene("lls-plain", Level.LLS, COMMON, _PLAIN, client=dict(_NO_KEYS)),
    Scene("hls5", Level.HLS5_GMAC, COMMON),
    Scene("hls5-blocks", Level.HLS5_GMAC, (get(PROFILE),), habits=SMALL),
    Scene("hls5-plain", Level.HLS5_GMAC, SHORT, _PLAIN),
    *(Scene(f"hls{level.mechanism}-plain", level, SHORT, _PLAIN, client=_without_keys(level)) for level in _OTHERS),
    *(Scene(f"hls{level.mechanism}", level, SHORT) for level in _OTHERS),
    Scene("hls7-suite1", Level.HLS7_ECDSA, SHORT, suite=SecuritySuite.SUITE_1),
    Scene("hls7-suite2-plain", Level.HLS7_ECDSA, SHORT, _PLAIN, suite=SecuritySuite.SUITE_2),
    Scene(
        "hls5-free",
        Level.HLS5_GMAC,
        COMMON,
        client={"received_counter_policy": ReceivedCounterPolicy.FREE},
        access={"counter_policy": CounterPolicy.FREE},
    ),
    Scene(
        "lls-free",
        Level.LLS,
        SHORT,
        client={"received_counter_policy": ReceivedCounterPolicy.FREE},
        access={"counter_policy": CounterPolicy.FREE},
    ),
    Scene("hls5-checked-release", Level.HLS5_GMAC, SHORT, checked=True),
    Scene("hls3-plain-checked-release", Level.HLS3_MD5, SHORT, _PLAIN, client=dict(_NO_KEYS), checked=True),
)
