"""Client role of one application association, without I/O: requests out, bytes in, events back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final

from meterstream.dlms.apdu import (
    AccessItem,
    ActionResponseNormal,
    AttributeItem,
    Conformance,
    InitiateResponse,
    Rlre,
    Rlrq,
    Selection,
    decode_aare,
    decode_action_response,
    decode_rlre,
    tags,
)
from meterstream.dlms.client import requests
from meterstream.dlms.client.access import access as access_request
from meterstream.dlms.client.channel import Channel, refusal
from meterstream.dlms.client.config import AssociationConfig, check_challenge_length
from meterstream.dlms.client.events import Associated, Continue, Event, Released
from meterstream.dlms.client.exchanges import INVOKE_ID, Exchange, check_invoke
from meterstream.dlms.client.general import GeneralBlocks
from meterstream.dlms.client.notifications import UNASKED, Inbox, Notification
from meterstream.dlms.client.opening import build_aarq, check_pass_4, open_aare, pass_3, without_password
from meterstream.dlms.client.releasing import check_rlre, checked_rlrq
from meterstream.dlms.data import AttributeRef, Data, MethodRef
from meterstream.dlms.errors import (
    AssociationStateError,
    ConfirmedServiceError,
    DlmsError,
    ExceptionResponse,
    TransferAborted,
    UnexpectedAnswer,
)
from meterstream.dlms.framing import Framing
from meterstream.dlms.security import Level, SecurityKeys

CONFIRMED: Final = 0x40
HIGH_PRIORITY: Final = 0x80
_RLRQ: Final = Rlrq().encode()
_SET_BLOCKS: Final = int(Conformance.BLOCK_TRANSFER_SET)
_ACTION_BLOCKS: Final = int(Conformance.BLOCK_TRANSFER_ACTION)
_GENERAL_BLOCKS: Final = int(Conformance.GENERAL_BLOCK_TRANSFER)
_NO_ANSWERS_SPECIALLY: Final = UNASKED | {tags.GENERAL_BLOCK_TRANSFER}
_NO_ANSWERS: Final = _NO_ANSWERS_SPECIALLY | {tags.GENERAL_GLO_CIPHERING}
"""Answers come in general-glo-ciphering only where the association is protected that way."""


class Phase(Enum):
    """Where an association stands; requests are possible in READY only."""

    IDLE = "idle"
    ASSOCIATING = "associating"
    AUTHENTICATING = "authenticating"
    READY = "ready"
    AWAITING = "awaiting an answer"
    RELEASING = "releasing"
    RELEASED = "released"
    FAILED = "failed"


class ClientAssociation:
    """One association of a client with a meter.

    Each request method returns the frame to send; `receive` takes what came back and returns an event once an answer
    is complete. `Continue` carries a frame that must be sent before the exchange can end. One exchange at a time.

    Errors: a PeerError, SecurityError, AssociationRejected, or any error before READY ends the association (phase
    FAILED). ExceptionResponse and ConfirmedServiceError refuse one request only, unless a block transfer was going on.

    Args:
        take_counter: gives the next invocation counter of the client; each value it gives is used once at most.
        challenge: CtoS, fresh random bytes for every association; empty unless HLS.
        fresh: gives so many fresh random bytes; needed for dedicated keys, wrapped keys and one-pass key agreement.
        framing: how APDUs lie on the line; the wrapper unless given. What the methods call a frame is then one of it.
    """

    __slots__ = (
        "_action_room",
        "_challenge",
        "_channel",
        "_config",
        "_exchange",
        "_general",
        "_handler",
        "_inbox",
        "_invoke",
        "_negotiated",
        "_phase",
        "_server_challenge",
        "_set_room",
        "_unasked",
    )

    def __init__(
        self,
        config: AssociationConfig,
        take_counter: Callable[[], int],
        challenge: bytes = b"",
        framing: Framing | None = None,
        fresh: Callable[[int], bytes] | None = None,
    ) -> None:
        if config.level.hls:
            check_challenge_length(len(challenge), config.level)
        self._config = config
        self._channel = Channel(config, take_counter, framing, fresh)
        self._challenge = challenge
        self._server_challenge = b""
        self._phase = Phase.IDLE
        self._handler: Callable[[bytes], Event | None] | None = None
        self._exchange: Exchange | None = None
        self._invoke = 0
        self._negotiated = Conformance(0)
        self._set_room: int | None = None
        self._action_room: int | None = None
        self._general: GeneralBlocks | None = None
        self._inbox: Inbox | None = None
        self._unasked = _NO_ANSWERS if self._channel.protector is None else _NO_ANSWERS_SPECIALLY

    @property
    def phase(self) -> Phase:
        return self._phase

    @property
    def server_title(self) -> bytes | None:
        """System title of the meter; None in an association without ciphering."""
        return self._channel.server_title or None

    @property
    def negotiated(self) -> Conformance:
        """Services that were both proposed and granted."""
        return self._negotiated

    @property
    def server_max_pdu(self) -> int:
        """Largest APDU the meter takes, in octets."""
        return self._channel.server_max_pdu

    @property
    def last_received_counter(self) -> int | None:
        """Counter of the last ciphered APDU accepted from the meter."""
        counter = self._channel.last_received
        return None if counter < 0 else counter

    @property
    def last_received_transaction(self) -> int | None:
        """Transaction id last accepted from the meter where it guards against replays (TransactionPolicy)."""
        return self._channel.last_received_transaction

    @property
    def missed_notifications(self) -> int:
        """Notifications that were lost because too many waited already."""
        return 0 if self._inbox is None else self._inbox.missed

    def take_notifications(self) -> tuple[Notification, ...]:
        """What the meter sent unasked, before, between or after its answers, in order; each is handed out once."""
        return () if self._inbox is None else self._inbox.take()

    @property
    def sent_apdus(self) -> int:
        return self._channel.sent_apdus

    @property
    def waiting(self) -> int:
        """Octets received of a frame that is not whole yet."""
        return self._channel.framing.waiting

    # Requests

    def associate(self) -> bytes:
        """AARQ; answered by Associated, with HLS after a Continue. Raises: AssociationStateError, CountersExhausted."""
        if self._phase is not Phase.IDLE:
            raise AssociationStateError(f"associate while {self._phase.value}")
        aarq = build_aarq(self._config, self._channel, self._challenge)
        self._phase = Phase.ASSOCIATING
        self._handler = self._on_aare
        return self._channel.frame(aarq)

    def get(self, ref: AttributeRef, selection: Selection | None = None) -> bytes:
        """GET of one attribute; answered by GetAnswer, after `Continue`s when it comes in blocks.

        Raises: AssociationStateError, PduTooLarge, EncodeError, CountersExhausted; nothing is sent then.
        """
        return self._begin(*requests.get(self._next_invoke(), ref, selection, self._config.limits))

    def get_list(self, items: Sequence[AttributeItem]) -> bytes:
        """GET with-list; answered by GetListAnswer or ListRefused. Raises: as get."""
        return self._begin(*requests.get_list(self._next_invoke(), items, self._config.limits))

    def set(self, ref: AttributeRef, data: Data, selection: Selection | None = None) -> bytes:
        """SET of one attribute; answered by SetAnswer, after `Continue`s when it goes out in blocks. Raises: as get."""
        return self._begin(*requests.set_one(self._next_invoke(), ref, data, selection, self._set_room))

    def set_list(self, items: Sequence[tuple[AttributeRef, Data]]) -> bytes:
        """SET with-list; answered by SetListAnswer or ListRefused, as set. Raises: as get."""
        return self._begin(*requests.set_list(self._next_invoke(), items, self._set_room))

    def action(self, ref: MethodRef, data: Data | None = None) -> bytes:
        """ACTION of one method; answered by ActionAnswer, after `Continue`s when blocks go either way.

        Raises: as get.
        """
        return self._begin(*requests.action(self._next_invoke(), ref, data, self._config.limits, self._action_room))

    def action_list(self, items: Sequence[tuple[MethodRef, Data | None]]) -> bytes:
        """ACTION with-list; answered by ActionListAnswer or ActionListRefused, as action. Raises: as get."""
        return self._begin(*requests.action_list(self._next_invoke(), items, self._config.limits, self._action_room))

    def access(self, items: Sequence[tuple[AccessItem, Data | None]], *, break_on_error: bool = False) -> bytes:
        """ACCESS: reads, writes and calls in one exchange, in order; answered by AccessAnswer.

        It needs Conformance.ACCESS and, where APDUs are ciphered, general protection, for it has no ciphered form of
        its own.
        Raises: as get; ConfigurationError.
        """
        invoke = self._next_invoke() & INVOKE_ID
        return self._begin(*access_request(invoke, items, self._config.limits, break_on_error=break_on_error))

    def release(self, *, checked: bool = False) -> bytes:
        """RLRQ; answered by Released. Raises: AssociationStateError, CountersExhausted.

        Args:
            checked: RLRQ carries an initiate-request, protected as that of an AARQ, and RLRE must bring an
                initiate-response that opens with the keys of the association: a release that nobody else can have
                made. Otherwise RLRQ is plain, and what RLRE holds is not looked at.
        """
        if self._phase is not Phase.READY:
            raise AssociationStateError(f"release while {self._phase.value}")
        if checked:
            frame = self._channel.frame(checked_rlrq(self._config, self._channel))
            self._phase = Phase.RELEASING
            self._handler = self._on_checked_rlre
            return frame
        self._phase = Phase.RELEASING
        self._handler = self._on_rlre
        return self._channel.frame(_RLRQ)

    def offer_keys(self, keys: SecurityKeys) -> None:
        """Before the request that hands `keys` over: its answer may come under these or under the present ones.

        Where it comes under them they are in force from then on; otherwise `use_keys` puts them in force. The offer
        ends with that answer, whatever it says.
        Raises: ConfigurationError in an association without ciphering, or with another form of it than service-specific
            with the global key, or for keys of another suite.
        """
        self._channel.offer_keys(keys)

    def use_keys(self, keys: SecurityKeys) -> None:
        """Global keys from the next request on, as after a transfer that the meter has answered with success.

        Counters go on. Raises: AssociationStateError while an answer is awaited, ConfigurationError.
        """
        if self._phase is not Phase.READY:
            raise AssociationStateError(f"new keys while {self._phase.value}")
        self._channel.use_keys(keys)

    def traceable(self, frame: bytes) -> bytes:
        """A sent frame as it may be recorded: the password of an LLS AARQ is blanked."""
        header = self._channel.header
        if self._config.level is Level.LLS and frame[header] == tags.AARQ:
            return frame[:header] + without_password(frame[header:])
        return frame

    # Answers

    def receive(self, octets: bytes) -> Event | None:
        """Takes bytes from the line; None asks for more, or there were notifications only.

        Raises: PeerError, SecurityError, AssociationRejected, ExceptionResponse, ConfirmedServiceError.
        """
        handler = self._handler
        channel = self._channel
        try:
            apdu = channel.feed(octets)
            if apdu is None:
                return None
            if handler is None or channel.more or apdu[0] in self._unasked:
                return self._receive_several(apdu)
            return handler(apdu)
        except (ExceptionResponse, ConfirmedServiceError):
            # In the middle of a block transfer nobody knows whether the meter still is in it: reconnect.
            if self._phase is Phase.AWAITING and self._exchange is not None and not self._exchange.halfway:
                self._end_exchange()
            else:
                self._fail()
            raise
        except DlmsError:
            self._fail()
            raise

    def ask_again(self) -> bytes | None:
        """When nothing came in time: what was sent last, where general blocks are under way and may have been lost.

        None where repeating would not help: wait on, or give up.
        """
        general = self._general
        if general is None or not general.used or self._phase is not Phase.AWAITING:
            return None
        try:
            return general.again() or None
        except TransferAborted:
            return None

    def _receive_several(self, first: bytes) -> Event | None:
        """APDUs of which at most one is an answer; the others are notifications and general blocks."""
        event: Event | None = None
        open_ = self._phase not in (Phase.ASSOCIATING, Phase.RELEASING)
        apdu: bytes | None = first
        while apdu is not None:
            found = self._receive_one(apdu)
            if isinstance(event, Continue) and isinstance(found, Continue):
                event = Continue(event.frame + found.frame)
            else:
                event = event if found is None else found
            apdu = self._channel.next_apdu() if self._channel.more else None
        if self._channel.more and not open_ and event is not None:
            raise UnexpectedAnswer("octets after the answer")
        return event

    def _receive_one(self, apdu: bytes) -> Event | None:
        handler, general = self._handler, self._general
        if apdu[0] == tags.GENERAL_BLOCK_TRANSFER and general is not None:
            if handler is None and general.used:
                return None  # the double of a block whose APDU is whole
            return self._on_general(general, apdu)
        if apdu[0] in self._unasked or (handler is None and apdu[0] in tags.GENERAL_TAGS):
            self._note(*self._channel.open_unasked(apdu))
            return None
        if handler is None:
            raise UnexpectedAnswer(f"{len(apdu)} octets from the meter while {self._phase.value}")
        return handler(apdu)

    def _note(self, plaintext: bytes, protected: bool) -> None:
        if self._inbox is None:
            self._inbox = Inbox(self._config.limits.max_notifications, self._config.limits.data)
        self._inbox.put(plaintext, protected=protected)

    def _on_general(self, general: GeneralBlocks, apdu: bytes) -> Event | None:
        handler = self._handler
        if handler is None:
            raise UnexpectedAnswer("a general block that nobody asked for")
        frames, whole = general.take(apdu)
        if whole is not None:
            if not whole or whole[0] == tags.GENERAL_BLOCK_TRANSFER:
                raise UnexpectedAnswer("general blocks inside one another")
            return handler(whole)
        return Continue(frames) if frames else None

    def _next_invoke(self) -> int:
        if self._phase is not Phase.READY:
            raise AssociationStateError(f"request while {self._phase.value}")
        return self._invoke + 1 & INVOKE_ID | CONFIRMED

    def _prepare_blocks(self, negotiated: int) -> None:
        room = self._channel.room
        self._set_room = room if negotiated & _SET_BLOCKS else None
        self._action_room = room if negotiated & _ACTION_BLOCKS else None
        if negotiated & _GENERAL_BLOCKS:
            self._general = GeneralBlocks(self._channel, self._config.limits.general)

    def _begin(self, plaintext: bytes, exchange: Exchange) -> bytes:
        frame = self._send(plaintext)
        self._invoke = exchange.invoke & INVOKE_ID
        self._exchange = exchange
        self._handler = self._on_answer
        self._phase = Phase.AWAITING
        return frame

    def _send(self, plaintext: bytes) -> bytes:
        general = self._general
        return self._channel.request(plaintext) if general is None else general.request(plaintext)

    def _end_exchange(self) -> None:
        self._phase = Phase.READY
        self._handler = None
        self._exchange = None
        self._channel.end_offer()

    def _fail(self) -> None:
        self._phase = Phase.FAILED
        self._handler = None
        self._exchange = None

    def _on_aare(self, apdu: bytes) -> Event:
        if apdu[0] != tags.AARE:
            raise refusal(apdu) or UnexpectedAnswer(f"tag {apdu[0]:#04x} instead of an AARE")
        opened = open_aare(self._config, self._channel, decode_aare(apdu), self._challenge)
        self._negotiated = opened.initiate.conformance & self._config.conformance
        self._channel.server_max_pdu = opened.initiate.max_pdu or self._channel.server_max_pdu
        self._prepare_blocks(int(self._negotiated))
        if not self._config.level.hls:
            self._end_exchange()
            return Associated()
        self._invoke = 1
        self._server_challenge = opened.server_challenge
        invoke = self._invoke | CONFIRMED | HIGH_PRIORITY
        frame = pass_3(self._config, self._channel, invoke, self._challenge, self._server_challenge)
        self._phase = Phase.AUTHENTICATING
        self._handler = self._on_pass_4
        return Continue(frame)

    def _on_pass_4(self, apdu: bytes) -> Event:
        counter_of_aare = self._channel.last_received
        plaintext = self._channel.unprotect(apdu, tags.ACTION_RESPONSE)
        answer = decode_action_response(plaintext, self._config.limits.data)
        check_invoke(answer.invoke, self._invoke)
        if not isinstance(answer, ActionResponseNormal):
            raise UnexpectedAnswer("HLS pass 4 in another form than action-response-normal")
        check_pass_4(self._config, self._channel, answer, self._challenge, self._server_challenge, counter_of_aare)
        self._end_exchange()
        return Associated()

    def _on_answer(self, apdu: bytes) -> Event | None:
        exchange = self._exchange
        if exchange is None:
            raise UnexpectedAnswer("an answer to no request")
        plaintext = self._channel.unprotect(apdu, exchange.tag)
        if plaintext[0] != exchange.tag:
            self._note(plaintext, True)
            return None
        outcome = exchange.answer(plaintext)
        if isinstance(outcome, bytes):
            return Continue(self._send(outcome))
        self._end_exchange()
        return outcome

    def _on_rlre(self, apdu: bytes) -> Event | None:
        rlre = self._rlre(apdu)
        return None if rlre is None else self._released(None)

    def _on_checked_rlre(self, apdu: bytes) -> Event | None:
        rlre = self._rlre(apdu)
        return None if rlre is None else self._released(check_rlre(self._config, self._channel, rlre))

    def _rlre(self, apdu: bytes) -> Rlre | None:
        """None: a notification under general protection that crossed our RLRQ."""
        if apdu[0] in tags.GENERAL_TAGS:
            self._note(*self._channel.open_unasked(apdu))
            return None
        if apdu[0] != tags.RLRE:
            raise refusal(apdu) or UnexpectedAnswer(f"tag {apdu[0]:#04x} instead of an RLRE")
        return decode_rlre(apdu)

    def _released(self, information: InitiateResponse | None) -> Released:
        self._phase = Phase.RELEASED
        self._handler = None
        return Released(information)
