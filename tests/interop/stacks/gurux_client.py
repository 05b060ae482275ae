"""The client of gurux-dlms (GPL-2.0, tests and benchmarks only) on a blocking socket."""

from __future__ import annotations

import socket
import sys
from datetime import datetime
from typing import Any, Final

from gurux_dlms import GXReplyData, ValueEventArgs
from gurux_dlms.ecdsa import GXPrivateKey
from gurux_dlms.enums import Authentication, Conformance, DataType, InterfaceType, ObjectType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSProfileGeneric
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.secure import GXDLMSSecureClient

from meterstream.dlms.data import AttributeRef, Data, LogicalName, MethodRef, encode
from meterstream.dlms.data import DataType as OurType
from stacks.port import (
    CLIENT_SIGNING_KEY,
    CLIENT_TITLE,
    COUNTERS,
    METER_SIGNING_KEY,
    TIMEOUT_S,
    Line,
    NotOffered,
    Refused,
    Way,
    challenges,
    receive,
)
from stacks.world import Plain

AUTHENTICATION: Final = {
    Way.NONE: Authentication.NONE,
    Way.LLS: Authentication.LOW,
    Way.LLS_PLAIN: Authentication.LOW,
    Way.HLS3: Authentication.HIGH_MD5,
    Way.HLS4: Authentication.HIGH_SHA1,
    Way.HLS6: Authentication.HIGH_SHA256,
    Way.HLS7: Authentication.HIGH_ECDSA,
}
PROPOSED: Final = (
    Conformance.GET
    | Conformance.SET
    | Conformance.ACTION
    | Conformance.SELECTIVE_ACCESS
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
SERVICE_BLOCKS: Final = (
    Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
)
SUITES: Final = {Way.SUITE_1: SecuritySuite.SUITE_1, Way.SUITE_2: SecuritySuite.SUITE_2}
HEADER: Final = 8
BLOCKS_MAX: Final = 1_000
_challenges = challenges()
_long_challenges = challenges(32)


def silence() -> None:
    """It prints on every decryption, secrets included when something is wrong."""
    for name, module in list(sys.modules.items()):
        if name.startswith("gurux_dlms") and module is not None:
            module.__dict__["print"] = lambda *_, **__: None


silence()


class GuruxClient:
    """One association of gurux-dlms as a client."""

    def __init__(self, line: Line) -> None:
        if line.way is Way.GENERAL:
            raise NotOffered("the client has no setting for general-ciphering")
        self._line = line
        self._socket: socket.socket | None = None
        framing = InterfaceType.HDLC if line.way is Way.HDLC else InterfaceType.WRAPPER
        client = GXDLMSSecureClient(True, line.sap, 1, Authentication.NONE, None, framing)
        client.clientAddress = line.sap
        client.authentication = AUTHENTICATION.get(line.way, Authentication.HIGH_GMAC)
        client.password = line.password
        client.proposedConformance = PROPOSED
        client.maxReceivePDUSize = line.max_pdu
        client.ciphering.systemTitle = CLIENT_TITLE
        client.ctoSChallenge = next(_long_challenges if line.way is Way.HLS7 else _challenges)  # its own are guessable
        if line.ciphered:
            client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            client.ciphering.blockCipherKey = line.encryption_key
            client.ciphering.authenticationKey = line.authentication_key
            client.ciphering.invocationCounter = COUNTERS.next()
        if line.way is Way.GENERAL_GLOBAL:
            client.proposedConformance = PROPOSED | Conformance.GENERAL_PROTECTION
        if line.way is Way.BLOCKS:
            client.proposedConformance = PROPOSED & ~SERVICE_BLOCKS | Conformance.GENERAL_BLOCK_TRANSFER
        if line.way in SUITES:
            client.ciphering.securitySuite = SUITES[line.way]
        if line.way is Way.HLS7:
            client.ciphering.signingKeyPair = signing_pair(CLIENT_SIGNING_KEY, METER_SIGNING_KEY)
        if line.way is Way.DEDICATED:
            client.ciphering.dedicatedKey = bytes(range(0x40, 0x50))
        self.client = client

    def associate(self) -> None:
        self._socket = socket.create_connection((self._line.host, self._line.port), TIMEOUT_S)
        client = self.client
        if self._line.way is Way.HDLC:
            client.parseUAResponse(self._exchange([client.snrmRequest()]).data)
        reply = self._exchange(client.aarqRequest())
        if not reply.data:
            raise ConnectionError("an HDLC frame without an AARE")
        client.parseAareResponse(reply.data)
        if client.authentication > Authentication.LOW:
            reply = self._exchange(client.getApplicationAssociationRequest())
            client.parseApplicationAssociationResponse(reply.data)

    def get(self, ref: AttributeRef) -> Plain:
        return plain(self._exchange(self.client.read(object_of(ref), ref.attribute)).value)

    def get_list(self, refs: list[AttributeRef]) -> list[Plain | Refused]:
        requests = self.client.readList([(object_of(ref), ref.attribute) for ref in refs])
        assert len(requests) == 1, "not one with-list"
        return [plain(value) for value in self._exchange(requests[0], complain=False).value]

    def rows_by_range(self, profile: AttributeRef, first: datetime, last: datetime) -> Plain:
        item = GXDLMSProfileGeneric(str(LogicalName(profile.logical_name)))
        item.addCaptureObject(GXDLMSClock("0.0.1.0.0.255"), 2, 0)
        return plain(self._exchange(self.client.readRowsByRange(item, first, last)).value)

    def rows_by_entry(self, profile: AttributeRef, first: int, last: int) -> Plain:
        item = GXDLMSProfileGeneric(str(LogicalName(profile.logical_name)))
        return plain(self._exchange(self.client.readRowsByEntry(item, first, last - first + 1)).value)

    def set(self, ref: AttributeRef, data: Data) -> None:
        self._exchange(self.client.write(written(ref, data), ref.attribute))

    def set_list(self, items: list[tuple[AttributeRef, Data]]) -> list[int]:
        arguments = [ValueEventArgs(self.client.settings, written(ref, data), ref.attribute) for ref, data in items]
        reply = self._exchange(self.client.writeList(arguments))
        return [int(result) for result in reply.value]

    def action(self, ref: MethodRef, data: Data) -> None:
        value = encode(data) if data.type is OurType.STRUCTURE else data.value  # it takes structures as octets
        self._exchange(self.client.method(object_of(ref), ref.method, value, DataType(int(data.type))))

    def release(self) -> None:
        self._exchange(self.client.releaseRequest())
        if self._line.way is Way.HDLC:
            self._exchange([self.client.disconnectRequest()])
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _exchange(self, frames: Any, *, complain: bool = True) -> Any:
        reply = GXReplyData()
        for frame in frames:
            reply.clear()
            self._ask(frame, reply)
            blocks = 0
            while reply.isMoreData():
                blocks += 1
                assert blocks < BLOCKS_MAX, "blocks without end"
                settings = self.client.settings
                settings.blockNumber = settings.blockIndex  # it acknowledges general blocks by a number it never sets
                self._ask(self.client.receiverReady(reply), reply)
            if reply.error and complain:
                raise Refused(int(reply.error))
        return reply

    def _ask(self, frame: Any, reply: Any) -> None:
        assert self._socket is not None
        self._socket.sendall(bytes(frame))
        if self._line.way is Way.HDLC:
            self._take_frame(self._socket, reply)
            return
        head = receive(self._socket, HEADER)
        answer = head + receive(self._socket, int.from_bytes(head[6:8], "big"))
        self.client.getData(bytearray(answer), reply)

    def _take_frame(self, connection: socket.socket, reply: Any) -> None:
        """One HDLC frame; its length is in the eleven bits after the flag."""
        head = receive(connection, 3)
        octets = head + receive(connection, (int.from_bytes(head[1:3], "big") & 0x7FF) - 2 + 1)
        self.client.getData(bytearray(octets), reply)


def signing_pair(own: bytes, other: bytes) -> tuple[Any, Any]:
    """The public key of the other side and the own private one."""
    return GXPrivateKey.fromRawBytes(bytearray(other)).getPublicKey(), GXPrivateKey.fromRawBytes(bytearray(own))


def object_of(ref: AttributeRef | MethodRef) -> Any:
    """An object of its own for any class: only its class and name are looked at."""
    item = GXDLMSSecureClient.createObject(ObjectType(ref.class_id))
    item.logicalName = str(LogicalName(ref.logical_name))
    return item


def written(ref: AttributeRef, data: Data) -> Any:
    """An object that holds the value to be written."""
    item = object_of(ref)
    if isinstance(item, GXDLMSClock):
        item.setDataType(2, DataType.OCTET_STRING)
        item.time = data.value
    else:
        item.value = data.value
        item.setDataType(ref.attribute, DataType(int(data.type)))
    return item


def plain(value: Any) -> Plain:
    match value:
        case bytes() | bytearray():
            return bytes(value)
        case list() | tuple():
            return [plain(item) for item in value]
        case bool() | None | str() | float():
            return value
        case int():
            return int(value)
    raise AssertionError(f"no value of gurux-dlms: {type(value).__name__}")
