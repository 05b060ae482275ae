"""Associations of a meter over an HDLC link, without I/O.

Source: Green Book (DLMS UA 1000-2) clause 8, IEC 62056-46, ISO/IEC 13239.
"""

from __future__ import annotations

from collections.abc import Callable

from meterstream.dlms.errors import DlmsError, HdlcStateError
from meterstream.dlms.framing import frames_in, wrap
from meterstream.dlms.framing.hdlc import ApduReceived, Connected, HdlcPhase, HdlcServerLink, Step
from meterstream.dlms.meter.application import DropLine
from meterstream.dlms.meter.association import MeterAssociation


class HdlcMeter:
    """One physical line to one logical device of a meter.

    As MeterAssociation it never raises for what a client sends; as HdlcServerLink it is told the time. Every
    connection (SNRM) begins with a new association, and so does an AARQ after a release within one; failed logins are
    counted over all of them.

    Args:
        new_association: with its default framing; its `server_sap` is the upper part of the address of `link`.
    """

    __slots__ = ("_association", "_client", "_failed_logins", "_link", "_new_association", "close_cause", "closed")

    def __init__(self, new_association: Callable[[], MeterAssociation], link: HdlcServerLink) -> None:
        self._new_association = new_association
        self._link = link
        self._client = 0
        self._failed_logins = 0
        self._association: MeterAssociation | None = None
        self.closed = False
        self.close_cause: DlmsError | DropLine | None = None

    @property
    def association(self) -> MeterAssociation | None:
        """Of the present connection, once an APDU came."""
        return self._association

    @property
    def link(self) -> HdlcServerLink:
        return self._link

    @property
    def deadline(self) -> float | None:
        """When `timed_out` is due, if ever."""
        return self._link.deadline

    def receive(self, octets: bytes, now: float) -> bytes:
        """Takes octets from the line, cut anywhere, and returns those to send.

        Once `closed` is true the line must be dropped after them; `close_cause` says why.
        """
        return b"" if self.closed else self._on(self._link.receive(octets, now))

    def timed_out(self, now: float) -> bytes:
        """Does nothing before the deadline. A connection that is silent for too long ends without a word."""
        return b"" if self.closed else self._on(self._link.timed_out(now))

    def _on(self, step: Step) -> bytes:
        octets = step.octets
        ends = [place for place, event in enumerate(step.events) if not isinstance(event, ApduReceived)]
        for place, event in enumerate(step.events):
            if self.closed:
                break
            if isinstance(event, ApduReceived):
                answers = self._answers(event.apdu)
                if not ends or place > ends[-1]:  # else its connection was gone before the answer was there
                    octets += self._send(answers)
            else:
                self._association = None
                if isinstance(event, Connected):
                    self._client = event.client
        return octets

    def _answers(self, apdu: bytes) -> bytes:
        association = self._association
        if association is None or association.closed:
            association = self._association = self._new_association()
            association.failed_logins = self._failed_logins
        answers = association.receive(wrap(self._client, self._link.address.upper, apdu))
        self._failed_logins = association.failed_logins
        if association.closed and association.close_cause is not None:
            self.closed, self.close_cause = True, association.close_cause
        return answers

    def _send(self, answers: bytes) -> bytes:
        link = self._link
        if link.phase is not HdlcPhase.CONNECTED:  # an UI frame before any connection
            return b""
        octets = b""
        try:
            for frame in frames_in(answers):
                octets += link.send(frame.apdu)
        except HdlcStateError as error:
            self.closed, self.close_cause = True, error
        return octets + link.pass_turn()
