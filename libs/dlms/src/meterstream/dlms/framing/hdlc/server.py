"""The server's end of an HDLC link: a secondary station, the meter's side (states: IEC 62056-46, 6.4.5)."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from meterstream.dlms.errors import HdlcProtocolError, HdlcStateError, PduTooLarge, PeerError
from meterstream.dlms.framing.hdlc.address import HdlcAddress
from meterstream.dlms.framing.hdlc.events import Closed, Connected, HdlcPhase
from meterstream.dlms.framing.hdlc.exchange import LLC_TO_CLIENT, LLC_TO_SERVER
from meterstream.dlms.framing.hdlc.frame import MODULO, HdlcFrame, Kind, control_octet
from meterstream.dlms.framing.hdlc.link import HdlcLink
from meterstream.dlms.framing.hdlc.parameters import HdlcParameters, decode_parameters, negotiate
from meterstream.dlms.framing.hdlc.settings import HdlcLimits


class HdlcServerLink(HdlcLink):
    """Answers one client at a time; it sends only when it has the turn.

    An `ApduReceived` may leave the turn here: `send` uses it, `pass_turn` gives it back when there is nothing to
    say. Frames of other clients during a connection are counted as not ours, broadcasts are too.

    Attributes:
        busy: True refuses I frames and answers RNR until it is False again.
    """

    _outbound_llc: ClassVar[bytes] = LLC_TO_CLIENT
    _inbound_llc: tuple[bytes, ...] = (LLC_TO_SERVER,)

    def __init__(
        self,
        server: HdlcAddress,
        parameters: HdlcParameters | None = None,
        limits: HdlcLimits | None = None,
    ) -> None:
        """`parameters` are the most we agree to."""
        self._own = server
        self._client = HdlcAddress(0)
        self._turn = False
        self._rejection = b""
        self._queue: deque[bytes] = deque()
        self.busy = False
        super().__init__(parameters or HdlcParameters(), limits or HdlcLimits())

    @property
    def address(self) -> HdlcAddress:
        return self._own

    def send(self, apdu: bytes) -> bytes:
        """The first frames of an APDU, nothing yet where the client must poll first; `receive` gives the rest.

        While another one is under way it waits for its turn.

        Raises: HdlcStateError unless connected, or when `HdlcLimits.queued` APDUs wait; PduTooLarge.
        """
        self._require(HdlcPhase.CONNECTED, "send")
        if len(apdu) > self._limits.apdu:
            raise PduTooLarge(f"APDU of {len(apdu)} octets, this link takes {self._limits.apdu}")
        if len(self._queue) + self._exchange.unacknowledged > self._limits.queued:
            raise HdlcStateError("too many APDUs wait to be acknowledged")
        self._queue.append(apdu)
        if self._turn and not self._peer_busy:
            self._answer()
        return self._step().octets

    def pass_turn(self) -> bytes:
        """Acknowledges without an answer; nothing where it is not our turn."""
        if self._turn:
            self._answer()
        return self._step().octets

    def _addresses(self) -> tuple[HdlcAddress, HdlcAddress]:
        return self._client, self._own

    def _is_ours(self, frame: HdlcFrame) -> bool:
        if frame.destination != self._own or frame.source.lower is not None:
            return False
        return self._phase is HdlcPhase.DISCONNECTED or frame.source == self._client

    def _expired(self, _now: float) -> None:
        self._disconnect()
        self._events.append(Closed(inactive=True))

    def _disconnect(self) -> None:
        self._turn = False
        self._queue.clear()
        super()._disconnect()

    def _refuse(self, error: PeerError, frame: HdlcFrame) -> None:
        """FRMR where the standard has a reason for it, DM otherwise, both only if we were polled."""
        reason = error.reason if isinstance(error, HdlcProtocolError) else 0
        ours = self._exchange.sent % MODULO << 1 | self._exchange.receive_number << 5
        deadline = self._deadline
        self._fail(error)
        if reason:
            self._rejection = bytes((frame.control, ours, reason))
            self._phase, self._deadline = HdlcPhase.REJECTING, deadline
            self._reject(frame)
        elif frame.poll_final:
            self._send_control(Kind.DM)

    def _reject(self, frame: HdlcFrame) -> None:
        if frame.poll_final:
            self._send(control_octet(Kind.FRMR, poll_final=True), self._rejection)

    def _handle(self, frame: HdlcFrame, now: float) -> None:
        try:
            self._dispatch(frame, now)
        except PeerError as error:
            self._refuse(error, frame)

    def _dispatch(self, frame: HdlcFrame, now: float) -> None:
        if self._phase is HdlcPhase.DISCONNECTED:
            self._client = frame.source
        else:
            self._deadline = now + self._limits.inactivity_timeout_s
        match frame.kind:
            case Kind.SNRM:
                self._connect(frame, now)
            case Kind.DISC if self._phase is not HdlcPhase.DISCONNECTED and not frame.information:
                self._disconnect()
                self._send_control(Kind.UA)
                self._events.append(Closed())
            case _ if self._phase is HdlcPhase.CONNECTED:
                self._check(frame)
                self._connected(frame)
            case _ if self._phase is HdlcPhase.REJECTING:
                self._reject(frame)
            case Kind.UA | Kind.DM | Kind.FRMR:  # never an answer to an answer
                self.counters.unexpected += 1
            case _:
                self.counters.unexpected += 1
                if frame.poll_final:
                    self._send_control(Kind.DM)

    def _connect(self, frame: HdlcFrame, now: float) -> None:
        agreed = negotiate(self._offered, decode_parameters(frame.information))
        self._reset(agreed)
        self._queue.clear()
        self._turn = False
        self._phase = HdlcPhase.CONNECTED
        self._deadline = now + self._limits.inactivity_timeout_s
        # Who names parameters is answered with parameters: some clients cannot read an UA without them (jDLMS 1.8).
        self._send(control_octet(Kind.UA, poll_final=True), agreed.encode(always=bool(frame.information)))
        self._events.append(Connected(frame.source.upper, agreed))

    def _connected(self, frame: HdlcFrame) -> None:
        match frame.kind:
            case Kind.I:
                self._information(frame)
            case Kind.RR | Kind.RNR:
                self._exchange.acknowledge(frame.receive_number)
                self._peer_busy = frame.kind is Kind.RNR
                if frame.poll_final:
                    self._answer()
            case Kind.UI:
                self._unnumbered(frame)
                if frame.poll_final:
                    self._answer()
            case _:
                self.counters.unexpected += 1

    def _information(self, frame: HdlcFrame) -> None:
        self._exchange.acknowledge(frame.receive_number)
        taken = not self.busy and self._numbered(frame)
        if not frame.poll_final:
            return
        if taken and not frame.segmented and not self._exchange.unacknowledged:
            self._turn = True
        else:
            self._answer()

    def _answer(self) -> None:
        """We were polled: what N(R) left unacknowledged goes out again, then what the window still allows."""
        if self._queue and not self._exchange.unacknowledged:
            self._exchange.load(self._queue.popleft())
        if self._exchange.unacknowledged and not self._peer_busy:
            self._turn = False
            self._exchange.go_back()
            self._send_burst()
        else:
            self._ready()

    def _ready(self) -> None:
        self._turn = False
        self._send_control(Kind.RNR if self.busy else Kind.RR)
