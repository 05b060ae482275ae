"""All forms of protected APDUs, for both roles (IEC 62056-5-3, 5.3.7 and 8.5): what the fast path leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from meterstream.dlms.apdu import tags
from meterstream.dlms.apdu.general_ciphering import (
    MASTER_KEY,
    ONE_PASS,
    STATIC_UNIFIED,
    AgreedKey,
    GeneralCiphering,
    GeneralHeader,
    GeneralKeyCiphering,
    IdentifiedKey,
    KeyInfo,
    WrappedKey,
    decode_general_ciphering,
    decode_general_key_ciphering,
)
from meterstream.dlms.apdu.general_signing import GeneralSigning, decode_general_signing
from meterstream.dlms.errors import AuthenticationError, ConfigurationError, DecipherError, DlmsError
from meterstream.dlms.security import agreement
from meterstream.dlms.security.ciphers import Content, ContentCipher, content_of, demand, service_specific
from meterstream.dlms.security.counters import CounterKind, ReceivedCounters, RisingCounter
from meterstream.dlms.security.curves import AsymmetricKeys, PrivateKey, PublicKey
from meterstream.dlms.security.keys import SecurityKeys, unwrap_key, wrap_key
from meterstream.dlms.security.suite0 import TAG_OCTETS
from meterstream.dlms.security.suites import Ciphering, KeyChoice, Protection, SecurityControl, SecuritySuite

_T = TypeVar("_T")

_TRANSACTION_OCTETS: Final = 8
_LENGTH_OCTETS: Final = 5
"""Of the longest length field."""
_CONTENT_OVERHEAD: Final = 1 + _LENGTH_OCTETS + 5 + TAG_OCTETS
_HEADER_OVERHEAD: Final = 1 + 3 * (1 + _TRANSACTION_OCTETS) + 1 + 1 + 12 + 65


class Form(NamedTuple):
    """How an APDU is, or shall be, protected.

    Attributes:
        ciphering: its carrier; with a protection of neither kind there is none.
        protection: authenticated, encrypted, signed.
        key: key-info of general-ciphering.
        transaction: transaction-id of general-ciphering and general-signing; empty: a new one is made.
    """

    ciphering: Ciphering = Ciphering.GLOBAL
    protection: Protection = Protection.AUTHENTICATED_ENCRYPTED
    key: KeyChoice = KeyChoice.IDENTIFIED
    transaction: bytes = b""


class Opened(NamedTuple):
    """A protected APDU that was opened: the service in it, its counter (None under general-signing alone), its form."""

    plaintext: bytes
    counter: int | None
    form: Form

    def __repr__(self) -> str:
        return f"Opened({len(self.plaintext)} octets, counter {self.counter}, {self.form})"


PLAIN: Final = Form(protection=Protection.NONE)


class Protector:
    """Protects and opens the APDUs of one side of an association; fails closed on titles, keys, counters and forms.

    Attributes:
        peer_title: system title of the other side; set it before its first APDU is opened.
        sent_transaction: the last transaction id that was sent, as a number; -1 before the first.
    Args:
        own_title: system title of this side.
        take_counter: the next own invocation counter of the global keys; keys that an APDU brings use it too.
        received: counters of the other side under the global keys, and its transaction ids.
        dedicated_key: of this association; its counters start anew, at 0 for ours.
        asymmetric: for general-signing and agreed keys.
        fresh: so many fresh random bytes, for wrapped and ephemeral keys.
        take_broadcast: whether APDUs under the broadcast key of `keys` are taken.
    """

    __slots__ = (
        "_asymmetric",
        "_broadcast",
        "_dedicated",
        "_dedicated_counter",
        "_dedicated_received",
        "_fresh",
        "_global",
        "_keys",
        "_own_title",
        "_received",
        "_take_counter",
        "peer_title",
        "sent_transaction",
    )

    def __init__(
        self,
        keys: SecurityKeys | None,
        own_title: bytes,
        peer_title: bytes,
        take_counter: Callable[[], int],
        received: ReceivedCounters,
        *,
        dedicated_key: bytes | None = None,
        asymmetric: AsymmetricKeys | None = None,
        fresh: Callable[[int], bytes] | None = None,
        take_broadcast: bool = False,
    ) -> None:
        self._own_title, self.peer_title = own_title, peer_title
        self.sent_transaction = -1
        self._take_counter, self._received = take_counter, received
        self._asymmetric, self._fresh = asymmetric, fresh
        self._dedicated: ContentCipher | None = None
        self._dedicated_counter = 0
        self._dedicated_received = RisingCounter()
        self._keys: SecurityKeys | None = None
        self._global: ContentCipher | None = None
        self._broadcast: ContentCipher | None = None
        if keys is not None:
            self.use_keys(keys, take_broadcast=take_broadcast)
            if dedicated_key is not None:
                check_dedicated_key(keys, dedicated_key)
                self._dedicated = ContentCipher(keys.suite, dedicated_key, keys.authentication_key)

    def use_keys(self, keys: SecurityKeys, *, take_broadcast: bool = False) -> None:
        """Global keys from now on; a dedicated key stays."""
        self._keys = keys
        self._global = ContentCipher(keys.suite, keys.encryption_key, keys.authentication_key)
        self._broadcast = None
        if take_broadcast and keys.broadcast_key is not None:
            self._broadcast = ContentCipher(keys.suite, keys.broadcast_key, keys.authentication_key)

    # Protecting

    def protect(self, plaintext: bytes, form: Form) -> bytes:
        """The APDU that carries `plaintext` in `form`.

        A service without a tag of its own for service-specific ciphering goes into general-glo- or -ded-ciphering.
        Raises: CountersExhausted, ConfigurationError (a key that `form` needs is missing).
        """
        ciphers = form.protection & Protection.AUTHENTICATED_ENCRYPTED
        apdu = self._cipher(plaintext, form) if ciphers else plaintext
        return self._sign(apdu, form.transaction) if form.protection & Protection.SIGNED else apdu

    def _cipher(self, plaintext: bytes, form: Form) -> bytes:
        ciphering, protection = form.ciphering, form.protection
        if ciphering is Ciphering.GENERAL:
            return self._general(plaintext, form)
        # Exception-responses have one tag, under which the global key is meant.
        dedicated = ciphering.dedicated and (ciphering.general or plaintext[0] != tags.EXCEPTION_RESPONSE)
        if dedicated:
            cipher = _needed(self._dedicated, "dedicated key")
            counter = self._dedicated_counter
            self._dedicated_counter += 1
        else:
            cipher = _needed(self._global, "global keys")
            counter = self._take_counter()
        content = cipher.seal(protection, self._own_title, counter, plaintext)
        tag = None if ciphering.general else (tags.DED_OF if dedicated else tags.GLO_OF).get(plaintext[0])
        if tag is not None:
            return service_specific(tag, content)
        return GeneralKeyCiphering(dedicated, self._own_title, content).encode()

    def _general(self, plaintext: bytes, form: Form) -> bytes:
        counter = self._take_counter()
        transaction = form.transaction or counter.to_bytes(_TRANSACTION_OCTETS, "big")
        self.sent_transaction = int.from_bytes(transaction, "big")
        header = GeneralHeader(transaction, self._own_title, self.peer_title)
        cipher, info = self._sending_key(form.key, transaction)
        content = cipher.seal(form.protection, self._own_title, counter, plaintext, associated=header.encode())
        return GeneralCiphering(header, info, content).encode()

    def _sending_key(self, choice: KeyChoice, transaction: bytes) -> tuple[ContentCipher, KeyInfo | None]:
        if not choice.carries_key:
            if choice is KeyChoice.BROADCAST:
                raise ConfigurationError("nothing is sent under the broadcast key")
            cipher = _needed(self._global, "global keys")
            unicast = IdentifiedKey(agreement.KeyId.GLOBAL_UNICAST_ENCRYPTION)
            return cipher, None if choice is KeyChoice.NONE else unicast
        keys = _needed(self._keys, "global keys")
        if choice is KeyChoice.WRAPPED:
            key = _needed(self._fresh, "source of fresh bytes")(keys.suite.key_octets)
            wrapped = wrap_key(_needed(keys.master_key, "master key"), key)
            return ContentCipher(keys.suite, key, keys.authentication_key), WrappedKey(wrapped)
        own = _needed(self._asymmetric, "asymmetric keys")
        peer = _needed(own.peer_agreement, "key agreement key of the other side")
        info = AgreedKey(STATIC_UNIFIED)
        if choice is KeyChoice.ONE_PASS:
            octets = PrivateKey.random_octets(own.suite)
            ephemeral = PrivateKey.from_random(own.suite, _needed(self._fresh, "source of fresh bytes")(octets))
            signing = _needed(own.signing, "signature key")
            key = agreement.one_pass_key(ephemeral, peer, self._own_title, self.peer_title)
            info = AgreedKey(ONE_PASS, agreement.sign_ephemeral(ephemeral.public, signing))
        else:
            static = _needed(own.agreement, "key agreement key")
            key = agreement.static_key(static, peer, self._own_title, self.peer_title, transaction)
        return ContentCipher(own.suite, key, keys.authentication_key), info

    def _sign(self, apdu: bytes, transaction: bytes) -> bytes:
        signing = _needed(_needed(self._asymmetric, "asymmetric keys").signing, "signature key")
        transaction = transaction or self._take_counter().to_bytes(_TRANSACTION_OCTETS, "big")
        self.sent_transaction = int.from_bytes(transaction, "big")
        unsigned = GeneralSigning(GeneralHeader(transaction, self._own_title, self.peer_title), apdu)
        return GeneralSigning(unsigned.header, apdu, signing.sign(unsigned.signed())).encode()

    def check_sending(self, form: Form) -> None:
        """Raises: DecipherError when a key that `form` needs is missing: an answer in it could not be sent."""
        keys, own = self._keys, self._asymmetric
        if form.protection & Protection.SIGNED:
            _opening(_opening(own, "asymmetric keys").signing, "signature key")
        if form.ciphering is not Ciphering.GENERAL or not form.key.carries_key:
            return
        if form.key is KeyChoice.WRAPPED:
            _opening(_opening(keys, "global keys").master_key, "master key")
            return
        own = _opening(own, "asymmetric keys")
        _opening(own.peer_agreement, "key agreement key of the other side")
        if form.key is KeyChoice.ONE_PASS:
            _opening(own.signing, "signature key")

    # Opening

    def open(self, apdu: bytes, least: Protection = Protection.NONE) -> Opened:
        """The service inside, whatever its form: genuine, for us, new, and protected at least as `least` says.

        An APDU that is not protected at all gives the form PLAIN. What is refused moves no counter.
        Raises: DecipherError, AuthenticationError, ReplayError, DecodeError.
        """
        if apdu[0] != tags.GENERAL_SIGNING:
            return self._decipher(apdu, least)
        least &= ~Protection.SIGNED
        signing = decode_general_signing(apdu)
        header = signing.header
        self._check_titles(header)
        peer = None if self._asymmetric is None else self._asymmetric.peer_signing
        if peer is None:
            raise DecipherError("no public key of the other side to check a signature with")
        if not peer.verifies(signing.signature, signing.signed()):
            raise AuthenticationError("signature of the APDU is wrong")
        if not signing.content or signing.content[0] == tags.GENERAL_SIGNING:
            raise DecipherError("signed APDU holds no service")
        inner = self._decipher(signing.content, least)
        if inner.counter is None:
            number = int.from_bytes(header.transaction, "big")
            self._received.check(CounterKind.TRANSACTION, number)
            self._received.accept(CounterKind.TRANSACTION, number)
        protection = inner.form.protection | Protection.SIGNED
        return inner._replace(form=inner.form._replace(protection=protection, transaction=header.transaction))

    def open_under_either(self, offered: SecurityKeys, apdu: bytes, least: Protection) -> Opened:
        """As open, under the present global keys or else under `offered`, which are in force from then on."""
        present = self._keys
        try:
            return self.open(apdu, least)
        except DecipherError:
            self.use_keys(offered)
        try:
            return self.open(apdu, least)
        except DlmsError:
            if present is not None:
                self.use_keys(present)
            raise

    def _decipher(self, apdu: bytes, least: Protection) -> Opened:
        tag = apdu[0]
        if least & Protection.SIGNED:
            demand(Protection.AUTHENTICATED_ENCRYPTED, least)
        if tag in (tags.GENERAL_GLO_CIPHERING, tags.GENERAL_DED_CIPHERING):
            general = decode_general_key_ciphering(apdu)
            if general.system_title and general.system_title != self.peer_title:
                raise DecipherError("system title of the APDU is not that of the other side")
            ciphering = Ciphering.GENERAL_DEDICATED if general.dedicated else Ciphering.GENERAL_GLOBAL
            return self._open_content(general.content, ciphering, None, least)
        if tag == tags.GENERAL_CIPHERING:
            return self._open_general(decode_general_ciphering(apdu), least)
        if is_ciphered_exception(apdu):
            return self._open_content(content_of(apdu), Ciphering.GLOBAL, tags.EXCEPTION_RESPONSE, least)
        if tag in tags.PLAIN_OF and tag != tags.EXCEPTION_RESPONSE:
            return self._open_content(content_of(apdu), Ciphering.GLOBAL, tags.PLAIN_OF[tag], least)
        if tag in tags.PLAIN_OF_DED:
            return self._open_content(content_of(apdu), Ciphering.DEDICATED, tags.PLAIN_OF_DED[tag], least)
        demand(Protection.NONE, least)
        return Opened(apdu, None, PLAIN)

    def _open_content(self, content: bytes, ciphering: Ciphering, expected: int | None, least: Protection) -> Opened:
        """Service-specific and general-glo-/-ded-ciphering; `expected` is the tag of the service inside."""
        if len(content) < 1 + 4:
            raise DecipherError("ciphered content is cut")
        number = int.from_bytes(content[1:5], "big")
        if ciphering.dedicated:
            if self._dedicated is None:
                raise DecipherError("there is no dedicated key")
            self._dedicated_received.check(number)
            opened = self._dedicated.open(content, self.peer_title)
            demand(opened.protection, least)
            self._dedicated_received.accept(number)
        elif SecurityControl.parse(content[0]).broadcast:
            opened = self._open_known(CounterKind.BROADCAST, content, b"", least, bit=True)
        else:
            opened = self._open_known(CounterKind.UNICAST, content, b"", least)
        return _checked(opened, Form(ciphering, opened.protection), expected)

    def _open_known(
        self, kind: CounterKind, content: bytes, associated: bytes, least: Protection, *, bit: bool = False
    ) -> Content:
        """Under a global key; `bit` is the key-set bit that must be there."""
        cipher = self._broadcast if kind is CounterKind.BROADCAST else self._global
        if cipher is None:
            raise DecipherError(f"no APDU under the {kind.value} is taken here")
        self._received.check(kind, int.from_bytes(content[1:5], "big"))
        opened = cipher.open(content, self.peer_title, associated=associated, broadcast=bit)
        demand(opened.protection, least)
        self._received.accept(kind, opened.counter)
        return opened

    def _open_general(self, general: GeneralCiphering, least: Protection) -> Opened:
        header, content = general.header, general.content
        self._check_titles(header)
        associated = header.encode()
        choice = key_choice(general.key_info)
        if choice.carries_key:
            # The key is as old as the sender likes: what must rise is the transaction id.
            number = int.from_bytes(header.transaction, "big")
            self._received.check(CounterKind.TRANSACTION, number)
            keys = _opening(self._keys, "global keys")
            key = received_key(general, choice, keys, self._asymmetric)
            cipher = ContentCipher(keys.suite, key, keys.authentication_key)
            opened = cipher.open(content, self.peer_title, associated=associated)
            demand(opened.protection, least)
            self._received.accept(CounterKind.TRANSACTION, number)
        else:
            kind = CounterKind.BROADCAST if choice is KeyChoice.BROADCAST else CounterKind.UNICAST
            opened = self._open_known(kind, content, associated, least)
        return _checked(opened, Form(Ciphering.GENERAL, opened.protection, choice, header.transaction), None)

    def _check_titles(self, header: GeneralHeader) -> None:
        if header.originator != self.peer_title or header.recipient != self._own_title:
            raise DecipherError("system titles of the APDU are not those of the association")


def received_key(
    general: GeneralCiphering, choice: KeyChoice, keys: SecurityKeys, asymmetric: AsymmetricKeys | None
) -> bytes:
    """The key that a received general-ciphering APDU brings along. Raises: DecipherError, AuthenticationError."""
    info, header = general.key_info, general.header
    if isinstance(info, WrappedKey):
        key = unwrap_key(_opening(keys.master_key, "master key"), info.data)
        if len(key) != keys.suite.key_octets:
            raise DecipherError(f"wrapped key of {len(key)} octets")
        return key
    own = _opening(asymmetric, "asymmetric keys")
    static = _opening(own.agreement, "key agreement key")
    if own.suite is not keys.suite:
        raise DecipherError("agreed keys are not of the suite of the association")
    if choice is KeyChoice.ONE_PASS and isinstance(info, AgreedKey):
        signer = _opening(own.peer_signing, "public signature key of the other side")
        ephemeral = agreement.check_ephemeral(own.suite, info.data, signer)
        return agreement.one_pass_key(static, ephemeral, header.originator, header.recipient)
    peer: PublicKey = _opening(own.peer_agreement, "key agreement key of the other side")
    return agreement.static_key(static, peer, header.originator, header.recipient, header.transaction)


def key_choice(info: KeyInfo | None) -> KeyChoice:
    """Raises: DecipherError for a key-info that no rule of the standard produces."""
    if info is None:
        return KeyChoice.NONE
    if isinstance(info, IdentifiedKey) and info.key_id in (0, 1):
        return KeyChoice.BROADCAST if info.key_id else KeyChoice.IDENTIFIED
    if isinstance(info, WrappedKey) and info.kek_id == MASTER_KEY:
        return KeyChoice.WRAPPED
    if isinstance(info, AgreedKey) and info.parameters == ONE_PASS:
        return KeyChoice.ONE_PASS
    if isinstance(info, AgreedKey) and info.parameters == STATIC_UNIFIED and not info.data:
        return KeyChoice.STATIC
    raise DecipherError("key-info names no key that is known")


def overhead(form: Form, suite: SecuritySuite) -> int:
    """The most octets by which protection in `form` makes an APDU longer."""
    octets = 0
    if form.protection & Protection.AUTHENTICATED_ENCRYPTED:
        octets += _CONTENT_OVERHEAD
        if form.ciphering is Ciphering.GENERAL:
            octets += _HEADER_OVERHEAD + _LENGTH_OCTETS + _key_info_octets(form.key, suite)
        elif form.ciphering.general:
            octets += 1 + _TRANSACTION_OCTETS
    if form.protection & Protection.SIGNED:
        octets += _HEADER_OVERHEAD + 2 * _LENGTH_OCTETS + 2 * suite.coordinate_octets
    return octets


def _key_info_octets(choice: KeyChoice, suite: SecuritySuite) -> int:
    if choice is KeyChoice.ONE_PASS:
        return 4 + _LENGTH_OCTETS + 4 * suite.coordinate_octets
    return 4 + suite.key_octets + 8 if choice is KeyChoice.WRAPPED else 5


def check_dedicated_key(keys: SecurityKeys, key: bytes) -> None:
    """Raises: ConfigurationError."""
    if len(key) != keys.suite.key_octets:
        raise ConfigurationError(f"dedicated key has {len(key)} bytes instead of {keys.suite.key_octets}")


def is_ciphered_exception(apdu: bytes) -> bool:
    """An exception-response under its own tag with ciphered-content inside: no plain one is as long."""
    return apdu[0] == tags.EXCEPTION_RESPONSE and len(apdu) > 7


def _checked(opened: Content, form: Form, expected: int | None) -> Opened:
    plaintext = opened.plaintext
    if not plaintext or (expected is not None and plaintext[0] != expected):
        raise DecipherError("service does not belong to its tag")
    if plaintext[0] in tags.GENERAL_TAGS:
        raise DecipherError("protected APDUs inside one another")
    return Opened(plaintext, opened.counter, form)


def _needed(value: _T | None, what: str) -> _T:
    if value is None:
        raise ConfigurationError(f"{what} needed to protect an APDU")
    return value


def _opening(value: _T | None, what: str) -> _T:
    if value is None:
        raise DecipherError(f"{what} needed to open an APDU")
    return value
