"""What every exchange of a client goes through: frames, ciphering, counters both ways."""

from __future__ import annotations

from collections.abc import Callable

from meterstream.dlms.apdu import (
    MAX_PDU,
    decode_confirmed_service_error,
    decode_exception_response,
    is_plain_exception,
    tags,
)
from meterstream.dlms.client.config import AssociationConfig
from meterstream.dlms.errors import (
    ConfirmedServiceError,
    DecodeError,
    ExceptionResponse,
    FrameError,
    PduTooLarge,
    ReplayError,
    UnexpectedAnswer,
)
from meterstream.dlms.framing import Framing, WrapperReader
from meterstream.dlms.security import OVERHEAD, Suite0


class Channel:
    """Frames of one association.

    Attributes:
        cipher: None where nothing is ciphered.
        server_title: from the AARE on.
        server_max_pdu: largest APDU the meter takes, in octets.
        last_received: counter of the last accepted APDU of the meter, -1 before the first.
        sent_apdus: frames made so far.
    """

    __slots__ = (
        "_client_sap",
        "_client_title",
        "_framing",
        "_server_sap",
        "_take_counter",
        "cipher",
        "last_received",
        "sent_apdus",
        "server_max_pdu",
        "server_title",
    )

    def __init__(
        self, config: AssociationConfig, take_counter: Callable[[], int], framing: Framing | None = None
    ) -> None:
        self._client_sap, self._server_sap = config.client_sap, config.server_sap
        self._client_title = config.client_title or b""
        self._take_counter = take_counter
        self._framing: Framing = WrapperReader() if framing is None else framing
        self.cipher = Suite0(config.keys) if config.level.ciphered and config.keys is not None else None
        self.server_title = b""
        self.server_max_pdu = MAX_PDU
        self.last_received = -1
        self.sent_apdus = 0

    def frame(self, apdu: bytes) -> bytes:
        """Frame of an APDU that is as it shall be sent."""
        self.sent_apdus += 1
        return self._framing.wrap(self._client_sap, self._server_sap, apdu)

    @property
    def header(self) -> int:
        """Octets of a frame before its APDU."""
        return self._framing.header

    def seal(self, tag: int, plaintext: bytes) -> bytes:
        """Protected APDU under the next counter. Raises: CountersExhausted."""
        if self.cipher is None:
            return plaintext
        return self.cipher.seal(tag, self._client_title, self._take_counter(), plaintext)

    def token(self, challenge: bytes) -> bytes:
        """f(challenge) under a counter of its own, so that no nonce is used twice. Raises: CountersExhausted."""
        if self.cipher is None:
            raise UnexpectedAnswer("no keys to answer a challenge with")
        return self.cipher.token(self._client_title, self._take_counter(), challenge)

    def request(self, plaintext: bytes) -> bytes:
        """Frame of a GET, SET or ACTION request.

        Raises: PduTooLarge before a counter is used up, CountersExhausted.
        """
        octets = self.protected_octets(len(plaintext))
        if octets > self.server_max_pdu:
            raise PduTooLarge(f"request of {octets} octets, the meter takes {self.server_max_pdu}")
        if self.cipher is None:
            return self.frame(plaintext)
        return self.frame(self.seal(tags.GLO_OF[plaintext[0]], plaintext))

    def protected_octets(self, octets: int) -> int:
        """Octets of the protected APDU around so many of a plain request."""
        if self.cipher is None:
            return octets
        length = octets + OVERHEAD
        return length + (2 if length < 0x80 else 3 if length < 0x100 else 4)

    @property
    def room(self) -> int:
        """Octets of a plain request that the meter takes whatever protection adds to it."""
        limit = self.server_max_pdu
        return max(limit + limit - self.protected_octets(limit), 0)

    def feed(self, octets: bytes) -> bytes | None:
        """The APDU of the meter's answer once it is complete.

        Raises: FrameError, LimitExceeded, UnexpectedAnswer (octets after the answer, or an answer without any).
        """
        framing = self._framing
        framing.feed(octets)
        frame = framing.next_frame()
        if frame is None:
            return None
        source, destination, apdu = frame
        if source != self._server_sap or destination != self._client_sap:
            raise FrameError(f"answer from {source} to {destination}, asked {self._server_sap} as {self._client_sap}")
        if framing.waiting or not apdu:
            raise UnexpectedAnswer("octets after the answer" if apdu else "answer without any octet")
        return apdu

    def unprotect(self, apdu: bytes, expected: int) -> bytes:
        """The plain answer, which starts with the tag `expected`.

        Raises: ExceptionResponse, ConfirmedServiceError, UnexpectedAnswer, DecipherError, ReplayError.
        """
        tag = apdu[0]
        if self.cipher is None:
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

    def unseal(self, apdu: bytes) -> bytes:
        """Plaintext of a protected APDU whose counter rises. Raises: DecipherError, ReplayError."""
        if self.cipher is None:
            raise UnexpectedAnswer("ciphered answer in an association without ciphering")
        counter, plaintext = self.cipher.unseal(apdu, self.server_title)
        self.accept_counter(counter)
        return plaintext

    def accept_counter(self, counter: int) -> None:
        if counter <= self.last_received:
            raise ReplayError(f"counter {counter} of the meter is not above {self.last_received}")
        self.last_received = counter


def refusal(apdu: bytes) -> ExceptionResponse | ConfirmedServiceError | None:
    """The error a plain exception-response or confirmed-service-error stands for; None for any other APDU."""
    if apdu[0] == tags.EXCEPTION_RESPONSE and is_plain_exception(apdu):
        return exception_response(apdu, ciphered=False)
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
