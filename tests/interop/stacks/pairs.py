"""Who talks to whom, with which protection, through which cases; and what a stack cannot do, as measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dlms_cosem.client import HLSError
from dlms_cosem.exceptions import DecryptionError, DlmsClientException
from gurux_dlms.GXDLMSException import GXDLMSException

from meterstream.dlms.errors import AssociationRejected, ExceptionResponse, LinkClosed, LinkReset, SecurityError
from stacks.cases import CASES, Connect
from stacks.cosem_client import CosemClient
from stacks.gurux_client import GuruxClient
from stacks.jdlms import JdlmsRefused
from stacks.ours import LEVELS, OurClient
from stacks.port import CIPHERED, Refused, Way

OUR_REFUSALS: Final = (AssociationRejected, ExceptionResponse, LinkClosed, LinkReset, SecurityError)


@dataclass(frozen=True)
class Pair:
    """A client or the fixture that gives it, the fixture that gives its meter, and how the client says "refused"."""

    name: str
    client: Connect | str
    meter: str
    refusals: tuple[type[Exception], ...]


PAIRS: Final = (
    Pair("gurux-dlms client", GuruxClient, "our_meter", (ConnectionError, GXDLMSException, Refused)),
    Pair(
        "dlms-cosem client",
        CosemClient,
        "our_meter",
        (ConnectionError, DecryptionError, DlmsClientException, HLSError),
    ),
    Pair("jDLMS client", "connect_jdlms", "our_meter", (JdlmsRefused,)),
    Pair("gurux-dlms meter", OurClient, "gurux_meter", OUR_REFUSALS),
    Pair("jDLMS meter", OurClient, "jdlms_pair", OUR_REFUSALS),
)

WHOLE: Final = (Way.NONE, Way.HLS5)
"""All cases; the other ways have those that depend on the protection."""
PASSWORDS: Final = (Way.LLS, Way.LLS_PLAIN, Way.HLS3, Way.HLS4, Way.HLS6)
ASSOCIATE: Final = "associate, release, again"
EVERYWHERE: Final = (ASSOCIATE, "GET", "GET with-list", "SET", "ACTION", "profile by range")
BLOCKS: Final = ("GET in blocks", "SET in blocks")
PASSWORD: Final = "wrong password refused"
KEYS: Final = ("wrong EK refused", "wrong AK refused")


def cases_of(way: Way) -> Iterator[str]:
    """Those that make sense with this protection."""
    for name in CASES:
        if name == PASSWORD:
            wanted = way in PASSWORDS
        elif name in KEYS:
            wanted = way in CIPHERED
        else:
            wanted = way in WHOLE or name in EVERYWHERE or (way is Way.BLOCKS and name in BLOCKS)
        if wanted:
            yield name


def ways() -> list[Way]:
    """What Meterstream itself has."""
    return [way for way in Way if way in LEVELS]


Key = tuple[str, Way | None, str | None]

NO_MECHANISM: Final = "jDLMS: its mechanisms are none, LLS and HLS 5"
NO_LONG_METHOD: Final = "not tried: the meter of these tests has no method that takes so much"
NO_SETTING: Final = "jDLMS: no setting for it"
NO_GENERAL: Final = "jDLMS: its server does not grant general protection"
COSEM_MECHANISMS: Final = "dlms-cosem: its mechanisms are none, LLS, HLS 2 and HLS 5"
NO_GENERAL_CIPHERING: Final = (
    "gurux-dlms: no setting for it as a client; as a meter its decoder fails on a missing member"
)

LIMITS: Final[dict[Key, str]] = {
    ("gurux-dlms client", Way.GENERAL, None): NO_GENERAL_CIPHERING,
    ("gurux-dlms client", None, "GET with-list, one unknown"): "gurux-dlms: the error of one item becomes None",
    ("gurux-dlms client", None, "SET with-list"): "gurux-dlms: writeList fails on a missing member",
    (
        "gurux-dlms client",
        Way.BLOCKS,
        "SET in blocks",
    ): "gurux-dlms: its blocks are an octet longer than the meter takes",
    ("gurux-dlms meter", Way.GENERAL, None): NO_GENERAL_CIPHERING,
    ("gurux-dlms meter", Way.BLOCKS, None): (
        "gurux-dlms: the part of its server fails on missing members, and is not written anew here"
    ),
    ("dlms-cosem client", Way.HLS3, None): COSEM_MECHANISMS,
    ("dlms-cosem client", Way.HLS4, None): COSEM_MECHANISMS,
    ("dlms-cosem client", Way.HLS6, None): COSEM_MECHANISMS,
    ("dlms-cosem client", Way.HLS7, None): COSEM_MECHANISMS,
    ("dlms-cosem client", Way.DEDICATED, None): "dlms-cosem: has the setting, and does not use it",
    ("dlms-cosem client", Way.GENERAL, None): "dlms-cosem: ciphers with general-glo-ciphering only",
    ("dlms-cosem client", Way.BLOCKS, None): "dlms-cosem: proposes general block transfer, and does not know its APDU",
    ("dlms-cosem client", None, "SET with-list"): "dlms-cosem: no call for it",
    ("dlms-cosem client", None, "profile by entry"): "dlms-cosem: EntryDescriptor cannot be encoded",
    ("dlms-cosem client", None, "GET with-list in blocks"): "dlms-cosem: gives the first block as the answer",
    ("dlms-cosem client", None, "SET in blocks"): "dlms-cosem: no blocks of its own",
    ("dlms-cosem client", None, "ACTION in blocks"): "dlms-cosem: no blocks of its own",
    ("jDLMS client", Way.HLS3, None): NO_MECHANISM,
    ("jDLMS client", Way.HLS4, None): NO_MECHANISM,
    ("jDLMS client", Way.HLS6, None): NO_MECHANISM,
    ("jDLMS client", Way.HLS7, None): NO_MECHANISM,
    ("jDLMS client", Way.DEDICATED, None): NO_SETTING,
    ("jDLMS client", Way.GENERAL_GLOBAL, None): NO_SETTING,
    ("jDLMS client", Way.GENERAL, None): NO_SETTING,
    ("jDLMS client", Way.BLOCKS, None): NO_SETTING,
    ("jDLMS client", Way.SUITE_1, None): "jDLMS: names AES-128 suite 0",
    ("jDLMS client", Way.SUITE_2, None): "jDLMS: names AES-256 suite 1 in the security control octet",
    ("jDLMS client", None, "SET in blocks"): 'jDLMS: raises "fragments not yet implemented" and sends nothing',
    ("jDLMS client", None, "ACTION in blocks"): 'jDLMS: raises "not yet implemented" and sends nothing',
    ("jDLMS meter", None, "ACTION in blocks"): NO_LONG_METHOD,
    ("gurux-dlms meter", None, "ACTION in blocks"): NO_LONG_METHOD,
    ("jDLMS meter", Way.LLS_PLAIN, None): "jDLMS: its AARE names the context with ciphering, which our client refuses",
    ("jDLMS meter", Way.HLS3, None): NO_MECHANISM,
    ("jDLMS meter", Way.HLS4, None): NO_MECHANISM,
    ("jDLMS meter", Way.HLS6, None): NO_MECHANISM,
    ("jDLMS meter", Way.HLS7, None): NO_MECHANISM,
    ("jDLMS meter", Way.DEDICATED, None): "jDLMS: its server closes the line at the first request with a dedicated key",
    ("jDLMS meter", Way.GENERAL_GLOBAL, None): NO_GENERAL,
    ("jDLMS meter", Way.GENERAL, None): NO_GENERAL,
    ("jDLMS meter", Way.BLOCKS, None): "jDLMS: its server does not grant general block transfer",
    ("jDLMS meter", Way.SUITE_1, None): "jDLMS: names AES-128 suite 0",
    ("jDLMS meter", Way.SUITE_2, None): "jDLMS: names AES-256 suite 1 in the security control octet",
    (
        "jDLMS meter",
        Way.HDLC,
        None,
    ): "jDLMS: its server sends the LLC header of a client (E6 E6 00), which our link refuses",
    ("jDLMS meter", None, "SET in blocks"): "jDLMS: the server takes APDUs of any size, there is nothing to cut",
}
"""What a pair cannot do and whose doing that is; None stands for all. Each is run as well, and must fail."""


def limit(pair: str, way: Way, case: str) -> str | None:
    keys: tuple[Key, ...] = ((pair, way, case), (pair, None, case), (pair, way, None))
    return next((LIMITS[key] for key in keys if key in LIMITS), None)
