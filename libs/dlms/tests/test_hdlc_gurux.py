"""A second opinion: frames and whole sessions of gurux-dlms, client and server, against both ends of our links.

gurux-dlms is GPL; it is used here and in benchmarks only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.objects import GXDLMSClock, GXDLMSProfileGeneric

from meterstream.dlms.client import Level
from meterstream.dlms.framing import HEADER, wrap
from meterstream.dlms.framing.hdlc import (
    ApduReceived,
    Closed,
    Connected,
    Failed,
    HdlcAddress,
    HdlcClientLink,
    HdlcParameters,
    HdlcServerLink,
    Kind,
    decode_frame,
    decode_parameters,
)


def gurux_client(server: int, information: int = 128, window: int = 1) -> Any:
    client = GXDLMSClient(True, 16, server, Authentication.NONE, None, InterfaceType.HDLC)
    client.hdlcSettings.maxInfoTX = client.hdlcSettings.maxInfoRX = information
    client.hdlcSettings.windowSizeTX = client.hdlcSettings.windowSizeRX = window
    return client


@pytest.mark.parametrize(
    ("server", "address"),
    [
        (1, HdlcAddress(1)),
        (GXDLMSClient.getServerAddress(1, 17), HdlcAddress(1, 17)),
        (GXDLMSClient.getServerAddress(0x1234, 0x0FF1), HdlcAddress(0x1234, 0x0FF1, wide=True)),
    ],
)
@pytest.mark.parametrize(("information", "window"), [(128, 1), (128, 3), (1024, 7), (2030, 1)])
def test_frames_of_gurux(server: int, address: HdlcAddress, information: int, window: int) -> None:
    client = gurux_client(server, information, window)
    octets = bytes(client.snrmRequest())
    frame = decode_frame(octets)
    assert (frame.destination, frame.source, frame.kind) == (address, HdlcAddress(16), Kind.SNRM)
    assert decode_parameters(frame.information) == HdlcParameters(information, information, window, window)
    assert frame.encode() == octets
    for octets in client.aarqRequest():
        assert decode_frame(bytes(octets)).encode() == bytes(octets)


class GuruxOverOurServerLink:
    """The client of gurux-dlms, our server link and a meter behind it."""

    def __init__(self, pair: Any, client: Any, server: HdlcAddress, parameters: HdlcParameters) -> None:
        self.meter, self.client = pair.meter, client
        self.link = HdlcServerLink(server, parameters)
        self.frames = 0

    def answer(self, request: bytes) -> bytes:
        step = self.link.receive(request, 0.0)
        octets = step.octets
        self.frames += 1
        for event in step.events:
            match event:
                case ApduReceived(apdu):
                    octets += self.link.send(self.meter.receive(wrap(16, 1, apdu))[HEADER.size :])
                case Failed(error):
                    raise error
        return octets

    def exchange(self, request: Any) -> Any:
        reply = GXReplyData()
        for frame in request if isinstance(request, list) else [request]:
            reply.clear()
            self.read(bytes(frame), reply)
        return reply

    def read(self, octets: bytes, reply: Any) -> None:
        assert self.client.getData(bytearray(self.answer(octets)), reply)
        while reply.isMoreData():
            asked = self.client.receiverReady(reply)
            assert self.client.getData(bytearray(self.answer(bytes(asked))), reply)


@pytest.mark.parametrize(
    ("server", "address"),
    [(1, HdlcAddress(1)), (GXDLMSClient.getServerAddress(1, 17), HdlcAddress(1, 17))],
)
@pytest.mark.parametrize("information", [128, 600])
def test_gurux_reads_a_meter_over_our_server_link(
    associated: Callable[..., Any], pair_of: Callable[..., Any], server: int, address: HdlcAddress, information: int
) -> None:
    client = gurux_client(server, information)
    line = GuruxOverOurServerLink(pair_of(Level.NONE), client, address, HdlcParameters(1000, 1000, 1, 1))
    client.parseUAResponse(line.exchange(client.snrmRequest()).data)
    assert line.link.parameters == HdlcParameters(information, information, 1, 1)
    client.parseAareResponse(line.exchange(client.aarqRequest()).data)

    clock = GXDLMSClock("0.0.1.0.0.255")
    reply = line.exchange(client.read(clock, 2)[0])
    assert client.updateValue(clock, 2, reply.value) is not None

    before = line.frames
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    reply = line.exchange(client.read(profile, 2)[0])
    assert len(reply.value) == 96
    assert line.frames - before > 3
    assert line.exchange(client.disconnectRequest()).error == 0


SERVER = HdlcAddress(1, 17)


def gurux_server() -> Any:
    """The framing of gurux-dlms in the role of a server; its server class takes no part."""
    settings = GXDLMSSettings(True, None)
    settings.interfaceType = InterfaceType.HDLC
    settings.clientAddress, settings.serverAddress = 16, GXDLMSClient.getServerAddress(1, 17)
    return settings


def read_by_gurux(settings: Any, octets: bytes) -> Any:
    reply = GXReplyData()
    GXDLMS.getHdlcData(True, settings, GXByteBuffer(octets), reply, None)
    return reply


@pytest.mark.parametrize("octets", [1, 300, 3000])
def test_frames_of_our_client_link_are_read_by_gurux_and_its_answers_by_us(octets: int) -> None:
    settings = gurux_server()
    client = HdlcClientLink(16, SERVER)
    assert read_by_gurux(settings, client.connect(0)).command == 0x93
    step = client.receive(bytes(GXDLMS.getHdlcFrame(settings, 0x73, None)), 0)
    assert step.events == (Connected(16, HdlcParameters()),)

    request, heard = bytes(range(256)) * 12, bytearray()
    frame = client.send(request[:octets], 0)
    number = 0
    while True:
        reply = read_by_gurux(settings, frame)
        assert reply.isComplete()
        heard += decode_frame(frame).information
        number += 1
        if not decode_frame(frame).segmented:
            break
        frame = client.receive(bytes(GXDLMS.getHdlcFrame(settings, settings.getReceiverReady(), None)), 0).octets
    assert bytes(heard) == b"\xe6\xe6\x00" + request[:octets]

    control = 0x10 | number % 8 << 5
    answer = GXByteBuffer(b"\xe6\xe7\x00" + b"answer")
    step = client.receive(bytes(GXDLMS.getHdlcFrame(settings, control, answer)), 0)
    assert step.events == (ApduReceived(b"answer"),)
    client.disconnect(0)
    assert client.receive(bytes(GXDLMS.getHdlcFrame(settings, 0x73, None)), 0).events == (Closed(),)
