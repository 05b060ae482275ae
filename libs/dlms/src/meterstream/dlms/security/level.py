"""Security levels of an association that this library speaks."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """How client and meter prove who they are (IEC 62056-5-3, 5.3.2 and 5.3.4).

    NONE: public client. LLS: password in the AARQ. HLSn: challenges both ways, n is the authentication mechanism.
    Whether APDUs are ciphered as well is the security policy's matter, but for NONE they never are.

    Attributes:
        ciphered: whether APDUs may be ciphered.
        hls: whether there are challenges, and passes 3 and 4.
        has_secret: whether attribute `secret` of the association is used: the LLS password or the HLS secret.
        mechanism: last arc of the authentication mechanism, 2.16.756.5.8.2.x.
        needs_titles: whether the proofs contain both system titles, so that they are exchanged without ciphering too.
    """

    NONE = "none"
    LLS = "lls"
    HLS5_GMAC = "hls5-gmac"
    HLS3_MD5 = "hls3-md5"
    HLS4_SHA1 = "hls4-sha1"
    HLS6_SHA256 = "hls6-sha256"
    HLS7_ECDSA = "hls7-ecdsa"

    ciphered: bool
    hls: bool
    has_secret: bool
    needs_titles: bool
    mechanism: int

    def __init__(self, name: str) -> None:
        self.ciphered = name != "none"
        self.hls = name.startswith("hls")
        self.mechanism = int(name[3]) if self.hls else int(name == "lls")
        self.has_secret = name in ("lls", "hls3-md5", "hls4-sha1", "hls6-sha256")
        self.needs_titles = name in ("hls5-gmac", "hls6-sha256", "hls7-ecdsa")
