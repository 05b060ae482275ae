"""What a client link does for meters that depart from the standard, and only when told."""

from __future__ import annotations

import pytest

from meterstream.dlms.errors import HdlcProtocolError
from meterstream.dlms.framing.hdlc import (
    ApduReceived,
    Failed,
    HdlcAddress,
    HdlcClientLink,
    HdlcFrame,
    HdlcOptions,
    HdlcParameters,
    HdlcReader,
    HdlcServerLink,
)

SERVER = HdlcAddress(1)
APDU = b"\xc4\x01\xc1\x00\x00"
I_FRAME = 0x30  # N(S) 0, N(R) 1, final


def answered_with(llc: bytes, options: HdlcOptions | None) -> object:
    """What a client makes of an answer with this LLC header."""
    client, server = HdlcClientLink(16, SERVER, options=options), HdlcServerLink(SERVER)
    client.receive(server.receive(client.connect(0), 0).octets, 0)
    client.send(b"\xc0\x01\xc1", 0)
    (event,) = client.receive(HdlcFrame(HdlcAddress(16), SERVER, I_FRAME, llc + APDU).encode(), 0).events
    return event


@pytest.mark.parametrize("options", [None, HdlcOptions(always_parameters=True)])
def test_the_header_of_a_command_is_refused(options: HdlcOptions | None) -> None:
    event = answered_with(b"\xe6\xe6\x00", options)
    assert isinstance(event, Failed)
    assert isinstance(event.error, HdlcProtocolError)


def test_either_header_is_taken() -> None:
    lenient = HdlcOptions(client_llc=True)
    for llc in (b"\xe6\xe6\x00", b"\xe6\xe7\x00"):
        assert answered_with(llc, lenient) == ApduReceived(APDU)


def test_no_other_header_is_taken() -> None:
    assert isinstance(answered_with(b"\xe6\xe8\x00", HdlcOptions(client_llc=True)), Failed)


@pytest.mark.parametrize("always", [False, True])
def test_default_parameters_in_snrm(always: bool) -> None:
    client = HdlcClientLink(16, SERVER, options=HdlcOptions(always_parameters=always))
    (snrm,) = HdlcReader().feed(client.connect(0))
    assert snrm.information == (HdlcParameters().encode(always=True) if always else b"")
