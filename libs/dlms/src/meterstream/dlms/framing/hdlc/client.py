"""The client's end of an HDLC link: the primary station."""

from __future__ import annotations

from typing import ClassVar, Final

from meterstream.dlms.errors import (
    HdlcDisconnected,
    HdlcFrameRejected,
    HdlcNoAnswer,
    HdlcRefused,
    HdlcStateError,
    LinkError,
    PeerError,
)
from meterstream.dlms.framing.hdlc.address import HdlcAddress
from meterstream.dlms.framing.hdlc.events import Closed, Connected, HdlcPhase
from meterstream.dlms.framing.hdlc.exchange import LLC_TO_CLIENT, LLC_TO_SERVER
from meterstream.dlms.framing.hdlc.frame import HdlcFrame, Kind, control_octet
from meterstream.dlms.framing.hdlc.link import HdlcLink
from meterstream.dlms.framing.hdlc.parameters import HdlcParameters, decode_parameters, negotiate
from meterstream.dlms.framing.hdlc.settings import HdlcLimits, HdlcOptions

_FRMR_OCTETS: Final = 3


class HdlcClientLink(HdlcLink):
    """Connects, sends one APDU at a time and collects its answer.

    A lost turn is asked for with RR; what N(R) of the answer does not acknowledge is sent again (checkpoint
    recovery). After a failure or `Closed` the link may connect again.
    """

    _outbound_llc: ClassVar[bytes] = LLC_TO_SERVER

    def __init__(
        self,
        client: int,
        server: HdlcAddress,
        parameters: HdlcParameters | None = None,
        limits: HdlcLimits | None = None,
        options: HdlcOptions | None = None,
    ) -> None:
        """`parameters` are what we offer. Raises: ConfigurationError (client outside 0..127)."""
        self._own = HdlcAddress(client)
        self._server = server
        self._options = options or HdlcOptions()
        self._inbound_llc = (LLC_TO_CLIENT, LLC_TO_SERVER) if self._options.client_llc else (LLC_TO_CLIENT,)
        self._awaiting = self._answer_due = self._sole_poll = self._enquired = False
        self._repetitions = self._polls = 0
        super().__init__(parameters or HdlcParameters(), limits or HdlcLimits())

    @property
    def idle(self) -> bool:
        """Connected, and everything asked is answered: `send` and `disconnect` are possible."""
        return self._phase is HdlcPhase.CONNECTED and self._deadline is None

    def connect(self, now: float) -> bytes:
        """SNRM. Raises: HdlcStateError."""
        self._require(HdlcPhase.DISCONNECTED, "connect")
        self._repetitions = self._polls = 0
        self._phase = HdlcPhase.CONNECTING
        self._send_snrm(now)
        return self._step().octets

    def send(self, apdu: bytes, now: float, *, answered: bool = True) -> bytes:
        """The first frames of an APDU; `receive` gives the rest. `answered` is False for unconfirmed services.

        Raises: HdlcStateError unless `idle`, PduTooLarge.
        """
        if not self.idle:
            raise HdlcStateError("send while the HDLC link is not idle")
        self._exchange.load(apdu)
        self._answer_due = answered
        self._repetitions = self._polls = 0
        self._enquired = False
        self._send_window(now)
        return self._step().octets

    def await_more(self, now: float) -> bytes:
        """The APDU just received is not all that the server has to say: asks for the next one.

        Raises: HdlcStateError unless connected.
        """
        self._require(HdlcPhase.CONNECTED, "ask for more")
        self._answer_due = True
        if self._deadline is None:
            self._repetitions = self._polls = 0
            self._enquired = False
            self._poll(Kind.RR, now)
        return self._step().octets

    def disconnect(self, now: float) -> bytes:
        """DISC; gives up what is under way. Raises: HdlcStateError unless connected."""
        self._require(HdlcPhase.CONNECTED, "disconnect")
        self._repetitions = 0
        self._phase = HdlcPhase.DISCONNECTING
        self._poll(Kind.DISC, now)
        return self._step().octets

    def _addresses(self) -> tuple[HdlcAddress, HdlcAddress]:
        return self._server, self._own

    def _is_ours(self, frame: HdlcFrame) -> bool:
        return frame.destination == self._own and frame.source == self._server

    def _fail(self, error: PeerError | LinkError) -> None:
        self._awaiting = self._answer_due = False
        super()._fail(error)

    # What we send

    def _send_snrm(self, now: float) -> None:
        offered = self._offered.encode(always=self._options.always_parameters)
        self._send(control_octet(Kind.SNRM, poll_final=True), offered)
        self._wait(now)

    def _poll(self, kind: Kind, now: float) -> None:
        self._send_control(kind)
        self._sole_poll = False
        self._wait(now)

    def _send_window(self, now: float) -> None:
        self._send_burst()
        self._sole_poll = self._exchange.sent == self._exchange.acknowledged + 1
        self._wait(now)

    def _wait(self, now: float) -> None:
        self._awaiting = True
        self._deadline = now + self._limits.response_timeout_s

    def _wait_to_poll(self, now: float) -> None:
        if self._polls >= self._limits.polls:
            raise HdlcNoAnswer(f"the server had nothing or was not ready {self._polls + 1} times in a row")
        self._polls += 1
        self._awaiting = False
        self._deadline = now + self._limits.poll_interval_s

    def _expired(self, now: float) -> None:
        if self._phase is HdlcPhase.CONNECTED and not self._awaiting:
            self._poll(Kind.RR, now)
            return
        if self._repetitions >= self._limits.repetitions:
            self._fail(HdlcNoAnswer(f"no answer while {self._phase.value}, {self._repetitions} repetitions"))
            return
        self._repeat()
        self._enquired = True
        if self._phase is HdlcPhase.CONNECTING:
            self._send_snrm(now)
        else:
            self._poll(Kind.DISC if self._phase is HdlcPhase.DISCONNECTING else Kind.RR, now)

    def _repeat(self) -> None:
        self._repetitions += 1
        self.counters.repeated += 1

    # What we receive

    def _handle(self, frame: HdlcFrame, now: float) -> None:
        kind = frame.kind
        if self._phase is HdlcPhase.CONNECTED:
            self._check(frame)
            self._connected(frame, now)
        elif self._phase is HdlcPhase.CONNECTING and kind is Kind.UA:
            self._reset(negotiate(self._offered, decode_parameters(frame.information)))
            self._phase, self._deadline = HdlcPhase.CONNECTED, None
            self._awaiting = self._answer_due = self._enquired = False
            self._events.append(Connected(self._own.upper, self.parameters))
        elif self._phase is HdlcPhase.CONNECTING and kind is Kind.DM:
            raise HdlcRefused("the server answers DM to SNRM")
        elif self._phase is HdlcPhase.DISCONNECTING and kind in (Kind.UA, Kind.DM):
            self._disconnect()
            self._events.append(Closed())
        else:
            self.counters.unexpected += 1

    def _connected(self, frame: HdlcFrame, now: float) -> None:
        match frame.kind:
            case Kind.I:
                self._information(frame, now)
            case Kind.RR | Kind.RNR:
                self._supervisory(frame, now)
            case Kind.UI:
                self._unnumbered(frame)
            case Kind.FRMR:
                raise _rejected(frame)
            case Kind.DM:
                raise HdlcDisconnected("the server answers DM: it has no connection")
            case _:  # the second UA of a SNRM that was repeated, or our own words as an echo
                self.counters.unexpected += 1

    def _information(self, frame: HdlcFrame, now: float) -> None:
        exchange = self._exchange
        moved = exchange.acknowledge(frame.receive_number)
        late = exchange.is_late(frame.send_number)
        taken = self._numbered(frame)
        if taken and not exchange.in_apdu:
            self._answer_due = False
        if taken and self._awaiting:
            self._wait(now)
        if frame.poll_final and (taken or (self._awaiting and not late)):
            self._go_on(now, moved=moved or taken)
        elif moved or taken:
            self._moved()

    def _supervisory(self, frame: HdlcFrame, now: float) -> None:
        moved = self._exchange.acknowledge(frame.receive_number)
        was_busy, self._peer_busy = self._peer_busy, frame.kind is Kind.RNR
        if moved:
            self._moved()
        if not frame.poll_final or not self._awaiting:
            return
        if self._peer_busy:
            self._wait_to_poll(now)
        elif moved or was_busy or not self._sole_poll:
            self._go_on(now, moved=moved or was_busy, nothing_yet=True)
        else:  # the double of an earlier answer: who heard this poll heard the segment that carried it
            self.counters.out_of_sequence += 1

    def _go_on(self, now: float, *, moved: bool, nothing_yet: bool = False) -> None:
        """It is our turn. Raises: HdlcNoAnswer when too many turns brought nothing new."""
        exchange = self._exchange
        if moved:
            self._moved()
        if exchange.unacknowledged:
            self._count_turn(moved=moved)
            exchange.go_back()
            self._send_window(now)
        elif exchange.in_apdu or (self._answer_due and not nothing_yet):
            self._count_turn(moved=moved)
            self._poll(Kind.RR, now)
        elif self._answer_due:
            self._wait_to_poll(now)
        else:
            self._awaiting, self._deadline = False, None

    def _moved(self) -> None:
        self._repetitions = self._polls = 0

    def _count_turn(self, *, moved: bool) -> None:
        if moved or self._enquired:  # the time-out before the enquiry is counted already
            self._enquired = False
            return
        if self._repetitions >= self._limits.repetitions:
            raise HdlcNoAnswer(f"nothing new in {self._repetitions + 1} answers")
        self._repeat()


def _rejected(frame: HdlcFrame) -> HdlcFrameRejected:
    if len(frame.information) != _FRMR_OCTETS:
        return HdlcFrameRejected("the server rejected a frame and does not say why")
    control, _, reason = frame.information
    return HdlcFrameRejected(f"the server rejected a frame: control {control:#04x}, reason {reason}", control, reason)
