"""Opening one protected APDU without an association: pushes, recorded octets (IEC 62056-5-3, 5.3.7 and 8.5)."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.general_ciphering import GeneralHeader, decode_general_key_ciphering, take_header
from meterstream.dlms.errors import ConfigurationError, DecipherError, DecodeError
from meterstream.dlms.security.ciphers import content_of
from meterstream.dlms.security.counters import CounterKind
from meterstream.dlms.security.curves import AsymmetricKeys
from meterstream.dlms.security.keys import TITLE_OCTETS, SecurityKeys
from meterstream.dlms.security.protector import Form, Protector
from meterstream.dlms.security.suites import Protection, SecurityControl, SecuritySuite


@dataclass(frozen=True, slots=True)
class Unprotected:
    """A protected APDU that was opened; repr shows no plaintext.

    Attributes:
        plaintext: the service inside, such as a data-notification.
        counter: its invocation counter; None where it is signed only. Whether it rises is the caller's to judge,
            who alone knows the last one of this sender and kind of key.
        title: system title of the sender; None where it is not ciphered and not signed.
        form: how it was protected; its transaction id tells APDUs with keys of their own apart.
    """

    plaintext: bytes = field(repr=False)
    counter: int | None
    title: bytes | None
    form: Form


class _AnyNumber:
    """Received counters that nobody judges here."""

    def check(self, kind: CounterKind, number: int) -> None:
        """Every number will do."""

    def accept(self, kind: CounterKind, number: int) -> None:
        """Nothing is remembered."""


def unprotect(
    apdu: bytes,
    keys: SecurityKeys | None,
    *,
    title: bytes | None = None,
    recipient: bytes | None = None,
    dedicated_key: bytes | None = None,
    asymmetric: AsymmetricKeys | None = None,
    least: Protection = Protection.AUTHENTICATED,
) -> Unprotected:
    """The service in a protected APDU of any form, event- and data-notifications included.

    Args:
        title: system title of the sender; needed where the APDU does not name it, and must agree where it does.
        recipient: our system title; general-ciphering and general-signing for somebody else are refused then.
        dedicated_key: where the association of the APDU has one.
        asymmetric: for signatures and agreed keys; the sender is the other side.
        least: the least protection that will do.
    Raises: DecipherError, AuthenticationError, DecodeError; ConfigurationError for keys of a wrong length.
    """
    if not apdu:
        raise DecodeError("APDU without any octet")
    header = sender_and_recipient(apdu)
    sender = header.originator or title
    if sender is not None and title is not None and sender != title:
        raise DecipherError("system title of the APDU is not that of the sender")
    if recipient is not None and header.recipient and header.recipient != recipient:
        raise DecipherError("APDU is for another recipient")
    if sender is None or len(sender) != TITLE_OCTETS:
        raise DecipherError("system title of the sender is not known")
    protector = Protector(
        keys,
        header.recipient,
        sender,
        _nothing_is_sent,
        _AnyNumber(),
        dedicated_key=dedicated_key,
        asymmetric=asymmetric,
        take_broadcast=True,
    )
    plaintext, counter, form = protector.open(apdu, least)
    return Unprotected(plaintext, counter, sender if form.protection else None, form)


def claimed_suite(apdu: bytes) -> SecuritySuite:
    """The suite that the security control octet of a ciphered APDU names: not verified yet, but what its tag covers.

    Suite 0 for general-ciphering and general-signing. Raises: DecodeError, DecipherError.
    """
    if not apdu:
        raise DecodeError("APDU without any octet")
    if apdu[0] in (tags.GENERAL_GLO_CIPHERING, tags.GENERAL_DED_CIPHERING):
        content = decode_general_key_ciphering(apdu).content
    elif apdu[0] in (tags.GENERAL_CIPHERING, tags.GENERAL_SIGNING):
        return SecuritySuite.SUITE_0
    else:
        content = content_of(apdu)
    if not content:
        raise DecipherError("ciphered content is cut")
    return SecurityControl.parse(content[0]).suite


def sender_and_recipient(apdu: bytes) -> GeneralHeader:
    """What an APDU says in clear about who sent it to whom; empty fields where it says nothing. Raises: DecodeError."""
    tag = apdu[0]
    if tag in (tags.GENERAL_GLO_CIPHERING, tags.GENERAL_DED_CIPHERING):
        return GeneralHeader(originator=decode_general_key_ciphering(apdu).system_title)
    if tag not in (tags.GENERAL_CIPHERING, tags.GENERAL_SIGNING):
        return GeneralHeader()
    try:
        return take_header(apdu, 1)[0]
    except IndexError as error:
        raise DecodeError("general APDU ends too early") from error


def _nothing_is_sent() -> int:
    raise ConfigurationError("nothing is sent here")
