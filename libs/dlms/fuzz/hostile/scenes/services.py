"""Services: with lists, ACCESS, in blocks of their own and in general blocks both ways, with notifications between."""

from __future__ import annotations

from typing import Final

from hostile.scene import Scene
from hostile.scenes.requests import ACCESS, COMMON, EVERYTHING, LISTS, LONG, LONG_LISTS, OWN_BLOCKS, SHORT
from meterstream.dlms.apdu import Conformance
from meterstream.dlms.client import Level
from meterstream.dlms.meter import Habits
from meterstream.dlms.security import Ciphering, SecurityPolicy, SecuritySuite

_SMALL: Final = Habits(max_receive_pdu=200, max_send_pdu=200, conformance=EVERYTHING)
_OWN: Final = {"conformance": EVERYTHING & ~Conformance.GENERAL_PROTECTION}
_PROTECTED: Final = {"conformance": EVERYTHING}
_GENERAL: Final = {"conformance": EVERYTHING & ~OWN_BLOCKS}
_GENERAL_PLAIN: Final = {"conformance": EVERYTHING & ~OWN_BLOCKS & ~Conformance.GENERAL_PROTECTION}
_LOSING: Final = Habits(
    max_receive_pdu=200, max_send_pdu=200, conformance=EVERYTHING, lose_general_blocks=frozenset({2})
)
_ALL: Final = Habits(conformance=EVERYTHING)

SCENES: Final[tuple[Scene, ...]] = (
    Scene("lists", Level.NONE, (*COMMON, *LISTS), habits=_ALL, client=_OWN),
    Scene("lists-hls5", Level.HLS5_GMAC, LISTS, habits=_ALL, client=_OWN),
    Scene("blocks", Level.NONE, LONG, habits=_SMALL, client=_OWN),
    Scene("blocks-lists", Level.NONE, LONG_LISTS, habits=_SMALL, client=_OWN),
    Scene("blocks-hls5", Level.HLS5_GMAC, LONG, habits=_SMALL, client=_OWN),
    Scene("blocks-lists-hls5", Level.HLS5_GMAC, LONG_LISTS, habits=_SMALL, client=_OWN),
    Scene("blocks-encrypted", Level.HLS5_GMAC, LONG, SecurityPolicy.ENCRYPTED, habits=_SMALL, client=_OWN),
    Scene("blocks-dedicated", Level.HLS5_GMAC, LONG, habits=_SMALL, client={**_OWN, "ciphering": Ciphering.DEDICATED}),
    Scene("gbt", Level.NONE, LONG, habits=_SMALL, client=_GENERAL),
    Scene("gbt-hls5", Level.HLS5_GMAC, LONG, habits=_SMALL, client=_GENERAL),
    Scene("gbt-losing", Level.HLS5_GMAC, LONG, habits=_LOSING, client=_GENERAL),
    Scene("gbt-dedicated", Level.HLS5_GMAC, LONG, habits=_SMALL, client={**_GENERAL, "ciphering": Ciphering.DEDICATED}),
    Scene(
        "gbt-signed",
        Level.HLS7_ECDSA,
        LONG,
        SecurityPolicy.SIGNED,
        SecuritySuite.SUITE_1,
        habits=Habits(max_receive_pdu=400, max_send_pdu=400, conformance=EVERYTHING),
        client=_GENERAL,
    ),
    Scene("access", Level.NONE, ACCESS, habits=_ALL, client=_OWN),
    Scene("access-gbt", Level.NONE, ACCESS, habits=_SMALL, client=_OWN),
    Scene("access-general-glo", Level.HLS5_GMAC, ACCESS, habits=_SMALL, checked=True,
          client={**_PROTECTED, "ciphering": Ciphering.GENERAL_GLOBAL}),
    Scene("notifying", Level.NONE, SHORT, notifying=True),
    Scene("notifying-hls5", Level.HLS5_GMAC, COMMON, habits=_ALL, client=_PROTECTED, notifying=True),
    Scene("notifying-encrypted", Level.HLS5_GMAC, SHORT, SecurityPolicy.ENCRYPTED, habits=_ALL, client=_PROTECTED,
          notifying=True),
    Scene("notifying-general-ded", Level.HLS5_GMAC, SHORT, habits=_ALL, notifying=True,
          client={**_PROTECTED, "ciphering": Ciphering.GENERAL_DEDICATED}),
    Scene("notifying-gbt", Level.NONE, LONG, habits=_SMALL, client=_GENERAL, notifying=True),
)  # fmt: skip
