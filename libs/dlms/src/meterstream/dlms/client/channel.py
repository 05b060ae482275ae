"""What every exchange of a client goes through: frames, ciphering, counters both ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterstream.dlms.apdu import (
    MAX_PDU,
    decode_confirmed_service_error,
    decode_exception_response,
    is_plain_exception,
    tags,
)
from meterstream.dlms.apdu.general_ciphering import decode_general_key_ciphering
from meterstream.dlms.client.config import AssociationConfig, ReceivedCounterPolicy, TransactionPolicy
from meterstream.dlms.data import encode_length
from meterstream.dlms.errors import (
    ConfigurationError,
    ConfirmedServiceError,
    DecipherError,
    DecodeError,
    ExceptionResponse,
    FrameError,
    PduTooLarge,
    ReplayError,
    UnexpectedAnswer,
)
from meterstream.dlms.framing import Framing, WrapperReader
from meterstream.dlms.security import (
    OVERHEAD,
    Cipher,
    Ciphering,
    CounterKind,
    Form,
    Level,
    Protection,
    Protector,
    SecurityKeys,
    SecurityPolicy,
    SecuritySuite,
    Suite0,
    make_cipher,
)
from meterstream.dlms.security.protector import overhead

_GLOBAL_OF: Final = {
    Ciphering.DEDICATED: Ciphering.GLOBAL,
    Ciphering.GENERAL_DEDICATED: Ciphering.GENERAL_GLOBAL,
}


class Channel:
    """Frames of one association.

    Attributes:
        cipher: of a standard association; None where nothing is ciphered, or `protector` does it.
        protector: of an association that is protected in another way.
        server_title: from the AARE on.
        server_max_pdu: largest APDU the meter takes, in octets.
        last_received: counter of the last accepted APDU of the meter, -1 before the first.
        sent_apdus: frames made so far.
        more: whether octets wait behind the APDU that was taken last.
    """

    __slots__ = (
        "_client_sap",
        "_client_title",
        "_config",
        "_form",
        "_framing",
        "_last_transaction",
        "_least",
        "_offered",
        "_server_sap",
        "_take_counter",
        "_tokens",
        "cipher",
        "dedicated_key",
        "last_received",
        "more",
        "protector",
        "sent_apdus",
        "server_max_pdu",
        "server_title",
    )

    def __init__(
        self,
        config: AssociationConfig,
        take_counter: Callable[[], int],
        framing: Framing | None = None,
        fresh: Callable[[int], bytes] | None = None,
    ) -> None:
        self._client_sap, self._server_sap = config.client_sap, config.server_sap
        self._client_title = config.client_title or b""
        self._take_counter = take_counter
        self._framing: Framing = WrapperReader() if framing is None else framing
        self._config = config
        self._offered: SecurityKeys | None = None
        self.cipher: Suite0 | None = None
        self.protector: Protector | None = None
        self.dedicated_key: bytes | None = None
        if config.standard and config.keys is not None:
            self.cipher = Suite0(config.keys)
        elif config.level is not Level.NONE:
            self._protect_specially(config, fresh)
        self.server_title = b""
        self.server_max_pdu = MAX_PDU
        self.last_received = -1
        self.sent_apdus = 0
        self.more = False

    def _protect_specially(self, config: AssociationConfig, fresh: Callable[[int], bytes] | None) -> None:
        keys = config.keys
        self._tokens: Cipher | None = None if keys is None else make_cipher(keys)
        if not config.policy or (not config.ciphered and config.asymmetric is None):
            return
        if config.ciphering.dedicated and keys is not None:
            if fresh is None:
                raise ConfigurationError("a dedicated key needs a source of fresh random bytes")
            self.dedicated_key = fresh(keys.suite.key_octets)
        self._form = Form(
            Ciphering.GENERAL_GLOBAL if config.ciphering is Ciphering.GENERAL_DEDICATED else Ciphering.GLOBAL,
            config.policy.request & Protection.AUTHENTICATED_ENCRYPTED,
        )
        self._least = config.policy.response & Protection.AUTHENTICATED_ENCRYPTED
        self._last_transaction = -1
        self.protector = Protector(
            keys,
            self._client_title,
            b"",
            self._take_counter,
            self,
            dedicated_key=self.dedicated_key,
            asymmetric=config.asymmetric,
            fresh=fresh,
        )

    def learn_title(self, title: bytes) -> None:
        """The meter's system title, before the first of its APDUs is opened."""
        config = self._config
        self.server_title = title
        if config.received_counter_policy is ReceivedCounterPolicy.RISING:
            self.last_received = config.last_received_counters.get(title, -1)
        if self.protector is not None:
            self.protector.peer_title = title
            self._last_transaction = config.last_received_transactions.get(title, -1)

    def negotiated(self) -> None:
        """From now on APDUs may be protected generally: what the AARE agreed on."""
        if self.protector is not None:
            config = self._config
            ciphering = Ciphering.GENERAL_GLOBAL if config.ciphering.general else Ciphering.GLOBAL
            if config.ciphering is Ciphering.GENERAL:
                ciphering = Ciphering.GENERAL
            self._form = Form(ciphering, config.policy.request, config.key_choice)
            self._least = config.policy.response

    def established(self) -> None:
        """From now on a dedicated key is used."""
        if self.protector is not None:
            self._form = self._form._replace(ciphering=self._config.ciphering)

    def frame(self, apdu: bytes) -> bytes:
        """Frame of an APDU that is as it shall be sent."""
        self.sent_apdus += 1
        return self._framing.wrap(self._client_sap, self._server_sap, apdu)

    @property
    def framing(self) -> Framing:
        return self._framing

    @property
    def header(self) -> int:
        """Octets of a frame before its APDU."""
        return self._framing.header

    def seal_initiate(self, plaintext: bytes) -> bytes:
        """The initiate-request as the AARQ shall carry it. Raises: CountersExhausted."""
        if self.protector is not None:
            # Under the global key and not signed, whatever the services are.
            form = self._form
            ciphering = _GLOBAL_OF.get(form.ciphering, form.ciphering)
            protection = form.protection & Protection.AUTHENTICATED_ENCRYPTED
            return self.protector.protect(plaintext, form._replace(ciphering=ciphering, protection=protection))
        return self.seal(tags.GLO_INITIATE_REQUEST, plaintext)

    def open_initiate(self, apdu: bytes) -> bytes:
        """The initiate-response of an AARE. Raises: DecipherError, ReplayError, UnexpectedAnswer, DecodeError."""
        if self.protector is not None:
            return self.protector.open(apdu, self._least & Protection.AUTHENTICATED_ENCRYPTED).plaintext
        if self.cipher is None:
            return apdu
        if apdu[0] != tags.GLO_INITIATE_RESPONSE:
            raise UnexpectedAnswer("initiate-response is not ciphered")
        return self.unseal(apdu)

    def seal(self, tag: int, plaintext: bytes) -> bytes:
        """Protected APDU under the next counter. Raises: CountersExhausted."""
        if self.cipher is None:
            return plaintext
        return self.cipher.seal(tag, self._client_title, self._take_counter(), plaintext)

    def token(self, challenge: bytes) -> bytes:
        """f(challenge) under a counter of its own, so that no nonce is used twice. Raises: CountersExhausted."""
        cipher = self.cipher or self._token_cipher()
        return cipher.token(self._client_title, self._take_counter(), challenge)

    def verify_token(self, token: bytes, challenge: bytes) -> int:
        """The counter in f(challenge) of the meter. Raises: AuthenticationError."""
        return (self.cipher or self._token_cipher()).verify_token(token, self.server_title, challenge)

    def _token_cipher(self) -> Cipher:
        if self._tokens is None:
            raise UnexpectedAnswer("no keys to answer a challenge with")
        return self._tokens

    def request(self, plaintext: bytes) -> bytes:
        """Frame of a GET, SET or ACTION request.

        Raises: PduTooLarge before a counter is used up, CountersExhausted.
        """
        octets = self.protected_octets(len(plaintext))
        if octets > self.server_max_pdu:
            raise PduTooLarge(f"request of {octets} octets, the meter takes {self.server_max_pdu}")
        return self.frame(self.protect(plaintext))

    def protect(self, plaintext: bytes) -> bytes:
        """The APDU of a request, of any size, as it shall be sent. Raises: ConfigurationError, CountersExhausted."""
        if self.cipher is None:
            return plaintext if self.protector is None else self.protector.protect(plaintext, self._form)
        tag = tags.GLO_OF.get(plaintext[0])
        if tag is None:
            raise ConfigurationError(f"service {plaintext[0]:#04x} is ciphered with general protection only")
        return self.seal(tag, plaintext)

    def protected_octets(self, octets: int) -> int:
        """Octets of the protected APDU around so many of a plain request."""
        if self.cipher is None:
            return octets if self.protector is None else octets + overhead(self._form, self._suite())
        length = octets + OVERHEAD
        return length + (2 if length < 0x80 else 3 if length < 0x100 else 4)

    @property
    def room(self) -> int:
        """Octets of a plain request that the meter takes whatever protection adds to it."""
        limit = self.server_max_pdu
        return max(limit + limit - self.protected_octets(limit), 0)

    def feed(self, octets: bytes) -> bytes | None:
        """The first whole APDU of the meter, if any. Raises: as next_apdu."""
        self._framing.feed(octets)
        return self.next_apdu()

    def next_apdu(self) -> bytes | None:
        """The next whole APDU of what was fed; `more` says whether octets are left after it.

        Raises: FrameError, LimitExceeded, UnexpectedAnswer (an answer without any octet).
        """
        framing = self._framing
        frame = framing.next_frame()
        if frame is None:
            return None
        source, destination, apdu = frame
        if source != self._server_sap or destination != self._client_sap:
            raise FrameError(f"answer from {source} to {destination}, asked {self._server_sap} as {self._client_sap}")
        if not apdu:
            raise UnexpectedAnswer("answer without any octet")
        self.more = framing.waiting > 0
        return apdu

    def unprotect(self, apdu: bytes, expected: int) -> bytes:
        """The plain answer, which starts with the tag `expected`; under general protection it may be a notification.

        Raises: ExceptionResponse, ConfirmedServiceError, UnexpectedAnswer, DecipherError, ReplayError.
        """
        tag = apdu[0]
        if self.cipher is None:
            if self.protector is not None:
                return self._open(self.protector, apdu, expected)
            if tag != expected:
                raise refusal(apdu) or UnexpectedAnswer(f"tag {tag:#04x} instead of {expected:#04x}")
            return apdu
        if tag != tags.GLO_OF[expected] and (tag != tags.EXCEPTION_RESPONSE or is_plain_exception(apdu)):
            raise refusal(apdu) or UnexpectedAnswer(f"tag {tag:#04x} instead of {tags.GLO_OF[expected]:#04x}")
        plaintext = self.unseal(apdu)
        if tag == tags.EXCEPTION_RESPONSE:
            raise exception_response(plaintext, ciphered=True)
        if not plaintext or plaintext[0] != expected:
            raise UnexpectedAnswer(f"service under tag {tag:#04x} is not {expected:#04x}")
        return plaintext

    def _open(self, protector: Protector, apdu: bytes, expected: int) -> bytes:
        if error := refusal(apdu):
            raise error
        if self._offered is None:
            plaintext, _, form = protector.open(apdu, self._least)
        else:
            plaintext, _, form = protector.open_under_either(self._offered, apdu, self._least)
        if plaintext[0] in (expected, tags.DATA_NOTIFICATION, tags.EVENT_NOTIFICATION_REQUEST):
            return plaintext
        if error := refusal(plaintext, ciphered=bool(form.protection)):
            raise error
        raise UnexpectedAnswer(f"service {plaintext[0]:#04x} instead of {expected:#04x}")

    def check(self, kind: CounterKind, number: int) -> None:
        """ReceivedCounters of the protector. Raises: ReplayError."""
        if kind is not CounterKind.TRANSACTION:
            if number <= self.last_received:
                raise ReplayError(f"counter {number} of the meter is not above {self.last_received}")
        elif self._config.transaction_policy is TransactionPolicy.RISING:
            if number <= self._last_transaction:
                raise ReplayError("transaction id of the answer does not rise")
        elif self.protector is None or number != self.protector.sent_transaction:
            raise ReplayError("transaction id of the answer is not that of the request")

    def accept(self, kind: CounterKind, number: int) -> None:
        """ReceivedCounters of the protector."""
        if kind is CounterKind.TRANSACTION:
            self._last_transaction = max(self._last_transaction, number)
        else:
            self.last_received = max(self.last_received, number)

    @property
    def last_received_transaction(self) -> int | None:
        """Highest transaction id accepted from the meter where that was checked, as a number."""
        transaction = -1 if self.protector is None else self._last_transaction
        return None if transaction < 0 else transaction

    def _suite(self) -> SecuritySuite:
        config = self._config
        if config.asymmetric is not None:
            return config.asymmetric.suite
        return SecuritySuite.SUITE_0 if config.keys is None else config.keys.suite

    def open_unasked(self, apdu: bytes) -> tuple[bytes, bool]:
        """The service in an APDU that no request asked for, and whether it was protected.

        Raises: UnexpectedAnswer, DecipherError, AuthenticationError, ReplayError, DecodeError.
        """
        tag = apdu[0]
        if tag in (tags.DATA_NOTIFICATION, tags.EVENT_NOTIFICATION_REQUEST):
            return apdu, False
        if self.protector is not None:
            plaintext, _, form = self.protector.open(apdu, self._least)
            return plaintext, bool(form.protection)
        if tag == tags.GENERAL_GLO_CIPHERING:
            general = decode_general_key_ciphering(apdu)
            if general.system_title and general.system_title != self.server_title:
                raise DecipherError("system title of the APDU is not that of the meter")
            apdu = bytes((tag,)) + encode_length(len(general.content)) + general.content
        elif tag != tags.GLO_EVENT_NOTIFICATION_REQUEST:
            raise UnexpectedAnswer(f"tag {tag:#04x} that nobody asked for")
        plaintext = self.unseal(apdu)
        if not plaintext or plaintext[0] not in (tags.DATA_NOTIFICATION, tags.EVENT_NOTIFICATION_REQUEST):
            raise UnexpectedAnswer(f"no notification under tag {tag:#04x}")
        return plaintext, True

    def unseal(self, apdu: bytes) -> bytes:
        """Plaintext of a protected APDU whose counter rises. Raises: DecipherError, ReplayError."""
        if self.cipher is None:
            raise UnexpectedAnswer("ciphered answer in an association without ciphering")
        try:
            counter, plaintext = self.cipher.unseal(apdu, self.server_title)
        except DecipherError:
            if self._offered is None:
                raise
            cipher = Suite0(self._offered)
            counter, plaintext = cipher.unseal(apdu, self.server_title)
            self.cipher = cipher
        self.accept_counter(counter)
        return plaintext

    def offer_keys(self, keys: SecurityKeys) -> None:
        """Keys that a request is about to hand over: the meter may seal its answer with them already.

        Raises: ConfigurationError where APDUs are not ciphered service-specifically under the global key, or for keys
            of another suite.
        """
        config = self._config
        plainly = config.ciphering is Ciphering.GLOBAL and not config.policy & SecurityPolicy.SIGNED
        if self.cipher is None and (self.protector is None or not config.ciphered or not plainly):
            raise ConfigurationError("keys are handed over in associations with service-specific ciphering")
        if config.keys is None or keys.suite is not config.keys.suite:
            raise ConfigurationError("keys of another suite than that of the association")
        self._offered = keys

    def end_offer(self) -> None:
        """The exchange is over that handed keys over, if one did: nothing comes under them unless they are in force."""
        self._offered = None

    def use_keys(self, keys: SecurityKeys) -> None:
        """Keys of all APDUs from now on, both ways; counters go on. Raises: ConfigurationError (another suite)."""
        if self.protector is not None:
            if self._config.keys is None or keys.suite is not self._config.keys.suite:
                raise ConfigurationError("keys of another suite than that of the association")
            self.protector.use_keys(keys)
        elif self.cipher is not None:
            self.cipher = Suite0(keys)
        else:
            raise ConfigurationError("an association without ciphering has no keys")
        self._offered = None

    def accept_counter(self, counter: int) -> None:
        if counter <= self.last_received:
            raise ReplayError(f"counter {counter} of the meter is not above {self.last_received}")
        self.last_received = counter


def refusal(apdu: bytes, *, ciphered: bool = False) -> ExceptionResponse | ConfirmedServiceError | None:
    """The error a plain exception-response or confirmed-service-error stands for; None for any other APDU.

    Args:
        ciphered: whether it came out of a protected APDU.
    """
    if apdu[0] == tags.EXCEPTION_RESPONSE and is_plain_exception(apdu):
        return exception_response(apdu, ciphered=ciphered)
    if apdu[0] == tags.CONFIRMED_SERVICE_ERROR:
        try:
            error = decode_confirmed_service_error(apdu)
        except DecodeError:
            return None
        return ConfirmedServiceError(error.service, error.error, error.value)
    return None


def exception_response(plaintext: bytes, *, ciphered: bool) -> ExceptionResponse:
    """Raises: DecodeError."""
    answer = decode_exception_response(plaintext)
    return ExceptionResponse(answer.state_error, answer.service_error, answer.invocation_counter, ciphered=ciphered)
