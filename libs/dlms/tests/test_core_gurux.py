"""A second opinion: the client of gurux-dlms talks to the meter role.

gurux-dlms is GPL; it is used here and in benchmarks only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gurux_dlms import GXReplyData
from gurux_dlms.enums import Authentication, Conformance, DataType, InterfaceType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSData, GXDLMSProfileGeneric, GXDLMSRegister
from gurux_dlms.secure import GXDLMSSecureClient

from meterstream.dlms.apdu import ActionResult, DataAccessResult
from meterstream.dlms.client import Level
from meterstream.dlms.data import (
    AttributeRef,
    CosemDateTime,
    Data,
    LogicalName,
    MethodRef,
    array,
    boolean,
    double_long_unsigned,
    enum,
    float64,
    integer,
    long64,
    octet_string,
    structure,
    utf8_string,
    visible_string,
)
from meterstream.dlms.meter import Habits

EK = bytes(range(16))
AK = bytes.fromhex("D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF")
CLIENT_TITLE = bytes.fromhex("2020201CBE991A14")
CTOS = bytes.fromhex("3132333435363738393A3B3C3D3E3F40")
PROPOSED = (
    Conformance.GET
    | Conformance.SET
    | Conformance.ACTION
    | Conformance.SELECTIVE_ACCESS
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
)
COUNTER = AttributeRef(1, LogicalName.parse("0.0.43.1.0.255"), 2)
PROFILE = AttributeRef(7, LogicalName.parse("1.0.99.1.0.255"), 2)
FILTER = AttributeRef(1, LogicalName.parse("0.0.97.98.10.255"), 2)
RESET = MethodRef(3, LogicalName.parse("1.0.1.8.0.255"), 1)


class Gurux:
    """The client of gurux-dlms, its bytes joined to a meter."""

    def __init__(self, pair: Any, level: Level) -> None:
        self.meter = pair.meter
        authentication = {
            Level.NONE: Authentication.NONE,
            Level.LLS: Authentication.LOW,
            Level.HLS5_GMAC: Authentication.HIGH_GMAC,
        }[level]
        client = GXDLMSSecureClient(True, 1, 1, authentication, None, InterfaceType.WRAPPER)
        client.clientAddress = 1 if level.ciphered else 16
        client.proposedConformance = PROPOSED
        if level.ciphered:
            client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            client.ciphering.systemTitle = CLIENT_TITLE
            client.ciphering.blockCipherKey = EK
            client.ciphering.authenticationKey = AK
            client.ciphering.invocationCounter = 12345
        if level is Level.LLS:
            client.password = b"11111111"
        client.ctoSChallenge = CTOS
        self.client = client
        self.level = level

    def send(self, frames: Any) -> Any:
        reply = GXReplyData()
        for frame in frames:
            reply.clear()
            self.client.getData(bytearray(self.meter.receive(bytes(frame))), reply)
            while reply.isMoreData():
                answer = self.meter.receive(bytes(self.client.receiverReady(reply)))
                self.client.getData(bytearray(answer), reply)
        return reply

    def associate(self) -> None:
        reply = self.send(self.client.aarqRequest())
        self.client.parseAareResponse(reply.data)
        if self.level is Level.HLS5_GMAC:
            reply = self.send(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)


@pytest.fixture
def gurux(pair_of: Callable[..., Any]) -> Callable[..., tuple[Gurux, Any]]:
    def make(level: Level, habits: Habits | None = None) -> tuple[Gurux, Any]:
        pair = pair_of(level, habits)
        pair.application.values[FILTER] = double_long_unsigned(0)
        pair.application.action_results[RESET] = ActionResult.SUCCESS, None
        other = Gurux(pair, level)
        other.associate()
        return other, pair

    return make


@pytest.mark.parametrize("habits", [Habits(), Habits(max_send_pdu=200)], ids=["whole", "in blocks"])
@pytest.mark.parametrize("level", [Level.NONE, Level.LLS, Level.HLS5_GMAC])
def test_reads_writes_and_calls(gurux: Callable[..., tuple[Gurux, Any]], level: Level, habits: Habits) -> None:
    other, pair = gurux(level, habits)
    client = other.client
    assert client.settings.maxPduSize == 0xFFFF
    assert int(client.negotiatedConformance) & int(PROPOSED) == int(PROPOSED)

    assert other.send(client.read(GXDLMSData("0.0.43.1.0.255"), 2)).value == 12345
    clock = GXDLMSClock("0.0.1.0.0.255")
    value = client.updateValue(clock, 2, other.send(client.read(clock, 2)).value)
    assert value.value.utctimetuple()[:5] == (2024, 7, 15, 8, 30)

    rows = other.send(client.read(GXDLMSProfileGeneric("1.0.99.1.0.255"), 2)).value
    assert len(rows) == 96
    assert [row[2] for row in rows] == [10_000 + number for number in range(96)]

    unknown = other.send(client.read(GXDLMSRegister("1.0.1.8.1.255"), 2))
    assert unknown.error == DataAccessResult.OBJECT_UNDEFINED

    lists = client.readList([(GXDLMSData("0.0.43.1.0.255"), 2), (GXDLMSProfileGeneric("1.0.99.1.0.255"), 2)])
    values = [item for frames in lists for item in other.send(frames).value]
    assert values[0] == 12345
    assert len(values[1]) == 96

    written = GXDLMSData("0.0.97.98.10.255")
    written.value = 0x0F000003
    written.setDataType(2, DataType.UINT32)
    assert other.send(client.write(written, 2)).error == 0
    assert pair.application.values[FILTER] == double_long_unsigned(0x0F000003)

    assert other.send(client.method(GXDLMSRegister("1.0.1.8.0.255"), 1, 0, DataType.INT8)).error == 0
    assert pair.application.calls[-1] == ("action", 1 if level.ciphered else 16, RESET, integer(0))

    other.send(client.releaseRequest())
    assert pair.meter.closed
    assert pair.meter.close_cause is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (octet_string(b"octets"), b"octets"),
        (visible_string("visible"), "visible"),
        (utf8_string("utf-8"), "utf-8"),
        (long64(-(2**40)), -(2**40)),
        (enum(30), 30),
        (boolean(True), True),
        (float64(-1.5), -1.5),
        (structure(integer(-1), array([enum(1), enum(2)])), [-1, [1, 2]]),
    ],
)
def test_values_mean_the_same(gurux: Callable[..., tuple[Gurux, Any]], value: Data, expected: object) -> None:
    other, pair = gurux(Level.HLS5_GMAC)
    pair.application.values[COUNTER] = value
    assert other.send(other.client.read(GXDLMSData("0.0.43.1.0.255"), 2)).value == expected


def test_rows_by_range_carry_the_same_descriptor(gurux: Callable[..., tuple[Gurux, Any]]) -> None:
    other, pair = gurux(Level.HLS5_GMAC)
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    profile.addCaptureObject(GXDLMSClock("0.0.1.0.0.255"), 2, 0)
    first, last = CosemDateTime(2024, 7, 1, None, 0, 0, 0, 0, -120, 0x80), CosemDateTime(2024, 7, 2, None, 0, 0, 0, 0)
    moments = [part.to_datetime() for part in (first, last._replace(deviation=-120))]
    other.send(other.client.readRowsByRange(profile, *moments))
    *_, ref, selection = pair.application.calls[-1]
    assert (ref, selection.selector) == (PROFILE, 1)
    restricting, from_, to, columns = selection.parameters.value
    assert restricting.value[:2] == (
        Data(restricting.value[0].type, 8),
        octet_string(LogicalName.parse("0.0.1.0.0.255")),
    )
    assert [CosemDateTime.from_data(part).to_datetime() for part in (from_, to)] == moments
    assert columns == array()
