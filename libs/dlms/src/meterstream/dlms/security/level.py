"""Security levels of an association that this library speaks."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """How client and meter prove who they are (IEC 62056-5-3, 5.3.2 and 5.3.4).

    NONE: public client. LLS: password in the AARQ. HLSn: challenges both ways, n is the authentication mechanism.
    Whether APDUs are ciphered as well is the security policy's matter, but for NONE they never are.
    """

    NONE = "none"
    LLS = "lls"
    HLS5_GMAC = "hls5-gmac"
    HLS3_MD5 = "hls3-md5"
    HLS4_SHA1 = "hls4-sha1"
    HLS6_SHA256 = "hls6-sha256"
    HLS7_ECDSA = "hls7-ecdsa"

    @property
    def ciphered(self) -> bool:
        """Whether APDUs may be ciphered."""
        return self is not Level.NONE

    @property
    def hls(self) -> bool:
        """Whether there are challenges, and passes 3 and 4."""
        return self is not Level.NONE and self is not Level.LLS

    @property
    def has_secret(self) -> bool:
        """Whether attribute `secret` of the association is used: the LLS password or the HLS secret."""
        return self in (Level.LLS, Level.HLS3_MD5, Level.HLS4_SHA1, Level.HLS6_SHA256)

    @property
    def needs_titles(self) -> bool:
        """Whether the proofs contain both system titles, so that they are exchanged without ciphering too."""
        return self in (Level.HLS5_GMAC, Level.HLS6_SHA256, Level.HLS7_ECDSA)
