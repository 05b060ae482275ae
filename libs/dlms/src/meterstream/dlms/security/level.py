"""Security levels of an association that this library speaks."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """NONE: public client. LLS: password in the AARQ, then ciphered. HLS5_GMAC: challenges both ways, ciphered."""

    NONE = "none"
    LLS = "lls"
    HLS5_GMAC = "hls5-gmac"

    @property
    def ciphered(self) -> bool:
        return self is not Level.NONE
