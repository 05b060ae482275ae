"""Every function that makes values of octets nobody has vetted: any octets give a value or a typed error."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Final

from hostile.insider import reseal
from hostile.material import CLIENT_TITLE, CLOCK_COLUMN, CLOCK_VALUE, ROWS, SERVER_TITLE, keyring_of
from hostile.scenes import SCENES
from hostile.side import ROLES
from hostile.structure import envelopes_of
from meterstream.dlms import apdu
from meterstream.dlms.apdu import (
    ActionResult,
    ActionReturn,
    ConfirmedServiceError,
    DataAccessResult,
    ExceptionResponse,
    encode_results,
    encode_return,
    encode_returns,
    encode_values,
    tags,
)
from meterstream.dlms.data import (
    CaptureObject,
    CosemDateTime,
    Data,
    LogicalName,
    ProfileColumn,
    decode,
    decode_prefix,
    decode_profile_rows,
    encode,
    every,
    octet_string,
    profile_rows,
)
from meterstream.dlms.errors import DlmsError
from meterstream.dlms.framing import check_datagram, frames_in
from meterstream.dlms.framing.hdlc import HdlcReader, decode_frame, decode_parameters
from meterstream.dlms.objects.view import decode_object_list, decode_short_name_list
from meterstream.dlms.security import Protection, SecuritySuite, unprotect
from meterstream.dlms.trace import TraceContext, describe

_PLAIN: Final = {
    bytes((tag,)) for tag in (*tags.GLO_OF, tags.DATA_NOTIFICATION, tags.ACCESS_REQUEST, tags.ACCESS_RESPONSE)
}
Decoder = Callable[[bytes], object]

_RING: Final = keyring_of(SecuritySuite.SUITE_1)
_COLUMNS: Final = (
    ProfileColumn(CLOCK_COLUMN),
    ProfileColumn(CaptureObject(1, LogicalName.parse("0.0.96.10.1.255"), 2, 0)),
    ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2, 0), -3),
    ProfileColumn(CaptureObject(4, LogicalName.parse("1.0.1.6.0.255"), 2, 0), 2),
)
_QUARTER: Final = every(900)


def _profile(octets: bytes) -> object:
    return profile_rows(decode(octets), _COLUMNS, _QUARTER)


def _profile_octets(octets: bytes) -> object:
    """The fast way and the long way agree, in what they give and in what they refuse."""
    fast, slow = _outcome(lambda: decode_profile_rows(octets, _COLUMNS, _QUARTER)), _outcome(lambda: _profile(octets))
    if repr(fast) != repr(slow):
        raise AssertionError("decode_profile_rows and profile_rows differ")
    if isinstance(fast, DlmsError):
        raise fast
    return fast


def _outcome(of: Callable[[], object]) -> object:
    try:
        return of()
    except DlmsError as error:
        return error


def _any_data(octets: bytes) -> object:
    """What is decoded can be encoded, and stays what it was."""
    data = decode(octets)
    again = decode(encode(data))
    if repr(again) != repr(data):
        raise AssertionError("a value is another after it was encoded and decoded")
    return data


def _moment(octets: bytes) -> object:
    return CosemDateTime.from_data(octet_string(octets))


def _hdlc(octets: bytes) -> object:
    reader = HdlcReader()
    return reader.feed(octets), reader.resync()


def _values(octets: bytes) -> object:
    return apdu.decode_values(octets, octets[0] if octets else 0)


def _short_names(octets: bytes) -> object:
    """The list, and the rights after it where there are octets left."""
    listed, end = decode_prefix(octets)
    return decode_short_name_list(listed, decode(octets[end:]) if len(octets) > end else None)


def _conversation(octets: bytes) -> object:
    """A trace, and one more in its context; no octets may raise anything."""
    trace = describe(octets, keys=_RING.keys, context=TraceContext(CLIENT_TITLE, SERVER_TITLE))
    return trace, describe(octets, context=trace.context)


def _opened(octets: bytes) -> object:
    return unprotect(
        octets, _RING.keys, title=SERVER_TITLE, asymmetric=_RING.client, dedicated_key=bytes(16),
        least=Protection.NONE,
    )  # fmt: skip


def _apdu_decoders() -> dict[str, Decoder]:
    names = (name for name in dir(apdu) if name.startswith("decode_") and name != "decode_values")
    found = {name: getattr(apdu, name) for name in names}
    for name, decoder in found.items():
        if next(iter(inspect.signature(decoder).parameters)) != "raw":
            raise TypeError(f"{name} does not take octets")
    return found


DECODERS: Final[Mapping[str, Decoder]] = {
    **_apdu_decoders(),
    "decode_values": _values,
    "data": _any_data,
    "data-prefix": decode_prefix,
    "date-time": _moment,
    "object-list": lambda octets: decode_object_list(decode(octets)),
    "short-name-list": _short_names,
    "profile": _profile,
    "profile-octets": _profile_octets,
    "trace": lambda octets: describe(octets),
    "trace-opened": _conversation,
    "unprotect": _opened,
    "wrapper": lambda octets: list(frames_in(octets)),
    "datagram": check_datagram,
    "hdlc-reader": _hdlc,
    "hdlc-frame": decode_frame,
    "hdlc-parameters": decode_parameters,
}
"""By name; each takes octets and returns, or raises a DlmsError."""


@cache
def seeds() -> tuple[bytes, ...]:
    """Frames, APDUs, plain and protected, and values of all scenes: what mutations start from."""
    found: dict[bytes, None] = {}
    for scene in SCENES:
        for index, step in enumerate(scene.steps):
            for octets in (step.asked, step.answered):
                found[octets] = None
                for envelope in envelopes_of(octets):
                    found[envelope.apdu] = None
            for side in ROLES:
                reseal(scene, index, side, lambda plaintext: found.setdefault(plaintext) or plaintext)
    return tuple(sorted(each for each in {*found, *_values_in(tuple(found)), *_extra()} if each))


def _values_in(octets: tuple[bytes, ...]) -> set[bytes]:
    """What is data and nothing else, wherever it begins in an APDU."""
    found: set[bytes] = set()
    for each in octets:
        if each[:1] not in _PLAIN:
            continue
        for start in range(min(len(each), 24)):
            with suppress(DlmsError):
                data: Data = decode(each[start:])
                if len(each) - start > 4:
                    found.add(encode(data))
    return found


def _extra() -> tuple[bytes, ...]:
    """What no session of the scenes has, or has in pieces only."""
    returned = (ActionReturn(ActionResult.SUCCESS, CLOCK_VALUE), ActionReturn(ActionResult.OTHER_REASON))
    return (
        bytes.fromhex("0101 0204 12000F 1101 09060000280000FF 0202 0101 0203 0F02 1601 00 0101 0202 0F01 1601"),
        bytes.fromhex("0101 0204 100100 120003 1100 09060100010800FF"),
        bytes.fromhex("13 0202 09 06 0C 0501020304 00000005"),
        bytes.fromhex("1302020611" + "0A" + "0000000105000000020A"),
        bytes.fromhex("818014050207EE060207EE070400000001080400000001"),
        bytes.fromhex("07E8070F010A1E0000FF8880"),
        bytes.fromhex(
            "0101 0204 10FA00 12000F 1101 09060000280000FF 0101 0203 10FA00 0101 0203 0F02 1601 00 0101 0202 0F01 1601"
        ),
        ConfirmedServiceError(1, 6, 2).encode(),
        ExceptionResponse(2, 6, 77).encode(),
        encode_return(returned[0]),
        encode_returns(returned),
        encode_results((CLOCK_VALUE, DataAccessResult.OBJECT_UNDEFINED)),
        encode_values((CLOCK_VALUE, ROWS)),
        encode(ROWS),
    )
