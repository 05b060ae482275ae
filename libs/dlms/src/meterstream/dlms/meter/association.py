"""Meter role of one connection, without I/O: bytes in, answer frames out."""

from __future__ import annotations

from enum import Enum
from typing import Final

from meterstream.dlms.apdu import (
    MAX_PDU,
    Aarq,
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResult,
    Conformance,
    DataNotification,
    EventNotificationRequest,
    ExceptionResponse,
    InitiateRequest,
    Rlre,
    UserDiagnostic,
    decode_aarq,
    decode_action_request,
    decode_initiate_request,
    decode_rlrq,
    tags,
)
from meterstream.dlms.apdu import exception as exceptions
from meterstream.dlms.apdu.general_ciphering import GeneralKeyCiphering
from meterstream.dlms.data import DEFAULT_LIMITS, DataLimits, LogicalName, MethodRef, decode_length, octet_string
from meterstream.dlms.errors import (
    AssociationStateError,
    AuthenticationError,
    CountersExhausted,
    DecipherError,
    DecodeError,
    DlmsError,
    LimitExceeded,
    PduTooLarge,
    PeerError,
    ReplayError,
    SecurityError,
)
from meterstream.dlms.framing import Framing, WrapperReader
from meterstream.dlms.meter.application import DropLine, MeterApplication
from meterstream.dlms.meter.general import MIN_BLOCK_APDU, MeterBlocks
from meterstream.dlms.meter.login import Login
from meterstream.dlms.meter.opening import (
    accepting_aare,
    draw_challenge,
    fault_of,
    initiate_response,
    open_request,
    rejecting_aare,
    unseal,
)
from meterstream.dlms.meter.policy import ClientAccess, Habits, MeterSecurity, Reaction
from meterstream.dlms.meter.protection import SpecialProtection, is_general
from meterstream.dlms.meter.services import AddressNotServed, Services, Violation
from meterstream.dlms.meter.transfers import DEFAULT_TRANSFER_LIMITS, TransferLimits
from meterstream.dlms.security import MAX_COUNTER, OVERHEAD, Level, SecurityKeys, Suite0
from meterstream.dlms.transfer import limits_on

REPLY_TO_HLS: Final = MethodRef(15, LogicalName.parse("0.0.40.0.0.255"), 1)
_CIPHERED_HEAD: Final = OVERHEAD + 4
MAX_ANSWERS: Final = 4 * 1024 * 1024
"""Octets of answers to requests that came in one go; who sends more of them ahead is dropped."""
_REQUEST_TAGS: Final = (tags.GET_REQUEST, tags.SET_REQUEST, tags.ACTION_REQUEST, tags.ACCESS_REQUEST)
_SPECIAL_TAGS: Final = tags.GENERAL_TAGS | frozenset(tags.PLAIN_OF_DED)
_KNOWN_TAGS: Final = frozenset(tags.PLAIN_OF) | frozenset(_REQUEST_TAGS)
_GENERAL_INITIATE: Final = (bytes((tags.GENERAL_GLO_CIPHERING,)), bytes((tags.GENERAL_CIPHERING,)))
_GENERAL_PROTECTION: Final = int(Conformance.GENERAL_PROTECTION)
_DEFAULT_HABITS: Final = Habits()
_GENERAL_BLOCKS: Final = int(Conformance.GENERAL_BLOCK_TRANSFER)
_GENERAL_BLOCK: Final = bytes((tags.GENERAL_BLOCK_TRANSFER,))


class MeterPhase(Enum):
    IDLE = "idle"
    HALF_OPEN = "awaiting HLS pass 3"
    ASSOCIATED = "associated"


