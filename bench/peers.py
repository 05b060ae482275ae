"""The same session by another library, which talks to the same meter role and is charged for its own calls only."""

from __future__ import annotations

import sys
from typing import Any

from bench.one_session import (
    CHALLENGE,
    CLIENT_TITLE,
    CLOCK_OCTETS,
    FIRST_COUNTER,
    KEYS,
    Stopwatch,
    new_meter,
)

# Imported where it is measured: nothing of the platform imports it.


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
    import gurux_dlms.secure  # noqa: F401

    for name, module in list(sys.modules.items()):
        if name.startswith("gurux_dlms") and module is not None:
            module.__dict__["print"] = lambda *_, **__: None
