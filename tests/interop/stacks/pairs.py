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
from stacks.port import CIPHERED, Way

OUR_REFUSALS: Final = (AssociationRejected, ExceptionResponse, LinkClosed, LinkReset, SecurityError)


@dataclass(frozen=True)
class Pair:
    """A client or the fixture that gives it, the fixture that gives its meter, and how the client says "refused"."""

    name: str
    client: Connect | str
    meter: str
    refusals: tuple[type[Exception], ...]


PAIRS: Final = (
    Pair("gurux-dlms client", GuruxClient, "our_meter", (ConnectionError, GXDLMSException)),
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
            wanted = way in WHOLE or name in EVERYWHERE
        if wanted:
            yield name


def ways() -> list[Way]:
    """What Meterstream itself has."""
    return [way for way in Way if way in LEVELS]


Key = tuple[str, Way | None, str | None]

LIMITS: Final[dict[Key, str]] = {
    ("gurux-dlms client", None, "GET with-list, one unknown"): "gurux-dlms: the error of one item becomes None",
    ("gurux-dlms client", None, "SET with-list"): "gurux-dlms: writeList fails on a missing member",
    ("dlms-cosem client", None, "SET with-list"): "dlms-cosem: no call for it",
    ("dlms-cosem client", None, "profile by entry"): "dlms-cosem: EntryDescriptor cannot be encoded",
    ("dlms-cosem client", None, "GET with-list in blocks"): "dlms-cosem: gives the first block as the answer",
    ("dlms-cosem client", None, "SET in blocks"): "dlms-cosem: no blocks of its own",
    ("dlms-cosem client", Way.LLS, None): "our meter: general-glo-ciphering, the only one that dlms-cosem has",
    ("dlms-cosem client", Way.HLS5, None): "our meter: general-glo-ciphering, the only one that dlms-cosem has",
    ("jDLMS client", None, "SET in blocks"): 'jDLMS: raises "fragments not yet implemented" and sends nothing',
    ("jDLMS meter", None, "SET in blocks"): "jDLMS: the server takes APDUs of any size, there is nothing to cut",
}
"""What a pair cannot do and whose doing that is; None stands for all. Each is run as well, and must fail."""


def limit(pair: str, way: Way, case: str) -> str | None:
    keys: tuple[Key, ...] = ((pair, way, case), (pair, None, case), (pair, way, None))
    return next((LIMITS[key] for key in keys if key in LIMITS), None)
