"""Which values hold secrets (IEC 62056-6-2, the interface classes): decided by class and attribute or method."""

from __future__ import annotations

from enum import Enum
from typing import Final

from meterstream.dlms.data import MethodRef
from meterstream.dlms.trace.model import Ref


class Show(Enum):
    """How much of a value is shown.

    OPEN: all. GUARDED: what it belongs to is not known, so no strings but date-times and logical names.
    MASKED: a secret is in it, so only types, lengths, booleans and enums.
    """

    OPEN = "open"
    GUARDED = "guarded"
    MASKED = "masked"


_EVERY: Final = frozenset(range(-128, 128))
_NOT_PUBLISHED: Final = frozenset(range(-128, 1))
"""All attributes at once (0) and attributes of a manufacturer."""

_ATTRIBUTES: Final = {
    12: _NOT_PUBLISHED | {7},
    15: _NOT_PUBLISHED | {7},  # secret
    19: _NOT_PUBLISHED | {7, 8, 9},  # pass_p1, pass_p2, pass_w5
    27: _NOT_PUBLISHED | {3},  # initialisation strings of a modem may log in
    44: _NOT_PUBLISHED | {5},  # PPP_authentication
    45: _NOT_PUBLISHED | {3},  # PIN_code
    46: _NOT_PUBLISHED | {4},  # login_password
    64: _EVERY - frozenset(range(1, 7)),
    72: _NOT_PUBLISHED,
    91: _NOT_PUBLISHED | {5},  # mac_key_table of G3-PLC
    100: _NOT_PUBLISHED | {6, 7},  # authentication_keys, client_key of NTP
    101: _EVERY - {1},  # ZigBee keys
    104: _EVERY - {1},
}
_METHODS: Final = {
    12: _NOT_PUBLISHED | {5},  # change_secret
    15: _NOT_PUBLISHED | {2},  # change_HLS_secret
    44: _NOT_PUBLISHED,
    45: _NOT_PUBLISHED,
    64: _EVERY - {1},  # global_key_transfer, key_agreement and what follows
    72: _NOT_PUBLISHED | {6, 7, 8},  # data_send (carries the optical port key), set_encryption_key, transfer_key
    100: _NOT_PUBLISHED | {2},  # add_authentication_key
    101: _EVERY,
    104: _EVERY,
}


def is_secret(ref: Ref) -> bool:
    """Whether values of this attribute, or parameters and return values of this method, are masked."""
    class_id, _, number = ref
    table = _METHODS if isinstance(ref, MethodRef) else _ATTRIBUTES
    return number in table.get(class_id, frozenset())


def show_of(ref: Ref) -> Show:
    return Show.MASKED if is_secret(ref) else Show.OPEN


def show_of_all(refs: tuple[Ref, ...] | None) -> Show:
    """For octets that hold values of all of them; None or none: not known."""
    if not refs:
        return Show.GUARDED
    return Show.MASKED if any(map(is_secret, refs)) else Show.OPEN
