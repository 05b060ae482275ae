"""Lines: HDLC with long frames and with short ones in windows, and UDP."""

from __future__ import annotations

from typing import Final

from hostile.lines import Line
from hostile.material import PROFILE
from hostile.scene import Scene
from hostile.scenes.requests import COMMON, EVERYTHING, LONG, OWN_BLOCKS, SHORT, get
from meterstream.dlms.apdu import Conformance
from meterstream.dlms.client import Level
from meterstream.dlms.meter import Habits
from meterstream.dlms.security import SecurityPolicy

_SMALL: Final = Habits(max_receive_pdu=200, max_send_pdu=200, conformance=EVERYTHING)
_OWN: Final = {"conformance": EVERYTHING & ~Conformance.GENERAL_PROTECTION}
_GENERAL: Final = {"conformance": EVERYTHING & ~OWN_BLOCKS}

SCENES: Final[tuple[Scene, ...]] = (
    Scene("hdlc-hls5", Level.HLS5_GMAC, COMMON, line=Line.HDLC),
    Scene("hdlc-blocks", Level.HLS5_GMAC, LONG, line=Line.HDLC, habits=_SMALL, client=_OWN),
    Scene("hdlc-gbt", Level.HLS5_GMAC, LONG, line=Line.HDLC, habits=_SMALL, client=_GENERAL),
    Scene("hdlc-plain", Level.HLS3_MD5, SHORT, SecurityPolicy.NONE, line=Line.HDLC, client={"keys": None}),
    Scene("hdlc-short", Level.HLS5_GMAC, (*SHORT, get(PROFILE)), line=Line.HDLC_SHORT),
    Scene("hdlc-short-lls", Level.LLS, LONG, SecurityPolicy.NONE, line=Line.HDLC_SHORT, client={"keys": None}),
    Scene("udp-hls5", Level.HLS5_GMAC, COMMON, line=Line.UDP),
    Scene("udp-blocks", Level.NONE, LONG, line=Line.UDP, habits=_SMALL, client=_OWN),
    Scene("udp-gbt", Level.HLS5_GMAC, LONG, line=Line.UDP, habits=_SMALL, client=_GENERAL),
    Scene("udp-notifying", Level.HLS5_GMAC, SHORT, line=Line.UDP, notifying=True),
)
