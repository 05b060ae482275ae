"""The same session by other libraries, which talk to the same meter role and are charged for their own calls only."""

from __future__ import annotations

import logging
import sys
from typing import Any

from bench.one_session import (
    CHALLENGE,
    CLIENT_TITLE,
    CLOCK,
    CLOCK_OCTETS,
    FIRST_COUNTER,
    KEYS,
    Stopwatch,
    new_meter,
)
from meterstream.dlms.apdu import DEFAULT_CONFORMANCE, Conformance
from meterstream.dlms.meter import Habits

# Both are imported where they are measured: nothing of the platform imports them.

WITH_GENERAL_PROTECTION = Habits(conformance=DEFAULT_CONFORMANCE | Conformance.GENERAL_PROTECTION)


def gurux_session() -> int:
    """CPU in ns of the client of gurux-dlms for the same session."""
    from gurux_dlms import GXReplyData
    from gurux_dlms.enums import Authentication, Conformance, InterfaceType, Security
    from gurux_dlms.objects import GXDLMSClock
    from gurux_dlms.secure import GXDLMSSecureClient

    clocked, meter = Stopwatch(), new_meter()

    def new_client() -> Any:
        client = GXDLMSSecureClient(True, 1, 1, Authentication.HIGH_GMAC, None, InterfaceType.WRAPPER)
        client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        client.ciphering.systemTitle = CLIENT_TITLE
        client.ciphering.blockCipherKey = KEYS.encryption_key
        client.ciphering.authenticationKey = KEYS.authentication_key
        client.ciphering.invocationCounter = FIRST_COUNTER
        client.ctoSChallenge = CHALLENGE
        # Not its default, which makes the meter choose another way of ciphering.
        client.proposedConformance = Conformance.GET | Conformance.SET | Conformance.ACTION
        return client

    client = clocked(new_client)

    def exchange(frames: Any) -> Any:
        reply = GXReplyData()
        for frame in frames:
            clocked(client.getData, bytearray(meter.receive(bytes(frame))), reply)
        return reply

    client_aarq = clocked(client.aarqRequest)
    clocked(client.parseAareResponse, exchange(client_aarq).data)
    pass_3 = clocked(client.getApplicationAssociationRequest)
    clocked(client.parseApplicationAssociationResponse, exchange(pass_3).data)
    value = exchange(clocked(client.read, GXDLMSClock("0.0.1.0.0.255"), 2)).value
    exchange(clocked(client.releaseRequest))
    if bytes(value) != CLOCK_OCTETS or not meter.closed:
        raise RuntimeError("the session of gurux-dlms did not run as it should")
    return clocked.ns


def silence_gurux() -> None:
    """Its prints cost time and would spoil the output."""
    import gurux_dlms.secure  # noqa: F401 - imported for its effect: what it costs is not the session's

    for name, module in list(sys.modules.items()):
        if name.startswith("gurux_dlms") and module is not None:
            module.__dict__["print"] = lambda *_, **__: None


class Memory:
    """What dlms-cosem takes for a socket; the meter at its other end is on another account."""

    def __init__(self) -> None:
        self.meter = new_meter(WITH_GENERAL_PROTECTION)
        self.meter_time = Stopwatch()
        self._received = b""

    def connect(self) -> None:
        """Nothing to do."""

    def disconnect(self) -> None:
        """Nothing to do."""

    def send(self, data: bytes) -> None:
        self._received += self.meter_time(self.meter.receive, data)

    def recv(self, amount: int = 1) -> bytes:
        octets, self._received = self._received[:amount], self._received[amount:]
        return octets


def cosem_session() -> int:
    """CPU in ns of the client of dlms-cosem for the same session.

    Its APDUs are general-glo-ciphered, it has no other; its RLRQ carries a ciphered initiate-request; it proves the
    token of the meter twice.
    """
    from dlms_cosem import cosem, enumerations, utils
    from dlms_cosem.client import DlmsClient
    from dlms_cosem.io import TcpTransport
    from dlms_cosem.security import HighLevelSecurityGmacAuthentication

    line = Memory()
    clock = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK, cosem.Obis.from_bytes(CLOCK.logical_name), 2)

    def session() -> bytes:
        client = DlmsClient(
            transport=TcpTransport(1, 1, line),
            authentication=HighLevelSecurityGmacAuthentication(challenge_length=len(CHALLENGE)),
            encryption_key=KEYS.encryption_key,
            authentication_key=KEYS.authentication_key,
            client_system_title=CLIENT_TITLE,
            client_initial_invocation_counter=FIRST_COUNTER,
        )
        client.associate()
        value: bytes = utils.parse_as_dlms_data(client.get(clock))
        client.release_association()
        return value

    whole = Stopwatch()
    if bytes(whole(session)) != CLOCK_OCTETS or not line.meter.closed:
        raise RuntimeError("the session of dlms-cosem did not run as it should")
    return whole.ns - line.meter_time.ns


def silence_cosem() -> None:
    """It writes a line per APDU; most of its users filter them."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