class MeterAssociation:
    """One connection to one logical device of a meter.

    `receive` never raises for what a client sends: a request that cannot be served has the reaction that `habits` name.
    Once `closed` is true the connection must be dropped after the bytes returned so far; `close_cause` says why.

    Attributes:
        failed_logins: rejected AARQs, wrong tokens of pass 3 and wrong protection before an association was open, since
            the connection began; neither a release nor a login that succeeds takes any back.

    Args:
        server_sap: wPort of the logical device.
        limits: bounds on the data of one request.
        framing: how APDUs lie on the line; the wrapper unless given.
        transfer_limits: bounds on a request that comes in blocks.
    """

    __slots__ = (
        "_access",
        "_blocks",
        "_cipher",
        "_client_title",
        "_framing",
        "_general",
        "_habits",
        "_keys",
        "_limits",
        "_login",
        "_max_answer",
        "_phase",
        "_sap",
        "_security",
        "_server_sap",
        "_services",
        "_special",
        "_specially",
        "_transfer_limits",
        "close_cause",
        "closed",
        "failed_logins",
    )

    def __init__(
        self,
        application: MeterApplication,
        security: MeterSecurity,
        habits: Habits = _DEFAULT_HABITS,
        server_sap: int = 1,
        limits: DataLimits = DEFAULT_LIMITS,
        framing: Framing | None = None,
        transfer_limits: TransferLimits = DEFAULT_TRANSFER_LIMITS,
    ) -> None:
        self._security = security
        self._habits = habits
        self._server_sap = server_sap
        self._limits = limits
        self._framing: Framing = WrapperReader() if framing is None else framing
        self._services = Services(application, habits, limits, transfer_limits)
        self._transfer_limits = transfer_limits
        self.closed = False
        self.close_cause: DlmsError | DropLine | None = None
        self.failed_logins = 0
        self._forget()

    def _forget(self) -> None:
        self._phase = MeterPhase.IDLE
        self._sap: int | None = None
        self._access: ClientAccess | None = None
        self._keys: SecurityKeys | None = None
        self._cipher: Suite0 | None = None
        self._special: SpecialProtection | None = None
        self._specially = False
        self._general = False
        self._client_title = b""
        self._login: Login | None = None
        self._blocks: MeterBlocks | None = None
        self._max_answer = MAX_PDU

    @property
    def phase(self) -> MeterPhase:
        return self._phase

    @property
    def client_sap(self) -> int | None:
        """Client address of the open association."""
        return self._sap

    def receive(self, octets: bytes) -> bytes:
        """Takes bytes from the line and returns the frames to send, possibly none. Requests are answered in order."""
        if self.closed:
            return b""
        answers: list[bytes] = []
        waiting = 0
        try:
            framing = self._framing
            framing.feed(octets)
            while framing.waiting and not self.closed and (frame := framing.next_frame()) is not None:
                if waiting > MAX_ANSWERS:
                    raise LimitExceeded(f"requests ahead of more than {MAX_ANSWERS} octets of answers")
                answer = self._answer(*frame) if self._blocks is None else self._answer_in_blocks(self._blocks, *frame)
                waiting += len(answer)
                answers.append(answer)
        except PeerError as error:
            self._close(error)
        return answers[0] if len(answers) == 1 else b"".join(answers)

    def notify(self, notification: DataNotification | EventNotificationRequest) -> bytes:
        """The frame of something that the client did not ask for, protected as the association is.

        In general blocks it would need the client's turn: what is above the client's PDU is refused.
        Raises: AssociationStateError without an open association, PduTooLarge, EncodeError, CountersExhausted.
        """
        if self._phase is not MeterPhase.ASSOCIATED or self._sap is None:
            raise AssociationStateError(f"notification while {self._phase.value}")
        apdu = self._protect_unasked(notification.encode())
        if len(apdu) > self._max_answer:
            raise PduTooLarge(f"notification of {len(apdu)} octets, the client takes {self._max_answer}")
        return self._framing.wrap(self._server_sap, self._sap, apdu)

    def _protect_unasked(self, plaintext: bytes) -> bytes:
        if self._cipher is None or self._specially:
            return plaintext if self._special is None else self._special.protect(plaintext)
        security = self._security
        title = security.system_title
        tag = tags.GLO_OF.get(plaintext[0])
        sealed = self._cipher.seal(tag or tags.GENERAL_GLO_CIPHERING, title, security.take_counter(), plaintext)
        if tag is not None:
            return sealed
        _, start = decode_length(sealed, 1)
        return GeneralKeyCiphering(dedicated=False, system_title=title, content=sealed[start:]).encode()

    def _close(self, cause: DlmsError | DropLine | None = None) -> None:
        self.closed = True
        self.close_cause = cause

    def _answer(self, source: int, destination: int, apdu: bytes) -> bytes:
        answer = self._answer_to(source, destination, apdu, self._habits.max_receive_pdu)
        return self._framing.wrap(self._server_sap, source, answer) if answer else b""

    def _answer_in_blocks(self, blocks: MeterBlocks, source: int, destination: int, apdu: bytes) -> bytes:
        """As `_answer`, where requests and answers may come in general blocks."""
        answers: tuple[bytes, ...] = ()
        request: bytes | None = apdu
        limit = self._habits.max_receive_pdu
        ours = (source, destination) == (self._sap, self._server_sap)
        if ours and apdu[:1] == _GENERAL_BLOCK and len(apdu) <= limit:
            answers, request = blocks.take(apdu)
            limit = len(request or b"")
        elif ours:
            blocks.begin()
        if request is not None and (answer := self._answer_to(source, destination, request, limit)):
            answers = blocks.answer(answer) if ours else (answer,)
        return b"".join([self._framing.wrap(self._server_sap, source, answer) for answer in answers])

    def _answer_to(self, source: int, destination: int, apdu: bytes, limit: int) -> bytes:
        """The answer, possibly none; `limit`: octets that a request may have."""
        habits = self._habits
        try:
            answer = self._dispatch(source, destination, apdu, limit)
        except SecurityError as error:
            answer = self._on_bad_security(error, source, apdu)
        except AddressNotServed as error:
            answer = self._react(habits.on_unknown_address, error, exceptions.OPERATION_NOT_POSSIBLE)
        except Violation as error:
            answer = self._react(habits.on_violation, error, exceptions.OPERATION_NOT_POSSIBLE)
        except (DecodeError, LimitExceeded) as error:
            answer = self._react(habits.on_unsupported, error, exceptions.SERVICE_NOT_SUPPORTED)
        except (DropLine, CountersExhausted) as decision:
            self._close(decision)
            return b""
        return answer

    def _dispatch(self, source: int, destination: int, apdu: bytes, limit: int) -> bytes:
        if destination != self._server_sap or (self._sap is not None and source != self._sap):
            raise AddressNotServed(f"no association of client {source} with logical device {destination}")
        if not apdu:
            raise DecodeError("APDU without any octet")
        tag = apdu[0]
        if tag == tags.AARQ:
            return self._on_aarq(source, apdu)
        if tag == tags.RLRQ:
            return self._on_rlrq(apdu)
        access = self._access
        if access is None:
            raise Violation("request without an association")
        if len(apdu) > limit:
            return self._exception(exceptions.PDU_TOO_LONG)
        request = self._unprotect(access, apdu)
        if self._login is not None:
            if request[0] == tags.ACTION_REQUEST:
                action = decode_action_request(request, self._limits)
                if isinstance(action, ActionRequestNormal) and action.ref == REPLY_TO_HLS:
                    return self._protect(self._on_pass_3(access, self._login, action))
            if not self._habits.serve_before_pass_3:
                return self._exception(exceptions.OPERATION_NOT_POSSIBLE)
        answer = self._services.answer(request)
        if isinstance(answer, int):
            return self._exception(answer)
        return self._protect(answer)

    # Reactions

    def _react(self, reaction: Reaction, cause: DlmsError, service_error: int) -> bytes:
        if reaction is Reaction.SILENCE:
            return b""
        if reaction is Reaction.EXCEPTION:
            return self._exception(service_error)
        self._close(cause)
        return b""

    def _on_bad_security(self, error: SecurityError, source: int, apdu: bytes) -> bytes:
        reaction = self._habits.on_bad_security
        if reaction is Reaction.REJECT and apdu[0] == tags.AARQ:
            return self._reject(UserDiagnostic.NO_REASON_GIVEN, decode_aarq(apdu).context)
        if self._phase is not MeterPhase.ASSOCIATED:
            self._count_failed_login()
        if reaction is Reaction.EXCEPTION and isinstance(error, ReplayError):
            access = self._access or self._security.clients[source]
            lowest = min(access.last_client_counter + 1, MAX_COUNTER)  # above the last there is none
            return self._exception(exceptions.INVOCATION_COUNTER_ERROR, lowest)
        return self._react(reaction, error, exceptions.DECIPHERING_ERROR)

    def _exception(self, service_error: int, counter: int | None = None) -> bytes:
        answer = ExceptionResponse(exceptions.SERVICE_NOT_ALLOWED, service_error, counter).encode()
        return self._protect(answer) if self._habits.cipher_exceptions else answer

    # Protection

    def _unprotect(self, access: ClientAccess, apdu: bytes) -> bytes:
        tag = apdu[0]
        self._specially = False
        if self._cipher is None:
            if self._special is not None and (tag in _KNOWN_TAGS or tag in _SPECIAL_TAGS):
                return self._unprotect_specially(access, self._special, apdu)
            if tag not in _REQUEST_TAGS:
                raise DecodeError(f"tag {tag:#04x} is not served here")
            return apdu
        if tag in _REQUEST_TAGS:
            raise DecipherError("plain request in a ciphered association")
        plain_tag = tags.PLAIN_OF.get(tag)
        if plain_tag not in _REQUEST_TAGS:
            if tag not in _SPECIAL_TAGS:
                raise DecodeError(f"tag {tag:#04x} is not served")
            return self._unprotect_specially(access, self._special_of(access), apdu)
        self._use_keys(access)
        _, plaintext = unseal(access, self._cipher, self._client_title, apdu)
        if not plaintext or plaintext[0] != plain_tag:
            raise DecipherError("service does not belong to its tag")
        return plaintext

    def _unprotect_specially(self, access: ClientAccess, special: SpecialProtection, apdu: bytes) -> bytes:
        if is_general(apdu) and not self._general:
            raise DecodeError(f"tag {apdu[0]:#04x} is not served: no general protection was granted")
        self._use_keys(access)
        plaintext = special.unprotect(apdu)
        if plaintext[0] not in _REQUEST_TAGS:
            raise DecodeError(f"tag {plaintext[0]:#04x} is not served")
        self._specially = True
        return plaintext

    def _protect(self, answer: bytes) -> bytes:
        if self._habits.answer_under_new_keys and self._access is not None:
            self._use_keys(self._access)
        if self._cipher is None or self._specially:
            return answer if self._special is None else self._special.protect(answer)
        security = self._security
        return self._cipher.seal(tags.GLO_OF[answer[0]], security.system_title, security.take_counter(), answer)

    def _use_keys(self, access: ClientAccess) -> None:
        """Takes the present keys of the client; the cipher is made anew only when they have changed."""
        keys = access.keys if access.level.ciphered else None
        if keys is not self._keys:
            self._keys = keys
            self._cipher = Suite0(keys) if keys is not None and access.standard else None
            if self._special is not None:
                self._special.use_keys()

    def _special_of(self, access: ClientAccess) -> SpecialProtection:
        if self._special is None:
            self._special = SpecialProtection(access, self._security, self._client_title)
        return self._special

    def _seal_initiate(self, plaintext: bytes) -> bytes:
        """Plain, or ciphered where there are keys."""
        if self._cipher is None or self._specially:
            return plaintext if self._special is None else self._special.protect_initiate(plaintext)
        security = self._security
        counter = security.take_counter()
        return self._cipher.seal(tags.GLO_INITIATE_RESPONSE, security.system_title, counter, plaintext)

    # Association

    def _on_aarq(self, source: int, apdu: bytes) -> bytes:
        if self._phase is not MeterPhase.IDLE:
            raise Violation("AARQ in an open association")
        access = self._security.clients.get(source)
        if access is None:
            raise AddressNotServed(f"client {source} is not served")
        aarq = decode_aarq(apdu)
        self._use_keys(access)
        fault = fault_of(aarq, access, self._security, self._habits)
        if fault is not None:
            return self._reject(fault, aarq.context)
        self._client_title = aarq.calling_title or b""
        initiate, counter = self._open_request(aarq, access)
        granted = initiate.conformance & self._habits.conformance
        login: Login | None = None
        if access.level.hls:
            received = aarq.authentication_value or b""
            drawn = draw_challenge(self._security, received)
            login = Login(self._client_title, received, drawn, counter)
        self._login = login
        self._sap, self._access = source, access
        self._phase = MeterPhase.ASSOCIATED if login is None else MeterPhase.HALF_OPEN
        self._general = bool(int(granted) & _GENERAL_PROTECTION)
        limit = self._max_answer = min(initiate.max_pdu or MAX_PDU, self._habits.max_send_pdu)
        self._services.start(source, granted, limit - self._overhead(access))
        if int(granted) & _GENERAL_BLOCKS and limit >= MIN_BLOCK_APDU:
            general = limits_on(self._framing, self._transfer_limits.general)
            self._blocks = MeterBlocks(general, limit, self._habits.lose_general_blocks, proved=login is None)
        named = granted | self._habits.unproposed_conformance
        challenge = b"" if login is None else login.server_challenge
        return accepting_aare(access, self._security, self._habits, self._seal_initiate, named, challenge)

    def _open_request(self, aarq: Aarq, access: ClientAccess) -> tuple[InitiateRequest, int]:
        """The initiate-request and its counter, -1 where it is plain; the AARE will be protected as it was.

        Raises: SecurityError, DecodeError.
        """
        special: SpecialProtection | None = None
        self._special = None
        general = aarq.user_information[:1] in _GENERAL_INITIATE
        if (self._cipher is None or general) and access.level is not Level.NONE and access.policy:
            special = self._special_of(access)
        self._specially = special is not None
        initiate, counter = open_request(aarq, access, self._cipher, special)
        if initiate.dedicated_key is not None and special is None and self._cipher is not None:
            self._special_of(access).use_dedicated_key(initiate.dedicated_key)
        return initiate, counter

    def _overhead(self, access: ClientAccess) -> int:
        """The most octets that protection adds to an answer."""
        if self._special is not None or (self._general and access.ciphered):
            return self._special_of(access).overhead(general=self._general)
        return _CIPHERED_HEAD if self._cipher is not None else 0

    def _reject(self, diagnostic: UserDiagnostic, context: int) -> bytes:
        aare = rejecting_aare(diagnostic, self._habits, self._seal_initiate, context)
        self._forget()
        self._count_failed_login()
        return aare

    def _count_failed_login(self) -> None:
        """The last one that is allowed is answered as all are, and ends the line."""
        self.failed_logins += 1
        if self.failed_logins >= self._habits.max_failed_logins:
            self._close(LimitExceeded(f"{self.failed_logins} failed logins on one connection"))

    def _on_pass_3(self, access: ClientAccess, login: Login, action: ActionRequestNormal) -> bytes:
        """Verifies f(StoC) and answers with f(CtoS); a wrong token leaves the association half open."""
        token = action.data.value if action.data is not None else None
        invoke = self._services.invoke(action.invoke)
        if not isinstance(token, bytes):
            self._count_failed_login()
            return ActionResponseNormal(invoke, ActionResult.TYPE_UNMATCHED).encode()
        try:
            shares = self._habits.token_shares_counter
            proof = login.prove(token, access, self._security, self._cipher, shares_counter=shares)
        except (AuthenticationError, ReplayError):
            self._count_failed_login()
            return ActionResponseNormal(invoke, ActionResult.OTHER_REASON).encode()
        self._phase, self._login = MeterPhase.ASSOCIATED, None
        if self._blocks is not None:
            self._blocks.open()
        return ActionResponseNormal(invoke, ActionResult.SUCCESS, octet_string(proof)).encode()

    def _check_release(self, access: ClientAccess, information: bytes) -> None:
        """An initiate-request that is ciphered has to be genuine; RLRE is protected as it was.

        Raises: SecurityError, DecodeError.
        """
        if information[0] == tags.INITIATE_REQUEST:
            decode_initiate_request(information)
        elif self._special is not None and (self._cipher is None or is_general(information)):
            self._special.open_initiate(information)
            self._specially = True
        elif self._cipher is not None:
            unseal(access, self._cipher, self._client_title, information)
            self._specially = False
        else:
            raise DecodeError("ciphered user-information in an RLRQ without keys")

    def _on_rlrq(self, apdu: bytes) -> bytes:
        habits = self._habits
        release = decode_rlrq(apdu)
        if release.user_information and self._access is not None:
            self._check_release(self._access, release.user_information)
        answer = b""
        if habits.answer_release and not (release.reason is None and habits.drop_release_without_reason):
            information: bytes | None = None
            if (habits.release_information or release.user_information) and self._access is not None:
                information = initiate_response(habits, self._seal_initiate, Conformance(0))
            answer = Rlre(user_information=information).encode()
        self._services.stop()
        self._forget()
        if habits.close_after_release or not answer:
            self._close()
        return answer
